// SPDX-License-Identifier: BSL-1.0
// Spans on their way to a collector: what is sent, what is sent again, what is lost and counted.
#include "detail/content_decoder.hpp"
#include "detail/otlp_answer.hpp"
#include "support/server_answers.hpp"

#include <fairlead/http/otlp_exporter.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/span_text.hpp>
#include <fairlead/observe/tracer.hpp>

#include <boost/json/parse.hpp>

#include <functional>
#include <map>
#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

/// A collector: a server of ours that keeps what it is sent, and answers as it is told.
struct collector {
  std::vector<http::request> got;
  std::vector<time_point> at;
  std::function<result<response>(const http::request&)> answer = [](const http::request&) {
    return response().body("{}", "application/json");
  };
  duration takes{};

  router routes() {
    router r;
    r.post("/v1/traces", [this](context& cx, const http::request& q) -> task<result<response>> {
      got.push_back(q);
      at.push_back(cx.now());
      auto slept = co_await sleep_for(cx, takes);
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      co_return answer(q);
    });
    return r;
  }
  /// How many spans are in the n-th request.
  [[nodiscard]] std::size_t spans_of(std::size_t n) const {
    const auto text = boost::json::parse(got.at(n).body());
    const auto& scope = text.at("resourceSpans").at(0).at("scopeSpans").at(0);
    return scope.at("spans").as_array().size();
  }
};

response said(unsigned status, std::string text = {}) {
  return response(http::status(status)).body(std::move(text), "application/json");
}

otlp_options options_for(memory_network& net) {
  otlp_options out("http://collector/v1/traces");
  out.client(client_options().network(net));
  return out;
}

void end_spans(observe::tracer& t, context& cx, int n) {
  for (int i = 0; i < n; ++i) {
    const observe::span s(t, cx, "span " + std::to_string(i));
  }
}

/// Runs `f(context&, memory_network&)` beside the collector.
template <class F>
void with_collector(collector& c, F f) {
  with_server(
      c.routes(), server_options(),
      [&](context& cx, server&, memory_network& net) -> task<void> { co_await f(cx, net); });
}

TEST(OtlpExporter, PostsWhatTheProtocolAsksFor) {
  collector c;
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t({.service = "shop"});
    end_spans(t, cx, 3);
    const auto spans = t.take();
    otlp_exporter exporter(cx.env(), options_for(net).header("api-key", "k1"));
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(c.got.size(), 1U);
    const auto& r = c.got.at(0);
    EXPECT_EQ(r.headers().get("Content-Type"), "application/json");
    EXPECT_EQ(r.headers().get("api-key"), "k1");
    EXPECT_FALSE(r.headers().contains("Content-Encoding"));
    EXPECT_EQ(r.body(), observe::to_otlp_json(spans));
    EXPECT_EQ(exporter.counts().requests, 1U);
    EXPECT_EQ(exporter.counts().sent, 3U);
    EXPECT_EQ(exporter.counts().failed, 0U);
    auto nothing = co_await exporter.export_spans(cx, {});
    EXPECT_TRUE(nothing);
    EXPECT_EQ(c.got.size(), 1U) << "there was nothing to say";
  });
}

TEST(OtlpExporter, Compresses) {
  collector c;
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    end_spans(t, cx, 200);
    const auto spans = t.take();
    otlp_exporter exporter(cx.env(), options_for(net).coding(otlp_coding::gzip));
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(c.got.at(0).headers().get("Content-Encoding"), "gzip");
    const auto& coded = c.got.at(0).body();
    const auto whole = observe::to_otlp_json(spans);
    EXPECT_LT(coded.size() * 4, whole.size());
    std::string text;
    auto decoder = detail::content_decoder::make("gzip");
    static_cast<void>(decoder->decode(coded, text, whole.size() + 1));
    EXPECT_EQ(text, whole);
  });
}

