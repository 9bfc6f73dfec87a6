// SPDX-License-Identifier: BSL-1.0
// What plain lines add to the contract: peers that know a line and nothing else, in all their ways.
#include <fairlead/net/framed.hpp>
#include <fairlead/net/line.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "rigs.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {

struct greet {
  std::string name;
  using response = std::string;
};
BOOST_DESCRIBE_STRUCT(greet, (), (name))

struct remember {
  std::string name;
  using response = one_way;
};
BOOST_DESCRIBE_STRUCT(remember, (), (name))

struct count_names {
  std::string name;
  using response = stream_of<int>;
};
BOOST_DESCRIBE_STRUCT(count_names, (), (name))

using greeter = port<greet, remember>;
using counter = port<greet, count_names>;

struct greeter_service {
  std::vector<std::string>* names;

  result<std::string> operator()(context&, const greet& r) const {
    if (r.name == "nobody") {
      return fail(errors::application{"shy", "no\nname"});
    }
    if (r.name == "throw") {
      throw std::runtime_error("it threw");
    }
    names->push_back(r.name);
    return r.name == "two lines" ? "one\ntwo" : "Hello, " + r.name;
  }
  result<void> operator()(context&, const remember& r) const {
    names->push_back(r.name);
    return r.name == "nobody" ? result<void>(fail(errors::application{"shy", "no name"}))
                              : result<void>();
  }
  task<result<void>> operator()(context& cx, const count_names&, item_writer<int>& out) const {
    auto taken = co_await out.write(cx, 1);
    co_return taken;
  }
};

namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

class PlainLines : public ::testing::Test {
 protected:
  [[nodiscard]] service_table greetings() {
    return service_table::of<greeter>(std::make_shared<greeter_service>(greeter_service{&names}));
  }
  [[nodiscard]] service_table shop() {
    return service_table::of<shop_port>(std::make_shared<shop_service>(seen));
  }
  std::unique_ptr<net::listener> listen(context& cx) {
    const auto any = net::endpoint::parse("0.0.0.0:80").value();
    return net.host("shop").listen(cx.env(), any, {}).value();
  }
  // Serves on port 80 while `body(context&)` runs.
  template <class Body>
  void served(service_table service, plain_lines_server_options options, Body body) {
    plain_lines_server server(std::move(service), std::move(options));
    world.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      scope.spawn([&](context& c) { return server.serve(c, listen(cx)); });
      co_await body(cx);
      EXPECT_TRUE(co_await server.drain(cx, 1s));
      EXPECT_TRUE(co_await scope.join());
    });
    expect_quiet(world);
  }

  // `body(context&, std::shared_ptr<transport>)` with a client of port 80.
  template <class Body>
  task<void> with_client(context& cx, plain_lines_client_options options, Body body) {
    task_scope scope(cx);
    const auto line = std::make_shared<plain_lines_client>(
        scope, net::connects_to(net.host("caller"), "shop", 80), std::move(options));
    co_await body(cx, line);
    EXPECT_TRUE(co_await line->drain(cx, 1s));
    EXPECT_TRUE(co_await scope.join());
  }

  // A peer that answers each line with `say(line)`, bytes as they are, while `body(context&)` runs.
  template <class Say, class Body>
  void foreign(Say say, Body body) {
    world.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      auto from = listen(cx);
      scope.spawn([&](context& own) -> task<void> {
        auto stream = co_await from->accept(own);
        net::framed<net::line> lines(**stream);
        for (;;) {
          const auto next = co_await lines.read(own);
          if (!next || !*next) {
            break;
          }
          const std::string bytes = say(**next);
          auto sent = co_await net::write_all(own, **stream, bytes);
          EXPECT_TRUE(sent);
        }
      });
      co_await body(cx);
      EXPECT_TRUE(co_await scope.join());
    });
    expect_quiet(world);
  }

  // What is answered to `text`, which is sent at once.
  task<strings> say(context& cx, std::string text, std::size_t answers) {
    return lines_answered(cx, net, std::move(text), answers);
  }

  sim::world world{5};
  sim::network net{world};
  std::shared_ptr<shop_service::record> seen = std::make_shared<shop_service::record>();
  strings names;
};

