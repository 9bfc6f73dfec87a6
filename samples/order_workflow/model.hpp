// SPDX-License-Identifier: BSL-1.0
// What the shop talks about: data, the operations of four services, and the rules for valid values.
#pragma once

#include <fairlead/json/constraints.hpp>
#include <fairlead/port/port.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace shop {

namespace json = fairlead::json;

struct user {
  std::int64_t id = 0;
  std::string name;
  std::string email;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name, email))
constexpr auto describe_constraints(json::of<user>) {
  return json::constraints(json::field<&user::name>(json::non_empty),
                           json::field<&user::email>(json::email));
}

struct item {
  std::int64_t product_id = 0;
  int quantity = 0;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (product_id, quantity, price))
constexpr auto describe_constraints(json::of<item>) {
  return json::constraints(json::field<&item::quantity>(json::range(1, 1000)),
                           json::field<&item::price>(json::positive));
}

BOOST_DEFINE_ENUM_CLASS(order_status, pending, paid, cancelled)

struct order {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::vector<item> items;
  double total = 0;
  order_status status = order_status::pending;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, user_id, items, total, status))

struct receipt {
  std::string transaction_id;
  double amount = 0;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (transaction_id, amount))

struct shipment {
  bool scheduled = false;
  std::string tracking;
};
BOOST_DESCRIBE_STRUCT(shipment, (), (scheduled, tracking))

// --- operations
// ---------------------------------------------------------------------------------------

struct get_user {
  std::int64_t id = 0;
  using response = user;
  static constexpr auto route = fairlead::route::get("/users/{id}");
};
BOOST_DESCRIBE_STRUCT(get_user, (), (id))

struct create_order {
  std::int64_t user_id = 0;
  std::vector<item> items;
  using response = order;
  static constexpr auto route = fairlead::route::post("/orders");
};
BOOST_DESCRIBE_STRUCT(create_order, (), (user_id, items))
constexpr auto describe_constraints(json::of<create_order>) {
  return json::constraints(json::field<&create_order::user_id>(json::positive),
                           json::field<&create_order::items>(json::items(1, 100)));
}

struct cancel_order {
  std::int64_t id = 0;
  using response = void;
  static constexpr auto route = fairlead::route::del("/orders/{id}");
};
BOOST_DESCRIBE_STRUCT(cancel_order, (), (id))

struct pay {
  std::int64_t order_id = 0;
  double amount = 0;
  using response = receipt;
  static constexpr auto route = fairlead::route::post("/payments");
};
BOOST_DESCRIBE_STRUCT(pay, (), (order_id, amount))

struct schedule_shipping {
  std::int64_t order_id = 0;
  using response = shipment;
  static constexpr auto route = fairlead::route::post("/shipping");
};
BOOST_DESCRIBE_STRUCT(schedule_shipping, (), (order_id))

using users = fairlead::port<get_user>;
using orders = fairlead::port<create_order, cancel_order>;
using payments = fairlead::port<pay>;
using shipping = fairlead::port<schedule_shipping>;

}  // namespace shop
