// SPDX-License-Identifier: BSL-1.0
// A simulated TCP connection: two lanes of packets, and the streams at its ends.
#pragma once

#include "detail/fabric.hpp"

#include <fairlead/net/wait_slot.hpp>

#include <deque>
#include <memory>
#include <string>

namespace fairlead::sim::detail {

/// One direction: packets under way, then bytes that wait to be read.
class lane : timer_node {
 public:
  lane(fabric& f, machine_id from, machine_id to, std::string name);
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;
  ~lane();

  /// What answers data that nobody will read.
  void answer_with(lane& back) noexcept { back_ = &back; }
  [[nodiscard]] machine_id from() const noexcept { return from_; }
  [[nodiscard]] machine_id to() const noexcept { return to_; }

  // The sending side.
  [[nodiscard]] std::size_t room() const;
  void send(std::span<const std::byte> bytes);
  void send_end();
  void send_reset();

  // The receiving side.
  [[nodiscard]] bool readable() const noexcept { return unread_ > 0; }
  [[nodiscard]] std::size_t read(std::span<std::byte> into);
  [[nodiscard]] bool end_is_here() const noexcept { return ended_; }
  [[nodiscard]] bool ended() const noexcept { return ended_ && unread_ == 0; }
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  void break_now() noexcept;
  /// Nobody will read any more. True when something was unread.
  bool abandon() noexcept;

  void healed();

  net::wait_slot reader;
  net::wait_slot writer;

 private:
  enum class kind : std::uint8_t { data, end, reset };
  struct packet {
    kind what;
    time_point arrival;
    std::string bytes;
  };

  void launch(kind what, std::string bytes);
  void arm();
  void land();
  void deliver(packet p);
  static void on_expire(timer_node& n) noexcept { static_cast<lane&>(n).land(); }

  fabric& fabric_;
  machine_id from_;
  machine_id to_;
  std::string name_;
  lane* back_ = nullptr;
  std::deque<packet> under_way_;
  std::size_t bytes_under_way_ = 0;
  time_point sender_free_{};
  time_point last_arrival_{};
  std::deque<std::string> arrived_;
  std::size_t taken_ = 0;  // of the first of `arrived_`
  std::size_t unread_ = 0;
  bool held_ = false;
  bool ended_ = false;
  bool broken_ = false;
  bool abandoned_ = false;
  bool end_sent_ = false;
  bool reset_sent_ = false;
};

class connection {
 public:
  connection(std::shared_ptr<fabric> f, machine_id client, machine_id server);

  /// The stream at one end; `peer` is what it calls the other.
  [[nodiscard]] static std::unique_ptr<net::stream> client_end(std::shared_ptr<connection> c,
                                                               std::string peer);
  [[nodiscard]] static std::unique_ptr<net::stream> server_end(std::shared_ptr<connection> c,
                                                               std::string peer);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool between(machine_id a, machine_id b) const noexcept;
  void note(std::string_view what) { fabric_->note(name_ + " " + std::string(what)); }

  void reset();
  void crashed(machine_id m);
  void healed();

 private:
  friend class sim_stream;

  std::shared_ptr<fabric> fabric_;
  std::string name_;
  lane forward_;
  lane backward_;
};

}  // namespace fairlead::sim::detail
