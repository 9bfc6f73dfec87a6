// SPDX-License-Identifier: BSL-1.0
// The NATS client against servers that break off, say nonsense or hang, in virtual time: no call is
// left hanging, and none gets what is not its own.
#include <fairlead/port/nats_client.hpp>

#include <gtest/gtest.h>

#include "nats_rigs.hpp"

#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// Answers if it can: the connection may just be gone.
broker_handler tries_to_echo(message_broker& through) {
  return [&through](context& cx, const broker_message& m) -> task<void> {
    auto answer = broker_message().payload("re: " + m.payload());
    auto sent = co_await respond(cx, through, m, answer);
    static_cast<void>(sent);
  };
}

// Asks itself over a connection that is as `how` says, until that has broken or nothing broke.
// Returns how many connections it took.
int ask_over(const memory_network::sides& how) {
  int taken = 0;
  run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
    fake_nats server(w.env());
    memory_network net(server, how);
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      nats_client c(scope, nats_options("nats").network(net).connect_timeout(1s));
      auto made = co_await c.subscribe(cx, scope, subscription_options("e"), tries_to_echo(c));
      EXPECT_TRUE(made) << made.error().message();
      int answered = 0;
      for (int i = 0; i < 3 && made; ++i) {
        const broker_message question("e", std::to_string(i));
        auto answer = co_await c.request(cx, question);
        answered += answer ? 1 : 0;
        if (answer) {
          EXPECT_EQ(answer->payload(), "re: " + std::to_string(i));
        } else {
          EXPECT_NE(answer.error().sent(), error_sent::answered) << answer.error().message();
          EXPECT_NE(kind_of(answer), "timeout") << "it hung";
        }
      }
      EXPECT_GE(answered, 2) << "one connection broke, the others are good";
      if (made) {
        made->reset();
      }
      auto drained = co_await c.drain(cx, 10s);
      EXPECT_TRUE(drained);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
    server.stop();
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    taken = net.connections;
  });
  return taken;
}

enum class fault : std::uint8_t { closed_by_server, reset_by_server, write_fails, attempt_fails };

memory_network::sides broken_at(fault what, std::uint64_t at) {
  return [=](int number) {
    auto client = net::memory_side().max_read(7);
    auto server = net::memory_side().max_write(11);
    if (number == 1 && what == fault::closed_by_server) {
      server.close_after_writing(at);
    } else if (number == 1 && what == fault::reset_by_server) {
      server.reset_after_writing(at);
    } else if (number == 1 && what == fault::write_fails) {
      client.max_write(5).reset_after_writing(at);
    } else if (number == 1) {
      client.fail_attempt(at + 1, errors::connection_reset{"x"});
    }
    return std::pair(client, server);
  };
}

// At every `step`-th place, until it goes through.
void break_at(fault what, std::uint64_t step) {
  constexpr std::uint64_t most = 5000;
  std::uint64_t at = 0;
  while (at < most && ask_over(broken_at(what, at)) > 1) {
    if (::testing::Test::HasFailure()) {
      FAIL() << "at " << at;
    }
    at += step;
  }
  EXPECT_GT(at, 20U);
  EXPECT_LT(at, most) << "it never went through";
}

TEST(NatsFaults, TheServerMayCloseAfterAnyByte) {
  break_at(fault::closed_by_server, 1);
}
TEST(NatsFaults, TheServerMayResetAfterAnyByte) {
  break_at(fault::reset_by_server, 7);
}
TEST(NatsFaults, OurOwnBytesMayBreakOffAnywhere) {
  break_at(fault::write_fails, 3);
}
TEST(NatsFaults, AnyReadOrWriteMayFail) {
  break_at(fault::attempt_fails, 1);
}

/// What a server says first, and then nothing until the client leaves.
fake_nats::script says(std::string text, std::string* heard = nullptr) {
  return [text, heard](context& cx, net::stream& s, int) -> task<void> {
    auto put = co_await net::write_all(cx, s, text);
    static_cast<void>(put);
    std::array<std::byte, 1000> bytes{};
    for (;;) {
      auto n = co_await net::read_some(cx, s, bytes);
      if (!n || *n == 0) {
        break;
      }
      if (heard != nullptr) {
        heard->append(reinterpret_cast<const char*>(bytes.data()), *n);
      }
    }
  };
}

