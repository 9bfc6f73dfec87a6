// SPDX-License-Identifier: BSL-1.0
// A call of a NATS client, in the frame of its caller, and the lists it stands in.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/port/broker_message.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace fairlead::detail::nats {

/// What is asked for, and how far it has come.
struct pending_call {
  enum class kind : std::uint8_t {
    publish,  ///< until it is written
    request,  ///< until it is answered
    flush,    ///< until the server has taken all before it
    confirm,  ///< the same, of a subscription: again on the next connection
  };
  enum class place : std::uint8_t {
    nowhere,
    waiting,  ///< for its turn, or for a connection
    writing,  ///< some of its bytes have not gone out
    out,      ///< its answer is awaited
  };

  pending_call(kind k, const broker_message* m) noexcept : what(k), message(m) {}
  pending_call(const pending_call&) = delete;
  pending_call& operator=(const pending_call&) = delete;
  ~pending_call() = default;

  [[nodiscard]] bool is_ping() const noexcept {
    return what == kind::flush || what == kind::confirm;
  }
  /// Bytes of its message.
  [[nodiscard]] std::size_t weight() const noexcept {
    return message != nullptr ? message->size() : 0;
  }
  void complete(result<void> with) {
    at = place::nowhere;
    outcome.emplace(std::move(with));
    wake_caller();
  }
  void wake_caller() noexcept {
    if (who != nullptr) {
      who->notify();
    }
  }

  kind what;
  const broker_message* message;  // nullptr for pings
  place at = place::nowhere;
  std::uint64_t token = 0;  // of a request
  std::uint64_t begin = 0;  // the first of its bytes, counted over the connection
  std::uint64_t end = 0;    // the one behind its last
  std::uint64_t ping = 0;   // which of the connection's
  time_point wait_limit;    // when there is no connection
  time_point limit;
  waiter* who = nullptr;
  std::optional<result<void>> outcome;
  broker_message reply;
  pending_call* next = nullptr;
  pending_call* prev = nullptr;
};

/// Calls in a row; each stands in one list at most.
class call_list {
 public:
  call_list() = default;
  call_list(const call_list&) = delete;
  call_list& operator=(const call_list&) = delete;
  ~call_list() = default;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] pending_call& front() noexcept { return *first_; }

  void push_back(pending_call& o) noexcept { insert(last_, nullptr, o); }
  void push_front(pending_call& o) noexcept { insert(nullptr, first_, o); }
  /// Must be in it.
  void remove(pending_call& o) noexcept {
    (o.prev != nullptr ? o.prev->next : first_) = o.next;
    (o.next != nullptr ? o.next->prev : last_) = o.prev;
    o.next = nullptr;
    o.prev = nullptr;
    --size_;
  }
  pending_call& pop_front() noexcept {
    pending_call& o = *first_;
    remove(o);
    return o;
  }
  /// Calls `f(pending_call&)` for each; `f` must not change the list.
  template <class F>
  void for_each(F f) const {
    for (auto* o = first_; o != nullptr; o = o->next) {
      f(*o);
    }
  }

 private:
  void insert(pending_call* before, pending_call* after, pending_call& o) noexcept {
    o.prev = before;
    o.next = after;
    (before != nullptr ? before->next : first_) = &o;
    (after != nullptr ? after->prev : last_) = &o;
    ++size_;
  }

  pending_call* first_ = nullptr;
  pending_call* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fairlead::detail::nats
