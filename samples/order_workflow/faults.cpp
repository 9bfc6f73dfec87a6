// SPDX-License-Identifier: BSL-1.0
#include "faults.hpp"

#include <fairlead/core/sleep.hpp>

namespace shop {

using namespace std::chrono_literals;

std::optional<fault> fault_injector::find(const std::string& service, std::uint64_t call) const {
  for (const auto& f : script_) {
    if (f.service == service && call >= f.from && call <= f.to && (call - f.from) % f.every == 0) {
      return f;
    }
  }
  return std::nullopt;
}

fairlead::task<fairlead::result<void>> fault_injector::arrive(fairlead::context& cx,
                                                              const std::string& service) {
  const auto hit = find(service, ++calls_[service]);
  if (!hit) {
    co_return fairlead::result<void>{};
  }
  switch (hit->kind) {
    case fault_kind::unavailable:
      co_return fairlead::fail(fairlead::errors::unavailable{service, "down", std::nullopt});
    case fault_kind::refuse:
      co_return fairlead::fail(fairlead::errors::application{"refused", "the service says no"});
    case fault_kind::hang: {
      auto waited = co_await fairlead::sleep_for(cx, 24h);
      co_return waited;
    }
    case fault_kind::slow: {
      auto waited = co_await fairlead::sleep_for(cx, hit->delay);
      co_return waited;
    }
  }
  co_return fairlead::result<void>{};
}

std::uint64_t fault_injector::arrivals() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [service, calls] : calls_) {
    sum += calls;
  }
  return sum;
}

}  // namespace shop
