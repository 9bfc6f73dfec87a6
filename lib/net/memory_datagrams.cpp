// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/memory_datagrams.hpp>

#include <fairlead/net/datagram_inbox.hpp>

#include <limits>
#include <utility>

namespace fairlead::net {

namespace {

constexpr std::uint64_t most_bytes = 65507;  // of a datagram over IPv4

struct pair_state {
  pair_state(environment& e, std::size_t to_first, std::size_t to_second)
      : env(e),
        first(e, to_first, std::numeric_limits<std::size_t>::max()),
        second(e, to_second, std::numeric_limits<std::size_t>::max()) {}
  environment& env;
  datagram_inbox first;
  datagram_inbox second;
};

}  // namespace

datagram_faults& datagram_faults::lose(std::uint64_t nth) {
  lost_.insert(nth);
  return *this;
}
datagram_faults& datagram_faults::duplicate(std::uint64_t nth) {
  doubled_.insert(nth);
  return *this;
}
datagram_faults& datagram_faults::delay(std::uint64_t nth, duration by) {
  delayed_[nth] = by;
  return *this;
}
datagram_faults& datagram_faults::latency(duration travel) {
  latency_ = travel;
  return *this;
}
datagram_faults& datagram_faults::capacity(std::size_t datagrams) {
  capacity_ = datagrams;
  return *this;
}

class memory_datagram_socket final : public datagram_socket {
 public:
  memory_datagram_socket(std::shared_ptr<pair_state> shared, datagram_inbox& in,
                         datagram_inbox& out, datagram_faults faults, endpoint local, endpoint peer)
      : shared_(std::move(shared)),
        in_(in),
        out_(out),
        faults_(std::move(faults)),
        local_(std::move(local)),
        peer_(std::move(peer)) {}
  ~memory_datagram_socket() override { close(); }

  static std::shared_ptr<pair_state> connect(environment& env, const datagram_faults& a,
                                             const datagram_faults& b) {
    return std::make_shared<pair_state>(env, b.capacity_, a.capacity_);
  }

  std::optional<result<void>> try_send_to(std::span<const std::byte> bytes,
                                          const endpoint& to) override {
    if (closed_) {
      return fail(closed());
    }
    if (bytes.size() > most_bytes) {
      return fail(errors::too_large{"datagram", most_bytes, bytes.size()});
    }
    const auto number = ++sent_;
    if (to == peer_ && !faults_.lost_.contains(number)) {
      const auto late = faults_.delayed_.find(number);
      const auto extra = late == faults_.delayed_.end() ? duration() : late->second;
      const auto when = saturating_add(shared_->env.now(), faults_.latency_ + extra);
      for (std::size_t n = faults_.doubled_.contains(number) ? 2 : 1; n > 0; --n) {
        out_.expect(when, bytes, local_);
      }
    }
    return result<void>{};
  }

  std::optional<result<datagram>> try_receive(std::span<std::byte> into) override {
    if (closed_) {
      return fail(closed());
    }
    if (in_.empty()) {
      return std::nullopt;
    }
    return in_.take(into);
  }

  task<result<void>> wait(context& cx, direction towards) override {
    const bool ready = towards == direction::write || closed_ || !in_.empty();
    if (ready && !cx.cancelled()) {
      co_return result<void>{};
    }
    auto woken = co_await in_.reader.wait(cx);
    co_return woken;
  }

  const endpoint& local() const noexcept override { return local_; }

  void close() noexcept override {
    closed_ = true;
    in_.clear();
    in_.reader.notify();
  }

 private:
  error closed() const {
    const auto name = local_.to_string();
    return errors::unavailable{name, "the socket is closed", std::nullopt};
  }

  std::shared_ptr<pair_state> shared_;
  datagram_inbox& in_;
  datagram_inbox& out_;
  datagram_faults faults_;
  endpoint local_;
  endpoint peer_;
  std::uint64_t sent_ = 0;
  bool closed_ = false;
};

datagram_ends memory_datagrams(environment& env, datagram_faults first, datagram_faults second) {
  auto shared = memory_datagram_socket::connect(env, first, second);
  datagram_ends ends;
  ends.first = std::make_unique<memory_datagram_socket>(shared, shared->first, shared->second,
                                                        std::move(first), endpoint::loopback(1),
                                                        endpoint::loopback(2));
  ends.second = std::make_unique<memory_datagram_socket>(shared, shared->second, shared->first,
                                                         std::move(second), endpoint::loopback(2),
                                                         endpoint::loopback(1));
  return ends;
}

}  // namespace fairlead::net
