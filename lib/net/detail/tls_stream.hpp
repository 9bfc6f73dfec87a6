// SPDX-License-Identifier: BSL-1.0
// The stream that speaks TLS over another one: an engine, and the waits that it asks for.
#pragma once

#include "tls_engine.hpp"

#include <fairlead/net/stream.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <array>
#include <memory>
#include <string>

namespace fairlead::net::detail {

class tls_stream final : public stream {
 public:
  tls_stream(std::shared_ptr<const tls_context> shared, std::unique_ptr<stream> under);
  ~tls_stream() override { close(); }

  [[nodiscard]] tls_engine& engine() noexcept { return engine_; }
  /// Must end well before anything else is done.
  ///
  /// *Errors* (stage tls, not sent): as `tls_connect`.
  [[nodiscard]] task<result<void>> handshake(context& cx);

  io_attempt try_read(std::span<std::byte> into) override;
  io_attempt try_write(const_buffers from) override;
  task<result<void>> wait(context& cx, direction towards) override;
  bool worth_trying(direction towards) const noexcept override;
  bool peer_has_left() noexcept override;
  const tls_info* tls() const noexcept override;
  task<result<void>> shutdown_write(context& cx) override;
  result<void> set_options(const stream_options& options) override {
    return under_->set_options(options);
  }
  void close() noexcept override;
  void abort() noexcept override;
  const std::string& peer() const noexcept override { return under_->peer(); }

 private:
  // What stands between an attempt and its success.
  enum class block : std::uint8_t { none, read, write };

  [[nodiscard]] block& blocked(direction d) noexcept {
    return d == direction::read ? reads_ : writes_;
  }
  [[nodiscard]] io_attempt attempted(const tls_step& step, block& of);
  [[nodiscard]] task<result<void>> wait_below(context& cx, direction towards);
  [[nodiscard]] task<result<void>> lead(context& cx, direction towards);
  [[nodiscard]] error named(const error& e, const context& cx, const context& limited) const;

  std::unique_ptr<stream> under_;
  tls_engine engine_;
  block reads_ = block::none;
  block writes_ = block::none;
  bool closed_ = false;
  std::array<bool, 2> waiting_{};       // below, by direction
  std::array<wait_slot, 2> following_;  // those that need what somebody else waits for
  mutable std::unique_ptr<tls_info> info_;
};

}  // namespace fairlead::net::detail
