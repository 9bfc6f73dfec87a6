// SPDX-License-Identifier: BSL-1.0
// What the commands are asked to do, out of their options.
#include "connections.hpp"
#include "echo_plan.hpp"
#include "exchange.hpp"
#include "exchange_plan.hpp"
#include "probe.hpp"
#include "send_plan.hpp"
#include "websocket_talk.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::cli {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

template <class Plan>
using planned = tl::expected<Plan, std::string>;

planned<exchange_plan> exchange(const words& w) {
  const auto given = parse(w, exchange_options());
  return given ? plan_exchange(http::method::post, *given)
               : tl::unexpected<std::string>(given.error());
}
planned<echo_plan> echo(const words& w) {
  const auto given = parse(w, echo_options());
  return given ? plan_echo(*given) : tl::unexpected<std::string>(given.error());
}
planned<send_plan> send(const words& w) {
  const auto given = parse(w, send_options());
  return given ? plan_send(*given) : tl::unexpected<std::string>(given.error());
}
planned<probe_plan> probe(const words& w) {
  const auto given = parse(w, probe_options());
  return given ? plan_probe(*given) : tl::unexpected<std::string>(given.error());
}
template <class Plan>
std::string refusal(const planned<Plan>& p) {
  return p ? "accepted" : p.error();
}

TEST(ExchangePlan, HasItsDefaults) {
  const auto p = exchange({"http://h/"});
  ASSERT_TRUE(p);
  EXPECT_EQ(p->url, "http://h/");
  EXPECT_EQ(p->timeout, 5s);
  EXPECT_EQ(p->attempts, 1U);
  EXPECT_TRUE(p->follow_redirects);
  EXPECT_FALSE(p->data || p->schema_file || p->include_head || p->timings ||
               p->connections.insecure);
}

