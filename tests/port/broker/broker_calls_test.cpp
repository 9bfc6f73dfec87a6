// SPDX-License-Identifier: BSL-1.0
// What calls look like as messages, and the parts of a broker_server that never wait.
#include "detail/broker_calls.hpp"
#include "detail/item_buffer.hpp"
#include "detail/recent_ids.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "../every_error.hpp"
#include "support/sim_test.hpp"

namespace fairlead::detail {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

std::string refusal(const result<void>& r) {
  return r ? "none" : r.error().message();
}

TEST(BrokerCalls, GoToTheSubjectOfTheirOperation) {
  EXPECT_EQ(call_subject("eu.users", "get_user.v2"), "eu.users.get_user.v2");
  EXPECT_EQ(given_up_subject("users"), "users._given_up");
  EXPECT_EQ(streams_subject("users", "s1"), "users._streams.s1");
  EXPECT_TRUE(check_call_subject("users", "get_user.v2"));
  EXPECT_NE(refusal(check_call_subject("users", "get user")).find("invalid_argument"),
            std::string::npos);
  EXPECT_NE(refusal(check_call_subject("users", "_given_up")).find("underscore"),
            std::string::npos);
  EXPECT_FALSE(check_call_subject("users", ""));
}

TEST(BrokerCalls, CarryWhatTravelsWithACall) {
  fairlead::testing::run_in_world(1, [](context& cx) -> task<void> {
    context known = cx.with_timeout(1500ms).with_idempotency_key("k-1").with_attempt(2);
    const outgoing_hop hop(known);
    const auto m = call_message("users.get_user", hop, "me.7", R"({"id":1})");
    EXPECT_EQ(m.subject(), "users.get_user");
    EXPECT_EQ(m.payload(), R"({"id":1})");
    EXPECT_EQ(m.header("Fairlead-Timeout-Ms"), "1500");
    EXPECT_EQ(m.header("Fairlead-Attempt"), "2");
    EXPECT_EQ(m.header("Idempotency-Key"), "k-1");
    EXPECT_EQ(call_id_of(m), "me.7");
    EXPECT_TRUE(check_message(m));
    const auto told = hop_of(m);
    const auto about = told.call_of("get_user");
    EXPECT_EQ(about.attempt, 2U);
    EXPECT_EQ(about.idempotency_key, "k-1");
    EXPECT_EQ(told.under(cx, cx.now(), about).deadline(), cx.now() + 1500ms);
    const outgoing_hop none(cx);
    EXPECT_TRUE(call_message("a", none, {}, "").headers().empty());
    co_return;
  });
}

TEST(BrokerCalls, IdsOfOthersAreTakenOnlyWhenTheyAreOfUse) {
  const auto id_in = [](std::string id) {
    const auto m = broker_message("a").header(std::string(call_id_header), std::move(id));
    return std::string(call_id_of(m));
  };
  EXPECT_EQ(id_in("A-z_0.9"), "A-z_0.9");
  EXPECT_EQ(id_in("a b"), "");
  EXPECT_EQ(id_in(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(id_in(std::string(65, 'x')), "");
  EXPECT_EQ(call_id_of(broker_message("a")), "");
  const std::vector<std::string_view> ids = {"a.1", "a.2"};
  EXPECT_EQ(read_ids(write_ids({"a.1", "a.2"})), ids);
  EXPECT_EQ(read_ids("\na.1\n\nno use\na.2\n" + std::string(65, 'x')), ids);
  EXPECT_TRUE(read_ids("").empty());
}

TEST(BrokerCalls, ErrorsArriveAsThemselves) {
  for (const auto& e : fairlead::testing::every_error()) {
    const auto m = error_message(e);
    EXPECT_TRUE(check_message(broker_message(m).subject("a"))) << e.message();
    const auto told = failure_of(m, "users.get_user");
    ASSERT_TRUE(told) << e.message();
    EXPECT_EQ(told->sent(), error_sent::answered);
    if (!e.is<errors::cancelled>() && !e.is<errors::deadline>()) {
      EXPECT_EQ(told->message(), e.message());
    }
  }
  EXPECT_EQ(error_message(errors::application{"not_found", "no"}).header(error_code_header), "404");
  EXPECT_EQ(error_message(errors::rate_limited{"p", 1s}).header(error_code_header), "429");
  error own = errors::serialization_error{"m", "/a", "b", "c"};
  own.at(error_stage::body);
  EXPECT_EQ(error_message(own).header(error_code_header), "500");
  const auto odd = error_message(errors::application{"x", " two\r\nlines\t "});
  EXPECT_TRUE(check_message(broker_message(odd).subject("a")));
}

TEST(BrokerCalls, ErrorsOfOtherServicesAreOfTheApplication) {
  const auto told = [](const broker_message& m) {
    const auto e = failure_of(m, "users.get_user");
    return e ? e->message() : "none";
  };
  EXPECT_EQ(told(broker_message("a", "{}")), "none");
  EXPECT_EQ(told(broker_message("a", "?")
                     .header("Nats-Service-Error-Code", "400")
                     .header("Nats-Service-Error", "bad request")),
            "application: 400: bad request");
  EXPECT_EQ(told(broker_message("a").header("Nats-Service-Error", "oh")), "application: error: oh");
  EXPECT_EQ(told(broker_message("a").header("Nats-Service-Error-Code", "5")),
            "application: 5: the service gave no reason");
}

TEST(BrokerCalls, ARepliesPayloadIsTheResponse) {
  EXPECT_EQ(reply_of(broker_message("a", "[1]"), "p").value(), "[1]");
  EXPECT_EQ(reply_of(broker_message("a", "null"), "p").value(), "");
  EXPECT_EQ(reply_of(broker_message("a"), "p").value(), "");
  EXPECT_FALSE(reply_of(error_message(errors::throttled{"p"}), "p"));
}

TEST(ItemBuffer, GivesLinesInPartsOfSomeSize) {
  item_buffer b(3);
  EXPECT_FALSE(b.ready());
  EXPECT_TRUE(b.has_room());
  for (const std::string line : {"aaa\n", "bbb\n", "ccc\n"}) {
    b.add(line);
  }
  EXPECT_FALSE(b.has_room());
  auto part = b.front(8);
  EXPECT_EQ(part.text, "aaa\nbbb\n");
  EXPECT_FALSE(part.last);
  EXPECT_EQ(b.front(8).text, part.text) << "until it is known to have been handed over";
  b.pop(part);
  EXPECT_TRUE(b.has_room());
  part = b.front(1);
  EXPECT_EQ(part.text, "ccc\n") << "one line at least";
  b.end("end\n");
  EXPECT_FALSE(b.over());
  b.add("late\n");
  b.end("late\n");
  part = b.front(100);
  EXPECT_EQ(part.text, "ccc\nend\n");
  EXPECT_TRUE(part.last);
  b.pop(part);
  EXPECT_TRUE(b.over());
  EXPECT_FALSE(b.has_room());
  EXPECT_EQ(b.front(100).lines, 0U);
}

TEST(ItemBuffer, CanEndInPlaceOfWhatIsThere) {
  item_buffer b(2);
  b.add("a\n");
  b.fail("error\n");
  EXPECT_EQ(b.front(100).text, "error\n");
  EXPECT_TRUE(b.front(100).last);
  b.pop(b.front(100));
  EXPECT_TRUE(b.over());
}

TEST(RecentIds, RemembersTheLast) {
  recent_ids ids(2);
  EXPECT_FALSE(ids.knows(""));
  ids.remember("a");
  ids.remember("b");
  ids.remember("a");
  EXPECT_TRUE(ids.knows("a"));
  ids.remember("c");
  EXPECT_FALSE(ids.knows("a")) << "the first that was heard of";
  EXPECT_TRUE(ids.knows("b"));
  EXPECT_TRUE(ids.knows("c"));
  EXPECT_EQ(ids.size(), 2U);
}

}  // namespace
}  // namespace fairlead::detail
