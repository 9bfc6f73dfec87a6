// SPDX-License-Identifier: BSL-1.0
// What the sessions of one server share.
#pragma once

#include "body_budget.hpp"
#include "message_reader.hpp"
#include "patience.hpp"
#include "read_window.hpp"
#include "server_span.hpp"

#include <fairlead/core/environment.hpp>
#include <fairlead/http/router.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/http/server_options.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::http::detail {

/// The memory of one request in progress, used again by the next; an idle connection has none.
struct session_memory {
  read_window in;
  std::string head;
  http::request request;
  response answer;
  std::optional<error> failure;  // of the handler, until it is answered
  request_reader reader;
  router::match_result route;       // of the request
  time_point begun{};               // of the request; only where it is recorded
  std::uint64_t body_sent = 0;      // of the answer
  patience slow;                    // with a body that comes, or an answer that goes, as a whole
  std::uint64_t moved = 0;          // bytes of that which it knows of
  std::optional<server_span> span;  // where requests take part in traces
};

struct server_state {
  server_state(std::shared_ptr<const router> r, server_options o)
      : routes(std::move(r)), options(std::move(o)), bodies(options.body_memory()) {}

  /// The largest buffer of a body that is kept for the next request.
  static constexpr std::size_t most_kept = 64 * 1024;

  std::unique_ptr<session_memory> borrow();
  void give_back(std::unique_ptr<session_memory> memory);

  /// The Date header, made anew once per second.
  std::string_view date(environment& env);

  void failed(const http::request& r, std::string_view what) const;
  /// Tells what became of the request, and ends its span.
  void answered(session_memory& m, environment& env, access_record::ending how) const;

  std::shared_ptr<const router> routes;
  server_options options;
  body_budget bodies;
  bool draining = false;
  bool withdrawn = false;
  server_stats stats;

 private:
  std::vector<std::unique_ptr<session_memory>> spare_;
  std::string date_;
  std::chrono::system_clock::time_point date_second_{};
};

}  // namespace fairlead::http::detail
