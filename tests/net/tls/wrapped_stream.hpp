// SPDX-License-Identifier: BSL-1.0
// A stream around another one that counts, and that can stop passing bytes on.
#pragma once

#include <fairlead/net/stream.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::net {

/// What a `wrapped_stream` does and has seen; lives longer than it.
struct wrapping {
  /// After so many bytes nothing more is written, without an error.
  std::size_t stall_after = std::numeric_limits<std::size_t>::max();
  std::size_t written = 0;
  std::vector<std::size_t> writes;  // sizes, one for each attempt that wrote something
  std::size_t reads = 0;            // attempts
  wait_slot stalled;
};

class wrapped_stream final : public stream {
 public:
  wrapped_stream(std::unique_ptr<stream> under, wrapping& w) : under_(std::move(under)), w_(w) {}

  io_attempt try_read(std::span<std::byte> into) override {
    ++w_.reads;
    return under_->try_read(into);
  }
  io_attempt try_write(const_buffers from) override {
    // One piece at a time, which is all that TLS gives.
    const auto room = w_.stall_after - w_.written;
    if (room == 0) {
      return std::nullopt;
    }
    const auto piece = from.front().first(std::min(from.front().size(), room));
    auto put = under_->try_write(const_buffers(&piece, 1));
    if (put && *put) {
      w_.written += **put;
      w_.writes.push_back(**put);
    }
    return put;
  }
  task<result<void>> wait(context& cx, direction towards) override {
    if (towards == direction::write && w_.stall_after == w_.written) {
      return w_.stalled.wait(cx);
    }
    return under_->wait(cx, towards);
  }
  bool worth_trying(direction towards) const noexcept override {
    return under_->worth_trying(towards);
  }
  bool peer_has_left() noexcept override { return under_->peer_has_left(); }
  task<result<void>> shutdown_write(context& cx) override { return under_->shutdown_write(cx); }
  void close() noexcept override {
    under_->close();
    w_.stalled.notify();
  }
  const std::string& peer() const noexcept override { return under_->peer(); }

 private:
  std::unique_ptr<stream> under_;
  wrapping& w_;
};

}  // namespace fairlead::net
