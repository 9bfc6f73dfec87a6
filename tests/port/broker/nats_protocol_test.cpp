// SPDX-License-Identifier: BSL-1.0
// What NATS servers say, cut and taken apart, and what is said to them.
#include "detail/nats_protocol.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace fairlead::detail::nats {
namespace {

using strings = std::vector<std::string>;

std::string text_of(const server_op& op) {
  switch (op.what) {
    case verb::info:
      return "info " + std::string(op.text);
    case verb::ping:
      return "ping";
    case verb::pong:
      return "pong";
    case verb::ok:
      return "ok";
    case verb::error:
      return "error " + std::string(op.text);
    case verb::message:
      break;
  }
  std::string out = "message " + std::string(op.subject) + " " + std::to_string(op.subscription) +
                    " <" + std::string(op.reply_to) + ">";
  if (op.oversized) {
    return out + " oversized " + std::to_string(op.size);
  }
  return out + " [" + std::string(op.headers) + "] [" + std::string(op.payload) + "]";
}

// What the pieces are taken for, one after the other, as a stream gives them.
strings read(const strings& pieces, const protocol_limits& limits = {}) {
  strings out;
  server_op op;
  framer rule(op, limits);
  std::string unread;
  for (const auto& piece : pieces) {
    unread += piece;
    for (;;) {
      const auto step = rule.next(unread);
      if (!step) {
        out.push_back("<" + std::string(to_string(step.error().kind())) + ">");
        return out;
      }
      if (step->frame) {
        out.push_back(text_of(op));
      }
      unread.erase(0, step->consumed);
      if (!step->frame) {
        break;
      }
    }
  }
  const auto last = rule.end(unread);
  if (!last) {
    out.push_back("<" + std::string(to_string(last.error().kind())) + ">");
  }
  return out;
}

const std::string talk =
    "INFO {\"server_id\":\"x\"}\r\n"
    "+OK\r\n"
    "PING\r\n"
    "MSG a.b 7 5\r\nhello\r\n"
    "MSG a.b 7 reply.to 0\r\n\r\n"
    "HMSG a 18446744073709551615 16 18\r\nNATS/1.0\r\na:\r\n\r\nxx\r\n"
    "HMSG a 1 r 23 23\r\nNATS/1.0 503\r\nab: c\r\n\r\n\r\n"
    "-ERR 'Stale Connection'\r\n"
    "msg \t lower  8 \t 2\r\n\r\n\r\n"
    "PONG\r\n";

const strings meaning = {"info {\"server_id\":\"x\"}",
                         "ok",
                         "ping",
                         "message a.b 7 <> [] [hello]",
                         "message a.b 7 <reply.to> [] []",
                         "message a 18446744073709551615 <> [NATS/1.0\r\na:\r\n\r\n] [xx]",
                         "message a 1 <r> [NATS/1.0 503\r\nab: c\r\n\r\n] []",
                         "error Stale Connection",
                         "message lower 8 <> [] [\r\n]",
                         "pong"};

TEST(NatsProtocol, TakesApartWhatAServerSays) {
  EXPECT_EQ(read({talk}), meaning);
}

TEST(NatsProtocol, MeansTheSameHoweverItIsCut) {
  const auto whole = read({talk});
  for (std::size_t i = 0; i <= talk.size(); ++i) {
    for (std::size_t j = i; j <= talk.size(); ++j) {
      ASSERT_EQ(read({talk.substr(0, i), talk.substr(i, j - i), talk.substr(j)}), whole)
          << i << " " << j;
    }
  }
  strings bytes;
  for (const char c : talk) {
    bytes.emplace_back(1, c);
  }
  EXPECT_EQ(read(bytes), whole);
}

TEST(NatsProtocol, AnEndInTheMiddleIsNoOrderlyEnd) {
  std::set<std::size_t> orderly = {0};
  server_op op;
  framer rule(op);
  for (std::size_t at = 0; at < talk.size();) {
    const auto step = rule.next(std::string_view(talk).substr(at));
    ASSERT_TRUE(step && step->frame);
    at += step->consumed;
    orderly.insert(at);
  }
  for (std::size_t n = 0; n <= talk.size(); ++n) {
    const auto got = read({talk.substr(0, n)});
    const bool cut = !got.empty() && got.back() == "<connection_closed>";
    EXPECT_EQ(cut, !orderly.contains(n)) << n;
  }
}

TEST(NatsProtocol, WhatIsNoNatsBreaksIt) {
  for (const std::string bad : {"HTTP/1.1 200 OK\r\n",
                                "\r\n",
                                "PINGS\r\n",
                                "MSG\r\n",
                                "MSG a\r\n",
                                "MSG a 1\r\n",
                                "MSG a 1 r x 5\r\n",
                                "MSG a b 5\r\n",
                                "MSG a 1 -5\r\n",
                                "MSG a 1 5x\r\n",
                                "MSG a 1 +5\r\n",
                                "MSG a 1 99999999999\r\n",
                                "MSG a 99999999999999999999 1\r\n",
                                "HMSG a 1 5\r\n",
                                "HMSG a 1 6 5\r\n",
                                "HMSG a 1 0 5\r\n",
                                "HMSG a 1 r s 5 5\r\n",
                                "PING\n",
                                "\n",
                                "MSG a 1 2\r\nabc\r\n",
                                "MSG a 1 2\r\nab\n\n",
                                "\x16\x03\x01\x02\r\n"}) {
    const auto got = read({bad});
    ASSERT_EQ(got.size(), 1U) << bad;
    EXPECT_EQ(got[0], "<protocol_error>") << bad;
  }
}

TEST(NatsProtocol, LinesAreBounded) {
  const protocol_limits small{.control_line = 20, .info = 40, .message = 100};
  EXPECT_EQ(read({"-ERR " + std::string(15, 'x') + "\r\n"}, small),
            strings{"error " + std::string(15, 'x')});
  EXPECT_EQ(read({"-ERR " + std::string(16, 'x') + "\r\n"}, small), strings{"<too_large>"});
  EXPECT_EQ(read({"-ERR " + std::string(17, 'x')}, small), strings{"<too_large>"})
      << "before its end has come";
  EXPECT_EQ(read({"INFO " + std::string(35, 'x') + "\r\n"}, small),
            strings{"info " + std::string(35, 'x')});
  EXPECT_EQ(read({"INFO " + std::string(1'000'000, 'x')}, small), strings{"<too_large>"});
}

TEST(NatsProtocol, AMessageThatIsTooLargeIsPassedOver) {
  const protocol_limits small{.control_line = 100, .info = 100, .message = 4};
  const std::string wire = "MSG a 1 4\r\nfour\r\nMSG b 2 r 5\r\nfives\r\nHMSG c 3 2 1000\r\n" +
                           std::string(1000, 'x') + "\r\nPING\r\nMSG d 4 1\r\ny\r\n";
  const strings expected = {"message a 1 <> [] [four]", "message b 2 <r> oversized 5",
                            "message c 3 <> oversized 1000", "ping", "message d 4 <> [] [y]"};
  EXPECT_EQ(read({wire}, small), expected);
  for (std::size_t i = 0; i < wire.size(); ++i) {
    ASSERT_EQ(read({wire.substr(0, i), wire.substr(i)}, small), expected) << i;
  }
  EXPECT_EQ(read({"MSG a 1 5\r\nfiv"}, small).back(), "<connection_closed>");
}

TEST(NatsHeaders, AreNamesAndValuesAndAStatus) {
  const auto got = parse_headers("NATS/1.0\r\na: b\r\nA:  spaces \t\r\na:c:d\r\nempty:\r\n\r\n");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 0U);
  EXPECT_EQ(got->headers, (std::vector<message_header>{
                              {"a", "b"}, {"A", "spaces"}, {"a", "c:d"}, {"empty", ""}}));
  const auto nobody = parse_headers("NATS/1.0 503\r\n\r\n");
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->status, 503U);
  EXPECT_EQ(nobody->description, "");
  const auto idle = parse_headers("NATS/1.0 100 Idle Heartbeat\r\nn: 1\r\n\r\n");
  ASSERT_TRUE(idle);
  EXPECT_EQ(idle->status, 100U);
  EXPECT_EQ(idle->description, "Idle Heartbeat");
  EXPECT_EQ(idle->headers.size(), 1U);
}

