// SPDX-License-Identifier: BSL-1.0
// Two connected streams in memory, with faults on demand: what protocol code is tested on.
#pragma once

#include <fairlead/net/stream.hpp>

#include <limits>
#include <memory>
#include <optional>

namespace fairlead::net {

/// How one end of a `memory_pair` behaves. The defaults make a well-behaved peer on a fast network.
///
/// *Example*:
/// ```cpp
/// auto [client, server] = net::memory_pair(
///     env, {}, net::memory_side().max_read(1).reset_after_writing(100));
/// ```
class memory_side {
 public:
  memory_side() = default;

  /// Bytes from the peer that fit here before the peer must wait. Default 64 KiB; 0 counts as 1.
  memory_side& capacity(std::size_t bytes);
  /// The most that one attempt reads: short reads at every place. Default unlimited; 0 counts as 1.
  memory_side& max_read(std::size_t bytes);
  /// The most that one attempt writes. Default unlimited; 0 counts as 1.
  memory_side& max_write(std::size_t bytes);
  /// How long bytes and the end of the stream travel to the peer. Default 0: they are there at
  /// once.
  memory_side& latency(duration travel);

  /// The `nth` attempt of this end (the first is 1; reads and writes are counted together, also
  /// those that would block) fails with `why`, and so does every later one.
  memory_side& fail_attempt(std::uint64_t nth, error why);
  /// After `bytes` bytes have been written here, this end closes: the peer reads them, then the
  /// end.
  memory_side& close_after_writing(std::uint64_t bytes);
  /// After `bytes` bytes have been written here, the connection breaks: the peer reads them, then
  /// `connection_reset`.
  memory_side& reset_after_writing(std::uint64_t bytes);

 private:
  friend class memory_stream;
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  std::size_t capacity_ = 65536;
  std::size_t max_read_ = std::numeric_limits<std::size_t>::max();
  std::size_t max_write_ = std::numeric_limits<std::size_t>::max();
  duration latency_{};
  std::uint64_t fail_at_ = never;
  std::uint64_t close_at_ = never;
  std::uint64_t reset_at_ = never;
  std::optional<error> failure_;
};

/// The two ends; destroying one closes it.
struct memory_ends {
  std::unique_ptr<stream> first;
  std::unique_ptr<stream> second;
};

/// Two connected streams in memory. What one writes, the other reads, in order; each holds at most
/// its capacity, and a writer waits for room. `env` must outlive both; they belong to its executor.
///
/// An end that was closed reads and writes no more (`connection_closed`); the other reads what is
/// left, then the end, and its writes fail with `connection_closed`.
[[nodiscard]] memory_ends memory_pair(environment& env, memory_side first = {},
                                      memory_side second = {});

}  // namespace fairlead::net
