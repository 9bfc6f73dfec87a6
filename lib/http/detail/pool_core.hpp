// SPDX-License-Identifier: BSL-1.0
// Who gets which connection: the pool's decisions, without sockets, coroutines or clocks.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {

/// Places in the pool are counted from the moment a connection may be opened until it is closed.
///
/// A connection that comes back goes to the first caller in line that can use it, else it idles.
/// The most recently used idle connection is taken first, so that surplus ones reach their idle
/// limit. When all places are taken, the connection that idled longest makes room for another
/// origin.
///
/// Facts go in, what to do comes out; the owner opens and closes and wakes.
class pool_core {
 public:
  using connection_id = std::uint32_t;
  static constexpr connection_id no_connection = ~connection_id{0};

  struct limits {
    std::size_t per_origin = 64;
    std::size_t total = 256;
    std::size_t waiters = 1024;
    duration idle = std::chrono::seconds(30);
    duration life = duration::max();
  };

  enum class verdict : std::uint8_t {
    reuse,   ///< `id` is an idle connection of the origin
    open,    ///< open a connection and call it `id`
    wait,    ///< stand in line; the ticket will be granted
    refuse,  ///< too many stand in line already
  };
  /// Whether an idle connection will do.
  enum class wish : std::uint8_t { any, fresh };

 private:
  struct origin {
    std::size_t places = 0;
    std::size_t waiters = 0;
    std::vector<connection_id> idle;  // the last one was used last
  };

 public:
  /// One caller's turn. Stays where it is from `acquire` until it was granted or `abandon`ed.
  class ticket {
   public:
    ticket() = default;
    ticket(const ticket&) = delete;
    ticket& operator=(const ticket&) = delete;
    ~ticket() = default;

    [[nodiscard]] verdict what() const noexcept { return what_; }
    [[nodiscard]] connection_id id() const noexcept { return id_; }
    /// A connection to close at once; its id may be given out again.
    [[nodiscard]] connection_id evict() const noexcept { return evict_; }

   private:
    friend class pool_core;
    origin* at_ = nullptr;
    verdict what_ = verdict::refuse;
    wish wish_ = wish::any;
    connection_id id_ = no_connection;
    connection_id evict_ = no_connection;
    ticket* next_ = nullptr;
    ticket* prev_ = nullptr;
  };

  explicit pool_core(const limits& l) : limits_(l) {}
  pool_core(const pool_core&) = delete;
  pool_core& operator=(const pool_core&) = delete;

  /// Decides at once, or puts the ticket in line (`wait`).
  void acquire(ticket& t, std::string_view key, wish w);

  /// Takes a waiting ticket out of the line.
  void abandon(ticket& t) noexcept;

  /// What follows from a connection coming back.
  struct handover {
    bool close = false;         ///< close the connection that came back
    ticket* granted = nullptr;  ///< wake this one; it holds what to do
  };
  /// The connection was opened.
  void opened(connection_id id, time_point now) noexcept { slots_[id].opened = now; }
  /// The exchange is over and the connection can carry another, if it is not too old.
  [[nodiscard]] handover give_back(connection_id id, time_point now);
  /// The connection is closed, or was never opened.
  [[nodiscard]] handover forget(connection_id id);

  /// Idle connections to close at `now`; each is to be `forget`-ten by the caller.
  [[nodiscard]] std::vector<connection_id> expired(time_point now) const;
  /// All idle connections; each is to be `forget`-ten by the caller.
  [[nodiscard]] std::vector<connection_id> idle_ones() const;
  /// When the next idle connection reaches one of its limits.
  [[nodiscard]] time_point next_expiry() const noexcept;

  /// When the connection came back last.
  [[nodiscard]] time_point idle_since(connection_id id) const noexcept { return slots_[id].since; }
  /// When this one, which idles, is to be closed; `no_deadline` when it does not idle.
  [[nodiscard]] time_point expiry_of(connection_id id) const noexcept {
    return slots_[id].at != nullptr && slots_[id].idle ? end_of(slots_[id]) : no_deadline;
  }

  /// How many more connections of an origin could be opened without closing another.
  [[nodiscard]] std::size_t room_for(std::string_view key) const noexcept;
  /// Places taken for an origin.
  [[nodiscard]] std::size_t places_of(std::string_view key) const noexcept;

  [[nodiscard]] std::size_t open_count() const noexcept { return open_; }
  [[nodiscard]] std::size_t idle_count() const noexcept { return idle_; }
  [[nodiscard]] std::size_t waiter_count() const noexcept { return waiting_; }

 private:
  struct slot {
    origin* at = nullptr;  // nullptr: free
    bool idle = false;
    time_point since{};
    time_point opened{};
  };

  origin& find(std::string_view key);
  connection_id take_place(origin& o);
  connection_id take_idle(origin& o) noexcept;
  void leave_idle(connection_id id) noexcept;
  [[nodiscard]] connection_id oldest_idle() const noexcept;
  [[nodiscard]] time_point end_of(const slot& s) const noexcept;
  [[nodiscard]] bool may_open(const origin& o) const noexcept;
  void open_for(ticket& t);
  void unlink(ticket& t) noexcept;
  ticket* serve_next();

  limits limits_;
  std::map<std::string, origin, std::less<>> origins_;
  std::vector<slot> slots_;
  std::vector<connection_id> free_;
  ticket* first_ = nullptr;
  ticket* last_ = nullptr;
  std::size_t open_ = 0;
  std::size_t idle_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace fairlead::http::detail