TEST(NatsHeaders, MustBeWhole) {
  for (const std::string bad :
       {"", "\r\n\r\n", "NATS/1.0", "NATS/1.0\r\n", "NATS/2.0\r\n\r\n", "NATS/1.00\r\n\r\n",
        "NATS/1.0 5x3\r\n\r\n", "NATS/1.0 5\r\n\r\n", "NATS/1.0 1000\r\n\r\n",
        "NATS/1.0\r\nnocolon\r\n\r\n", "NATS/1.0\r\n:x\r\n\r\n", "NATS/1.0\r\na:b\r\n",
        "NATS/1.0\r\n\r\nmore", "NATS/1.0\r\n\r\n\r\n"}) {
    EXPECT_FALSE(parse_headers(bad)) << bad;
  }
  std::string many = "NATS/1.0\r\n";
  for (int i = 0; i < 100; ++i) {
    many += "h: v\r\n";
  }
  EXPECT_TRUE(parse_headers(many + "\r\n"));
  const auto more = parse_headers(many + "h: v\r\n\r\n");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind(), error_kind::too_large);
}

TEST(NatsWriting, IsWhatServersRead) {
  const auto publish = [](const broker_message& m, std::string_view reply) {
    std::string out;
    append_publish(out, m, reply);
    return out;
  };
  EXPECT_EQ(publish(broker_message("a.b", "hello"), ""), "PUB a.b 5\r\n");
  EXPECT_EQ(publish(broker_message("a.b", ""), "back"), "PUB a.b back 0\r\n");
  EXPECT_EQ(publish(broker_message("a", "xyz").header("k", "v"), ""),
            "HPUB a 18 21\r\nNATS/1.0\r\nk: v\r\n\r\n");
  EXPECT_EQ(publish(broker_message("a", "").header("k", "v").header("k", ""), "r"),
            "HPUB a r 23 23\r\nNATS/1.0\r\nk: v\r\nk: \r\n\r\n");
  std::string out;
  append_subscribe(out, "a.*", "", 7);
  append_subscribe(out, "a.>", "workers", 8);
  append_unsubscribe(out, 7);
  EXPECT_EQ(out, "SUB a.* 7\r\nSUB a.> workers 8\r\nUNSUB 7\r\n");
}

TEST(NatsWriting, HeadersComeBackAsTheyWere) {
  const auto m = broker_message("s", "body")
                     .header("Trace", "00-ab")
                     .header("x", "a: b")
                     .header("x", "\xc3\xa4");
  std::string out;
  append_publish(out, m, "");
  const auto line = out.find("\r\n");
  const auto parsed = parse_headers(std::string_view(out).substr(line + 2));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->headers, m.headers());
}

}  // namespace
}  // namespace fairlead::detail::nats
