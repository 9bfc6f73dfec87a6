// SPDX-License-Identifier: BSL-1.0
// Any bytes through every framer, in pieces of any size: the messages are the same however the
// bytes are cut, none is beyond the limit, a framer never asks for more than its limit allows, and
// what it gives it can write and read again.
//
// How it works: the first byte picks the framer, the second its limit, the third the seed of the
// pieces; the rest is what the peer says.
#include <fairlead/core/random.hpp>
#include <fairlead/net/delimiter.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/length_prefix.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/one_read.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace fairlead;

constexpr std::size_t longest_edge = 16;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct seen {
  std::vector<std::string> messages;
  std::vector<error_kind> failures;
  bool operator==(const seen&) const = default;
};

// A framer, and what is known of it.
template <class F>
struct subject {
  F rule;
  std::size_t limit;
  bool goes_on;  // behind messages that are too long
};

// Takes all that the framer makes of `unread` now; false once an error stays.
template <class F>
bool take(subject<F>& s, std::string& unread, seen& out) {
  for (;;) {
    const auto step = s.rule.next(unread);
    if (!step) {
      out.failures.push_back(step.error().kind());
      out.messages.emplace_back("<error>");
      require(out.messages.size() < 100'000);
      if (!s.goes_on) {
        return false;
      }
      continue;
    }
    require(step->consumed <= unread.size());
    if (!step->frame) {
      unread.erase(0, step->consumed);
      require(unread.size() <= s.limit + 2 * longest_edge);
      return true;
    }
    require(step->frame->size() <= s.limit);
    require(step->consumed > 0);
    out.messages.emplace_back(*step->frame);
    unread.erase(0, step->consumed);
  }
}

template <class F>
seen read_in_pieces(subject<F> s, std::string_view text, std::uint64_t seed) {
  random_source random(seed);
  std::string unread;
  seen out;
  while (!text.empty()) {
    const auto n = seed == 0 ? text.size() : 1 + random.below(1 + text.size() / 4);
    unread += text.substr(0, n);
    text.remove_prefix(std::min<std::size_t>(n, text.size()));
    if (!take(s, unread, out)) {
      return out;
    }
  }
  for (;;) {
    const auto last = s.rule.end(unread);
    if (!last) {
      out.failures.push_back(last.error().kind());
      return out;
    }
    if (!last->frame) {
      return out;
    }
    require(last->frame->size() <= s.limit);
    out.messages.emplace_back(*last->frame);
    unread.erase(0, last->consumed);
  }
}

// What was read can be written, and then reads the same.
template <class F>
void write_again(const subject<F>& s, const seen& first) {
  std::string wire;
  std::vector<std::string> sent;
  for (const auto& m : first.messages) {
    const auto edges = s.rule.edges(m);
    if (edges) {
      wire += std::string(edges->before()) + m + std::string(edges->after());
      sent.push_back(m);
    }
  }
  const auto again = read_in_pieces(s, wire, 0);
  std::erase(sent, std::string());  // may be passed over
  auto got = again.messages;
  std::erase(got, std::string());
  require(again.failures.empty() && got == sent);
}

template <class F>
void check(const subject<F>& s, std::string_view text, std::uint64_t seed) {
  const auto whole = read_in_pieces(s, text, 0);
  require(read_in_pieces(s, text, seed + 1) == whole);
  write_again(s, whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) {
    return 0;
  }
  const unsigned which = data[0];
  const std::size_t limit = 1 + data[1];
  const std::uint64_t seed = data[2];
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const auto empty = (which & 8U) != 0 ? net::empty_messages::skip : net::empty_messages::keep;
  const auto too_long = (which & 16U) != 0 ? net::oversized::skipped : net::oversized::fails;
  const auto last = (which & 32U) != 0 ? net::unfinished::message : net::unfinished::fails;
  const auto format = static_cast<net::length_format>((which >> 3U) % 8);
  const bool goes_on = too_long == net::oversized::skipped;
  switch (which % 8) {
    case 0:
    case 1:
      check(subject{net::line({limit, empty, too_long, last}), limit, goes_on}, text, seed);
      break;
    case 2:
      check(subject{net::delimiter(";;", {limit, empty, too_long, last}), limit, goes_on}, text,
            seed);
      break;
    case 3:
      check(subject{net::delimiter("aba", {limit, empty, too_long, last}), limit, goes_on}, text,
            seed);
      break;
    case 4:
      check(subject{net::json_lines({limit, too_long, last}), limit, goes_on}, text, seed);
      break;
    case 5:
    case 6:
      check(subject{net::length_prefix({format, net::length_counts::message, limit}), limit, false},
            text, seed);
      break;
    default:
      if (format == net::length_format::varint) {
        net::one_read rule({.limit = limit});
        const auto step = rule.next(text);
        require(!step || !step->frame || step->frame->size() <= limit);
      } else {
        check(subject{net::length_prefix({format, net::length_counts::header_and_message, limit}),
                      limit, false},
              text, seed);
      }
  }
  return 0;
}