TEST(NatsFaults, AGreetingThatIsNoneIsToldAsTheCause) {
  struct row {
    std::string url;
    std::string text;
    error_kind kind;
  };
  for (const auto& [url, text, kind] : std::vector<row>{
           {"nats", "HTTP/1.1 400 Bad Request\r\n\r\n", error_kind::protocol_error},
           {"nats", "PING\r\n", error_kind::protocol_error},
           {"nats", "MSG a 1 2\r\nhi\r\n", error_kind::protocol_error},
           {"nats", "INFO nonsense\r\n", error_kind::protocol_error},
           {"nats", "INFO {\"max_payload\":\"x\"}\r\n", error_kind::protocol_error},
           {"nats", "INFO {" + std::string(100'000, ' '), error_kind::too_large},
           {"nats", std::string(10'000, 'x'), error_kind::too_large},
           {"nats", "INFO {}\r\nMSG a 1 2\r\nhi\r\n", error_kind::protocol_error},
           {"nats", "-ERR 'maximum connections exceeded'\r\n", error_kind::unavailable},
           {"nats", "INFO {}\r\n-ERR 'something'\r\n", error_kind::unavailable},
           {"nats", "INFO {\"tls_required\":true}\r\nPONG\r\n", error_kind::tls_failure},
           {"tls://nats", "INFO {}\r\n", error_kind::tls_failure},
           {"nats", "", error_kind::timeout},
           {"nats", "INFO {", error_kind::timeout},
           {"nats", "INFO {}\r\n", error_kind::timeout},
           {"nats", "INFO {}\r\nPON", error_kind::timeout}}) {
    const auto options = nats_options(url).connect_timeout(1s).patience(3s).token("hunter2");
    std::string heard;  // the server goes on for a moment after the body
    with_client(
        options, [&](context& cx, task_scope&, nats_client& c, fake_nats& server) -> task<void> {
          server.instead = says(text, &heard);
          const broker_message m("a", "x");
          const auto begun = cx.now();
          auto sent = co_await c.publish(cx, m);
          EXPECT_FALSE(sent);
          if (!sent) {
            const error& e = sent.error();
            EXPECT_EQ(e.sent(), error_sent::not_sent);
            // What comes before TLS is seen as that, or taken for TLS, as it happens to arrive.
            const bool early = kind == error_kind::tls_failure && e.cause() != nullptr &&
                               e.cause()->is<errors::protocol_error>();
            const bool itself = e.kind() == kind || early;
            const bool behind =
                e.is<errors::unavailable>() && e.cause() != nullptr && e.cause()->kind() == kind;
            EXPECT_TRUE(itself || behind) << text.substr(0, 50) << ": " << e.message();
          }
          EXPECT_LE(cx.now() - begun, 3s);
          if (url == "tls://nats" || text.find("tls_required") != text.npos) {
            EXPECT_EQ(heard.find("hunter2"), heard.npos) << "told without TLS";
          }
        });
  }
}

TEST(NatsFaults, NonsenseBreaksTheConnectionAndItsRequests) {
  std::string pings;
  for (int i = 0; i < 30'000; ++i) {
    pings += "PING\r\n";
  }
  for (const std::string& text :
       {std::string("BOGUS\r\n"), std::string("PONG\r\n"),
        std::string("MSG silent 1 2\r\nabcd\r\n"), std::string("INFO []\r\n"),
        std::string(5000, 'x'), std::string("\r\n"), pings}) {
    with_client(
        nats_options("nats"),
        [&](context& cx, task_scope& scope, nats_client& c, fake_nats& server) -> task<void> {
          seen got;
          auto sub = co_await listen(cx, scope, c, subscription_options("silent"), keeps_in(got));
          const auto interrupts = [&](context& own) -> task<void> {
            auto slept = co_await sleep_for(own, 1s);
            EXPECT_TRUE(slept);
            server.deaf = text == pings;
            server.say_to_first(text);
          };
          scope.spawn(interrupts);
          const broker_message question("silent", "?");
          auto answer = co_await c.request(cx, question);
          EXPECT_TRUE(kind_of(answer) == "protocol_error" || kind_of(answer) == "too_large")
              << kind_of(answer);
          EXPECT_EQ(answer.error().sent(), error_sent::unknown);
          server.deaf = false;
          const bool again = co_await eventually(cx, [&] { return c.stats().connections == 2; });
          EXPECT_TRUE(again);
          sub.reset();
          auto drained = co_await c.drain(cx, 10s);
          EXPECT_TRUE(drained);
        });
  }
}

TEST(NatsFaults, WhatTheServerSaidBeforeItClosedIsTheCause) {
  with_client(nats_options("nats"),
              [&](context& cx, task_scope& scope, nats_client& c, fake_nats& server) -> task<void> {
                seen got;
                auto sub =
                    co_await listen(cx, scope, c, subscription_options("silent"), keeps_in(got));
                const auto ends = [&](context& own) -> task<void> {
                  auto slept = co_await sleep_for(own, 1s);
                  EXPECT_TRUE(slept);
                  server.say_to_first("-ERR 'Slow Consumer'\r\n");
                  slept = co_await sleep_for(own, 1s);
                  server.stop();
                };
                scope.spawn(ends);
                const broker_message question("silent", "?");
                auto answer = co_await c.request(cx, question);
                EXPECT_EQ(kind_of(answer), "connection_closed");
                EXPECT_NE(answer.error().message().find("Slow Consumer"), std::string::npos)
                    << answer.error().message();
                sub.reset();
              });
}

TEST(NatsFaults, AMessageThatStopsInTheMiddleBreaksTheConnection) {
  with_client(nats_options("nats").call_timeout(1h),
              [&](context& cx, task_scope& scope, nats_client& c, fake_nats& server) -> task<void> {
                seen got;
                auto sub =
                    co_await listen(cx, scope, c, subscription_options("silent"), keeps_in(got));
                server.say_to_first("MSG silent 2 100\r\nnot yet a hundred");
                const auto begun = cx.now();
                const broker_message question("silent", "?");
                auto answer = co_await c.request(cx, question);
                EXPECT_EQ(kind_of(answer), "timeout");
                EXPECT_EQ(answer.error().sent(), error_sent::unknown);
                EXPECT_LE(cx.now() - begun, 41s);
                sub.reset();
                auto drained = co_await c.drain(cx, 10s);
                EXPECT_TRUE(drained);
              });
}

TEST(NatsFaults, AFlushThatIsNotAnsweredSaysThatNobodyKnows) {
  with_client(
      nats_options("nats"),
      [&](context& cx, task_scope& scope, nats_client& c, fake_nats& server) -> task<void> {
        co_await tell(cx, c, "a", "x");
        auto flushed = co_await c.flush(cx);
        EXPECT_TRUE(flushed);
        server.mute = true;
        const auto breaks = [&](context& own) -> task<void> {
          auto slept = co_await sleep_for(own, 1s);
          EXPECT_TRUE(slept);
          server.crash();
        };
        scope.spawn(breaks);
        const auto begun = cx.now();
        flushed = co_await c.flush(cx);
        EXPECT_FALSE(flushed);
        EXPECT_EQ(flushed ? error_sent::answered : flushed.error().sent(), error_sent::unknown);
        EXPECT_LT(cx.now() - begun, 2s);
        auto brief = cx.with_timeout(100ms);
        flushed = co_await c.flush(brief);
        EXPECT_FALSE(flushed) << "there is no server";
        EXPECT_EQ(flushed ? error_sent::answered : flushed.error().sent(), error_sent::not_sent);
      });
}

TEST(NatsFaults, WhatWasNotWrittenGoesOverTheNextConnection) {
  with_client(nats_options("nats"),
              [&](context& cx, task_scope&, nats_client& c, fake_nats& server) -> task<void> {
                co_await tell(cx, c, "a", "x");
                server.deaf = true;
                int sent = 0;
                int unknown = 0;
                task_scope calls(cx);
                for (int i = 0; i < 20; ++i) {
                  const auto tells = [&](context& own) -> task<void> {
                    const broker_message m("a", std::string(100'000, 'x'));
                    auto done = co_await c.publish(own, m);
                    sent += done ? 1 : 0;
                    unknown += !done && done.error().sent() == error_sent::unknown ? 1 : 0;
                  };
                  calls.spawn(tells);
                }
                auto slept = co_await sleep_for(cx, 1s);
                EXPECT_TRUE(slept);
                EXPECT_GT(c.stats().waiting, 10U);
                server.crash();
                server.deaf = false;
                slept = co_await sleep_for(cx, 100ms);
                server.start();
                auto joined = co_await calls.join();
                EXPECT_TRUE(joined);
                EXPECT_EQ(sent + unknown, 20);
                EXPECT_LE(unknown, 2) << "those of which some bytes had gone out";
                EXPECT_EQ(c.stats().connections, 2U);
                auto drained = co_await c.drain(cx, 10s);
                EXPECT_TRUE(drained);
              });
}

}  // namespace
}  // namespace fairlead
