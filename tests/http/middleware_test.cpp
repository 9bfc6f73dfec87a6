// SPDX-License-Identifier: BSL-1.0
// Middlewares around handlers: order, groups, what they see and what they hand on.
#include "support/server_answers.hpp"

#include <fairlead/http/attached.hpp>
#include <fairlead/http/from_request.hpp>

#include <stdexcept>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

using answer = task<result<response>>;

// Notes when a request comes by, and when its answer does.
class notes {
 public:
  std::shared_ptr<middleware> note(std::string name) {
    return make_middleware([this, name](context& cx, const request& r, next inner) -> answer {
      text += name + "(";
      auto out = co_await inner(cx);
      text += out ? std::to_string(to_int(out->status())) : std::string("error");
      text += std::string(r.route()) + ")" + name;
      co_return out;
    });
  }
  std::string text;
};

TEST(Middleware, RunsFromTheOutsideInWhateverTheOrderOfRoutes) {
  notes n;
  router r;
  r.get("/before", [](context&) -> result<std::string> { return "x"; });
  auto api = r.group("/api");
  api.get("/x", [](context&) -> result<std::string> { return "x"; });
  auto inner = api.group("/deep").use(n.note("d"));
  inner.get("/y", [](context&) -> result<std::string> { return "y"; });
  api.use(n.note("a")).use(n.note("b"));
  r.use(n.note("r"));
  r.get("/after", [](context&) -> result<std::string> { return "x"; });
  r.group("").use(n.note("one")).get("/one", [](context&) -> result<std::string> { return "x"; });
  const std::pair<std::string, std::string> expected[] = {
      {"/before", "r(200/before)r"},
      {"/after", "r(200/after)r"},
      {"/one", "r(one(200/one)one200/one)r"},
      {"/api/x", "r(a(b(200/api/x)b200/api/x)a200/api/x)r"},
      {"/api/deep/y", "r(a(b(d(200/api/deep/y)d200/api/deep/y)b200/api/deep/y)a200/api/deep/y)r"},
  };
  with_server(std::move(r), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    for (const auto& [target, noted] : expected) {
      n.text.clear();
      auto got = co_await exchange_raw(cx, net, ask("GET", target, "Connection: close\r\n"));
      EXPECT_TRUE(got.starts_with("HTTP/1.1 200")) << target;
      EXPECT_EQ(n.text, noted);
    }
  });
}

TEST(Middleware, SeesWhatTheServerAnswersByItself) {
  notes n;
  router r;
  r.use(n.note("r"));
  r.group("/api").use(n.note("a")).get("/x", [](context&) -> result<std::string> { return "x"; });
  with_server(std::move(r), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    const std::pair<std::string, std::string> expected[] = {
        {ask("GET", "/nowhere"), "r(404)r"},
        {ask("GET", "/api/nowhere"), "r(404)r"},
        {ask("GET", "/%zz"), "r(400)r"},
        {ask("POST", "/api/x"), "r(a(405)a405)r"},
        {ask("OPTIONS", "/api/x"), "r(a(204)a204)r"},
        {"nonsense\r\n\r\n", ""},
    };
    for (const auto& [text, noted] : expected) {
      n.text.clear();
      auto p = co_await dial(cx, net);
      auto said = co_await p->say(cx, text);
      EXPECT_TRUE(said);
      co_await p->end(cx);
      auto got = co_await p->read_all(cx);
      EXPECT_EQ(n.text, noted) << text;
    }
  });
}

TEST(Middleware, WithoutAnyMatchingSaysThatTheServerAnswers) {
  router r;
  r.get("/x", [](context&) -> result<std::string> { return "x"; });
  request q(method::get, "/nowhere");
  EXPECT_EQ(r.match(q).target, nullptr);
  r.use([](context& cx, const request&, next inner) -> answer { return inner(cx); });
  EXPECT_NE(r.match(q).target, nullptr);
  EXPECT_EQ(r.match(q).what, router::outcome::not_found);
}

