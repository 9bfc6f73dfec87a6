// SPDX-License-Identifier: BSL-1.0
// Any bytes as messages one behind the other: whoever reads a head at once and whoever sees its
// first byte alone, and so has it parsed, understand the same or refuse it for the same reason.
//
// How it works: the first byte picks the direction and whether responses have bodies, the rest is
// what the peer says.
#include "detail/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead;
using http::detail::message_reader;
using http::detail::progress;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

constexpr http::detail::reader_limits narrow{.head_bytes = 300, .fields = 8, .body_bytes = 100};

template <class Message>
struct reading {
  message_reader<Message> reader;
  Message message;
  progress last = progress::more;
  std::size_t taken = 0;

  // Reads one message from the front of `text`, of which `first` bytes come alone.
  void read(std::string_view text, std::size_t first,
            typename message_reader<Message>::body_rule rule) {
    reader.begin(message, narrow, rule);
    taken = 0;
    feed(text.substr(0, first));
    if (last == progress::more) {
      feed(text);
    }
  }

 private:
  void feed(std::string_view text) {
    do {
      const auto step = reader.feed(text.substr(taken));
      taken += step.taken;
      last = step.now;
    } while (last == progress::head);
  }
};

void same_start(const http::request& a, const http::request& b) {
  require(a.method() == b.method() && a.target() == b.target());
}
void same_start(const http::response& a, const http::response& b) {
  require(a.status() == b.status());
}

void same_fields(const http::headers& a, const http::headers& b) {
  require(a.text() == b.text() && a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    require(a[i].name == b[i].name && a[i].value == b[i].value);
    require(a.contains(a[i].name) && b.get(a[i].name) == a.get(a[i].name));
  }
}

template <class Message>
void same(const reading<Message>& a, const reading<Message>& b) {
  require(a.last == b.last && a.reader.failure() == b.reader.failure());
  require(a.reader.reason() == b.reader.reason());
  if (a.last == progress::failed) {
    return;
  }
  require(a.taken == b.taken && a.reader.head_complete() == b.reader.head_complete());
  require(a.reader.keep_alive() == b.reader.keep_alive());
  require(a.reader.has_body() == b.reader.has_body());
  require(a.reader.length_known() == b.reader.length_known());
  require(a.reader.body_expected() == b.reader.body_expected());
  require(a.reader.body_received() == b.reader.body_received());
  if (a.reader.head_complete()) {
    same_start(a.message, b.message);
    require(a.message.minor_version() == b.message.minor_version());
    same_fields(a.message.headers(), b.message.headers());
    same_fields(a.message.trailers(), b.message.trailers());
    require(a.message.body() == b.message.body());
  }
}

template <class Message>
void compare(std::string_view text, typename message_reader<Message>::body_rule rule) {
  reading<Message> at_once;
  reading<Message> parsed;
  for (;;) {
    at_once.read(text, text.size(), rule);
    parsed.read(text, 1, rule);
    same(at_once, parsed);
    if (at_once.last != progress::done || at_once.taken == 0) {
      break;
    }
    text.remove_prefix(at_once.taken);
  }
  const auto a = at_once.last == progress::more ? at_once.reader.finish() : at_once.last;
  const auto b = parsed.last == progress::more ? parsed.reader.finish() : parsed.last;
  require(a == b && at_once.reader.reason() == parsed.reader.reason());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    using rule = message_reader<http::request>::body_rule;
    compare<http::request>(text, rule::normal);
  } else {
    using rule = message_reader<http::response>::body_rule;
    compare<http::response>(text, data[0] % 4 == 1 ? rule::normal : rule::bodyless);
  }
  return 0;
}
