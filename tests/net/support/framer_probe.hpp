// SPDX-License-Identifier: BSL-1.0
// What a framer makes of bytes, however they are cut.
#pragma once

#include <fairlead/net/framer.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::testing {

using strings = std::vector<std::string>;

/// Feeds `pieces` to `rule` one after the other, as a stream would, and its end. What came out: the
/// messages, and errors as "<kind>". An error ends it, but for a message that is passed over.
template <net::framer F>
strings messages_of(F rule, const strings& pieces,
                    net::oversized too_long = net::oversized::fails) {
  strings out;
  std::string unread;
  const auto put_error = [&](const error& e) {
    out.push_back("<" + std::string(to_string(e.kind())) + ">");
  };
  for (const auto& piece : pieces) {
    unread += piece;
    for (;;) {
      auto step = rule.next(unread);
      if (!step) {
        put_error(step.error());
        if (too_long == net::oversized::fails) {
          return out;
        }
        continue;
      }
      const bool got = step->frame.has_value();
      if (got) {
        out.emplace_back(*step->frame);
      }
      unread.erase(0, step->consumed);
      if (!got) {
        break;
      }
    }
  }
  for (;;) {
    auto last = rule.end(unread);
    if (!last) {
      put_error(last.error());
      return out;
    }
    if (!last->frame) {
      return out;
    }
    out.emplace_back(*last->frame);
    unread.erase(0, last->consumed);
  }
}

/// One byte at a time.
inline strings bytes_of(std::string_view text) {
  strings out;
  for (const char c : text) {
    out.emplace_back(1, c);
  }
  return out;
}

}  // namespace fairlead::testing
