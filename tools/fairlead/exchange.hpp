// SPDX-License-Identifier: BSL-1.0
// Makes the call that an `exchange_plan` describes.
#pragma once

#include "connections.hpp"
#include "exchange_plan.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/json/schema_validator.hpp>
#include <fairlead/net/connection.hpp>
#include <fairlead/policy/any_stack.hpp>

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::cli {

/// Everything that a call needs, read and checked.
struct prepared_exchange {
  prepared_exchange(exchange_plan p, connection_setup c, policy::any_stack s)
      : plan(std::move(p)), connections(std::move(c)), around(std::move(s)) {}

  exchange_plan plan;
  std::string body;
  std::optional<json::schema_validator> schema;
  std::optional<json::schema_validator> request_schema;
  connection_setup connections;
  policy::any_stack around;
};

/// How long each phase took.
struct exchange_times {
  net::connect_times opening;  ///< of all connections together
  duration first_byte{};       ///< of the last attempt
  duration total{};
  bool reused = false;  ///< the last attempt used connections that were there
};

/// What came of it. A status outside 2xx is an `http_error`, and then `answer` is what came, too.
struct exchange_outcome {
  exchange_outcome() noexcept {}  // not an aggregate: docs/compilers.md

  result<void> done;
  std::optional<http::response> answer;
  exchange_times times;
};

/// Reads the files that the plan names. The error is one or more lines that say what is wrong with
/// them; nothing was sent.
[[nodiscard]] tl::expected<prepared_exchange, std::string> prepare(exchange_plan plan);

/// Validates, sends, receives, validates.
///
/// *Errors*, in `done`: those of `http::client`; `serialization_error` "Request validation failed:
/// ..." (nothing sent) and "Response validation failed: ..."; `http_error`.
[[nodiscard]] task<exchange_outcome> run_exchange(context& cx, const prepared_exchange& what);

/// A client for it, which adds up in `times` how long opening connections takes, and clears their
/// `reused` when it opens one. They must outlive it. *Errors*: `invalid_argument`.
[[nodiscard]] result<http::client> client_for(environment& env, const prepared_exchange& what,
                                              exchange_times& times);

/// `{"resolve": 0.1, ...}`: milliseconds with three decimals.
[[nodiscard]] std::string timings_line(const exchange_times& t);

/// Status line and headers as they came, and the empty line behind them.
[[nodiscard]] std::string head_text(const http::response& r);

/// `document`, which is JSON text, held against a schema. `prefix` begins the error's message.
[[nodiscard]] result<void> check_document(const json::schema_validator& schema,
                                          std::string_view document, std::string_view prefix);

}  // namespace fairlead::cli
