// SPDX-License-Identifier: BSL-1.0
// Any bytes as a SOCKS5 proxy, in pieces of any size: the dialogue ends, takes nothing behind the
// proxy's reply, and says the same however the bytes are cut.
//
// How it works: the first byte says whether there are credentials, the second how many bytes move
// at a time; the rest is what the proxy says, all at once.
#include <fairlead/net/memory.hpp>
#include <fairlead/net/socks5.hpp>
#include <fairlead/sim/world.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace fairlead;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct outcome {
  std::optional<error_kind> failure;
  std::string left;  // of what the proxy said
  bool operator==(const outcome&) const = default;
};

outcome talk(std::string_view text, bool login, std::size_t piece) {
  sim::world w(1);
  auto got = w.run([&](context& cx) -> task<outcome> {
    auto ends = net::memory_pair(cx.env(), net::memory_side().max_read(piece).capacity(1 << 20));
    auto said = co_await net::write_all(cx, *ends.second, text);
    require(said.has_value());
    said = co_await ends.second->shutdown_write(cx);
    const net::socks5_credentials who("user", "password");
    outcome out;
    result<void> made;
    if (login) {
      made = co_await net::socks5_connect(cx, *ends.first, "example.org", 443, who);
    } else {
      made = co_await net::socks5_connect(cx, *ends.first, "example.org", 443);
    }
    if (!made) {
      require(made.error().sent() == error_sent::not_sent);
      out.failure = made.error().kind();
      co_return out;
    }
    std::array<char, 4096> some{};
    for (;;) {
      auto n = co_await net::read_some(cx, *ends.first, std::as_writable_bytes(std::span(some)));
      if (!n || *n == 0) {
        break;
      }
      out.left.append(some.data(), *n);
    }
    require(text.ends_with(out.left));
    require(text.size() - out.left.size() >= 9);  // a choice, and a reply with an empty name
    co_return out;
  });
  w.run_ready();
  require(w.leftovers().empty());
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const bool login = data[0] % 2 == 1;
  const std::size_t piece = data[1] == 0 ? 100'000 : data[1];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  require(talk(text, login, piece) == talk(text, login, 100'000));
  return 0;
}