TEST(OtlpExporter, SendsAgainWhatTheProtocolSays) {
  const std::pair<unsigned, std::size_t> cases[] = {{429, 2}, {502, 2}, {503, 2}, {504, 2},
                                                    {400, 1}, {401, 1}, {404, 1}, {408, 1},
                                                    {413, 1}, {500, 1}, {501, 1}};
  for (const auto& [status, requests] : cases) {
    collector c;
    bool first = true;
    c.answer = [&, status = status](const http::request&) {
      return std::exchange(first, false) ? said(status, "no") : said(200);
    };
    with_collector(c, [&, requests = requests](context& cx, memory_network& net) -> task<void> {
      observe::tracer t;
      end_spans(t, cx, 1);
      const auto spans = t.take();
      std::map<std::string, std::size_t> lost;
      auto options = options_for(net);
      options.on_loss([&](std::size_t n, std::string_view why) { lost[std::string(why)] += n; });
      otlp_exporter exporter(cx.env(), options);
      auto done = co_await exporter.export_spans(cx, spans);
      EXPECT_EQ(done.has_value(), requests == 2) << status;
      EXPECT_EQ(c.got.size(), requests) << status;
      EXPECT_EQ(exporter.counts().requests, requests) << status;
      EXPECT_EQ(exporter.counts().sent, requests - 1) << status;
      EXPECT_EQ(exporter.counts().failed, 2 - requests) << status;
      EXPECT_EQ(lost.size(), 2 - requests) << status;
      for (const auto& [why, n] : lost) {
        EXPECT_EQ(n, 1U);
        EXPECT_NE(why.find(std::to_string(status)), std::string::npos) << why;
      }
    });
  }
}

TEST(OtlpExporter, WaitsAsLongAsTheCollectorAsks) {
  collector c;
  c.answer = [&](const http::request&) {
    return c.got.size() == 1 ? said(503).header("Retry-After", "7") : said(200);
  };
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    end_spans(t, cx, 1);
    const auto spans = t.take();
    otlp_exporter exporter(cx.env(), options_for(net));
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_TRUE(done);
    EXPECT_EQ(c.at.size(), 2U);
    EXPECT_GE(c.at[1] - c.at[0], 7s);
    EXPECT_LE(c.at[1] - c.at[0], 12s);
  });
}

TEST(OtlpExporter, GivesUpOnACollectorThatIsNotThereAndComesBackToIt) {
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    observe::tracer t;
    end_spans(t, cx, 2);
    const auto spans = t.take();
    otlp_exporter exporter(cx.env(), options_for(net));
    const auto begun = cx.now();
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_FALSE(done);
    EXPECT_EQ(done.error().kind(), error_kind::connection_refused);
    EXPECT_EQ(net.connects, 5);
    EXPECT_EQ(exporter.counts().requests, 5U);
    EXPECT_LE(cx.now() - begun, 20s);
    EXPECT_EQ(exporter.counts().failed, 2U);

    collector c;
    auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
    server app(c.routes());
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
    done = co_await exporter.export_spans(cx, spans);
    EXPECT_TRUE(done);
    EXPECT_EQ(exporter.counts().sent, 2U);
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(OtlpExporter, LimitsEachAttempt) {
  collector c;
  c.takes = 60s;
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    end_spans(t, cx, 1);
    const auto spans = t.take();
    auto options = options_for(net).timeout(2s);
    auto twice = options.retries();
    twice.max_attempts = 2;
    otlp_exporter exporter(cx.env(), options.retries(twice));
    const auto begun = cx.now();
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_FALSE(done);
    EXPECT_EQ(done.error().kind(), error_kind::timeout);
    EXPECT_EQ(c.got.size(), 2U);
    EXPECT_GE(cx.now() - begun, 4s);
    EXPECT_LE(cx.now() - begun, 5100ms);
  });
}

TEST(OtlpExporter, SplitsWhatIsTooLarge) {
  collector c;
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    end_spans(t, cx, 100);
    const auto spans = t.take();
    otlp_exporter exporter(cx.env(), options_for(net).max_request(4096));
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_TRUE(done);
    std::size_t all = 0;
    for (std::size_t i = 0; i < c.got.size(); ++i) {
      EXPECT_LE(c.got[i].body().size(), 4096U);
      all += c.spans_of(i);
    }
    EXPECT_EQ(all, 100U);
    EXPECT_GT(c.got.size(), 4U);
    EXPECT_LT(c.got.size(), 20U);
    EXPECT_EQ(exporter.counts().sent, 100U);
  });
}

TEST(OtlpExporter, SplitsWhatTheCollectorFindsTooLarge) {
  collector c;
  c.answer = [](const http::request& r) { return said(r.body().size() > 3000 ? 413 : 200); };
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    end_spans(t, cx, 20);
    {
      observe::span huge(t, cx, "huge");
      huge.set("text", std::string(4000, 'x'));
    }
    const auto spans = t.take();
    otlp_exporter exporter(cx.env(), options_for(net));
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_FALSE(done) << "a single span cannot be made smaller";
    EXPECT_EQ(exporter.counts().sent, 20U);
    EXPECT_EQ(exporter.counts().failed, 1U);
  });
}

