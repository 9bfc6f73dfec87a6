// SPDX-License-Identifier: BSL-1.0
// Named stacks out of configuration, which may be loaded again while calls are in flight.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/from_json.hpp>

#include <boost/json/value.hpp>
#include <tl/expected.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::policy {

/// Stacks by name, as a configuration file gives them:
///
/// ```json
/// {
///   "budgets": {"all": {"kind": "in_flight"}},
///   "stacks": {
///     "users":    {"policies": [{"type": "retry", "budget": "all"}]},
///     "payments": {"policies": [{"type": "circuit_breaker", "name": "payments"}]}
///   }
/// }
/// ```
///
/// Budgets at the top are shared by all stacks; a stack may have budgets of its own, too.
///
/// *Loading again* replaces every stack at once, or none when anything is wrong with the document.
/// Calls in flight finish under the stack they began with. Policies whose name, type and options
/// have not changed go on with their state: an open breaker stays open.
///
/// *Thread safety*: every member may be called from any thread.
///
/// *Example*:
/// ```cpp
/// policy::registry stacks;
/// auto loaded = stacks.load(text);           // and again whenever the file changes
/// auto users = stacks.find("users");         // keeps up with what is loaded
/// auto user = co_await users->run(cx, [&](context& cx) { return client.get<user>(cx, "/1"); });
/// ```
class registry {
 public:
  class entry;

  registry();
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;
  ~registry();

  /// *Errors*: `serialization_error` with the JSON Pointer of the first problem and all of them in
  /// its message; then what was loaded before stays.
  result<void> load(std::string_view text);
  /// The same with every problem by itself.
  tl::expected<void, config_problems> load_document(const boost::json::value& document);

  /// The stack with that name. *Errors*: `invalid_argument`, which names those that there are.
  [[nodiscard]] result<entry> find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct slot;
  struct shared;
  std::unique_ptr<shared> shared_;
};

/// One name of a registry: runs calls under what is loaded for it at that moment. A stack that is
/// gone from the document stays as it was last. May outlive the registry.
class registry::entry {
 public:
  /// As `any_stack::run`.
  template <class Op, class... Args>
  [[nodiscard]] auto run(context& cx, Op&& op, Args&&... args) const {
    return stack().run(cx, std::forward<Op>(op), std::forward<Args>(args)...);
  }

  /// What is loaded now.
  [[nodiscard]] std::shared_ptr<const configuration> current() const;
  [[nodiscard]] any_stack stack() const { return current()->stack; }

 private:
  friend class registry;
  explicit entry(std::shared_ptr<const slot> s) noexcept : slot_(std::move(s)) {}
  std::shared_ptr<const slot> slot_;
};

}  // namespace fairlead::policy
