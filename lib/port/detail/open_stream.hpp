// SPDX-License-Identifier: BSL-1.0
// A stream of a service whose caller asks for its items, some at a time, through a broker.
#pragma once

#include "detail/item_buffer.hpp"

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/wait_slot.hpp>
#include <fairlead/port/broker.hpp>
#include <fairlead/port/item_writer.hpp>

#include <optional>
#include <string>

namespace fairlead::detail {

/// Takes the items of the service, and answers the caller.
class open_stream final : public item_writer<std::string> {
 public:
  /// `subject` is where it is asked for more. The broker must outlive it.
  open_stream(message_broker& broker, std::string subject, std::size_t most, duration patience)
      : broker_(broker), subject_(std::move(subject)), buffer_(most), patience_(patience) {}

  /// *Errors*: `cancelled` when the caller did not ask for so long; that in which the stream has
  /// ended, for an item that cannot be sent.
  task<result<void>> write(context& cx, std::string item) override;
  /// The last line.
  void end(std::string line);
  /// Completes when the last line was handed over, or the caller does not ask for it.
  [[nodiscard]] task<void> all_taken(context& cx);
  /// No more will come; who is being answered gets what is there.
  void close() noexcept;

  /// Answers a request with the lines that are there, the first that come, or after a while with
  /// none.
  [[nodiscard]] task<void> give(context& cx, std::string reply_to);

 private:
  class turn;
  task<result<void>> until_room(context& cx);
  task<void> hand_over(context& cx, const std::string& reply_to);
  task<void> refuse(context& cx, const std::string& reply_to);

  message_broker& broker_;
  std::string subject_;
  item_buffer buffer_;
  duration patience_;
  std::optional<error> spoiled_;  // an item that could not be sent
  net::wait_slot arrived_;        // who answers
  net::wait_slot taken_;          // who writes, or waits for the end
  bool asked_ = false;
  bool closed_ = false;
};

}  // namespace fairlead::detail
