// SPDX-License-Identifier: BSL-1.0
// The alarm of real environments: one `steady_timer`.
#pragma once

#include <fairlead/core/alarm.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace fairlead::detail {

/// Rings through Asio. While nothing is armed (`rest`), a pending wait does not keep
/// `io_context::run` from returning.
class asio_alarm final : public alarm {
 public:
  explicit asio_alarm(const boost::asio::any_io_executor& executor);
  ~asio_alarm() override;

  void connect(void (*on_ring)(void* arg), void* arg) noexcept override;
  void set(time_point when) override;
  void rest() noexcept override;

  /// The event loop is going away: never ring again, hold nothing of it.
  void detach() noexcept;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace fairlead::detail
