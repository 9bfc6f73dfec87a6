// SPDX-License-Identifier: BSL-1.0
// How it works: a pair shares two pipes, one per direction. A pipe holds the bytes that were
// written and not read, in order; with latency, the last of them are still travelling, and a timer
// makes them readable flight by flight.
#include <fairlead/net/memory.hpp>

#include <fairlead/net/wait_slot.hpp>

#include "detail/os_error.hpp"

#include <algorithm>
#include <cstring>
#include <deque>

namespace fairlead::net {

namespace {

// One direction.
class pipe : timer_node {
 public:
  pipe(environment& env, std::size_t capacity, duration latency)
      : timer_node(&on_expire), env_(env), capacity_(capacity), latency_(latency) {}
  pipe(const pipe&) = delete;
  pipe& operator=(const pipe&) = delete;
  ~pipe() { env_.timers().disarm(*this); }

  [[nodiscard]] std::size_t readable() const noexcept { return arrived_; }
  [[nodiscard]] std::size_t room() const noexcept {
    return capacity_ - std::min(capacity_, held());
  }
  // Everything arrived, the end included.
  [[nodiscard]] bool at_end() const noexcept { return end_is_here() && arrived_ == 0; }

  // The end arrived, and bytes before it may be unread.
  [[nodiscard]] bool end_is_here() const noexcept { return ended_ && flights_.empty(); }

  void write(std::span<const std::byte> bytes) {
    data_.insert(data_.end(), bytes.begin(), bytes.end());
    launch(bytes.size());
  }

  void end() {
    if (!ended_) {
      ended_ = true;
      launch(0);
    }
  }

  std::size_t read(std::span<std::byte> into) noexcept {
    const auto n = std::min(into.size(), arrived_);
    std::memcpy(into.data(), data_.data() + taken_, n);
    taken_ += n;
    arrived_ -= n;
    if (taken_ == data_.size()) {
      data_.clear();
      taken_ = 0;
    } else if (taken_ > data_.size() / 2) {
      data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(taken_));
      taken_ = 0;
    }
    writer.notify();
    return n;
  }

  // Bytes or the end are on their way.
  [[nodiscard]] bool travelling() const noexcept { return !flights_.empty(); }

  wait_slot reader;
  wait_slot writer;
  bool abandoned = false;  // nobody will ever read this again

 private:
  struct flight {
    time_point arrival;
    std::size_t bytes;
  };

  [[nodiscard]] std::size_t held() const noexcept { return data_.size() - taken_; }

  void launch(std::size_t bytes) {
    if (latency_ <= duration::zero()) {
      arrived_ += bytes;
      reader.notify();
      return;
    }
    flights_.push_back({saturating_add(env_.now(), latency_), bytes});
    if (!linked()) {
      env_.timers().arm(*this, flights_.front().arrival);
    }
  }

  void land() noexcept {
    const auto now = env_.now();
    while (!flights_.empty() && flights_.front().arrival <= now) {
      arrived_ += flights_.front().bytes;
      flights_.pop_front();
    }
    if (!flights_.empty()) {
      env_.timers().arm(*this, flights_.front().arrival);
    }
    reader.notify();
  }

  static void on_expire(timer_node& n) noexcept { static_cast<pipe&>(n).land(); }

  environment& env_;
  std::size_t capacity_;
  duration latency_;
  std::vector<std::byte> data_;
  std::size_t taken_ = 0;
  std::size_t arrived_ = 0;
  std::deque<flight> flights_;
  bool ended_ = false;
};

struct shared_state {
  shared_state(environment& env, std::size_t to_first, duration from_first, std::size_t to_second,
               duration from_second)
      : forward(env, to_second, from_first), backward(env, to_first, from_second) {}

  void wake_all() noexcept {
    for (pipe* p : {&forward, &backward}) {
      p->reader.notify();
      p->writer.notify();
    }
  }

  pipe forward;
  pipe backward;
  bool broken = false;
};

}  // namespace

memory_side& memory_side::capacity(std::size_t bytes) {
  capacity_ = std::max<std::size_t>(bytes, 1);
  return *this;
}
memory_side& memory_side::max_read(std::size_t bytes) {
  max_read_ = std::max<std::size_t>(bytes, 1);
  return *this;
}
memory_side& memory_side::max_write(std::size_t bytes) {
  max_write_ = std::max<std::size_t>(bytes, 1);
  return *this;
}
memory_side& memory_side::latency(duration travel) {
  latency_ = travel;
  return *this;
}
memory_side& memory_side::fail_attempt(std::uint64_t nth, error why) {
  fail_at_ = nth;
  failure_ = std::move(why);
  return *this;
}
memory_side& memory_side::close_after_writing(std::uint64_t bytes) {
  close_at_ = bytes;
  return *this;
}
memory_side& memory_side::reset_after_writing(std::uint64_t bytes) {
  reset_at_ = bytes;
  return *this;
}

