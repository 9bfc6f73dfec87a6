// SPDX-License-Identifier: BSL-1.0
// What a program says of its tasks while they wait.
#include "support/server_answers.hpp"

#include <fairlead/core/semaphore.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/tasks_page.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

TEST(TasksPage, ShowsWhoWaitsForWhat) {
  observe::tracer tracer;
  router r;
  r.get("/debug/tasks", tasks_page());
  r.get("/busy", [&](context& cx) -> task<result<response>> {
    observe::span s(tracer, cx, "buy");
    auto traced = s.under(cx);
    const received_call call{"buy", {}, 1};
    auto called = traced.with_received(call);
    auto limited = called.with_timeout(1500ms);
    semaphore seats(0, "a seat");
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> { (void)co_await seats.acquire(own); });
    scope.spawn([&](context&) -> task<void> { (void)co_await seats.acquire(limited); });
    response page;
    {
      const auto all = tasks_page();
      request q;
      auto shown = co_await all->handle(cx, q);
      EXPECT_TRUE(shown.has_value());
      page = std::move(*shown);
    }
    const auto id = to_string(s.id());
    EXPECT_NE(page.body().find(R"("waits_for":"a seat","tasks":2,"latest":[{"operation":"buy",)"
                               R"("span":"buy","traceparent":")" +
                               id + R"(","left_ms":1500},{)"),
              std::string::npos)
        << page.body();
    scope.cancel();
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    co_return page;
  });
  const auto got = answer_to(std::move(r), ask("GET", "/busy", ""));
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
  EXPECT_EQ(header_of(got, "Content-Type"), "application/json");
  EXPECT_EQ(header_of(got, "Cache-Control"), "no-store");
}

TEST(TasksPage, ShowsTheLatestOfMany) {
  router r;
  const auto all = tasks_page();
  r.get("/busy", [&](context& cx, const request& q) -> task<result<response>> {
    semaphore seats(0, "a seat");
    task_scope scope(cx);
    for (int i = 0; i < 100; ++i) {
      scope.spawn([&](context& own) -> task<void> { (void)co_await seats.acquire(own); });
    }
    auto page = co_await all->handle(cx, q);
    scope.cancel();
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    co_return page;
  });
  const auto got = body_of(answer_to(std::move(r), ask("GET", "/busy", "")));
  const auto begin = got.find(R"({"waits_for":"a seat","tasks":100,"latest":[)");
  ASSERT_NE(begin, std::string::npos) << got;
  const auto shown = got.substr(begin, got.find(']', begin) - begin);
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '{'), 21) << "itself, and 20 tasks";
}

}  // namespace
}  // namespace fairlead::http
