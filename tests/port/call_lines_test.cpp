// SPDX-License-Identifier: BSL-1.0
// Calls and replies as lines of JSON: what is written, and what is made of what comes.
#include "detail/call_lines.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>

namespace fairlead::detail {
namespace {

using namespace std::chrono_literals;

TEST(CallLines, ACallIsWrittenSo) {
  EXPECT_EQ(write_call({"7", "get_user", {}, R"({"id":42})", 0}),
            R"({"_id":7,"_op":"get_user","_payload":{"id":42}})");
  EXPECT_EQ(write_call({"7", {}, {}, "", 0}), R"({"_id":7,"_payload":null})");
  EXPECT_EQ(write_call({"7", {}, {}, "{\n\"id\":\r\n42}", 0}),
            "{\"_id\":7,\"_payload\":{ \"id\":  42}}")
      << "one line, whatever the request looks like";
  const std::array hop = {hop_field{"Fairlead-Timeout-Ms", "500"}, hop_field{"K", "a\"b\\"}};
  EXPECT_EQ(write_call({{}, "note", hop, "1", 0}),
            R"({"_oneway":true,"_op":"note","_headers":{"Fairlead-Timeout-Ms":"500","K":"a\"b\\"},)"
            R"("_payload":1})");
  EXPECT_EQ(write_call({"8", "list", {}, "{}", 16}),
            R"({"_id":8,"_op":"list","_credit":16,"_payload":{}})");
  EXPECT_EQ(write_cancel("8"), R"({"_cancel":8})");
  EXPECT_EQ(write_credit("8", 4), R"({"_id":8,"_credit":4})");
}

TEST(CallLines, AReplyIsWrittenSo) {
  EXPECT_EQ(write_reply("7", "ok", "[1]"), R"({"_id":7,"_status":"ok","_payload":[1]})");
  EXPECT_EQ(write_reply("\"a\"", "item", ""), R"({"_id":"a","_status":"item","_payload":null})");
  EXPECT_EQ(write_reply("", "ok", "1"), R"({"_status":"ok","_payload":1})") << "as it came";
  EXPECT_EQ(write_failure("7", errors::application{"not_found", "no \"user\""}),
            R"({"_id":7,"_status":"error","_error_type":"service_error",)"
            R"("_message":"application: not_found: no \"user\"",)"
            R"("_error":{"kind":"application","code":"not_found",)"
            R"("message":"application: not_found: no \"user\"","reason":"no \"user\""}})");
}

TEST(CallLines, ErrorsHaveTheWordsOfThisProtocol) {
  const auto type = [](const error& e) {
    const auto text = write_failure("1", e);
    return std::string(read_line(text).value().type);
  };
  EXPECT_EQ(type(errors::timeout{"x", 1s, timeout_scope::total}), "timeout");
  EXPECT_EQ(type(errors::deadline{"x", 1s}), "timeout");
  EXPECT_EQ(type(errors::serialization_error{"m", "/a", "b", "c"}), "parse_error");
  error own_fault = errors::serialization_error{"m", "/a", "b", "c"};
  own_fault.at(error_stage::body);
  EXPECT_EQ(type(own_fault), "service_error");
  EXPECT_EQ(type(errors::unavailable{"x", "y", std::nullopt}), "service_error");
}

TEST(CallLines, ALineIsReadAsItStands) {
  const auto call = read_line(
      R"({"_id":"q-1","_op":"get_user","_headers":{"A":"b"},"_payload":{"id":1},"more":2})");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->id, "\"q-1\"");
  EXPECT_EQ(call->op, "get_user");
  EXPECT_EQ(call->headers, R"({"A":"b"})");
  EXPECT_EQ(call->payload, R"({"id":1})");
  EXPECT_FALSE(call->one_way);
  EXPECT_TRUE(read_line(R"({"_oneway":true})")->one_way);
  EXPECT_EQ(read_line(R"({"_cancel":7})")->cancel, "7");
  EXPECT_EQ(read_line(R"({"_credit":12})")->credit, 12U);
  EXPECT_EQ(read_line(R"({"_credit":-1})")->credit, 0U);
  EXPECT_EQ(read_line(R"({"_credit":99999999999})")->credit, 0U);
  EXPECT_EQ(read_line(R"({"_id":null})")->id, "");
  EXPECT_EQ(read_line(R"({"_op":5})")->op, "");
  EXPECT_EQ(id_of_line(R"({"_id":7})"), "7");
  EXPECT_EQ(id_of_line(R"({"_status":"error"})"), std::nullopt);
  EXPECT_EQ(id_of_line(R"({"_id":null})"), std::nullopt);
  EXPECT_EQ(id_of_line("nonsense"), std::nullopt);
}

TEST(CallLines, WhatIsNoObjectOrSaysSomethingTwiceIsRefused) {
  for (const auto* text : {"", "[]", "7", "{\"_id\":1", R"({"_id":1,"_id":2})",
                           R"({"_payload":1,"_op":"a","_payload":2})"}) {
    const auto line = read_line(text);
    ASSERT_FALSE(line) << text;
    EXPECT_EQ(line.error().kind(), error_kind::serialization_error);
  }
}

TEST(CallLines, ErrorsComeBackAsTheyWere) {
  const error sent = errors::rate_limited{"orders", 3s};
  const auto text = write_failure("7", sent);
  const auto line = read_line(text);
  ASSERT_TRUE(line);
  const auto back = failure_of(*line, "peer");
  EXPECT_EQ(back.kind(), sent.kind());
  EXPECT_EQ(back.message(), sent.message());
  EXPECT_EQ(back.retry_after(), sent.retry_after());
  EXPECT_EQ(back.sent(), error_sent::answered);
}

TEST(CallLines, ErrorsOfOthersAreErrorsOfTheApplication) {
  const auto failed = [](std::string_view text) { return failure_of(*read_line(text), "peer"); };
  EXPECT_EQ(
      failed(R"({"_status":"error","_error_type":"service_error","_message":"boom"})").message(),
      "application: service_error: boom");
  EXPECT_EQ(failed(R"({"_status":"error","_error_type":"timeout","_message":"30s"})").kind(),
            error_kind::timeout);
  EXPECT_EQ(failed(R"({"_status":"error"})").message(),
            "application: error: the service gave no reason");
  EXPECT_EQ(failed(R"({"_status":"error","_message":5,"_error":[]})").sent(), error_sent::answered);
}

TEST(CallLines, HeadersAreTaken) {
  incoming_hop hop;
  take_headers(hop, R"({"fairlead-attempt":"3","Idempotency-Key":"a\"b","X":1,"Y":{}})");
  const auto call = hop.call_of("op");
  EXPECT_EQ(call.attempt, 3U);
  EXPECT_EQ(call.idempotency_key, "a\"b");
  incoming_hop none;
  take_headers(none, "[1]");
  take_headers(none, "");
  EXPECT_EQ(none.call_of("op").attempt, 1U);
}

}  // namespace
}  // namespace fairlead::detail
