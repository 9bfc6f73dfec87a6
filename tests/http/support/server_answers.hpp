// SPDX-License-Identifier: BSL-1.0
// Requests as text, and what a server says to them.
#pragma once

#include "http_world.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace fairlead::testing {

inline const std::string today = "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n";

inline std::string ask(std::string_view method, std::string_view target,
                       std::string_view headers = {}, std::string_view body = {}) {
  std::string out(method);
  out.append(" ").append(target).append(" HTTP/1.1\r\nHost: shop\r\n").append(headers);
  if (!body.empty()) {
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  return out.append("\r\n").append(body);
}

/// Everything that a server says to `text`, whose sender ends after it.
inline std::string answer_to(http::router routes, std::string text,
                             http::server_options options = {}) {
  std::string out;
  with_server(std::move(routes), std::move(options),
              [&](context& cx, http::server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, text);
                EXPECT_TRUE(said);
                co_await p->end(cx);
                out = co_await p->read_all(cx);
              });
  return out;
}

inline std::string head_of(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n\r\n"));
}

inline std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}

/// The value of a header in the first head of `answer`; "-" when it is not there.
inline std::string header_of(const std::string& answer, std::string_view name) {
  const auto head = head_of(answer) + "\r\n";
  const auto mark = "\r\n" + std::string(name) + ": ";
  const auto at = head.find(mark);
  if (at == std::string::npos) {
    return "-";
  }
  const auto begin = at + mark.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace fairlead::testing
