// SPDX-License-Identifier: BSL-1.0
// The calls of a framed client: which wait, which are out, what goes out and what comes back.
#pragma once

#include "detail/reply_matcher.hpp"

#include <fairlead/core/reconnect_pace.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::net::detail {

/// A call, in its frame.
struct pending {
  enum class place : std::uint8_t { nowhere, waiting, out, posted };
  enum class expects : std::uint8_t { one, several, none };  // of replies

  std::string_view request;
  frame_edges edges;
  std::string id;
  time_point limit;
  std::uint64_t begin = 0;   // the first of its bytes, counted over the connection
  std::uint64_t end = 0;     // behind its last byte
  std::uint32_t ticket = 0;  // while it is out
  place at = place::nowhere;
  expects replies = expects::one;
  bool moved = false;  // from a connection that took nothing of it
  waiter* who = nullptr;
  std::list<std::string> untaken;  // replies that more follow; takes no memory while empty
  std::optional<result<std::string>> outcome;
  pending* next = nullptr;  // while it waits
  pending* prev = nullptr;
};

/// Calls that wait for their turn, oldest first.
class pending_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] pending& front() noexcept { return *first_; }

  void push_back(pending& c) noexcept { insert(last_, nullptr, c); }
  void push_front(pending& c) noexcept { insert(nullptr, first_, c); }
  /// Must be in it.
  void remove(pending& c) noexcept {
    (c.prev != nullptr ? c.prev->next : first_) = c.next;
    (c.next != nullptr ? c.next->prev : last_) = c.prev;
    c.next = nullptr;
    c.prev = nullptr;
    --size_;
  }

 private:
  void insert(pending* before, pending* after, pending& c) noexcept {
    c.prev = before;
    c.next = after;
    (before != nullptr ? before->next : first_) = &c;
    (after != nullptr ? after->prev : last_) = &c;
    ++size_;
  }

  pending* first_ = nullptr;
  pending* last_ = nullptr;
  std::size_t size_ = 0;
};

/// All of a client but the coroutines. Never suspends.
struct exchange {
  static constexpr std::string_view own_name = "framed_client";

  exchange(any_framer f, reply_rules r, const framed_client_options& o);

  // A call, from its begin to its end.
  result<void> prepare(const context& cx, pending& c, std::string_view request);
  void enter(pending& c);
  void leave(pending& c) noexcept;
  /// Why a call ends that was woken by `why`, without a reply.
  [[nodiscard]] error given_up(const context& cx, const pending& c, wake why) const;

  // What goes out.
  /// A connection is there; nothing was written to it.
  void begin_line(stream& s);
  /// Sends what may be sent.
  void pump();
  /// Writes what the stream did not take at once.
  result<void> flush();
  /// Closes the connection. The reader finds it closed, and ends what is to be ended.
  void break_line(error why);

  // What comes back.
  void take(std::string_view message);
  /// The connection is gone: what is unanswered on it ends, or moves to the next one.
  void end_line();
  void end_waiting(const error& why);
  void end_all() noexcept;

  any_framer rule;
  reply_rules protocol;
  framed_client_options options;

  pending_queue waiting;
  pending_queue posted;  // whose bytes are not all written
  using matcher = reply_matcher<pending>;
  matcher out;
  std::size_t live = 0;  // calls in progress
  framed_client_stats counts;

  stream* line = nullptr;                        // while requests may be written to it
  const framed<any_framer>* incoming = nullptr;  // what has come on it, while it is read
  std::string unsent;  // what it did not take at once; `sent_of_it` bytes of that are done with
  std::size_t sent_of_it = 0;
  std::uint64_t written = 0;  // bytes that the connection took
  bool useful = false;        // a reply came on it
  bool overrun = false;       // closed for too many calls that were given up
  std::optional<error> broken;

  reconnect_pace pace;
  std::optional<error> last_failure;

  wait_slot work;       // the client's task, for calls to connect for
  wait_slot to_write;   // its second one, for bytes
  waiter_queue enders;  // who waits for `live` to be 0, or for `ended`
  bool draining = false;
  bool ended = false;

 private:
  [[nodiscard]] error in_pause(const context& cx) const;
  [[nodiscard]] bool can_send() const noexcept;
  [[nodiscard]] bool unasked() const noexcept;
  void break_off_unasked();
  void send(pending& c);
  void put(std::string_view message, const frame_edges& edges);
  void tell_given_up(std::string_view id) noexcept;
  void end_posted();
  void take_one_of_several(const matcher::match& found, std::string_view message);
  void settle_unwritten(pending& c, const error& why, pending_queue& again);
  static void complete(pending& c, result<std::string> outcome);
};

}  // namespace fairlead::net::detail