TEST(OtlpExporter, HearsWhatWasRejected) {
  collector c;
  std::string text = R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})";
  c.answer = [&](const http::request&) { return said(200, text); };
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    end_spans(t, cx, 3);
    const auto spans = t.take();
    std::string heard;
    auto options = options_for(net);
    options.on_loss([&](std::size_t n, std::string_view why) {
      heard = std::to_string(n) + " " + std::string(why);
    });
    otlp_exporter exporter(cx.env(), options);
    auto done = co_await exporter.export_spans(cx, spans);
    EXPECT_TRUE(done);
    EXPECT_EQ(heard, "2 too old");
    EXPECT_EQ(exporter.counts().sent, 1U);
    EXPECT_EQ(exporter.counts().rejected, 2U);
    EXPECT_EQ(c.got.size(), 1U) << "that is not to be repeated";
    text = R"({"partialSuccess":{"errorMessage":"use a newer version"}})";
    done = co_await exporter.export_spans(cx, spans);
    EXPECT_TRUE(done);
    EXPECT_EQ(heard, "0 use a newer version");
    EXPECT_EQ(exporter.counts().sent, 4U);
  });
}

TEST(OtlpAnswer, IsReadAsFarAsItGoes) {
  using detail::read_otlp_answer;
  EXPECT_EQ(read_otlp_answer(R"({"partialSuccess":{"rejectedSpans":7}})").rejected, 7U);
  EXPECT_EQ(read_otlp_answer(R"({"partialSuccess":{"rejectedSpans":"7"}})").rejected, 7U);
  for (const auto* none :
       {"", "{}", "[]", "null", "{", R"({"partialSuccess":null})", R"({"partialSuccess":7})",
        R"({"partialSuccess":{}})", R"({"partialSuccess":{"rejectedSpans":-1}})",
        R"({"partialSuccess":{"rejectedSpans":"x"}})", R"({"partialSuccess":{"rejectedSpans":[]}})",
        R"({"partialSuccess":{"errorMessage":5}})", "\x0a\x02\x08\x01"}) {
    EXPECT_EQ(read_otlp_answer(none).rejected, 0U) << none;
    EXPECT_EQ(read_otlp_answer(none).message, "") << none;
  }
}

// The tracer's part: batches, a bounded queue, a flush with a deadline.

TEST(OtlpExport, GoesInBatchesAndFlushesAtTheEnd) {
  collector c;
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    otlp_exporter exporter(cx.env(), options_for(net));
    task_scope scope(cx, on_failure::keep_going);
    scope.spawn(
        [&](context& own) { return t.export_to(own, exporter, {.batch = 10, .every = 5s}); });
    const auto begun = cx.now();
    end_spans(t, cx, 12);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(c.got.size(), 2U) << "ten at once, and then what was there";
    end_spans(t, cx, 3);
    slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(c.got.size(), 2U) << "they wait for others";
    slept = co_await sleep_for(cx, 5s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(c.got.size(), 3U);
    EXPECT_LE(c.at.back() - begun, 6s);
    end_spans(t, cx, 4);
    scope.cancel();
    auto joined = co_await scope.join();
    static_cast<void>(joined);
    EXPECT_EQ(c.got.size(), 4U) << "what was left";
    EXPECT_EQ(c.spans_of(3), 4U);
    EXPECT_EQ(exporter.counts().sent, 19U);
    EXPECT_EQ(t.counts().exported, 19U);
    EXPECT_EQ(t.counts().dropped, 0U);
  });
}

TEST(OtlpExport, FlushesNoLongerThanItMay) {
  collector c;
  c.takes = 1h;
  with_server(c.routes(), server_options().handler_timeout(2h),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                observe::tracer t({.queue = 20});
                otlp_exporter exporter(cx.env(), options_for(net));
                task_scope scope(cx, on_failure::keep_going);
                scope.spawn([&](context& own) {
                  return t.export_to(own, exporter, {.batch = 10, .every = 1s, .flush = 3s});
                });
                end_spans(t, cx, 10);
                auto slept = co_await sleep_for(cx, 100ms);
                EXPECT_TRUE(slept);
                EXPECT_EQ(c.got.size(), 1U);
                end_spans(t, cx, 50);  // the queue takes 20 of them, while the batch is on its way
                EXPECT_EQ(t.counts().dropped, 30U);
                const auto ended = cx.now();
                scope.cancel();
                auto joined = co_await scope.join();
                static_cast<void>(joined);
                EXPECT_GE(cx.now() - ended, 3s);
                EXPECT_LE(cx.now() - ended, 3100ms);
                EXPECT_EQ(t.counts().exported, 0U);
                EXPECT_EQ(t.counts().failed, 10U) << "the rest is in the queue";
                EXPECT_EQ(t.take().size(), 20U);
              });
}

