// SPDX-License-Identifier: BSL-1.0
// Holds the timer wheel against a sorted map: whatever is linked, unlinked and advanced, both fire
// the same timers in the same order, none early, and the next wake-up is never too late.
//
// How it works: each input is a list of 4-byte commands (what, which timer, two bytes of time as
// mantissa and exponent, so that all levels of the wheel are reached).
#include <fairlead/core/timer_wheel.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace fairlead;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct timer : timer_node {
  timer() : timer_node(&on_expire) {}
  static void on_expire(timer_node& n) noexcept {
    auto& self = static_cast<timer&>(n);
    self.fired->push_back(self.number);
  }
  std::size_t number = 0;
  std::vector<std::size_t>* fired = nullptr;
};

class comparison {
 public:
  comparison() {
    for (std::size_t i = 0; i < timers_.size(); ++i) {
      timers_[i].number = i;
      timers_[i].fired = &fired_;
    }
  }
  comparison(const comparison&) = delete;
  comparison& operator=(const comparison&) = delete;
  ~comparison() {
    for (auto& t : timers_) {
      wheel_.unlink(t);
    }
  }

  void link(std::size_t i, duration wait) {
    if (timers_[i].linked()) {
      return;
    }
    const auto expiry = saturating_add(now_, wait);
    wheel_.link(timers_[i], expiry);
    model_.emplace(std::pair(expiry, ++sequence_), i);
  }

  void unlink(std::size_t i) {
    wheel_.unlink(timers_[i]);
    std::erase_if(model_, [&](const auto& entry) { return entry.second == i; });
  }

  void advance(duration step) {
    now_ = saturating_add(now_, step);
    if (now_ == no_deadline) {
      now_ -= duration(1);
    }
    fired_.clear();
    wheel_.advance(now_);
    std::vector<std::size_t> expected;
    while (!model_.empty() && model_.begin()->first.first <= now_) {
      expected.push_back(model_.begin()->second);
      model_.erase(model_.begin());
    }
    require(fired_ == expected);
  }

  void check() {
    require(wheel_.size() == model_.size());
    const auto next = wheel_.next_wake();
    require(model_.empty() ? next == no_deadline : next <= model_.begin()->first.first);
  }

 private:
  timer_wheel wheel_{time_point{}};
  std::array<timer, 16> timers_;
  std::map<std::pair<time_point, std::uint64_t>, std::size_t> model_;
  std::vector<std::size_t> fired_;
  time_point now_{};
  std::uint64_t sequence_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto both = std::make_unique<comparison>();
  for (std::size_t i = 0; i + 4 <= size; i += 4) {
    const std::size_t which = data[i + 1] % 16;
    const auto time = duration(std::int64_t{data[i + 2]} << (data[i + 3] % 54));
    switch (data[i] % 4) {
      case 0:
      case 1:
        both->link(which, time);
        break;
      case 2:
        both->unlink(which);
        break;
      default:
        both->advance(time);
        break;
    }
    both->check();
  }
  return 0;
}