TEST(Middleware, MayAnswerItself) {
  int handled = 0;
  router r;
  r.use([](context& cx, const request& q, next inner) -> answer {
    if (!q.headers().contains("Authorization")) {
      co_return fail(errors::application{"unauthorized", "who are you?"});
    }
    if (q.headers().get("Authorization") == "bad") {
      co_return response(status::forbidden);
    }
    auto out = co_await inner(cx);
    co_return out;
  });
  r.get("/x", [&](context&) -> result<std::string> {
    ++handled;
    return "x";
  });
  const auto got =
      answer_to(std::move(r), ask("GET", "/x") + ask("GET", "/x", "Authorization: bad\r\n") +
                                  ask("GET", "/x", "Authorization: good\r\n"));
  EXPECT_TRUE(got.starts_with("HTTP/1.1 401 ")) << got;
  EXPECT_NE(got.find("HTTP/1.1 403 "), std::string::npos);
  EXPECT_NE(got.find("HTTP/1.1 200 "), std::string::npos);
  EXPECT_EQ(handled, 1);
}

TEST(Middleware, MayChangeTheAnswerAndTheContext) {
  router r;
  r.use([](context& cx, const request&, next inner) -> answer {
    auto quick = cx.with_timeout(1s);
    auto out = co_await inner(quick);
    if (!out) {
      out = error_response(out.error());
    }
    out->header("X-Seen", "yes");
    co_return out;
  });
  r.get("/x", [](context&) -> result<std::string> { return "x"; });
  r.get("/slow", [](context& cx) -> task<result<void>> {
    auto slept = co_await sleep_for(cx, 1h);
    co_return slept;
  });
  std::string heard;
  with_server(std::move(r), server_options().on_failure([&](const request&, std::string_view what) {
    heard = what;
  }),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/x"));
                auto got = co_await p->read_until(cx, "\r\n\r\nx");
                EXPECT_EQ(header_of(got, "X-Seen"), "yes");
                EXPECT_EQ(heard, "");
                const auto begun = cx.now();
                said = co_await p->say(cx, ask("GET", "/slow"));
                EXPECT_TRUE(said);
                got = co_await p->read_until(cx, "\r\n\r\n");
                EXPECT_TRUE(got.starts_with("HTTP/1.1 504 ")) << got;
                EXPECT_EQ(header_of(got, "X-Seen"), "yes");
                EXPECT_EQ(cx.now() - begun, 1s);
                EXPECT_NE(heard.find("deadline"), std::string::npos)
                    << "an error that became an answer is reported all the same";
              });
}

TEST(Middleware, MayCallSeveralTimes) {
  int calls = 0;
  router r;
  r.use([](context& cx, const request&, next inner) -> answer {
    auto out = co_await inner(cx);
    while (!out) {
      out = co_await inner(cx);
    }
    co_return out;
  });
  r.get("/x", [&](context&) -> result<std::string> {
    if (++calls < 3) {
      return fail(errors::unavailable{"x", "not yet", std::nullopt});
    }
    return "third";
  });
  EXPECT_EQ(body_of(answer_to(std::move(r), ask("GET", "/x"))), "third");
}

TEST(Middleware, AnExceptionIsA500) {
  router r;
  r.use([](context& cx, const request&, next inner) -> answer {
    auto out = co_await inner(cx);
    throw std::runtime_error("boom");
    co_return out;
  });
  r.get("/x", [](context&) -> result<std::string> { return "x"; });
  EXPECT_TRUE(answer_to(std::move(r), ask("GET", "/x")).starts_with("HTTP/1.1 500 "));
}

TEST(Middleware, StreamsGoThrough) {
  router r;
  r.use([](context& cx, const request&, next inner) -> answer {
    auto out = co_await inner(cx);
    co_return out;
  });
  r.post("/x", [](context& cx, body_reader& body) -> task<result<response>> {
    auto first = co_await body.read(cx);
    std::string text(**first);
    co_return response().body(make_body([text](context& c, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(c, text);
      co_return sent;
    }));
  });
  EXPECT_EQ(body_of(answer_to(std::move(r), ask("POST", "/x", {}, "abc"))),
            "3\r\nabc\r\n0\r\n\r\n");
}

