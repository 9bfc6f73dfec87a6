// SPDX-License-Identifier: BSL-1.0
// Any bytes as what a WebSocket peer sends. However they are split, they must be understood as the
// same messages, nothing may come after the end, and no message exceed its limit.
#include "detail/websocket_extension.hpp"
#include "detail/websocket_inbox.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead::http;
using namespace fairlead::http::detail;

constexpr std::uint64_t most = 10'000;

std::string understood(std::string_view bytes, endpoint_role self, bool deflate,
                       std::size_t portion) {
  websocket_inbox inbox = deflate
                              ? websocket_inbox({self, most}, message_inflater(15, takeover::keep))
                              : websocket_inbox({self, most});
  std::string out;
  std::string window;
  std::uint64_t size = 0;
  for (;;) {
    const auto s = inbox.feed(window);
    using event = websocket_inbox::event;
    if (s.what == event::more && s.taken == 0) {
      if (bytes.empty()) {
        return out;
      }
      const auto part = bytes.substr(0, portion);
      window += part;
      bytes.remove_prefix(part.size());
      continue;
    }
    if (s.what == event::fault) {
      return out + "!";  // where it is noticed may depend on the split; what came before may not
    }
    if (s.what == event::piece) {
      size += s.data.size();
      if (size > most) {
        std::abort();
      }
      out += s.data;
      if (s.ends) {
        out += "|";
        size = 0;
      }
    } else if (s.what != event::more) {
      out += "<" + std::string(s.data) + ">";
    }
    if (s.what == event::close) {
      return out;
    }
    window.erase(0, s.taken);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) {
    return 0;
  }
  const bool server = (data[0] & 1U) != 0;
  const bool deflate = (data[0] & 2U) != 0;
  const std::size_t portion = 1 + data[1] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto self = server ? endpoint_role::server : endpoint_role::client;
  const auto whole = understood(bytes, self, deflate, bytes.size() + 1);
  const auto parts = understood(bytes, self, deflate, portion);
  // A fault in a text may be noticed after a piece of it was given, or before.
  if (whole != parts &&
      (whole.empty() || parts.empty() || whole.back() != '!' || parts.back() != '!')) {
    std::abort();
  }
  const auto terms = choose_deflate(bytes, websocket_compression::shared);
  if (terms) {
    const auto back = accept_deflate(deflate_answer(*terms), websocket_compression::shared);
    if (!back || *back != terms) {
      // zlib's smallest window is refused by the client on purpose.
      if (terms->client_bits >= 9) {
        std::abort();
      }
    }
  }
  return 0;
}
