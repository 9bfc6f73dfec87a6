// SPDX-License-Identifier: BSL-1.0
// The bulkhead that stacks and people hold: a handle on shared, thread-safe state.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/policy/bulkhead_core.hpp>
#include <fairlead/policy/bulkhead_options.hpp>
#include <fairlead/policy/layer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::policy {

/// What a bulkhead knows.
struct bulkhead_metrics {
  std::uint32_t max = 0;
  std::uint32_t in_use = 0;  ///< may be greater than `max` after that was lowered
  std::uint32_t available = 0;
  std::size_t waiting = 0;
};

/// Lets so many calls run at the same time, so that a slow peer cannot take everything with it.
///
/// *When to use*: around calls to one peer, or around one kind of work. Put it inside the retry, so
/// that nobody holds a place while waiting for the next attempt, and inside the breaker.
///
/// *How it counts*: a call holds a place from when it goes in until it comes out, however it ends.
///
/// *How it waits*: a place that becomes free goes straight to the first in the queue; nobody who
/// comes later gets it. One that was given a place but was cancelled in the same instant passes it
/// on.
///
/// *Errors*: `bulkhead_full` when the queue is full, when `max_wait` is over, or when a more
/// critical call took the place in the queue; `shed` when dropped under overload; `cancelled`, and
/// `deadline` when that comes before `max_wait` is over (stage `pool`: nothing was sent). Refusing
/// allocates nothing, unless the bulkhead has a name and was resized.
///
/// A handle: copies share the state, and may be used in as many stacks as you like; twice in one
/// stack is refused.
///
/// *Thread safety*: every member may be called from any thread. While nobody waits no lock is
/// taken.
///
/// *Example*:
/// ```cpp
/// policy::bulkhead places{{.max = 20, .queue = 50, .max_wait = 200ms}};
/// ```
class bulkhead {
 public:
  using options_type = bulkhead_options;
  class permit;

  /// Throws `std::invalid_argument`, which names every problem, when `options` cannot be used.
  explicit bulkhead(const bulkhead_options& options);

  /// The same for options that come from outside. *Errors*: `invalid_argument`, whose reason names
  /// every problem.
  [[nodiscard]] static result<bulkhead> make(const bulkhead_options& options);

  /// A place if one is free and nobody waits for it. *Errors*: `bulkhead_full`.
  [[nodiscard]] result<permit> try_acquire() const;

  /// *Completes when* a place is held. *Errors*: as above.
  [[nodiscard]] task<result<permit>> acquire(context& cx) const;

  /// From now on `max` places. More: those that wait get them at once. Less: nobody is stopped, but
  /// places that become free are not given away until no more than `max` are in use. Never waits.
  /// Throws `std::invalid_argument` when `max` is 0 or above 2^31 - 1.
  void resize(std::uint32_t max) const;

  [[nodiscard]] bulkhead_metrics metrics() const noexcept;
  [[nodiscard]] std::string_view name() const noexcept;

  /// True when nothing would change if it were replaced by a new one.
  [[nodiscard]] bool idle(time_point now) const noexcept;
  /// True when there is no other copy of this handle.
  [[nodiscard]] bool unshared() const noexcept { return shared_.use_count() == 1; }

  // The layer protocol; see layer.hpp.
  struct layer_state;
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const;
  task<result<void>> pause(layer_state& s, call& c) const;
  step resume(layer_state& s, call& c, const result<void>& waited) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  struct place;
  struct bell;
  friend class permit;
  explicit bulkhead(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  static task<result<void>> wait_turn(shared& s, place& mine, context& cx, time_point give_up);
  step refuse(call& c, error e) const;

  std::shared_ptr<shared> shared_;
};

/// A place. Destroyed, it becomes free. Keep a handle of its bulkhead as long as it lives.
class bulkhead::permit {
 public:
  permit() noexcept = default;
  permit(permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  permit& operator=(permit&& other) noexcept {
    permit old(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    return *this;
  }
  ~permit() {
    if (owner_ != nullptr) {
      give_back();
    }
  }
  [[nodiscard]] explicit operator bool() const noexcept { return owner_ != nullptr; }

 private:
  friend class bulkhead;
  explicit permit(shared& owner) noexcept : owner_(&owner) {}
  void give_back() noexcept;

  shared* owner_ = nullptr;
};

/// Where one call stands in the queue of a bulkhead. Destroyed, it leaves the queue, and passes on
/// a place that it was given but did not take.
struct bulkhead::place : waiting_line::place {
  enum class fate : std::uint8_t { none, waiting, given, displaced, dropped };

  place() = default;
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    if (owner != nullptr) {
      abandon();
    }
  }
  void abandon() noexcept;

  // Guarded by the owner's lock, but `owner`.
  shared* owner = nullptr;  // null when it never had to wait
  bell* sleeper = nullptr;
  fate became = fate::none;
  time_point give_up{};
};

struct bulkhead::layer_state {
  permit held;
  place mine;
};

}  // namespace fairlead::policy
