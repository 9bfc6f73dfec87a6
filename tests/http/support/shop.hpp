// SPDX-License-Identifier: BSL-1.0
// The types that the HTTP tests exchange.
#pragma once

#include <fairlead/json/constraints.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <string>

namespace shop {

struct user {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name))

struct flag {
  bool ok = false;
};
BOOST_DESCRIBE_STRUCT(flag, (), (ok))

struct price {
  double amount = 0;
};
BOOST_DESCRIBE_STRUCT(price, (), (amount))

}  // namespace shop
