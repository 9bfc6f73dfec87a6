// SPDX-License-Identifier: BSL-1.0
// The business of this sample: a service, and a function that uses it. Neither knows how the one
// reaches the other.
#pragma once

#include <fairlead/port/port.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace shop {

using fairlead::context;
using fairlead::result;
using fairlead::task;

struct item {
  std::string sku;
  std::int64_t cents = 0;
  std::int64_t stock = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (sku, cents, stock))

struct find_item {
  std::string sku;
  using response = item;
  static constexpr auto route = fairlead::route::get("/items/{sku}");
};
BOOST_DESCRIBE_STRUCT(find_item, (), (sku))

using catalogue = fairlead::port<find_item>;

class catalogue_service {
 public:
  result<item> operator()(context&, const find_item& r) const {
    const auto found = items_.find(r.sku);
    if (found == items_.end()) {
      return fairlead::fail(fairlead::errors::application{"unknown_item", "no item " + r.sku});
    }
    return found->second;
  }

 private:
  std::map<std::string, item> items_{{"tea", {"tea", 450, 12}}, {"pot", {"pot", 2399, 1}}};
};

/// What an order of these costs, in cents.
inline task<result<std::int64_t>> price(context& cx, const catalogue& c,
                                        const std::vector<std::string>& order) {
  std::int64_t total = 0;
  for (const auto& sku : order) {
    const find_item wanted{sku};
    auto found = co_await c(cx, wanted);
    if (!found) {
      co_return fairlead::fail(std::move(found).error());
    }
    total += found->cents;
  }
  co_return total;
}

}  // namespace shop
