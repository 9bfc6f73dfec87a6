// SPDX-License-Identifier: BSL-1.0
// The fault script: which calls of which service go wrong, and how.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/json/constraints.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shop {

BOOST_DEFINE_ENUM_CLASS(fault_kind, unavailable, refuse, hang, slow)

/// One rule: the calls of `service` numbered `from` to `to` (counted from 1), or every `every`-th
/// of them.
struct fault {
  std::string service;
  fault_kind kind = fault_kind::unavailable;
  std::uint64_t from = 1;
  std::uint64_t to = UINT64_MAX;
  std::uint64_t every = 1;
  std::chrono::milliseconds delay{0};  ///< of `slow`
};
BOOST_DESCRIBE_STRUCT(fault, (), (service, kind, from, to, every, delay))
constexpr auto describe_constraints(fairlead::json::of<fault>) {
  namespace json = fairlead::json;
  return json::constraints(
      json::field<&fault::service>(json::one_of("users", "orders", "payments", "shipping")),
      json::field<&fault::from>(json::has_default, json::positive),
      json::field<&fault::to>(json::has_default),
      json::field<&fault::every>(json::has_default, json::positive),
      json::field<&fault::delay>(json::has_default, json::non_negative));
}

/// Counts the calls that arrive at each service and makes some of them go wrong.
class fault_injector {
 public:
  explicit fault_injector(std::vector<fault> script) : script_(std::move(script)) {}

  /// Called by a service first: an error to answer with, after whatever delay the script asks for.
  [[nodiscard]] fairlead::task<fairlead::result<void>> arrive(fairlead::context& cx,
                                                              const std::string& service);

  /// How many calls have arrived, at all services together.
  [[nodiscard]] std::uint64_t arrivals() const noexcept;

 private:
  [[nodiscard]] std::optional<fault> find(const std::string& service, std::uint64_t call) const;

  std::vector<fault> script_;
  std::map<std::string, std::uint64_t> calls_;
};

}  // namespace shop
