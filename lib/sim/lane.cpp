// SPDX-License-Identifier: BSL-1.0
// How it works: a write is cut into packets, each of which gets an arrival time that is not before
// that of the one in front. One timer waits for the first; every packet lands in a step of its own,
// so that readers may run between them.
#include "detail/connection.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::sim::detail {

lane::lane(fabric& f, machine_id from, machine_id to, std::string name)
    : timer_node(&on_expire), fabric_(f), from_(from), to_(to), name_(std::move(name)) {}

lane::~lane() {
  fabric_.env().timers().disarm(*this);
}

std::size_t lane::room() const {
  const auto window = fabric_.link(from_, to_).window;
  return window - std::min(window, bytes_under_way_ + unread_);
}

void lane::send(std::span<const std::byte> bytes) {
  const auto segment = fabric_.link(from_, to_).segment;
  while (!bytes.empty()) {
    auto n = std::min(bytes.size(), segment);
    if (fabric_.random().below(4) == 0) {
      n = 1 + static_cast<std::size_t>(fabric_.random().below(n));
    }
    launch(kind::data, std::string(reinterpret_cast<const char*>(bytes.data()), n));
    bytes = bytes.subspan(n);
  }
}

void lane::send_end() {
  if (!end_sent_) {
    end_sent_ = true;
    launch(kind::end, {});
  }
}

void lane::send_reset() {
  if (!reset_sent_) {
    reset_sent_ = true;
    launch(kind::reset, {});
  }
}

void lane::launch(kind what, std::string bytes) {
  const auto& link = fabric_.link(from_, to_);
  sender_free_ = std::max(sender_free_, fabric_.env().now());
  if (link.bytes_per_second > 0) {
    const auto nanoseconds = bytes.size() * std::uint64_t{1'000'000'000} / link.bytes_per_second;
    sender_free_ += duration(static_cast<duration::rep>(nanoseconds));
  }
  last_arrival_ = std::max(last_arrival_, sender_free_ + fabric_.travel(from_, to_));
  bytes_under_way_ += bytes.size();
  under_way_.push_back({what, last_arrival_, std::move(bytes)});
  arm();
}

void lane::arm() {
  if (!linked() && !held_ && !under_way_.empty()) {
    fabric_.env().timers().arm(*this, under_way_.front().arrival);
  }
}

void lane::land() {
  if (fabric_.is_cut(from_, to_)) {
    held_ = true;
    fabric_.note(name_ + " held");
    return;
  }
  packet p = std::move(under_way_.front());
  under_way_.pop_front();
  bytes_under_way_ -= p.bytes.size();
  deliver(std::move(p));
  arm();
}

void lane::deliver(packet p) {
  switch (p.what) {
    case kind::data:
      fabric_.note(name_ + " " + std::to_string(p.bytes.size()) + " bytes");
      if (abandoned_) {
        back_->send_reset();
        writer.notify();
        return;
      }
      if (!broken_) {
        unread_ += p.bytes.size();
        arrived_.push_back(std::move(p.bytes));
      }
      break;
    case kind::end:
      fabric_.note(name_ + " end");
      ended_ = true;
      break;
    case kind::reset:
      fabric_.note(name_ + " reset");
      broken_ = true;
      back_->writer.notify();
      break;
  }
  reader.notify();
}

std::size_t lane::read(std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size() && !arrived_.empty()) {
    const auto& first = arrived_.front();
    const auto n = std::min(into.size() - done, first.size() - taken_);
    std::memcpy(into.data() + done, first.data() + taken_, n);
    done += n;
    taken_ += n;
    if (taken_ == first.size()) {
      arrived_.pop_front();
      taken_ = 0;
    }
  }
  unread_ -= done;
  writer.notify();
  return done;
}

void lane::break_now() noexcept {
  broken_ = true;
  under_way_.clear();
  bytes_under_way_ = 0;
  held_ = false;
  fabric_.env().timers().disarm(*this);
  reader.notify();
  writer.notify();
}

bool lane::abandon() noexcept {
  const bool lost = unread_ > 0;
  abandoned_ = true;
  arrived_.clear();
  taken_ = 0;
  unread_ = 0;
  writer.notify();
  return lost;
}

void lane::healed() {
  if (!held_) {
    return;
  }
  held_ = false;
  const auto earliest = fabric_.env().now() + fabric_.travel(from_, to_);
  for (auto& p : under_way_) {
    p.arrival = std::max(p.arrival, earliest);
  }
  last_arrival_ = std::max(last_arrival_, earliest);
  arm();
}

}  // namespace fairlead::sim::detail
