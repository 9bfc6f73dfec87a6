// SPDX-License-Identifier: BSL-1.0
// What `fairlead call` is asked to do, out of its options.
#include "call_plan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::cli {
namespace {

using namespace std::chrono_literals;
using kind = call_way::kind;

tl::expected<call_plan, std::string> call(const std::vector<std::string>& words) {
  const auto given = parse(words, call_options());
  return given ? plan_call(*given) : tl::unexpected<std::string>(given.error());
}

std::string refusal(const std::vector<std::string>& words) {
  const auto plan = call(words);
  return plan ? "accepted" : plan.error();
}

TEST(CallPlan, HasItsDefaults) {
  const auto p = call({"p.json", "op", "--via", "http://h/v1"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_EQ(p->port_file, "p.json");
  EXPECT_EQ(p->operation, "op");
  EXPECT_EQ(p->request, "{}");
  EXPECT_EQ(p->timeout, 5s);
  EXPECT_EQ(p->via.how, kind::http);
  EXPECT_EQ(p->via.url, "http://h/v1");
  EXPECT_FALSE(p->idempotency_key);
}

TEST(CallPlan, TakesEveryOption) {
  const auto p = call({"p.json", "op", "[1]", "--via=https://h", "--envelope=payload",
                       "--timeout=50", "--idempotency-key=k", "--errors=json", "--cacert=c"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_EQ(p->request, "[1]");
  EXPECT_EQ(p->via.how, kind::envelope_payload);
  EXPECT_EQ(p->via_text, "https://h");
  EXPECT_EQ(p->timeout, 50ms);
  EXPECT_EQ(p->idempotency_key, "k");
  EXPECT_EQ(p->errors, error_style::json);
  EXPECT_EQ(p->connections.ca_file, "c");
}

TEST(CallPlan, ListsWithoutAnOperationAndAWay) {
  const auto p = call({"p.json"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_EQ(p->operation, "");
}

TEST(CallPlan, RefusesWhatDoesNotFitTogether) {
  EXPECT_TRUE(refusal({}).starts_with("give a file with an exported port"));
  EXPECT_TRUE(refusal({"a", "b", "c", "d"}).starts_with("give a file with an exported port"));
  EXPECT_TRUE(refusal({"p", "op"}).starts_with("how to get there?"));
  EXPECT_EQ(refusal({"p", "op", "--via=http://h", "--envelope=x"}),
            "there is no envelope \"x\": give data or payload");
  EXPECT_EQ(refusal({"p", "op", "--via=jsonl+unix:/s", "--envelope=data"}),
            "--envelope is of HTTP");
  for (const std::string name : {"--unix=/s", "--proxy=h", "--proxy-from-env"}) {
    EXPECT_TRUE(refusal({"p", "op", "--via=jsonl+tcp://h:1", name})
                    .ends_with("is of HTTP; for a socket there is jsonl+unix:PATH"))
        << name;
  }
  EXPECT_EQ(refusal({"-", "op", "-", "--via=http://h"}), "standard input can be read once only");
}

TEST(CallWay, IsAServerOfNatsAndASubject) {
  const auto way = parse_way("nats://ann:p%40ss@h:4333/eu.users");
  ASSERT_TRUE(way) << way.error();
  EXPECT_EQ(way->how, kind::nats);
  EXPECT_EQ(way->url, "nats://ann:p%40ss@h:4333");
  EXPECT_EQ(way->service, "eu.users");
  EXPECT_EQ(parse_way("nats://h")->service, "") << "the name of the port";
  EXPECT_EQ(parse_way("nats+tls://h/users")->url, "tls://h");
  EXPECT_EQ(parse_way("nats://h/a b").error(),
            "\"a b\" is no subject: give words with dots between them");
  EXPECT_FALSE(parse_way("nats://h:port/users"));
  EXPECT_FALSE(parse_way("nats:///users"));
  const auto p = call({"p.json", "op", "--via=nats://ann:secret@h/users"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_EQ(p->via_text, "nats://h/users") << "no password in what is printed";
  EXPECT_TRUE(
      refusal({"p", "op", "--via=nats://h", "--proxy=h"}).starts_with("--proxy is of HTTP"));
}

TEST(CallWay, IsHttpOrLinesOverAnyStream) {
  EXPECT_EQ(parse_way("http://h:80/v1")->url, "http://h:80/v1");
  const auto tcp = parse_way("jsonl+tcp://h:7000");
  ASSERT_TRUE(tcp) << tcp.error();
  EXPECT_EQ(tcp->how, kind::json_lines);
  EXPECT_FALSE(tcp->to->is_unix());
  EXPECT_EQ(tcp->host, "") << "no TLS";
  EXPECT_EQ(parse_way("jsonl+tls://shop.example:7000")->host, "shop.example");
  EXPECT_EQ(parse_way("jsonl+tls://[::1]:7000")->host, "::1");
  EXPECT_TRUE(parse_way("jsonl+unix:/run/s")->to->is_unix());
}

TEST(CallWay, SaysWhatItMayBe) {
  for (const std::string bad : {"", "h:80", "ftp://h", "tcp://h:1", "jsonl://h:1"}) {
    const auto way = parse_way(bad);
    ASSERT_FALSE(way) << bad;
    EXPECT_TRUE(way.error().starts_with("\"" + bad + "\" is no way to a service: give http://"));
  }
  EXPECT_FALSE(parse_way("jsonl+tcp://h"));
  EXPECT_FALSE(parse_way("jsonl+unix:"));
}

}  // namespace
}  // namespace fairlead::cli