TEST(ExchangePlan, TakesEveryOption) {
  const auto p =
      exchange({"http://h/", "--data", "{}", "--header", "X-A: 1", "--header=X-B:2", "--schema=s",
                "--request-schema=r", "--timeout=50", "--retry=3", "--no-location", "--cacert=ca",
                "--cert=c", "--key=k", "--unix=/s", "--include", "--timings", "--errors=json"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_EQ(p->headers.text(), "X-A: 1\r\nX-B: 2\r\n");
  EXPECT_EQ(p->timeout, 50ms);
  EXPECT_EQ(p->attempts, 3U);
  EXPECT_FALSE(p->follow_redirects);
  EXPECT_EQ(p->connections.unix_path, "/s");
  EXPECT_EQ(p->connections.ca_file, "ca");
  EXPECT_EQ(p->connections.certificate, "c");
  EXPECT_EQ(p->connections.key, "k");
  EXPECT_EQ(p->errors, error_style::json);
}

TEST(ExchangePlan, RefusesWhatCannotBe) {
  EXPECT_EQ(refusal(exchange({})), "which URL?");
  EXPECT_EQ(refusal(exchange({"http://a/", "http://b/"})),
            "one URL at a time, not also \"http://b/\"");
  EXPECT_EQ(refusal(exchange({"u", "--header", "no colon"})),
            "--header needs 'Name: value', not \"no colon\"");
  for (const auto* header : {": v", "A b: c", "A: b\r\nB: c", "A: b\x01"}) {
    EXPECT_TRUE(refusal(exchange({"u", "--header", header})).starts_with("--header needs"));
  }
  EXPECT_TRUE(refusal(exchange({"u", "--retry=0"})).starts_with("--retry needs"));
  EXPECT_TRUE(refusal(exchange({"u", "--timeout=0"})).starts_with("--timeout needs"));
  EXPECT_TRUE(refusal(exchange({"u", "--retry=2", "--policy=p"})).ends_with("give one of them"));
  EXPECT_TRUE(refusal(exchange({"u", "--location", "--no-location"})).ends_with("one of them"));
  EXPECT_TRUE(refusal(exchange({"u", "--cacert=c", "--insecure"})).ends_with("one of them"));
  EXPECT_TRUE(refusal(exchange({"u", "--key=k"})).ends_with("give --cert too"));
  EXPECT_TRUE(refusal(exchange({"u", "--request-schema=k"})).ends_with("there is none"));
  EXPECT_TRUE(refusal(exchange({"u", "--data=-", "--schema=-"})).ends_with("once only"));
}

TEST(ExchangePlan, IsADownloadWhenNobodyLooksAtTheResponse) {
  const auto is_download = [](http::method m, const words& w) {
    const auto given = parse(w, exchange_options());
    return plan_exchange(m, *given)->is_download();
  };
  EXPECT_TRUE(is_download(http::method::get, {"u", "--output=f"}));
  EXPECT_FALSE(is_download(http::method::get, {"u"}));
  EXPECT_FALSE(is_download(http::method::put, {"u", "--output=f"}));
  EXPECT_FALSE(is_download(http::method::get, {"u", "--output=f", "--data=1"}));
  EXPECT_FALSE(is_download(http::method::get, {"u", "--output=f", "--schema=s"}));
}

TEST(Connections, GoThroughAProxyThatHasItsCredentialsInTheUrl) {
  const auto p = exchange({"u", "--proxy=socks5://a%3Ab:c@[::1]:99/"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_EQ(p->connections.proxy->name(), "socks5://[::1]:99");
  EXPECT_EQ(p->connections.proxy->user(), "a:b");
  EXPECT_EQ(exchange({"u", "--proxy", "h"})->connections.proxy->name(), "http://h:80");
  EXPECT_TRUE(exchange({"u", "--proxy-from-env"})->connections.proxy_from_environment);
  EXPECT_EQ(refusal(exchange({"u", "--proxy", "http://ann:secret@h/x"})),
            "--proxy h/x: a proxy has no path");
  EXPECT_EQ(refusal(exchange({"u", "--proxy", "ann:secret@x://h"})),
            "--proxy: a proxy is http://, https://, socks5:// or socks5h://");
}

TEST(Connections, GoOneWay) {
  const auto ends_well = [](const planned<exchange_plan>& p) {
    return refusal(p).ends_with("exclude each other: give one of them");
  };
  EXPECT_TRUE(ends_well(exchange({"u", "--unix=/s", "--proxy=h"})));
  EXPECT_TRUE(ends_well(exchange({"u", "--unix=/s", "--proxy-from-env"})));
  EXPECT_TRUE(ends_well(exchange({"u", "--proxy=h", "--proxy-from-env"})));
  EXPECT_TRUE(refusal(exchange({"u", "--unix="})).starts_with("--unix: "));
  EXPECT_TRUE(refusal(exchange({"u", "--unix", std::string(200, 'x')})).starts_with("--unix: "));
}

std::string unprepared(const words& w) {
  auto plan = exchange(w);
  if (!plan) {
    return "no plan: " + plan.error();
  }
  const auto ready = prepare(*std::move(plan));
  return ready ? "ready" : ready.error();
}

TEST(ExchangePreparation, SaysWhichInputIsUnreadable) {
  EXPECT_EQ(unprepared({"u", "--data={\"a\":1}"}), "ready");
  EXPECT_EQ(unprepared({"u", "--data={a}"}),
            "--data is not JSON: invalid JSON at line 1, column 2: syntax error (for other content "
            "give --header 'Content-Type: ...')");
  EXPECT_EQ(unprepared({"u", "--data={a}", "--header=content-type: text/plain"}), "ready");
  EXPECT_TRUE(unprepared({"u", "--data={a}", "--header=Content-Type: application/json"})
                  .starts_with("--data is not JSON"));
  EXPECT_EQ(unprepared({"u", "--data=@/nonexistent"}),
            "cannot read /nonexistent: No such file or directory");
  for (const auto* option : {"--schema=/nonexistent", "--policy=/nonexistent"}) {
    EXPECT_EQ(unprepared({"u", option}), "cannot read /nonexistent: No such file or directory");
  }
  EXPECT_NE(unprepared({"u", "--cacert=/nonexistent"}).find("/nonexistent"), std::string::npos);
}

TEST(ExchangeTimings, AreOneLineOfJson) {
  exchange_times t;
  t.opening.connect = 250us;
  t.first_byte = 3ms;
  t.total = 4500us;
  EXPECT_EQ(timings_line(t),
            R"({"resolve":0,"connect":0.25,"tls":0,"first_byte":3,"total":4.5,"reused":false})");
  t.reused = true;
  EXPECT_TRUE(timings_line(t).ends_with(R"("reused":true})"));
}

TEST(ExchangeHead, IsShownAsItCame) {
  EXPECT_EQ(head_text(http::response(http::status::not_found).header("X-A", "1")),
            "HTTP/1.1 404 Not Found\r\nX-A: 1\r\n\r\n");
}

TEST(ExchangeCheck, TellsTheFirstProblem) {
  const auto schema = json::schema_validator::compile_text(R"({"required":["a"]})");
  EXPECT_TRUE(check_document(*schema, R"({"a":1})", "X: "));
  const auto missing = check_document(*schema, "{}", "X: ").error();
  const auto told = missing.get<errors::serialization_error>();
  EXPECT_EQ(told->message, "X: missing member");
  EXPECT_EQ(told->pointer, "/a");
  const auto broken = check_document(*schema, "", "X: ").error();
  EXPECT_EQ(broken.get<errors::serialization_error>()->expected, "a JSON document");
}

TEST(EchoPlan, KnowsItsProtocols) {
  for (const auto* p : {"line", "jsonl", "length32", "http", "envelope", "ws", "sse", "udp"}) {
    EXPECT_TRUE(echo({"--protocol", p})) << p;
  }
  EXPECT_EQ(refusal(echo({"--protocol=tcp"})),
            "there is no protocol \"tcp\": give one of line, jsonl, length32, http, envelope, ws, "
            "sse, udp");
  EXPECT_TRUE(refusal(echo({})).starts_with("which protocol?"));
}

TEST(EchoPlan, TakesEveryOption) {
  const auto p = echo({"--protocol=line", "--listen=unix:/tmp/x", "--max-frame=10",
                       "--idle-timeout=20", "--delay=30", "--fail-every=4"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_TRUE(p->listen.is_unix());
  EXPECT_EQ(p->max_frame, 10U);
  EXPECT_EQ(p->idle_timeout, 20ms);
  EXPECT_EQ(p->delay, 30ms);
  EXPECT_EQ(p->fail_every, 4U);
}

TEST(EchoPlan, RefusesWhatCannotBe) {
  EXPECT_TRUE(refusal(echo({"--protocol=line", "x"})).ends_with("is not an option"));
  EXPECT_TRUE(refusal(echo({"--protocol=line", "--listen=here"})).starts_with("--listen: an addr"));
  EXPECT_TRUE(refusal(echo({"--protocol=udp", "--listen=unix:/x"})).starts_with("udp has no Unix"));
  EXPECT_TRUE(refusal(echo({"--protocol=line", "--fail-every=0"})).starts_with("--fail-every"));
}

TEST(Addresses, AreHostAndPortOrAUnixPath) {
  for (const auto* good : {"127.0.0.1:80", "[::1]:80", "localhost:0", "a.b-c.d:65535", "unix:/x"}) {
    EXPECT_TRUE(address::parse(good)) << good;
  }
  for (const auto* bad : {"", "localhost", ":80", "h:", "h:65536", "h:8o", "h:-1", "a b:1",
                          "http://h:80", "unix:", "::1:80"}) {
    EXPECT_FALSE(address::parse(bad)) << bad;
  }
}

TEST(SendPlan, TakesEveryOption) {
  const auto p = send({"--protocol=jsonl", "h:1", "--pipeline=8", "--timeout=7", "--skip-empty"});
  ASSERT_TRUE(p) << p.error();
  EXPECT_EQ(p->protocol, send_protocol::jsonl);
  EXPECT_EQ(p->pipeline, 8U);
  EXPECT_EQ(p->timeout, 7ms);
  EXPECT_TRUE(p->skip_empty);
  EXPECT_EQ(p->to_text, "h:1");
}

TEST(SendPlan, RefusesWhatCannotBe) {
  EXPECT_EQ(refusal(send({"--protocol=line"})), "give one address: HOST:PORT or unix:PATH");
  EXPECT_TRUE(refusal(send({"h:1"})).starts_with("which protocol?"));
  EXPECT_TRUE(refusal(send({"h:1", "--protocol=http"})).starts_with("there is no protocol"));
  EXPECT_TRUE(refusal(send({"h", "--protocol=line"})).starts_with("an address is"));
  EXPECT_TRUE(refusal(send({"h:1", "--protocol=line", "--pipeline=0"})).starts_with("--pipeline"));
}

TEST(WebsocketPlan, TakesEveryOption) {
  const auto given = parse({"ws://h/", "--binary", "--ping=9", "--header=A: b", "--timeout=8",
                            "--cacert=c", "--proxy=h"},
                           websocket_options_known());
  const auto p = plan_websocket(*given);
  ASSERT_TRUE(p) << p.error();
  EXPECT_TRUE(p->binary);
  EXPECT_EQ(p->ping, 9ms);
  EXPECT_EQ(p->timeout, 8ms);
  EXPECT_EQ(p->headers.text(), "A: b\r\n");
  EXPECT_EQ(p->connections.ca_file, "c");
  EXPECT_EQ(p->connections.proxy->name(), "http://h:80");
  EXPECT_FALSE(plan_websocket(*parse({}, websocket_options_known())));
  EXPECT_FALSE(plan_websocket(*parse({"u", "--ping=0"}, websocket_options_known())));
}

TEST(ProbePlan, TakesEveryOption) {
  const auto p = probe({"https://h/", "--json", "--timeout=9", "--cacert=c"});
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->json);
  EXPECT_EQ(p->timeout, 9ms);
  EXPECT_EQ(p->ca_file, "c");
  EXPECT_EQ(refusal(probe({})), "give one URL");
}

}  // namespace
}  // namespace fairlead::cli
