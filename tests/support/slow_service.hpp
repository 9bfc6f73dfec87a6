// SPDX-License-Identifier: BSL-1.0
// A service whose answers take as long as they are told to, and that counts what became of them.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/http/router.hpp>

#include <chrono>
#include <string>

namespace fairlead::testing {

// "/slow/{ms}" answers after that many milliseconds, or with what ended its wait.
struct slow_service {
  int started = 0;
  int cancelled = 0;
  int finished = 0;

  http::router routes() {
    http::router r;
    r.get("/slow/{ms}", [this](context& cx, std::int64_t ms) -> task<result<std::string>> {
      ++started;
      auto slept = co_await sleep_for(cx, std::chrono::milliseconds(ms));
      if (!slept) {
        ++cancelled;
        co_return tl::unexpected<error>(slept.error());
      }
      ++finished;
      co_return "done";
    });
    return r;
  }
};

inline std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

}  // namespace fairlead::testing
