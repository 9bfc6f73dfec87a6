// SPDX-License-Identifier: BSL-1.0
// Which call a reply belongs to, on one connection. No I/O.
#pragma once

#include "detail/slot_index.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net::detail {

/// The requests that went out on a connection and have not been answered, oldest first. Calls that
/// were given up stay in their place until their reply has come, so that it is never taken for that
/// of another. However many there are, nothing takes longer than with one.
///
/// `Call` is only pointed to.
template <class Call>
class reply_matcher {
 public:
  enum class order : std::uint8_t { of_requests, by_id };
  enum class verdict : std::uint8_t {
    belongs,    ///< to `call`
    swallowed,  ///< to a call that was given up
    unknown,    ///< to none, and no harm is done
    /// To none, or to one of several: nothing that comes after it can be trusted.
    ambiguous,
  };
  struct match {
    verdict what;
    Call* call = nullptr;
  };
  /// A request that went out, until its reply has come.
  using ticket = std::uint32_t;

  /// At most `capacity` requests at a time.
  reply_matcher(order o, std::size_t capacity) : capacity_(capacity), order_(o) {}

  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }
  /// Requests that wait for a reply, those that were given up included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t abandoned() const noexcept { return abandoned_; }

  /// Whether a request with this id waits for its reply. Never in the order of requests.
  [[nodiscard]] bool in_use(std::string_view id) const noexcept {
    return order_ == order::by_id && find(id).has_value();
  }

  /// A request goes out. Not when full, nor when the id is in use.
  [[nodiscard]] ticket add(Call& c, std::string_view id) {
    if (free_ == none) {
      slots_.emplace_back();
      free_ = static_cast<ticket>(slots_.size() - 1);
    }
    const auto t = free_;
    auto& s = slots_[t];
    s.id.assign(id);
    if (order_ == order::by_id) {
      ids_.insert(hash_of(id), t);
    }
    free_ = s.next;
    s.call = &c;
    s.before = newest_;
    s.next = none;
    (newest_ != none ? slots_[newest_].next : oldest_) = t;
    newest_ = t;
    ++size_;
    return t;
  }

  /// The call will not take its reply.
  void abandon(ticket t) noexcept {
    slots_[t].call = nullptr;
    ++abandoned_;
  }

  /// A reply came; in the order of requests its id does not matter. One without an id belongs to
  /// the only request there is, if there is only one.
  [[nodiscard]] match reply(std::optional<std::string_view> id) {
    const auto found = look(id);
    return found.what == verdict::belongs || found.what == verdict::swallowed ? remove(found.at)
                                                                              : match{found.what};
  }

  /// The same for a reply that more follow: nothing is taken out.
  [[nodiscard]] match peek(std::optional<std::string_view> id) const {
    const auto found = look(id);
    return {found.what, found.what == verdict::belongs ? slots_[found.at].call : nullptr};
  }

  /// Takes the oldest request out, when the connection is gone; nullptr for one that was given up.
  [[nodiscard]] Call* take_oldest() noexcept { return remove(oldest_).call; }

 private:
  static constexpr ticket none = ~ticket{0};
  struct slot {
    Call* call = nullptr;
    std::string id;
    ticket before = none;
    ticket next = none;  // newer, or free
  };

  static std::size_t hash_of(std::string_view id) noexcept {
    return std::hash<std::string_view>()(id);
  }

  // Replies mostly come in the order of requests, so that the first is the one.
  [[nodiscard]] std::optional<ticket> find(std::string_view id) const noexcept {
    if (size_ > 0 && slots_[oldest_].id == id) {
      return oldest_;
    }
    return ids_.find(hash_of(id), [&](ticket t) { return slots_[t].id == id; });
  }

  struct place {
    verdict what;
    ticket at = none;
  };

  [[nodiscard]] place look(std::optional<std::string_view> id) const noexcept {
    if (size_ == 0) {
      return {order_ == order::by_id && id ? verdict::unknown : verdict::ambiguous};
    }
    auto t = oldest_;
    if (order_ == order::by_id) {
      const auto found = id ? find(*id) : std::optional(oldest_);
      if (!found) {
        return {verdict::unknown};
      }
      if (!id && size_ > 1) {
        return {verdict::ambiguous};
      }
      t = *found;
    }
    return {slots_[t].call == nullptr ? verdict::swallowed : verdict::belongs, t};
  }

  match remove(ticket t) noexcept {
    auto& s = slots_[t];
    if (order_ == order::by_id) {
      ids_.erase(hash_of(s.id), t);
    }
    (s.before != none ? slots_[s.before].next : oldest_) = s.next;
    (s.next != none ? slots_[s.next].before : newest_) = s.before;
    s.next = free_;
    free_ = t;
    --size_;
    abandoned_ -= s.call == nullptr ? 1U : 0U;
    return {s.call == nullptr ? verdict::swallowed : verdict::belongs, s.call};
  }

  std::size_t capacity_;
  std::vector<slot> slots_;  // as many as were ever out at a time
  slot_index ids_;
  ticket oldest_ = none;
  ticket newest_ = none;
  ticket free_ = none;
  std::size_t size_ = 0;
  std::size_t abandoned_ = 0;
  order order_;
};

}  // namespace fairlead::net::detail
