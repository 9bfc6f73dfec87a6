// SPDX-License-Identifier: BSL-1.0
// Calls and answers as plain lines: what is written, how it is read, what does not fit.
#include "detail/plain_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::detail {
namespace {

const plain_form named{};
const plain_form one{.operation = "get_user"};
const plain_form text{.operation = "greet", .text_field = "name"};
const plain_form text_with_errors{.operation = {}, .text_field = "name", .failure = "ERROR "};

std::string written(const plain_form& form, std::string_view op, std::string_view request) {
  const auto line = write_plain_call(form, op, request);
  if (!line) {
    EXPECT_EQ(line.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(line.error().sent(), error_sent::not_sent);
    return line.error().message();
  }
  return *line;
}

std::string heard(const plain_form& form, std::string_view line) {
  const auto call = read_plain_call(form, line);
  return call ? std::string(call->operation) + "|" + call->request : call.error().message();
}

std::string answered(const plain_form& form, std::string_view line) {
  const auto answer = read_plain_answer(form, line, "peer");
  if (!answer) {
    EXPECT_EQ(answer.error().sent(), error_sent::answered);
  }
  return answer ? *answer : answer.error().message();
}

TEST(PlainText, ACallIsItsNameAndItsRequest) {
  EXPECT_EQ(written(named, "get_user", R"({"id":42})"), R"(get_user {"id":42})");
  EXPECT_EQ(written(named, "get_user", ""), "get_user {}");
  EXPECT_EQ(written(named, "get user", "{}"),
            "invalid_argument: get user: has a name with a blank in it");
  EXPECT_EQ(heard(named, R"(get_user {"id":42})"), R"(get_user|{"id":42})");
  EXPECT_EQ(heard(named, "get_user"), "get_user|");
  EXPECT_EQ(heard(named, "get_user  x"), "get_user| x");
  EXPECT_EQ(heard(named, ""), "|");
}

TEST(PlainText, WithOneOperationThereIsNoName) {
  EXPECT_EQ(written(one, "get_user", R"({"id":42})"), R"({"id":42})");
  EXPECT_EQ(heard(one, R"({"id":42})"), R"(get_user|{"id":42})");
  EXPECT_EQ(written(one, "other", "{}"),
            "invalid_argument: other: is not the operation that the peer has");
}

TEST(PlainText, LineBreaksBetweenTokensAreBlanks) {
  EXPECT_EQ(written(one, "get_user", "{\n  \"id\":\r\n 42\n}"), "{   \"id\":   42 }");
}

TEST(PlainText, ARequestMayBeTheOneTextItHas) {
  EXPECT_EQ(written(text, "greet", R"({"name":"Ann \"B\" \u00fc"})"), "Ann \"B\" \u00fc");
  EXPECT_EQ(written(text, "greet", R"({"name":""})"), "");
  EXPECT_EQ(heard(text, "Ann \"B\""), R"(greet|{"name":"Ann \"B\""})");
  EXPECT_EQ(heard(text, ""), R"(greet|{"name":""})");
  EXPECT_EQ(written(text_with_errors, "greet", R"({"name":"a b"})"), "greet a b");
  EXPECT_EQ(heard(text_with_errors, "greet a b"), R"(greet|{"name":"a b"})");
}

TEST(PlainText, WhatIsNotOneTextDoesNotFit) {
  for (const auto* request : {R"({"name":5})", R"({"name":null})", R"({"other":"x"})",
                              R"({"name":"x","other":"y"})", "{}", "[]", "",
                              R"({"name":"x"} )"
                              "x"}) {
    EXPECT_NE(written(text, "greet", request).find("other members than the text"),
              std::string::npos)
        << request;
  }
  EXPECT_NE(written(text, "greet", R"({"name":"a\nb"})").find("line break"), std::string::npos);
  EXPECT_NE(written(text, "greet", R"({"name":"a\r"})").find("line break"), std::string::npos);
  EXPECT_NE(heard(text, "\xff").find("no UTF-8"), std::string::npos);
}

TEST(PlainText, AnAnswerIsItsValue) {
  EXPECT_EQ(write_plain_answer(named, R"({"id":1})"), R"({"id":1})");
  EXPECT_EQ(write_plain_answer(named, ""), "null");
  EXPECT_EQ(answered(named, R"({"id":1})"), R"({"id":1})");
  EXPECT_EQ(answered(named, "null"), "");
  EXPECT_EQ(write_plain_answer(text, R"("Hello, Ann")"), "Hello, Ann");
  EXPECT_EQ(write_plain_answer(text, "42"), "42");
  EXPECT_EQ(write_plain_answer(text, ""), "");
  EXPECT_EQ(answered(text, "Hello, \"Ann\""), R"("Hello, \"Ann\"")");
  EXPECT_EQ(answered(text, "! not an error here"), R"("! not an error here")");
  EXPECT_EQ(answered(text, "\xff"), "protocol_error: peer: an answer that is no UTF-8 [body]");
}

TEST(PlainText, ErrorsAreToldWhereTheFormCan) {
  const error e = errors::application{"not_found", "no such user"};
  const auto line = write_plain_failure(named, e);
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->starts_with(R"(! {"kind":"application","code":"not_found")")) << *line;
  EXPECT_EQ(answered(named, *line), e.message());
  EXPECT_EQ(answered(named, "! out of order"), "application: service_error: out of order");
  EXPECT_EQ(answered(named, "! "), "application: service_error");

  EXPECT_EQ(write_plain_failure(text, e), std::nullopt);
  const error broken = errors::application{"a", "b\r\nc"};
  const auto told = write_plain_failure(text_with_errors, broken);
  EXPECT_EQ(told, "ERROR application: a: b??c");
  EXPECT_EQ(answered(text_with_errors, *told), "application: service_error: application: a: b??c");
  EXPECT_EQ(answered(text_with_errors, "fine"), R"("fine")");
}

TEST(PlainText, AFormMustMakeSense) {
  EXPECT_NO_THROW(check_form(text_with_errors, "x"));
  EXPECT_THROW(check_form({.operation = {}, .text_field = {}, .failure = "E"}, "x"),
               std::invalid_argument);
  EXPECT_THROW(check_form({.operation = {}, .text_field = "a", .failure = "E\n"}, "x"),
               std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::detail
