// SPDX-License-Identifier: BSL-1.0
// Stacks out of configuration files.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/circuit_breaker.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/config_reader.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/rate_limit.hpp>
#include <fairlead/policy/retry_budget.hpp>
#include <fairlead/policy/throttle.hpp>

#include <boost/json/value.hpp>
#include <tl/expected.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::policy {

/// A policy that configuration made. Those with state come with the handle that controls them.
struct configured_policy {
  using handle = std::variant<std::monostate, circuit_breaker, bulkhead, rate_limit, adaptive_limit,
                              throttle, hedge, coalesce, cache>;
  std::string name;  ///< given, or the type
  std::string type;  ///< "retry", "circuit_breaker", ...
  handle state;
  std::string shape;  ///< its JSON, by which a reload tells that nothing has changed
};

/// A budget that configuration made, and retries and hedges share.
struct configured_budget {
  std::string name;
  std::string kind;  ///< "token", "in_flight" or "window"
  retry_budget budget;
  std::string shape;  ///< as that of a policy
};

/// What a document describes.
struct configuration {
  any_stack stack;
  std::vector<configured_policy> policies;  ///< in the order of the stack, the outermost first
  std::vector<configured_budget> budgets;

  /// The policy with that name; nullptr when there is none.
  [[nodiscard]] const configured_policy* find(std::string_view name) const noexcept;
};

/// Makes policies of types that the library does not know.
struct config_extension {
  /// Reads the policy of type `type`; nothing when it does not know it either.
  using reader =
      std::function<std::optional<any_layer>(std::string_view type, config_reader& from)>;
  reader read;
  std::vector<std::string> types;  ///< for messages
};

/// How a document is read.
struct config_options {
  /// Asked before the library's own types.
  config_extension extension;
  /// Policies of the configuration that is replaced: those with state whose name, type and options
  /// are the same in the new one go on with their state.
  const configuration* carry_over = nullptr;
  /// Budgets beside those of the document.
  const std::vector<configured_budget>* shared_budgets = nullptr;
  /// When the slots of rate limits with a fixed grid begin.
  time_point origin{};
};

/// Reads `{"policies": [...], "budgets": {...}}`, policies the outermost first; docs/policies.md
/// lists types and parameters. Gives everything that is wrong, each problem with its JSON Pointer:
/// unknown keys, wrong types, values out of range, a name that is used twice, a budget that nobody
/// defined, a stack that cannot do what it says.
[[nodiscard]] tl::expected<configuration, config_problems> read_config(
    const boost::json::value& document, const config_options& options = {});

/// The same within a larger document, whose other keys are the business of `from`.
[[nodiscard]] std::optional<configuration> read_config(config_reader& from,
                                                       const config_options& options = {});

/// Reads the member "budgets" of a document; those that are the same in `before` keep their state.
[[nodiscard]] std::vector<configured_budget> read_budgets(
    config_reader& from, const std::vector<configured_budget>& before = {});

/// The same for a text. *Errors*: `serialization_error` with the pointer of the first problem and
/// all of them in its message.
///
/// *Example*:
/// ```cpp
/// auto config = policy::from_json(R"({"policies": [{"type": "retry", "max_attempts": 4}]})");
/// ```
[[nodiscard]] result<configuration> from_json(std::string_view text,
                                              const config_options& options = {});

/// The JSON Schema (2020-12) of what `from_json` reads.
[[nodiscard]] boost::json::value config_schema();

}  // namespace fairlead::policy