const plain_form greeting{.operation = "greet", .text_field = "name", .failure = {}};
const plain_lines_client_options as_it_is{};

TEST_F(PlainLines, EveryLineIsAnsweredWithOneInOrder) {
  served(shop(), {}, [&](context& cx) -> task<void> {
    const auto got = co_await say(cx,
                                  "wait_for {\"time\":50}\r\n"
                                  "get_user {\"id\":1}\n"
                                  "nobody {}\n"
                                  "get_user {\"id\":\"x\"}\n"
                                  "get_user nonsense\n"
                                  "list_users {\"count\":1,\"fails\":false}\n"
                                  "note {\"text\":\"x\",\"fails\":true}\n"
                                  "delete_user {\"id\":1}\n"
                                  "\n"
                                  "wait_for.v2\n",
                                  10);
    EXPECT_EQ(got.size(), 10U);
    EXPECT_EQ(got.at(0), "30000") << "the server's own limit";
    EXPECT_EQ(got.at(1), R"({"id":1,"name":"user 1"})");
    EXPECT_NE(got.at(2).find("there is no operation \\\"nobody\\\""), std::string::npos);
    EXPECT_NE(got.at(3).find(R"("pointer":"/id")"), std::string::npos) << got.at(3);
    EXPECT_TRUE(got.at(4).starts_with(R"(! {"kind":"serialization_error")")) << got.at(4);
    EXPECT_NE(got.at(5).find("no operation \\\"list_users\\\""), std::string::npos) << got.at(5);
    EXPECT_EQ(got.at(6), "null") << "what became of it, nobody learns";
    EXPECT_EQ(got.at(7), "null");
    EXPECT_NE(got.at(8).find("there is no operation"), std::string::npos) << got.at(8);
    EXPECT_EQ(got.at(9), R"("no longer")");
  });
}

TEST_F(PlainLines, OneOperationNeedsNoName) {
  served(shop(), {.form = {.operation = "get_user"}}, [&](context& cx) -> task<void> {
    const auto got = co_await say(cx, "{\"id\":1}\n{\"id\":404}\n", 2);
    EXPECT_EQ(got.at(0), R"({"id":1,"name":"user 1"})");
    EXPECT_TRUE(got.at(1).starts_with(R"(! {"kind":"application","code":"not_found")"));
    const plain_lines_client_options options{.form = {.operation = "get_user"}};
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<shop_port>(line);
      const auto ann = co_await u(own, get_user{7});
      EXPECT_EQ(ann.value().name, "user 7");
      const auto other = co_await u(own, delete_user{7});
      EXPECT_EQ(other.error().kind(), error_kind::invalid_argument);
      EXPECT_EQ(other.error().sent(), error_sent::not_sent);
    };
    co_await with_client(cx, options, use);
  });
}

TEST_F(PlainLines, TextGoesOutAndComesBackAsItIs) {
  served(greetings(), {.form = greeting}, [&](context& cx) -> task<void> {
    const auto got = co_await say(cx, "Ann \"B\"\n\n", 2);
    EXPECT_EQ(got, (strings{"Hello, Ann \"B\"", "Hello, "}));
    const plain_lines_client_options options{.form = greeting};
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<greeter>(line);
      const auto hello = co_await u.template call<greet>(own, std::string("J\u00fcrgen \"x\""));
      EXPECT_EQ(hello.value(), "Hello, J\u00fcrgen \"x\"");
      const auto two = co_await u.template call<greet>(own, std::string("a\nb"));
      EXPECT_EQ(two.error().kind(), error_kind::invalid_argument);
      EXPECT_EQ(two.error().sent(), error_sent::not_sent);
    };
    co_await with_client(cx, options, use);
  });
}

