// SPDX-License-Identifier: BSL-1.0
// What accepts streams.
#pragma once

#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/stream.hpp>

#include <memory>

namespace fairlead::net {

/// A bound, listening socket, real or simulated.
///
/// *Thread safety*: none; it belongs to the executor of its environment.
class listener {
 public:
  listener() = default;
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  /// Stops listening.
  virtual ~listener() = default;

  /// *Completes when* a peer has connected, or with `cancelled`, `deadline`, `unavailable` once
  /// closed, or `system_error` when the process runs out of something (file descriptors): pause
  /// before the next call.
  [[nodiscard]] virtual task<result<std::unique_ptr<stream>>> accept(context& cx) = 0;

  /// The address in use, with the port that the system chose.
  [[nodiscard]] virtual const endpoint& local() const noexcept = 0;

  /// Refuses new peers from now on; an `accept` in progress completes. Idempotent.
  virtual void close() noexcept = 0;
};

/// How to listen.
struct listen_options {
  /// Connections that the system queues before `accept`; default 4096, the usual `somaxconn` of
  /// Linux.
  int backlog = 4096;
  /// Several listeners share one address, and the system spreads connections over them
  /// (`SO_REUSEPORT`).
  bool share_port = false;
  /// For every connection that is accepted.
  stream_options accepted{};
};

}  // namespace fairlead::net
