// SPDX-License-Identifier: BSL-1.0
// Which call a reply belongs to, on one connection. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::net::detail {

/// The requests that went out on a connection and have not been answered, oldest first. Calls that
/// were given up stay in their place until their reply has come, so that it is never taken for that
/// of another.
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

  /// At most `capacity` requests at a time.
  reply_matcher(order o, std::size_t capacity) : slots_(capacity), order_(o) {}

  [[nodiscard]] bool full() const noexcept { return size_ == slots_.size(); }
  /// Requests that wait for a reply, those that were given up included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t abandoned() const noexcept { return abandoned_; }

  /// Whether a request with this id waits for its reply. Never in the order of requests.
  [[nodiscard]] bool in_use(std::string_view id) const noexcept {
    return order_ == order::by_id && find(id) < size_;
  }

  /// A request goes out. Not when full, nor when the id is in use.
  void add(Call& c, std::string_view id) {
    auto& s = at(size_++);
    s.call = &c;
    s.id.assign(id);
  }

  /// The call will not take its reply. Nothing happens when it is not here.
  void abandon(const Call& c) noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      if (at(i).call == &c) {
        at(i).call = nullptr;
        ++abandoned_;
      }
    }
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
    return {found.what, found.what == verdict::belongs ? at(found.at).call : nullptr};
  }

  /// Takes the oldest request out, when the connection is gone; nullptr for one that was given up.
  [[nodiscard]] Call* take_oldest() noexcept { return remove(0).call; }

 private:
  struct slot {
    Call* call = nullptr;
    std::string id;
  };

  [[nodiscard]] slot& at(std::size_t i) noexcept { return slots_[(first_ + i) % slots_.size()]; }
  [[nodiscard]] const slot& at(std::size_t i) const noexcept {
    return slots_[(first_ + i) % slots_.size()];
  }

  // Replies mostly come in the order of requests, so that the first is the one.
  [[nodiscard]] std::size_t find(std::string_view id) const noexcept {
    std::size_t i = 0;
    while (i < size_ && at(i).id != id) {
      ++i;
    }
    return i;
  }

  struct place {
    verdict what;
    std::size_t at = 0;
  };

  [[nodiscard]] place look(std::optional<std::string_view> id) const noexcept {
    if (size_ == 0) {
      return {order_ == order::by_id && id ? verdict::unknown : verdict::ambiguous};
    }
    std::size_t i = 0;
    if (order_ == order::by_id) {
      i = id ? find(*id) : 0;
      if (i == size_) {
        return {verdict::unknown};
      }
      if (!id && size_ > 1) {
        return {verdict::ambiguous};
      }
    }
    return {at(i).call == nullptr ? verdict::swallowed : verdict::belongs, i};
  }

  match remove(std::size_t i) noexcept {
    Call* const call = at(i).call;
    for (; i > 0; --i) {
      std::swap(at(i), at(i - 1));
    }
    first_ = (first_ + 1) % slots_.size();
    --size_;
    abandoned_ -= call == nullptr ? 1U : 0U;
    return {call == nullptr ? verdict::swallowed : verdict::belongs, call};
  }

  std::vector<slot> slots_;  // a ring
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t abandoned_ = 0;
  order order_;
};

}  // namespace fairlead::net::detail