TEST(OtlpExport, TakesUpABatchThatTheEndBrokeOff) {
  collector c;
  c.takes = 1s;
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    otlp_exporter exporter(cx.env(), options_for(net));
    task_scope scope(cx, on_failure::keep_going);
    scope.spawn([&](context& own) { return t.export_to(own, exporter, {.batch = 5}); });
    end_spans(t, cx, 5);
    auto slept = co_await sleep_for(cx, 500ms);
    EXPECT_TRUE(slept);
    scope.cancel();
    auto joined = co_await scope.join();
    static_cast<void>(joined);
    EXPECT_EQ(c.got.size(), 2U) << "the collector saw them twice";
    EXPECT_EQ(exporter.counts().sent, 5U);
    EXPECT_EQ(exporter.counts().failed, 0U);
    EXPECT_EQ(t.counts().exported, 5U);
  });
}

TEST(OtlpExport, IsInNoTrace) {
  collector c;
  with_collector(c, [&](context& cx, memory_network& net) -> task<void> {
    observe::tracer t;
    end_spans(t, cx, 1);
    const auto spans = t.take();
    {
      observe::span s(t, cx, "program");
      auto traced = s.under(cx);
      otlp_exporter exporter(cx.env(), options_for(net));
      auto done = co_await exporter.export_spans(traced, spans);
      EXPECT_TRUE(done);
    }
    EXPECT_EQ(t.take().size(), 1U) << "the program's own";
    EXPECT_FALSE(c.got.at(0).headers().contains("traceparent"));
  });
}

TEST(OtlpOptions, TellEverythingThatIsWrong) {
  EXPECT_TRUE(otlp_options().problems().empty());
  EXPECT_EQ(otlp_options().url(), "http://localhost:4318/v1/traces");
  auto wrong = otlp_options("not a url").timeout(0s).max_request(1).header("a b", "c");
  wrong.retries({.max_attempts = 0}).client(client_options().max_head(1, 1));
  EXPECT_EQ(wrong.problems().size(), 6U);
  run_in_world(1, [&](context& cx) -> task<void> {
    EXPECT_THROW(otlp_exporter(cx.env(), wrong), std::invalid_argument);
    co_return;
  });
}

result<otlp_options> asked(std::map<std::string, std::string> variables) {
  return otlp_options::from_environment([&](const std::string& name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    return at == variables.end() ? std::nullopt : std::optional(at->second);
  });
}

TEST(OtlpOptions, FollowTheEnvironment) {
  const auto none = asked({});
  EXPECT_TRUE(none);
  EXPECT_EQ(none->url(), otlp_options().url());
  EXPECT_EQ(none->timeout(), 10s);

  const auto all = asked({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c.example:4318/base/"},
                          {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, tenant = t1 ,"},
                          {"OTEL_EXPORTER_OTLP_TIMEOUT", " 2500 "},
                          {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}});
  EXPECT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->url(), "https://c.example:4318/base/v1/traces");
  EXPECT_EQ(all->headers().get("api-key"), "a b");
  EXPECT_EQ(all->headers().get("tenant"), "t1");
  EXPECT_EQ(all->headers().size(), 2U);
  EXPECT_EQ(all->timeout(), 2500ms);
  EXPECT_EQ(all->coding(), otlp_coding::gzip);

  const auto own = asked({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all"},
                          {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces/in"},
                          {"OTEL_EXPORTER_OTLP_TIMEOUT", "1"},
                          {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2"},
                          {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                          {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"},
                          {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", ""}});
  EXPECT_TRUE(own) << own.error().message();
  EXPECT_EQ(own->url(), "http://traces/in");
  EXPECT_EQ(own->timeout(), 2ms);
  EXPECT_EQ(own->coding(), otlp_coding::identity);

  const auto bad = asked({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"},
                          {"OTEL_EXPORTER_OTLP_HEADERS", "secret"},
                          {"OTEL_EXPORTER_OTLP_TIMEOUT", "1s"},
                          {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "lzma"}});
  EXPECT_FALSE(bad);
  const auto what = bad.error().message();
  for (const auto* name : {"_ENDPOINT", "_HEADERS", "_TIMEOUT", "_TRACES_COMPRESSION"}) {
    EXPECT_NE(what.find(name), std::string::npos) << what;
  }
  EXPECT_EQ(what.find("secret"), std::string::npos) << what;
}

}  // namespace
}  // namespace fairlead::http
