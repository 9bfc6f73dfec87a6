// SPDX-License-Identifier: BSL-1.0
// How it works: the three counts share one atomic word, 21 bits each, so that a place is found free
// and taken in one step.
#include <fairlead/policy/breaker_fleet.hpp>

#include "detail/text.hpp"

#include <atomic>

namespace fairlead::policy {

namespace {

constexpr unsigned width = 21;
constexpr std::uint64_t most_members = (std::uint64_t{1} << width) - 1;

fleet_counts unpacked(std::uint64_t word) noexcept {
  const auto part = [word](unsigned i) {
    return static_cast<std::uint32_t>((word >> (i * width)) & most_members);
  };
  return {part(0), part(1), part(2)};
}

std::uint64_t packed(const fleet_counts& c) noexcept {
  return c.members | (std::uint64_t{c.open} << width) | (std::uint64_t{c.held} << (2 * width));
}

bool is_positive_share(double x) {
  return x > 0 && x <= 1;  // false for NaN
}

}  // namespace

std::vector<std::string> problems_of(const fleet_options& options) {
  std::vector<std::string> found;
  if (!is_positive_share(options.max_open_fraction)) {
    found.emplace_back("max_open_fraction must be above 0 and at most 1");
  }
  if (!is_positive_share(options.panic_fraction)) {
    found.emplace_back("panic_fraction must be above 0 and at most 1");
  }
  return found;
}

std::uint32_t fleet_core::most_open(std::uint32_t members) const noexcept {
  if (members < options_.min_members) {
    return members;
  }
  // A little more, since 0.29 * 100 is 28.999...
  const auto share = static_cast<std::uint32_t>(options_.max_open_fraction * members + 1e-6);
  return share == 0 ? 1 : share;
}

bool fleet_core::panics(const fleet_counts& now) const noexcept {
  return now.members >= options_.min_members &&
         now.open + now.held > options_.panic_fraction * now.members;
}

struct breaker_fleet::shared {
  explicit shared(const fleet_options& options) noexcept : core(options) {}

  const fleet_core core;
  std::atomic<std::uint64_t> counts{0};
};

breaker_fleet::breaker_fleet(const fleet_options& options) {
  detail::throw_if_any("breaker_fleet", {}, problems_of(options));
  shared_ = std::make_shared<shared>(options);
}

result<breaker_fleet> breaker_fleet::make(const fleet_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"breaker_fleet", detail::joined(problems)});
  }
  return breaker_fleet(std::make_shared<shared>(options));
}

fleet_counts breaker_fleet::counts() const noexcept {
  return unpacked(shared_->counts.load(std::memory_order_relaxed));
}

bool breaker_fleet::panicking() const noexcept {
  return shared_->core.panics(counts());
}

std::string breaker_fleet::describe() const {
  return "at most " + detail::percent(shared_->core.options().max_open_fraction) +
         " of its fleet open at the same time";
}

breaker_fleet::seat::seat(const breaker_fleet& fleet) : shared_(fleet.shared_) {
  auto word = shared_->counts.load(std::memory_order_relaxed);
  fleet_counts c;
  do {
    c = unpacked(word);
    if (c.members == most_members) {
      return;
    }
    ++c.members;
  } while (!shared_->counts.compare_exchange_weak(word, packed(c), std::memory_order_relaxed));
  standing_ = standing::fine;
}

breaker_fleet::seat::~seat() {
  if (standing_ != standing::outside) {
    stay_closed();
    shared_->counts.fetch_sub(packed({1, 0, 0}), std::memory_order_relaxed);
  }
}

bool breaker_fleet::seat::ask_to_open() noexcept {
  if (standing_ == standing::outside || standing_ == standing::open) {
    return true;
  }
  auto word = shared_->counts.load(std::memory_order_relaxed);
  bool allowed = false;
  fleet_counts c;
  do {
    c = unpacked(word);
    c.held -= standing_ == standing::held ? 1 : 0;
    allowed = shared_->core.may_open(c);
    (allowed ? c.open : c.held) += 1;
  } while (!shared_->counts.compare_exchange_weak(word, packed(c), std::memory_order_relaxed));
  standing_ = allowed ? standing::open : standing::held;
  return allowed;
}

void breaker_fleet::seat::take(standing wanted) noexcept {
  if (standing_ == standing::outside || standing_ == wanted) {
    return;
  }
  auto word = shared_->counts.load(std::memory_order_relaxed);
  fleet_counts c;
  do {
    c = unpacked(word);
    c.open += (wanted == standing::open ? 1U : 0U) - (standing_ == standing::open ? 1U : 0U);
    c.held -= standing_ == standing::held ? 1 : 0;
  } while (!shared_->counts.compare_exchange_weak(word, packed(c), std::memory_order_relaxed));
  standing_ = wanted;
}

bool breaker_fleet::seat::panicking() const noexcept {
  return shared_->core.panics(unpacked(shared_->counts.load(std::memory_order_relaxed)));
}

}  // namespace fairlead::policy
