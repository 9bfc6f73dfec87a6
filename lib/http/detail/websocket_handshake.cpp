// SPDX-License-Identifier: BSL-1.0
#include "websocket_handshake.hpp"

#include "chars.hpp"

#include <fairlead/core/errors.hpp>
#include <fairlead/http/error_response.hpp>

#include <algorithm>
#include <stdexcept>

#include <openssl/evp.h>

namespace fairlead::http::detail {

namespace {

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_size = 24;  // 16 bytes in base64

std::string base64(std::span<const unsigned char> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                    static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// All values of that name as one list.
std::string joined(const headers& h, std::string_view name) {
  std::string out;
  for (const auto field : h) {
    if (iequals(field.name, name)) {
      out += out.empty() ? "" : ",";
      out += field.value;
    }
  }
  return out;
}

bool lists(const headers& h, std::string_view name, std::string_view token) {
  return std::any_of(h.begin(), h.end(), [&](header_field f) {
    return iequals(f.name, name) && has_token(f.value, token);
  });
}

bool is_key(std::string_view text) noexcept {
  const auto base64_char = [](char c) { return is_alnum(c) || c == '+' || c == '/'; };
  return text.size() == key_size && text.ends_with("==") &&
         std::all_of(text.begin(), text.end() - 2, base64_char);
}

// Only browsers send an Origin. They send cookies along to whatever a page names, so a page of
// another site could speak for its visitor.
bool is_welcome(const headers& h, const websocket_options& options) {
  const auto origin = h.get("Origin");
  if (!origin) {
    return true;
  }
  const auto& allowed = options.origins();
  const auto listed = [&](const std::string& o) { return o == "*" || iequals(o, *origin); };
  if (std::any_of(allowed.begin(), allowed.end(), listed)) {
    return true;
  }
  const auto mark = origin->find("://");
  const auto host = h.get("Host");
  return mark != origin->npos && host && iequals(origin->substr(mark + 3), *host);
}

tl::unexpected<error> wrong(std::string_view why) {
  error e = errors::protocol_error{"", why};
  return tl::unexpected<error>(e.at(error_stage::head).with_sent(error_sent::answered));
}

}  // namespace

std::string websocket_key(std::span<const std::byte, 16> nonce) {
  return base64({reinterpret_cast<const unsigned char*>(nonce.data()), nonce.size()});
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += guid;
  std::array<unsigned char, 20> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("SHA-1 is not available");
  }
  return base64(digest);
}

void add_websocket_offer(request& r, std::string_view key, const websocket_options& options) {
  r.headers().set("Upgrade", "websocket");
  r.headers().set("Connection", "Upgrade");
  r.headers().set("Sec-WebSocket-Version", "13");
  r.headers().set("Sec-WebSocket-Key", key);
  if (const auto offer = offer_deflate(options.compression()); !offer.empty()) {
    r.headers().set("Sec-WebSocket-Extensions", offer);
  }
  std::string protocols;
  for (const auto& p : options.protocols()) {
    protocols += protocols.empty() ? "" : ", ";
    protocols += p;
  }
  if (!protocols.empty()) {
    r.headers().set("Sec-WebSocket-Protocol", protocols);
  }
}

result<websocket_agreement> check_websocket_answer(const response& answer, std::string_view key,
                                                   const websocket_options& options) {
  const auto& h = answer.headers();
  if (!lists(h, "Upgrade", "websocket") || !lists(h, "Connection", "Upgrade")) {
    return wrong("the server switched to another protocol than websocket");
  }
  if (joined(h, "Sec-WebSocket-Accept") != websocket_accept(key)) {
    return wrong("Sec-WebSocket-Accept does not answer the key");
  }
  websocket_agreement out;
  out.protocol = joined(h, "Sec-WebSocket-Protocol");
  const auto& known = options.protocols();
  if (!out.protocol.empty() && std::find(known.begin(), known.end(), out.protocol) == known.end()) {
    return wrong("the server chose a subprotocol that was not offered");
  }
  auto terms = accept_deflate(joined(h, "Sec-WebSocket-Extensions"), options.compression());
  if (!terms) {
    return tl::unexpected<error>(std::move(terms).error());
  }
  out.deflate = *terms;
  return out;
}

websocket_reply answer_websocket(const request& r, const websocket_options& options) {
  const auto& h = r.headers();
  const auto refuse = [](status s, std::string_view code, std::string_view why) {
    return websocket_reply{error_response(s, code, why), std::nullopt};
  };
  if (r.method() != method::get || r.minor_version() == 0 || !lists(h, "Upgrade", "websocket") ||
      !lists(h, "Connection", "Upgrade")) {
    auto out =
        refuse(status::upgrade_required, "upgrade_required", "this path speaks WebSocket only");
    out.answer.header("Upgrade", "websocket");
    return out;
  }
  if (joined(h, "Sec-WebSocket-Version") != "13") {
    auto out = refuse(status::upgrade_required, "upgrade_required", "the version must be 13");
    out.answer.header("Upgrade", "websocket").header("Sec-WebSocket-Version", "13");
    return out;
  }
  const auto key = joined(h, "Sec-WebSocket-Key");
  if (!is_key(key)) {
    return refuse(status::bad_request, "bad_request", "Sec-WebSocket-Key is missing or malformed");
  }
  if (!is_welcome(h, options)) {
    return refuse(status::forbidden, "forbidden", "pages of this origin may not connect");
  }
  websocket_agreement agreed;
  for (const auto& p : options.protocols()) {
    if (lists(h, "Sec-WebSocket-Protocol", p)) {
      agreed.protocol = p;
      break;
    }
  }
  agreed.deflate = choose_deflate(joined(h, "Sec-WebSocket-Extensions"), options.compression());
  response answer(status::switching_protocols);
  answer.header("Sec-WebSocket-Accept", websocket_accept(key));
  if (!agreed.protocol.empty()) {
    answer.header("Sec-WebSocket-Protocol", agreed.protocol);
  }
  if (agreed.deflate) {
    answer.header("Sec-WebSocket-Extensions", deflate_answer(*agreed.deflate));
  }
  return {std::move(answer), std::move(agreed)};
}

}  // namespace fairlead::http::detail