TEST_F(PlainLines, TextThatCannotTellOfErrorsClosesTheConnection) {
  served(greetings(), {.form = greeting}, [&](context& cx) -> task<void> {
    for (const std::string name : {"nobody", "two lines", "throw"}) {
      const auto got = co_await say(cx, name + "\n", 1);
      EXPECT_EQ(got.at(0), "end") << name;
    }
    const plain_lines_client_options options{.form = greeting};
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<greeter>(line);
      const auto shy = co_await u.template call<greet>(own, std::string("nobody"));
      EXPECT_EQ(shy.error().kind(), error_kind::connection_closed) << shy.error().message();
      EXPECT_EQ(shy.error().sent(), error_sent::unknown);
      const auto next = co_await u.template call<greet>(own, std::string("Ann"));
      EXPECT_EQ(next.value(), "Hello, Ann");
    };
    co_await with_client(cx, options, use);
  });
}

TEST_F(PlainLines, TextMayHaveAWordForErrors) {
  const plain_form form{.operation = {}, .text_field = "name", .failure = "ERROR "};
  served(greetings(), {.form = form}, [&](context& cx) -> task<void> {
    const auto got = co_await say(
        cx, "greet Ann\ngreet nobody\nremember Bob\nremember nobody\nother x\ngreet throw\n", 6);
    EXPECT_EQ(got, (strings{"Hello, Ann", "ERROR application: shy: no?name", "", "",
                            "ERROR application: unknown_operation: there is no operation \"other\""
                            " for lines",
                            "ERROR application: internal: it threw"}));
    const plain_lines_client_options options{.form = form};
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<greeter>(line);
      const auto shy = co_await u.template call<greet>(own, std::string("nobody"));
      EXPECT_EQ(shy.error().message(), "application: service_error: application: shy: no?name");
      EXPECT_EQ(shy.error().sent(), error_sent::answered);
      const auto sent = co_await u.template call<remember>(own, std::string("nobody"));
      EXPECT_TRUE(sent);
      const auto two = co_await u.template call<greet>(own, std::string("two lines"));
      EXPECT_NE(two.error().message().find("invalid_argument"), std::string::npos)
          << two.error().message();
    };
    co_await with_client(cx, options, use);
  });
  EXPECT_EQ(names, (strings{"Ann", "Bob", "nobody", "nobody", "two lines"}));
}

TEST_F(PlainLines, APeerMayEndItsAnswersTwice) {
  const auto twice = [](std::string_view text) { return "<" + std::string(text) + ">\n\n"; };
  foreign(twice, [&](context& cx) -> task<void> {
    const plain_lines_client_options options{.form = greeting, .peer = plain_peer::doubled_ends};
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<greeter>(line);
      for (const std::string name : {"Ann", "Bob", "Cid"}) {
        const auto hello = co_await u.template call<greet>(own, name);
        EXPECT_EQ(hello.value(), "<" + name + ">") << "no answer belongs to the next call";
      }
    };
    co_await with_client(cx, options, use);
  });
}

TEST_F(PlainLines, APeerMayNotEndItsAnswersAtAll) {
  const auto open_end = [](std::string_view text) { return "<" + std::string(text) + ">"; };
  foreign(open_end, [&](context& cx) -> task<void> {
    const plain_lines_client_options options{.form = greeting, .peer = plain_peer::unterminated};
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<greeter>(line);
      for (const std::string name : {"Ann", "Bob"}) {
        const auto hello = co_await u.template call<greet>(own, name);
        EXPECT_EQ(hello.value(), "<" + name + ">");
      }
    };
    co_await with_client(cx, options, use);
  });
}

TEST_F(PlainLines, WhatIsNoJsonIsNotTakenForAnAnswer) {
  foreign([](std::string_view) { return std::string("hello\n"); },
          [&](context& cx) -> task<void> {
            const auto use = [](context& own, auto line) -> task<void> {
              const auto u = remote_port<shop_port>(line);
              const auto bad = co_await u(own, get_user{1});
              EXPECT_EQ(bad.error().kind(), error_kind::serialization_error);
              EXPECT_EQ(bad.error().stage(), error_stage::body);
            };
            co_await with_client(cx, as_it_is, use);
          });
}

