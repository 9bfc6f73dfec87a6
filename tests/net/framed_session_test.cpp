// SPDX-License-Identifier: BSL-1.0
// Protocols with other than one reply to a request: sessions on one side, `call_each` and `post` on
// the other. A message is "id verb", a reply "id+text" when more follow and "id=text" when not;
// "stop id" gives a call up.
#include "support/framed_server_rig.hpp"

#include <fairlead/core/event.hpp>

#include <map>

namespace fairlead::net {
namespace {

using namespace framed_server_rig;

// What all sessions of a test have seen.
struct log {
  std::vector<std::string> messages;
  int hanging = 0;
  int cancelled = 0;
  int ended = 0;
};

class toy_session final : public message_session {
 public:
  explicit toy_session(log& seen) : seen_(seen) {}
  ~toy_session() override { ++seen_.ended; }

  bool settle(std::string_view message) override {
    if (!message.starts_with("stop ")) {
      return false;
    }
    const auto found = hanging_.find(std::string(message.substr(5)));
    if (found != hanging_.end()) {
      found->second->cancel();
    }
    return true;
  }

  task<result<void>> handle(context& cx, std::string_view message, message_sender& out) override {
    seen_.messages.emplace_back(message);
    const auto space = message.find(' ');
    const std::string id(message.substr(0, space));
    const auto verb = message.substr(space + 1);
    result<void> done;
    if (verb.starts_with("count ")) {
      const int n = std::atoi(std::string(verb.substr(6)).c_str());
      for (int i = 1; i < n && done; ++i) {
        const auto text = id + "+" + std::to_string(i);
        done = co_await out.send(cx, text);
      }
      if (done) {
        const auto last = id + "=" + std::to_string(n);
        done = co_await out.send(cx, last);
      }
    } else if (verb == "hang") {
      cancel_scope own(cx);
      hanging_[id] = &own;
      ++seen_.hanging;
      auto slept = co_await sleep_for(own, 1h);
      --seen_.hanging;
      ++seen_.cancelled;
      hanging_.erase(id);
      const auto last = id + "=stopped";
      done = co_await out.send(cx, last);
      done = slept ? fail(errors::application{"odd", "an hour has passed"}) : done;
    } else if (verb == "long") {
      const std::string text(200, 'x');
      done = co_await out.send(cx, text);
      EXPECT_EQ(done.error().kind(), error_kind::too_large);
      const auto instead = id + "=too long";
      done = co_await out.send(cx, instead);
    } else if (verb == "throw") {
      throw std::runtime_error("it threw");
    } else if (verb != "quiet") {
      done = fail(errors::application{"unknown", "no such verb"});
    }
    co_return done;
  }

 private:
  log& seen_;
  std::map<std::string, cancel_scope*> hanging_;
};

line_options short_lines() {
  line_options o;
  o.limit = 100;
  return o;
}

open_session toys(log& seen) {
  return [&seen](std::string_view) { return std::make_unique<toy_session>(seen); };
}

std::optional<std::string> id_of(std::string_view message) {
  return std::string(message.substr(0, message.find_first_of(" +=")));
}

reply_rules toy_rules() {
  return {&id_of, [](std::string_view reply) { return reply.find('+') != std::string_view::npos; },
          [](std::string_view id) { return "stop " + std::string(id); }};
}

// A client of the toys on "server:7" while `f(client)` runs.
template <class F>
task<void> with_client(context& cx, sim::network& fabric, framed_client_options options, F f) {
  task_scope scope(cx);
  framed_client client(scope, connects_to(fabric.host("client"), fabric.address("server", 7)),
                       line(short_lines()), toy_rules(), options);
  co_await f(client);
  auto drained = co_await client.drain(cx, 1min);
  EXPECT_TRUE(drained);
  auto joined = co_await scope.join();
  EXPECT_TRUE(joined);
}

task<std::vector<std::string>> all_replies(context& cx, framed_client& client,
                                           std::string request) {
  std::vector<std::string> got;
  const framed_client::take_reply take = [&](context&, std::string text) -> task<result<void>> {
    got.push_back(std::move(text));
    co_return result<void>();
  };
  auto done = co_await client.call_each(cx, request, take);
  if (!done) {
    got.push_back(std::string(to_string(done.error().kind())));
  }
  co_return got;
}

TEST(FramedSession, ARequestMayHaveAnyNumberOfReplies) {
  log seen;
  framed_server app(line(short_lines()), toys(seen));
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    const auto use = [&](framed_client& client) -> task<void> {
      const auto three = co_await all_replies(cx, client, "a count 3");
      EXPECT_EQ(three, (strings{"a+1", "a+2", "a=3"}));
      const auto only = co_await all_replies(cx, client, "b count 1");
      EXPECT_EQ(only, (strings{"b=1"}));
      const std::string quiet = "c quiet";
      EXPECT_TRUE(co_await client.post(cx, quiet));
      const auto one = co_await client.call(cx, "d count 1");
      EXPECT_EQ(one.value(), "d=1");
      const auto instead = co_await all_replies(cx, client, "e long");
      EXPECT_EQ(instead, (strings{"e=too long"}));
    };
    co_await with_client(cx, fabric, {}, use);
    EXPECT_EQ(seen.messages, (strings{"a count 3", "b count 1", "c quiet", "d count 1", "e long"}));
  });
  EXPECT_EQ(seen.ended, 1);
}

