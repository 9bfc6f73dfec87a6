// SPDX-License-Identifier: BSL-1.0
// The connection pool: pool_core's decisions applied to streams.
#pragma once

#include "pool_core.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/net/stream.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {

class connection_pool;

/// A place in the pool, held by one exchange. Unless `keep` was called, its end closes the
/// connection, so whatever ends an exchange early cannot put a used-up connection back.
class lease {
 public:
  lease() = default;
  lease(lease&& other) noexcept { *this = std::move(other); }
  lease& operator=(lease&& other) noexcept {
    drop();
    pool_ = std::exchange(other.pool_, nullptr);
    id_ = other.id_;
    reused_ = other.reused_;
    return *this;
  }
  ~lease() { drop(); }

  /// Nullptr until a connection was opened for this place.
  [[nodiscard]] net::stream* stream() const noexcept;
  [[nodiscard]] bool reused() const noexcept { return reused_; }
  void opened(std::unique_ptr<net::stream> s) const noexcept;
  /// The exchange is over and the connection can carry another.
  void keep() noexcept;
  void drop() noexcept;
  /// Takes the connection out of the pool, whose place is free then.
  [[nodiscard]] std::unique_ptr<net::stream> take() noexcept;

 private:
  friend class connection_pool;
  lease(connection_pool& pool, pool_core::connection_id id, bool reused) noexcept
      : pool_(&pool), id_(id), reused_(reused) {}

  connection_pool* pool_ = nullptr;
  pool_core::connection_id id_ = 0;
  bool reused_ = false;
};

/// *Thread safety*: none; on the executor of the environment.
class connection_pool {
 public:
  connection_pool(environment& env, const pool_core::limits& limits);
  connection_pool(const connection_pool&) = delete;
  connection_pool& operator=(const connection_pool&) = delete;
  ~connection_pool();

  /// A turn in the pool. Lives in the frame of the exchange.
  class turn : public pool_core::ticket {
   public:
    explicit turn(connection_pool& pool) noexcept : pool_(pool) {}
    ~turn();

   private:
    friend class connection_pool;
    connection_pool& pool_;
    waiter* waiting_ = nullptr;
    bool pending_ = false;  // granted or in line, and not claimed yet
  };

  /// True when a place was given; false when the turn must `wait` or was refused (`what()`).
  [[nodiscard]] bool try_acquire(turn& t, std::string_view origin, pool_core::wish w);
  /// *Errors*: `cancelled`, `deadline`; the turn is out of the line then.
  [[nodiscard]] task<result<void>> wait(context& cx, turn& t);
  /// The place that was given. Idle connections whose peer has gone are dropped on the way, and
  /// the place is then one to open a connection in.
  [[nodiscard]] lease claim(turn& t);

  /// Closes what idles.
  void close_idle() noexcept;

  /// What has happened so far.
  struct history {
    std::uint64_t opened = 0;
    std::uint64_t reused = 0;
    std::uint64_t waited = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] const history& past() const noexcept { return past_; }
  [[nodiscard]] const pool_core& core() const noexcept { return core_; }

 private:
  friend class lease;
  struct expiry : timer_node {
    explicit expiry(connection_pool& p) noexcept;
    connection_pool& self;
  };

  void hand_over(const pool_core::handover& h) noexcept;
  void give_back(pool_core::connection_id id) noexcept;
  void forget(pool_core::connection_id id) noexcept;
  void close(pool_core::connection_id id) noexcept;
  void on_expiry() noexcept;
  void arm() noexcept;

  environment& env_;
  history past_;
  pool_core core_;
  std::vector<std::unique_ptr<net::stream>> streams_;  // by connection_id
  expiry expiry_;
  time_point armed_ = no_deadline;  // what that waits for
};

}  // namespace fairlead::http::detail
