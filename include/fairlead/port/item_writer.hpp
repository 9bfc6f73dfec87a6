// SPDX-License-Identifier: BSL-1.0
// Where a service puts the items of an answer that is a stream.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>

#include <concepts>
#include <optional>
#include <utility>

namespace fairlead {

/// Takes the items of a stream, one at a time.
///
/// *Thread safety*: none; one `write` at a time.
///
/// *Example*, in a service:
/// ```cpp
/// task<result<void>> operator()(context& cx, const list_users& r, item_writer<user>& out) {
///   for (const auto& u : users_) {
///     auto taken = co_await out.write(cx, u);
///     if (!taken) { co_return taken; }
///   }
///   co_return result<void>();
/// }
/// ```
template <class T>
class item_writer {
 public:
  item_writer() = default;
  item_writer(const item_writer&) = delete;
  item_writer& operator=(const item_writer&) = delete;

  /// Completes when there is room for the next item: a caller who does not keep up is waited for.
  ///
  /// *Errors*: the caller wants no more (its own error, in process; `cancelled` when it is
  /// elsewhere), or cannot be reached; what the type forbids (`serialization_error`). Return it.
  [[nodiscard]] virtual task<result<void>> write(context& cx, T item) = 0;

 protected:
  ~item_writer() = default;
};

namespace detail {

/// Hands items to a function of the caller, and remembers its refusal.
template <class T, class Take>
class taking_writer final : public item_writer<T> {
 public:
  explicit taking_writer(Take take) : take_(std::move(take)) {}

  task<result<void>> write(context& cx, T item) override {
    result<void> taken;
    if constexpr (std::same_as<decltype(take_(cx, std::move(item))), task<result<void>>>) {
      taken = co_await take_(cx, std::move(item));
    } else {
      taken = take_(cx, std::move(item));
    }
    if (!taken && !refusal_) {
      refusal_ = taken.error();
    }
    co_return taken;
  }

  [[nodiscard]] std::optional<error>& refusal() noexcept { return refusal_; }

 private:
  Take take_;
  std::optional<error> refusal_;
};

}  // namespace detail

}  // namespace fairlead