TEST(FramedSession, ACallThatIsGivenUpIsSaidSo) {
  log seen;
  framed_server app(line(short_lines()), toys(seen));
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    co_await with_client(cx, fabric, {}, [&](framed_client& client) -> task<void> {
      context quick = cx.with_timeout(50ms);
      const auto late = co_await client.call(quick, "a hang");
      EXPECT_EQ(late.error().kind(), error_kind::deadline);
      auto slept = co_await sleep_for(cx, 100ms);
      EXPECT_TRUE(slept);
      EXPECT_EQ(seen.cancelled, 1);
      EXPECT_EQ(client.stats().in_flight, 0U) << "its last reply was swallowed";
      EXPECT_EQ(client.stats().swallowed, 1U);
      EXPECT_EQ(client.stats().connections, 1U);
    });
  });
}

TEST(FramedSession, WordOfACallIsHeardWhileOthersWaitForTheirTurn) {
  log seen;
  framed_server app(line(short_lines()), toys(seen), {.max_concurrent = 2});
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    const auto got =
        co_await ask(cx, fabric, "a hang\nb hang\nc count 1\nstop a\nstop b\nstop z\n");
    EXPECT_EQ(got, (strings{"a=stopped", "b=stopped", "c=1"}));
  });
}

TEST(FramedSession, WhoRefusesAReplyEndsTheCall) {
  log seen;
  framed_server app(line(short_lines()), toys(seen));
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    const auto use = [&](framed_client& client) -> task<void> {
      int taken = 0;
      const framed_client::take_reply take = [&](context&, std::string) -> task<result<void>> {
        if (++taken == 2) {
          co_return fail(errors::application{"enough", "two will do"});
        }
        co_return result<void>();
      };
      const std::string request = "a count 20";
      const auto done = co_await client.call_each(cx, request, take);
      EXPECT_EQ(done.error().kind(), error_kind::application);
      EXPECT_EQ(taken, 2);
      const auto next = co_await client.call(cx, "b count 1");
      EXPECT_EQ(next.value(), "b=1") << "the connection is as good as before";
    };
    co_await with_client(cx, fabric, {}, use);
  });
}

TEST(FramedSession, APeerThatSendsTooManyRepliesIsCutOff) {
  log seen;
  framed_server app(line(short_lines()), toys(seen));
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    const auto use = [&](framed_client& client) -> task<void> {
      const framed_client::take_reply slow = [](context& own, std::string) -> task<result<void>> {
        auto slept = co_await sleep_for(own, 1s);
        co_return slept;
      };
      const std::string request = "a count 50";
      const auto done = co_await client.call_each(cx, request, slow);
      EXPECT_EQ(done.error().kind(), error_kind::protocol_error) << done.error().message();
    };
    co_await with_client(cx, fabric, {.max_untaken = 4}, use);
  });
}

TEST(FramedSession, SeveralRepliesToACallOfOneBreakTheProtocol) {
  log seen;
  framed_server app(line(short_lines()), toys(seen));
  with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
    co_await with_client(cx, fabric, {}, [&](framed_client& client) -> task<void> {
      const auto got = co_await client.call(cx, "a count 3");
      EXPECT_EQ(got.error().kind(), error_kind::protocol_error);
      EXPECT_EQ(got.error().sent(), error_sent::unknown);
    });
  });
}

TEST(FramedSession, AnErrorOrAnExceptionClosesTheConnection) {
  for (const auto* verb : {"a throw", "a nonsense"}) {
    log seen;
    framed_server app(line(short_lines()), toys(seen));
    with_server(app, [&](sim::world&, context& cx, sim::network& fabric) -> task<void> {
      co_await with_client(cx, fabric, {}, [&](framed_client& client) -> task<void> {
        const std::string request = verb;
        const auto got = co_await client.call(cx, request);
        EXPECT_FALSE(got) << verb;
        EXPECT_EQ(got.error().sent(), error_sent::unknown);
      });
      EXPECT_EQ(app.stats().failed, 1U) << verb;
    });
  }
}

TEST(FramedSession, ABrokenConnectionCancelsWhatIsInProgress) {
  log seen;
  framed_server app(line(short_lines()), toys(seen));
  with_server(app, [&](sim::world& w, context& cx, sim::network& fabric) -> task<void> {
    const auto use = [&](framed_client& client) -> task<void> {
      w.spawn("breaks", [&](context& own) -> task<void> {
        auto slept = co_await sleep_for(own, 50ms);
        EXPECT_TRUE(slept);
        fabric.reset("client", "server");
      });
      const auto got = co_await client.call(cx, "a hang");
      EXPECT_EQ(got.error().sent(), error_sent::unknown);
      auto slept = co_await sleep_for(cx, 1s);
      EXPECT_TRUE(slept);
      EXPECT_EQ(seen.hanging, 0);
      const auto next = co_await client.call(cx, "b count 1");
      EXPECT_EQ(next.value(), "b=1");
    };
    co_await with_client(cx, fabric, {}, use);
  });
}

TEST(FramedPost, FailsUnsentWhereNobodyListens) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    task_scope scope(cx);
    framed_client client(scope, connects_to(fabric.host("client"), fabric.address("server", 7)),
                         line(), toy_rules());
    const std::string text = "a quiet";
    const auto sent = co_await client.post(cx, text);
    EXPECT_EQ(sent.error().kind(), error_kind::connection_refused);
    EXPECT_EQ(sent.error().sent(), error_sent::not_sent);
    auto drained = co_await client.drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

}  // namespace
}  // namespace fairlead::net