class memory_stream final : public stream {
 public:
  memory_stream(std::shared_ptr<shared_state> shared, pipe& in, pipe& out, memory_side side,
                std::string peer)
      : shared_(std::move(shared)),
        in_(in),
        out_(out),
        side_(std::move(side)),
        peer_(std::move(peer)) {}
  ~memory_stream() override { close(); }

  static std::shared_ptr<shared_state> connect(environment& env, const memory_side& a,
                                               const memory_side& b) {
    return std::make_shared<shared_state>(env, a.capacity_, a.latency_, b.capacity_, b.latency_);
  }

  io_attempt try_read(std::span<std::byte> into) override {
    if (auto failed = begin_attempt()) {
      return fail(std::move(*failed));
    }
    if (in_.readable() > 0) {
      return in_.read(into.first(std::min(into.size(), side_.max_read_)));
    }
    if (broken(in_)) {
      return fail(reset());
    }
    return in_.at_end() ? io_attempt(0) : std::nullopt;
  }

  io_attempt try_write(const_buffers from) override {
    if (auto failed = begin_attempt()) {
      return fail(std::move(*failed));
    }
    if (shared_->broken) {
      return fail(reset());
    }
    if (finished_ || out_.abandoned) {
      return fail(detail::closed_error(peer_));
    }
    std::size_t left = std::min({out_.room(), side_.max_write_, until_fault()});
    std::size_t wanted = 0;
    std::size_t moved = 0;
    for (const auto piece : from) {
      const auto n = std::min(piece.size(), left);
      out_.write(piece.first(n));
      wanted += piece.size();
      moved += n;
      left -= n;
    }
    written_ += moved;
    apply_faults();
    return moved == 0 && wanted > 0 ? io_attempt() : io_attempt(moved);
  }

  task<result<void>> wait(context& cx, direction towards) override {
    if (worthwhile(towards) && !cx.cancelled()) {
      co_return result<void>{};
    }
    auto& slot = towards == direction::read ? in_.reader : out_.writer;
    auto ready = co_await slot.wait(cx);
    co_return ready;
  }

  task<result<void>> shutdown_write(context& cx) override {
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    if (shared_->broken) {
      co_return fail(reset());
    }
    finish();
    co_return result<void>{};
  }

  void close() noexcept override {
    if (!closed_) {
      closed_ = true;
      finish();
      in_.abandoned = true;
      shared_->wake_all();
    }
  }

  void abort() noexcept override {
    if (!closed_) {
      shared_->broken = true;
      close();
    }
  }

  bool peer_has_left() noexcept override { return closed_ || in_.end_is_here() || broken(in_); }

  const std::string& peer() const noexcept override { return peer_; }

 private:
  std::optional<error> begin_attempt() {
    if (++attempts_ >= side_.fail_at_) {
      return side_.failure_;
    }
    if (closed_) {
      return detail::closed_error(peer_);
    }
    return std::nullopt;
  }

  // The bytes that were written before the break still arrive.
  bool broken(const pipe& from) const noexcept { return shared_->broken && !from.travelling(); }

  bool worthwhile(direction towards) const noexcept {
    if (closed_ || attempts_ + 1 >= side_.fail_at_) {
      return true;
    }
    return towards == direction::read
               ? in_.readable() > 0 || in_.at_end() || broken(in_)
               : out_.room() > 0 || finished_ || out_.abandoned || shared_->broken;
  }

  error reset() const {
    error e = errors::connection_reset{peer_};
    return e.with_sent(error_sent::unknown);
  }

  std::size_t until_fault() const noexcept {
    return static_cast<std::size_t>(std::min(side_.close_at_, side_.reset_at_) - written_);
  }

  void apply_faults() noexcept {
    if (written_ >= side_.reset_at_) {
      shared_->broken = true;
      shared_->wake_all();
    } else if (written_ >= side_.close_at_) {
      finish();
      in_.abandoned = true;
      shared_->wake_all();
    }
  }

  void finish() noexcept {
    finished_ = true;
    out_.end();
  }

  std::shared_ptr<shared_state> shared_;
  pipe& in_;
  pipe& out_;
  memory_side side_;
  std::string peer_;
  std::uint64_t attempts_ = 0;
  std::uint64_t written_ = 0;
  bool finished_ = false;
  bool closed_ = false;
};

memory_ends memory_pair(environment& env, memory_side first, memory_side second) {
  auto shared = memory_stream::connect(env, first, second);
  memory_ends ends;
  ends.first = std::make_unique<memory_stream>(shared, shared->backward, shared->forward,
                                               std::move(first), "memory:second");
  ends.second = std::make_unique<memory_stream>(shared, shared->forward, shared->backward,
                                                std::move(second), "memory:first");
  return ends;
}

}  // namespace fairlead::net
