// SPDX-License-Identifier: BSL-1.0
#include "content_encoder.hpp"

#include "chars.hpp"

#include <fairlead/http/headers.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>

namespace fairlead::http::detail {

namespace {

// "0.5" in thousandths; nothing when it is no weight (RFC 9110, 12.4.2).
std::optional<int> parse_weight(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return std::nullopt;
  }
  int value = (text[0] - '0') * 1000;
  int scale = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (!is_digit(c)) {
      return std::nullopt;
    }
    value += (c - '0') * scale;
    scale /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

constexpr int unsaid = -1;

// What one element of an Accept-Encoding value says: of which coding, in thousandths.
std::pair<std::string_view, int> parse_element(std::string_view element) noexcept {
  const auto semicolon = element.find(';');
  const auto name = trim(element.substr(0, semicolon));
  if (semicolon == std::string_view::npos) {
    return {name, 1000};
  }
  const auto parameter = trim(element.substr(semicolon + 1));
  const auto equals = parameter.find('=');
  const bool is_weight =
      equals != std::string_view::npos && iequals(trim(parameter.substr(0, equals)), "q");
  const auto weight = is_weight ? parse_weight(trim(parameter.substr(equals + 1))) : std::nullopt;
  return {name, weight.value_or(0)};
}

// The weight that is said of `coding` itself, `unsaid` when there is none.
int weight_of(std::string_view list, std::string_view coding) noexcept {
  int out = unsaid;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto [name, weight] = parse_element(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (iequals(name, coding) || (coding == "gzip" && iequals(name, "x-gzip"))) {
      out = weight;
    }
  }
  return out;
}

int weight_or_any(std::string_view list, std::string_view coding) noexcept {
  const int own = weight_of(list, coding);
  return own != unsaid ? own : std::max(weight_of(list, "*"), 0);
}

constexpr int deflate_bits = 15;
constexpr int gzip_format = 16;  // on top of the window
constexpr int memory_level = 8;

}  // namespace

std::string_view to_string(content_coding c) noexcept {
  switch (c) {
    case content_coding::gzip:
      return "gzip";
    case content_coding::deflate:
      return "deflate";
    default:
      return "identity";
  }
}

content_coding choose_coding(std::string_view accept_encoding) noexcept {
  const int gzip = weight_or_any(accept_encoding, "gzip");
  const int deflate = weight_or_any(accept_encoding, "deflate");
  // Not said, identity is acceptable, and last among what is.
  const int identity = std::max(weight_of(accept_encoding, "identity"), 0);
  const int best = std::max(gzip, deflate);
  if (best == 0 || identity > best) {
    return content_coding::identity;
  }
  return gzip >= deflate ? content_coding::gzip : content_coding::deflate;
}

std::string accepted_codings(const request& r) {
  std::string out;
  for (const auto field : r.headers()) {
    if (iequals(field.name, "Accept-Encoding")) {
      out.append(out.empty() ? "" : ",").append(field.value);
    }
  }
  return out;
}

bool accepts_coding(const request& r, std::string_view coding) {
  return weight_or_any(accepted_codings(r), coding) > 0;
}

struct content_encoder::state {
  z_stream z{};
};

content_encoder::content_encoder(content_coding coding, int level)
    : state_(std::make_unique<state>()) {
  const int format = coding == content_coding::gzip ? gzip_format : 0;
  const int made = ::deflateInit2(&state_->z, level, Z_DEFLATED, deflate_bits + format,
                                  memory_level, Z_DEFAULT_STRATEGY);
  if (made != Z_OK) {
    throw std::bad_alloc();
  }
}

content_encoder::~content_encoder() {
  ::deflateEnd(&state_->z);
}

void content_encoder::put(std::string& out, std::string_view bytes, until how) {
  auto& z = state_->z;
  const int flush = how == until::the_end ? Z_FINISH
                    : how == until::here  ? Z_SYNC_FLUSH
                                          : Z_NO_FLUSH;
  std::array<char, 4096> some;
  while (!bytes.empty() || how != until::now_and_then) {
    const auto part = bytes.substr(0, 1U << 30);
    const bool last = part.size() == bytes.size();
    // zlib does not write through it.
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    z.avail_in = static_cast<uInt>(part.size());
    do {
      z.next_out = reinterpret_cast<Bytef*>(some.data());
      z.avail_out = static_cast<uInt>(some.size());
      ::deflate(&z, last ? flush : Z_NO_FLUSH);
      out.append(some.data(), some.size() - z.avail_out);
    } while (z.avail_out == 0);
    bytes.remove_prefix(part.size());
    if (last) {
      break;
    }
  }
}

}  // namespace fairlead::http::detail
