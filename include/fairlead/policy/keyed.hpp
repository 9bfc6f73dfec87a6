// SPDX-License-Identifier: BSL-1.0
// One policy per key: a breaker per host, a rate limit per user.
#pragma once

#include <fairlead/core/task.hpp>
#include <fairlead/policy/detail/key_table.hpp>
#include <fairlead/policy/keyed_options.hpp>
#include <fairlead/policy/layer.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::policy {

/// A handle that `keyed` can keep many of: a circuit breaker, a bulkhead, a rate limit.
template <class H>
concept keyable =
    layer<H> && requires(const H& h, const typename H::options_type& o, time_point now) {
      H(o);
      { o.name } -> std::convertible_to<std::string_view>;
      { h.idle(now) } -> std::same_as<bool>;
      { h.unshared() } -> std::same_as<bool>;
    };

/// The key that the caller gave: `context::key()`. Calls without one share the key "".
struct by_context_key {
  [[nodiscard]] std::string_view operator()(const context& cx) const noexcept { return cx.key(); }
};

namespace detail {

template <class H>
struct handle_slot final : key_slot {
  explicit handle_slot(const typename H::options_type& o) : handle(o) {}
  [[nodiscard]] bool forgettable(time_point now) const override {
    return handle.unshared() && handle.idle(now);
  }
  H handle;
};

template <class H>
struct keyed_data {
  using options_type = typename H::options_type;

  keyed_data(const options_type& o, const keyed_options& bounds)
      : name(o.name),
        each(o),
        words(H(o).describe()),
        table(bounds, [this] { return std::make_shared<handle_slot<H>>(each); }) {
    each.name = name;
  }

  std::string name;
  options_type each;
  std::string words;
  key_table table;
};

/// Throws `std::invalid_argument` with every problem.
void check_keyed(const keyed_options& options);
[[nodiscard]] std::string describe_keyed(const keyed_options& options, std::string_view each);

}  // namespace detail

/// One handle per key, made from the same options when a key is first seen.
///
/// The number of keys is bounded, so that whoever invents keys cannot fill the memory. The key that
/// was unused for longest is forgotten first; never one that is in use (calls inside, or a copy of
/// its handle elsewhere), nor one that would lose something: a breaker that is not closed, a rate
/// limit whose permits have not all come back, a bulkhead that was resized.
///
/// *Errors*: those of the policy; `shed` when there is no room and `keys_full::refuse` was chosen.
///
/// A handle: copies, and what `by` gives, share the keys.
///
/// *Thread safety*: every member may be called from any thread. Each call takes one short lock.
///
/// *Example*:
/// ```cpp
/// policy::keyed<policy::rate_limit> per_user{{.permits = 10, .period = 1s}, {.max_keys = 50'000}};
/// auto mine = cx.with_key(user_id);
/// auto answer = co_await policy::stack{per_user}.run(mine, op);
/// ```
template <keyable H, class Projection = by_context_key>
class keyed {
 public:
  /// Throws `std::invalid_argument`, which names every problem, when the options cannot be used.
  explicit keyed(const typename H::options_type& each, const keyed_options& bounds = {},
                 Projection key = {})
      : bounds_((detail::check_keyed(bounds), bounds)),
        data_(std::make_shared<detail::keyed_data<H>>(each, bounds)),
        key_(std::move(key)) {}

  /// The same keys, found by `projection(const context&)`, which gives a text.
  template <class F>
  [[nodiscard]] keyed<H, F> by(F projection) const {
    return keyed<H, F>(bounds_, data_, std::move(projection));
  }

  /// The handle of `key`, made when there is none. As long as the copy lives, the key stays.
  ///
  /// *Errors*: `shed`.
  [[nodiscard]] result<H> at(std::string_view key, time_point now) const {
    const auto slot = data_->table.find(key, now);
    if (slot == nullptr) {
      return fail(errors::shed{data_->name});
    }
    return static_cast<const detail::handle_slot<H>&>(*slot).handle;
  }

  /// Forgets every key that was unused for `idle_ttl` and is not busy; gives how many. Calls do the
  /// same by and by.
  std::size_t forget_idle(time_point now) const { return data_->table.forget_idle(now); }
  [[nodiscard]] std::size_t size() const { return data_->table.size(); }
  /// The last used first.
  [[nodiscard]] std::vector<std::string> keys() const { return data_->table.keys(); }

  // The layer protocol; see layer.hpp.
  struct layer_state {
    std::shared_ptr<detail::key_slot> slot;  // destroyed last
    typename H::layer_state inner;
  };
  step enter(layer_state& s, call& c) const {
    {
      auto slot = data_->table.find(key_(std::as_const(c.surroundings())), c.now());
      if (slot == nullptr) {
        return refuse(c);
      }
      s.slot = std::move(slot);
    }
    return handle(s).enter(s.inner, c);
  }
  step leave(layer_state& s, call& c) const { return handle(s).leave(s.inner, c); }
  task<result<void>> pause(layer_state& s, call& c) const
    requires requires(const H& h, typename H::layer_state& i) { h.pause(i, c); }
  {
    return handle(s).pause(s.inner, c);
  }
  step resume(layer_state& s, call& c, const result<void>& waited) const
    requires requires(const H& h, typename H::layer_state& i) { h.resume(i, c, waited); }
  {
    return handle(s).resume(s.inner, c, waited);
  }
  [[nodiscard]] std::string describe() const {
    return detail::describe_keyed(bounds_, data_->words);
  }
  [[nodiscard]] const void* identity() const noexcept { return data_.get(); }

 private:
  template <keyable, class>
  friend class keyed;
  keyed(const keyed_options& bounds, std::shared_ptr<detail::keyed_data<H>> data, Projection key)
      : bounds_(bounds), data_(std::move(data)), key_(std::move(key)) {}

  static const H& handle(const layer_state& s) noexcept {
    return static_cast<const detail::handle_slot<H>&>(*s.slot).handle;
  }
  step refuse(call& c) const {
    c.fail(errors::shed{data_->name});
    c.report({.policy = observe::policy_kind::shed,
              .action = observe::policy_action::rejected,
              .name = data_->name.empty() ? std::string_view("keyed") : data_->name,
              .attempt = c.attempt(),
              .cause = c.failure()});
    return step::outward;
  }

  keyed_options bounds_;
  std::shared_ptr<detail::keyed_data<H>> data_;
  Projection key_;
};

}  // namespace fairlead::policy
