// SPDX-License-Identifier: BSL-1.0
// How it works: the header is a comma-separated list of extensions, each with parameters after
// semicolons. An offer with a parameter that is unknown, given twice or out of range is passed
// over, as the RFC wants.
#include "websocket_extension.hpp"

#include <fairlead/core/errors.hpp>
#include <fairlead/http/headers.hpp>

#include <charconv>

namespace fairlead::http::detail {

namespace {

constexpr std::string_view name = "permessage-deflate";
constexpr int least_bits = 8;
constexpr int most_bits = 15;
// zlib cannot compress with a window of 256 bytes: it takes 512 and says nothing of it.
constexpr int least_zlib_bits = 9;

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The part of `text` before `mark`, which is taken off with it.
std::string_view take_until(std::string_view& text, char mark) noexcept {
  const auto at = text.find(mark);
  const auto part = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return trimmed(part);
}

struct parameters {
  bool client_forgets = false;
  bool server_forgets = false;
  bool has_client_bits = false;
  std::optional<int> client_bits;
  std::optional<int> server_bits;
};

std::optional<int> bits_of(std::string_view value) noexcept {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  int bits = 0;
  const auto* end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, bits);
  if (value.empty() || value.front() == '0' || parsed.ec != std::errc{} || parsed.ptr != end ||
      bits < least_bits || bits > most_bits) {
    return std::nullopt;
  }
  return bits;
}

bool read_parameter(std::string_view text, parameters& into) {
  const bool valued = text.find('=') != text.npos;
  const auto key = take_until(text, '=');
  const auto bits = valued ? bits_of(trimmed(text)) : std::nullopt;
  if (iequals(key, "client_no_context_takeover")) {
    return !valued && !std::exchange(into.client_forgets, true);
  }
  if (iequals(key, "server_no_context_takeover")) {
    return !valued && !std::exchange(into.server_forgets, true);
  }
  if (iequals(key, "server_max_window_bits")) {
    return bits && !std::exchange(into.server_bits, bits);
  }
  if (iequals(key, "client_max_window_bits")) {
    into.client_bits = bits;
    return valued == bits.has_value() && !std::exchange(into.has_client_bits, true);
  }
  return false;
}

// The parameters of the next extension in `list`; nothing when it is another one, or not valid.
std::optional<parameters> next_extension(std::string_view& list) {
  auto one = take_until(list, ',');
  if (!iequals(take_until(one, ';'), name)) {
    return std::nullopt;
  }
  parameters out;
  while (!one.empty()) {
    if (!read_parameter(take_until(one, ';'), out)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::string offer_deflate(websocket_compression wanted) {
  if (wanted == websocket_compression::off) {
    return {};
  }
  std::string out(name);
  if (wanted == websocket_compression::per_message) {
    out += "; client_no_context_takeover; server_no_context_takeover";
  }
  return out + "; client_max_window_bits";
}

std::optional<deflate_terms> choose_deflate(std::string_view header, websocket_compression wanted) {
  if (wanted == websocket_compression::off) {
    return std::nullopt;
  }
  const bool forget = wanted == websocket_compression::per_message;
  while (!header.empty()) {
    const auto offer = next_extension(header);
    if (!offer || offer->server_bits.value_or(most_bits) < least_zlib_bits) {
      continue;
    }
    deflate_terms terms;
    terms.client_forgets = forget || offer->client_forgets;
    terms.server_forgets = forget || offer->server_forgets;
    terms.server_bits = offer->server_bits.value_or(most_bits);
    terms.client_bits = offer->client_bits.value_or(most_bits);
    return terms;
  }
  return std::nullopt;
}

std::string deflate_answer(const deflate_terms& terms) {
  std::string out(name);
  if (terms.client_forgets) {
    out += "; client_no_context_takeover";
  }
  if (terms.server_forgets) {
    out += "; server_no_context_takeover";
  }
  if (terms.server_bits != most_bits) {
    out += "; server_max_window_bits=" + std::to_string(terms.server_bits);
  }
  if (terms.client_bits != most_bits) {
    out += "; client_max_window_bits=" + std::to_string(terms.client_bits);
  }
  return out;
}

result<std::optional<deflate_terms>> accept_deflate(std::string_view header,
                                                    websocket_compression wanted) {
  std::optional<deflate_terms> none;
  if (trimmed(header).empty()) {
    return none;
  }
  const auto refuse = [](std::string_view why) { return fail(errors::protocol_error{"", why}); };
  if (wanted == websocket_compression::off) {
    return refuse("the server answered with an extension that was not offered");
  }
  const auto got = next_extension(header);
  if (!got || !trimmed(header).empty()) {
    return refuse("the server answered with extensions that were not offered");
  }
  if (got->has_client_bits && !got->client_bits) {
    return refuse("the server gave client_max_window_bits no value");
  }
  if (got->client_bits.value_or(most_bits) < least_zlib_bits) {
    return refuse("the server asks for a compression window of 256 bytes");
  }
  deflate_terms terms;
  // What was asked of the server it may decline (7.1.1.1): its messages are read either way.
  terms.server_forgets = got->server_forgets;
  terms.client_forgets = got->client_forgets || wanted == websocket_compression::per_message;
  terms.server_bits = got->server_bits.value_or(most_bits);
  terms.client_bits = got->client_bits.value_or(most_bits);
  return std::optional(terms);
}

}  // namespace fairlead::http::detail
