// SPDX-License-Identifier: BSL-1.0
// Services as servers see them: operations by name, texts in and out.
#include <fairlead/port/service_table.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "shop.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;

class ServiceTable : public ::testing::Test {
 protected:
  std::shared_ptr<shop_service::record> seen = std::make_shared<shop_service::record>();
  service_table table = service_table::of<shop_port>(std::make_shared<shop_service>(seen));

  task<std::string> ask(context& cx, std::string_view name, std::string_view request) {
    const auto* which = table.find(name);
    if (which == nullptr) {
      co_return "nobody";
    }
    auto reply = co_await table.run(cx, *which, request);
    co_return reply ? *reply : reply.error().message();
  }
};

TEST_F(ServiceTable, FindsOperationsByTheirNameOnTheWire) {
  for (const auto* name : {"get_user", "wait_for", "wait_for.v2", "note", "list_users"}) {
    ASSERT_NE(table.find(name), nullptr) << name;
    EXPECT_EQ(table.find(name)->what.name, name);
  }
  for (const auto* name : {"", "get_use", "get_users", "wait_for.v1", "wait_for.v3", "zzz"}) {
    EXPECT_EQ(table.find(name), nullptr) << name;
  }
  EXPECT_EQ(table.operations().size(), 12U);
  EXPECT_EQ(table.find("list_users")->what.how, delivery::stream);
  EXPECT_EQ(table.find("note")->what.how, delivery::one_way);
  EXPECT_EQ(table.find("get_user")->what.nature, idempotency::idempotent);
}

TEST_F(ServiceTable, RunsThem) {
  run_in_world(1, [this](context& cx) -> task<void> {
    EXPECT_EQ(co_await ask(cx, "get_user", R"({"id":7})"), R"({"id":7,"name":"user 7"})");
    EXPECT_EQ(co_await ask(cx, "delete_user", R"({"id":7})"), "");
    EXPECT_EQ(co_await ask(cx, "wait_for.v2", ""), "\"no longer\"");
    EXPECT_EQ(co_await ask(cx, "get_user", R"({"id":404})"),
              "application: not_found: no such user");
  });
}

TEST_F(ServiceTable, RefusesRequestsBeforeTheServiceSeesThem) {
  run_in_world(1, [this](context& cx) -> task<void> {
    for (const auto* bad : {R"({"name":"","email":"a@b.de"})", R"({"name":3})", "[]", "{", ""}) {
      const auto* which = table.find("create_user");
      const auto reply = co_await table.run(cx, *which, bad);
      EXPECT_FALSE(reply) << bad;
      EXPECT_EQ(reply.error().kind(), error_kind::serialization_error);
      EXPECT_EQ(reply.error().sent(), error_sent::answered);
      EXPECT_FALSE(which->check(bad));
    }
    EXPECT_TRUE(table.find("create_user")->check(R"({"name":"a","email":"a@b.de"})"));
  });
  EXPECT_TRUE(seen->calls.empty());
}

TEST_F(ServiceTable, ACallThatIsOverIsNotRun) {
  run_in_world(1, [this](context& cx) -> task<void> {
    context over = cx.with_timeout(0ms);
    const auto text = co_await ask(over, "wait_for", R"({"time":1})");
    EXPECT_EQ(text.substr(0, 8), "deadline") << text;
    cancel_scope given_up(cx);
    given_up.cancel();
    EXPECT_EQ(co_await ask(given_up, "wait_for", R"({"time":1})"), "cancelled: the caller gave up");
  });
  EXPECT_EQ(seen->started, 0);
}

struct same_name {
  using response = void;
  static constexpr std::string_view operation_name = "get_user";
};
BOOST_DESCRIBE_STRUCT(same_name, (), ())
struct two_alike {
  result<user> operator()(context&, const get_user&) { return user(); }
  result<void> operator()(context&, const same_name&) { return {}; }
};

TEST(ServiceTableNames, MustDiffer) {
  using alike = port<get_user, same_name>;
  try {
    (void)service_table::of<alike>(std::make_shared<two_alike>());
    FAIL() << "two operations of one name";
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("\"get_user\""), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace fairlead::testing