TEST_F(PlainLines, ManyCallsMayBeOnTheirWay) {
  served(shop(), {}, [&](context& cx) -> task<void> {
    const plain_lines_client_options options{.max_in_flight = 16};
    const auto use = [&](context& own, auto line) -> task<void> {
      const auto u = remote_port<shop_port>(line);
      const auto begun = own.now();
      {
        task_scope all(own);
        for (int i = 0; i < 16; ++i) {
          all.spawn([&](context& c) -> task<void> {
            const auto waited = co_await u(c, wait_for{100ms});
            EXPECT_TRUE(waited);
          });
        }
        EXPECT_TRUE(co_await all.join());
      }
      EXPECT_LT(own.now() - begun, 200ms) << "all at a time";
      context quick = own.with_timeout(10ms);
      const auto late = co_await u(quick, wait_for{50ms});
      EXPECT_EQ(late.error().kind(), error_kind::deadline);
      const auto next = co_await u(own, get_user{3});
      EXPECT_EQ(next.value().id, 3) << "the answer of the one before was passed over";
      EXPECT_EQ(line->stats().connections, 1U);
    };
    co_await with_client(cx, options, use);
  });
  EXPECT_EQ(seen->cancelled, 0);
}

TEST_F(PlainLines, AStreamIsRefusedBeforeItIsSent) {
  served(shop(), {}, [&](context& cx) -> task<void> {
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<shop_port>(line);
      const list_users two{2, false};
      const auto take = [](context&, user&&) -> result<void> { return {}; };
      const auto none = co_await u(own, two, take);
      EXPECT_EQ(none.error().kind(), error_kind::invalid_argument);
    };
    co_await with_client(cx, as_it_is, use);
  });
  EXPECT_EQ(seen->items, 0);
}

TEST_F(PlainLines, ALineThatIsTooLongIsNotSent) {
  served(shop(), {}, [&](context& cx) -> task<void> {
    const plain_lines_client_options options{.max_line = 100};
    const auto use = [](context& own, auto line) -> task<void> {
      const auto u = remote_port<shop_port>(line);
      const note large{std::string(200, 'x'), false};
      const auto refused = co_await u(own, large);
      EXPECT_EQ(refused.error().kind(), error_kind::too_large);
      EXPECT_EQ(refused.error().sent(), error_sent::not_sent);
    };
    co_await with_client(cx, options, use);
  });
}

TEST_F(PlainLines, AFormMustFitTheService) {
  const auto refused = [&](service_table service, plain_form form) -> std::string {
    try {
      const plain_lines_server server(std::move(service), {.form = std::move(form)});
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "accepted";
  };
  const auto counting =
      service_table::of<counter>(std::make_shared<greeter_service>(greeter_service{&names}));
  EXPECT_EQ(refused(greetings(), greeting), "accepted");
  EXPECT_EQ(refused(greetings(), {.operation = {}, .text_field = "name"}), "accepted");
  EXPECT_EQ(refused(shop(), {}), "accepted");
  EXPECT_EQ(refused(counting, {.operation = "greet"}), "accepted");
  EXPECT_EQ(refused(greetings(), {.operation = "gret"}),
            "plain_lines_server: the service has no operation \"gret\"");
  EXPECT_EQ(refused(counting, {.operation = "count_names"}),
            "plain_lines_server: the service has no operation \"count_names\" that is answered "
            "with one value");
  EXPECT_EQ(refused(shop(), {.operation = "get_user", .text_field = "id"}),
            "plain_lines_server: get_user has no text \"id\"");
  EXPECT_EQ(refused(shop(), {.operation = {}, .text_field = "text"}).substr(0, 19),
            "plain_lines_server:");
  EXPECT_EQ(refused(greetings(), {.operation = {}, .text_field = {}, .failure = "E"}),
            "plain_lines_server: form.failure is of lines of text, which need a text_field");
}

}  // namespace
}  // namespace fairlead::testing