TEST(Middleware, GroupsHaveLimits) {
  router r;
  auto api = r.group("/api").limits({.deadline = 2s, .max_body = 5});
  const auto echo = [](context&, const request& q) -> result<std::string> { return q.body(); };
  api.post("/x", echo);
  api.post("/large", {.max_body = 10}, echo);
  api.group("/deep").limits({.max_body = 7}).post("/x", echo);
  r.post("/x", echo);
  const std::string seven = "seven77";
  const auto code = [&](const std::string& target, std::size_t size) {
    request q(method::post, target);
    const auto found = r.match(q);
    EXPECT_EQ(found.options->max_body.value_or(1 << 20), size) << target;
    return found.options->deadline.value_or(0s);
  };
  EXPECT_EQ(code("/api/x", 5), 2s);
  EXPECT_EQ(code("/api/large", 10), 2s);
  EXPECT_EQ(code("/api/deep/x", 7), 2s);
  EXPECT_EQ(code("/x", 1 << 20), 0s);
  EXPECT_TRUE(
      answer_to(std::move(r), ask("POST", "/api/x", {}, seven)).starts_with("HTTP/1.1 413"));
}

TEST(Middleware, MistakesAreSaidAtOnce) {
  router r;
  EXPECT_THROW(static_cast<void>(r.group("api")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(r.group("/api/")), std::invalid_argument);
  EXPECT_THROW(r.use(std::shared_ptr<middleware>()), std::invalid_argument);
  EXPECT_THROW(r.limits({.deadline = -1s}), std::invalid_argument);
  auto api = r.group("/api/{tenant}");
  api.get("/users/{id}", [](context&, std::string, int) -> result<void> { return {}; });
  EXPECT_THROW(api.get("/x", [](context&, std::string, int) -> result<void> { return {}; }),
               std::invalid_argument)
      << "the prefix's parameters count too";
  EXPECT_THROW(r.get("/api/{t}/users/{id}", [](context&) -> result<void> { return {}; }),
               std::invalid_argument);
}

TEST(Middleware, AGroupOutlivesTheMoveOfItsRouter) {
  router r;
  auto api = r.group("/api");
  router moved(std::move(r));
  api.get("/x", [](context&) -> result<std::string> { return "x"; });
  EXPECT_EQ(moved.routes(), std::vector<std::string>{"GET /api/x"});
}

struct principal {
  std::string name;
};

TEST(Attached, IsFoundInsideAndGoneOutside) {
  request q(method::get, "/");
  EXPECT_EQ(attached<principal>::find(q), nullptr);
  {
    const attached<principal> outer(q, {"ann"});
    const attached<int> other(q, 7);
    EXPECT_EQ(attached<principal>::find(q)->name, "ann");
    EXPECT_EQ(*attached<int>::find(q), 7);
    {
      const attached<principal> inner(q, {"bob"});
      EXPECT_EQ(attached<principal>::find(q)->name, "bob");
      const request copy(q);
      EXPECT_EQ(attached<principal>::find(copy), nullptr) << "a copy is another request";
    }
    EXPECT_EQ(attached<principal>::find(q)->name, "ann");
    EXPECT_EQ(outer.value().name, "ann");
  }
  EXPECT_EQ(attached<principal>::find(q), nullptr);
  EXPECT_EQ(attached<int>::find(q), nullptr);
}

TEST(Attached, ReachesHandlers) {
  router r;
  auto with = r.group("").use([](context& cx, const request& q, next inner) -> answer {
    const attached<principal> who(q, principal{"ann"});
    auto out = co_await inner(cx);
    co_return out;
  });
  const auto name = [](context&, from_middleware<principal> who) -> result<std::string> {
    return who->name;
  };
  with.get("/x", name);
  r.get("/forgotten", name);
  const auto got = answer_to(std::move(r), ask("GET", "/x") + ask("GET", "/forgotten"));
  EXPECT_NE(got.find("\r\n\r\nannHTTP/1.1 500"), std::string::npos) << got;
}

}  // namespace
}  // namespace fairlead::http
