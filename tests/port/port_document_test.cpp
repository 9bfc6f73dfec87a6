// SPDX-License-Identifier: BSL-1.0
// Exported ports read back, and called without knowing their types.
#include <fairlead/port/port_document.hpp>
#include <fairlead/port/port_export.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "shop.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;

// Straight to a table.
class no_way final : public transport {
 public:
  explicit no_way(service_table t) : table_(std::move(t)) {}

  task<result<std::string>> call(context& cx, const operation_info& what,
                                 std::string_view request) override {
    ++calls;
    return table_.run(cx, *table_.find(what.name), request);
  }
  task<result<void>> send(context& cx, const operation_info& what,
                          std::string_view request) override {
    ++calls;
    auto done = co_await table_.run(cx, *table_.find(what.name), request);
    static_cast<void>(done);
    co_return result<void>();
  }
  task<result<void>> stream(context& cx, const operation_info& what, std::string_view request,
                            item_writer<std::string>& to) override {
    ++calls;
    auto done = co_await table_.run(cx, *table_.find(what.name), request, &to);
    if (!done) {
      co_return fail(std::move(done).error());
    }
    co_return result<void>();
  }

  int calls = 0;

 private:
  service_table table_;
};

class list_writer final : public item_writer<std::string> {
 public:
  task<result<void>> write(context&, std::string item) override {
    all.push_back(std::move(item));
    co_return result<void>();
  }
  std::vector<std::string> all;
};

class PortDocument : public ::testing::Test {
 protected:
  std::shared_ptr<shop_service::record> seen = std::make_shared<shop_service::record>();
  no_way by{service_table::of<shop_port>(std::make_shared<shop_service>(seen))};
  port_document shop =
      port_document::read(export_port<shop_port>({.name = "shop", .version = "3"})).value();

  // Everything that comes, then the error if there is one.
  task<std::vector<std::string>> ask(context& cx, std::string name, std::string request) {
    list_writer got;
    const auto* what = shop.find(name);
    auto done = co_await port_document::call_each(cx, by, *what, request, got);
    if (!done) {
      got.all.push_back(done.error().message());
    }
    co_return got.all;
  }
};

using strings = std::vector<std::string>;

TEST_F(PortDocument, KnowsWhatThePortKnew) {
  EXPECT_EQ(shop.name(), "shop");
  EXPECT_EQ(shop.version(), "3");
  EXPECT_EQ(shop.names().size(), 12U);
  EXPECT_EQ(shop.find("nobody"), nullptr);
  const auto* get = shop.find("get_user");
  ASSERT_NE(get, nullptr);
  EXPECT_EQ(get->what.name, "get_user");
  EXPECT_EQ(get->what.at.path, "/users/{id}");
  EXPECT_EQ(get->what.at.method, route_method::get);
  EXPECT_EQ(get->what.nature, idempotency::idempotent);
  EXPECT_EQ(shop.find("never_in_time")->timeout, duration(250ms));
}

TEST_F(PortDocument, CallsOperationsOfEveryKind) {
  run_in_world(1, [this](context& cx) -> task<void> {
    const auto one = co_await ask(cx, "get_user", R"({"id":7})");
    EXPECT_EQ(one, (strings{R"({"id":7,"name":"user 7"})"}));
    const auto nothing = co_await ask(cx, "delete_user", R"({"id":7})");
    EXPECT_EQ(nothing, strings());
    const auto unanswered = co_await ask(cx, "note", R"({"text":"x","fails":true})");
    EXPECT_EQ(unanswered, strings());
    const auto items = co_await ask(cx, "list_users", R"({"count":2,"fails":true})");
    EXPECT_EQ(items, (strings{R"({"id":1,"name":"user 1"})", R"({"id":2,"name":"user 2"})",
                              "application: spoiled: no more users"}));
    const auto late = co_await ask(cx, "never_in_time", R"({"for_ever":true})");
    EXPECT_EQ(late.at(0).substr(0, 7), "timeout") << late.at(0);
    const auto stream = co_await port_document::call(cx, by, *shop.find("list_users"), "{}");
    EXPECT_EQ(stream.error().kind(), error_kind::invalid_argument);
  });
}

TEST_F(PortDocument, RefusesRequestsBeforeTheyAreSent) {
  run_in_world(1, [this](context& cx) -> task<void> {
    for (const auto* bad : {R"({"name":"","email":"a@b.de"})", "[]", "{", ""}) {
      const auto refused = co_await port_document::call(cx, by, *shop.find("create_user"), bad);
      EXPECT_EQ(refused.error().kind(), error_kind::serialization_error) << bad;
      EXPECT_NE(refused.error().message().find("Request validation failed: "), std::string::npos);
      EXPECT_EQ(refused.error().sent(), error_sent::not_sent);
    }
  });
  EXPECT_EQ(by.calls, 0);
}

TEST(PortDocumentText, SaysWhatIsWrongWithIt) {
  const auto wrong = [](const std::string& text) {
    const auto read = port_document::read(text);
    return read ? "nothing" : read.error();
  };
  const auto with = [&](const std::string& operation) {
    return wrong(R"({"fairlead_port":1,"name":"x","version":"1","operations":[)" + operation +
                 "]}");
  };
  EXPECT_EQ(with(""), "nothing");
  EXPECT_NE(wrong("{").find("serialization_error"), std::string::npos);
  EXPECT_NE(wrong("[]").find("no exported port"), std::string::npos);
  EXPECT_NE(wrong(R"({"openapi":"3.1.0"})").find("no exported port"), std::string::npos);
  EXPECT_NE(wrong(R"({"fairlead_port":2,"operations":[]})").find("newer"), std::string::npos);
  EXPECT_EQ(wrong(R"({"fairlead_port":1,"version":"1","operations":[]})"), "/name is to be a text");
  EXPECT_EQ(with("5"), "/operations/0 is to be an object");
  EXPECT_EQ(with(R"({"name":"a","path":"/a","method":"FETCH","delivery":"reply","request":true})"),
            "/operations/0/method is to be GET, POST, PUT, PATCH or DELETE");
  EXPECT_EQ(with(R"({"name":"a","path":"/a","method":"GET","delivery":"often","request":true})"),
            "/operations/0/delivery is to be reply, one_way or stream");
  EXPECT_EQ(with(R"({"name":"a","path":"/a","method":"GET","delivery":"reply"})"),
            "/operations/0/request is missing");
  const auto schema = with(
      R"({"name":"a","path":"/a","method":"GET","delivery":"reply","request":{"type":"text"}})");
  EXPECT_EQ(schema.substr(0, 27), "/operations/0/request/type:") << schema;
}

}  // namespace
}  // namespace fairlead::testing
