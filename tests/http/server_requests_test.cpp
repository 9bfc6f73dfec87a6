// SPDX-License-Identifier: BSL-1.0
// What the server answers: routes, values, errors of handlers, and requests that it refuses.
#include "support/http_world.hpp"
#include "support/shop.hpp"

#include <fairlead/observe/metrics.hpp>

#include <stdexcept>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace fairlead::testing;

router routes() {
  router r;
  r.get("/text", [](context&) -> result<std::string> { return "hello"; });
  r.get("/users/{id}",
        [](context&, std::int64_t id) -> result<shop::user> { return shop::user{id, "Ann"}; });
  r.post("/users", [](context&, shop::user body) -> task<result<shop::user>> { co_return body; });
  r.get("/echo/{a}/{b...}",
        [](context&, const request& q, std::string a,
           std::string_view b) -> task<result<std::string>> {
          co_return a + "|" + std::string(b) + "|" + q.query_value("q").value_or("-");
        });
  r.get("/raw", [](context&, const request& q) -> task<result<response>> {
    auto out = q.reply(status::accepted);
    out.header("X-Peer", q.peer()).body("raw", "text/plain");
    co_return out;
  });
  r.del("/users/{id}", [](context&, std::string) { return result<void>(); });
  r.get("/throws", [](context&) -> task<result<std::string>> {
    throw std::runtime_error("boom");
    co_return "";
  });
  r.get("/throws-int", [](context&) -> result<std::string> { throw 1; });
  r.get("/bad-header", [](context&) -> task<result<response>> {
    response out;
    out.header("X", "a\r\nEvil: 1");
    co_return out;
  });
  r.get("/own-length", [](context&) -> task<result<response>> {
    response out;
    out.header("Content-Length", "1").body("xyz");
    co_return out;
  });
  r.get("/nan", [](context&) -> result<shop::price> {
    return shop::price{std::numeric_limits<double>::quiet_NaN()};
  });
  return r;
}

const std::string date = "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n";

// The whole answer to `text` on a connection that the client ends.
std::string answer_to(std::string text, server_options options = {}, router table = routes()) {
  std::string out;
  with_server(std::move(table), options,
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, text);
                EXPECT_TRUE(said);
                co_await p->end(cx);
                out = co_await p->read_all(cx);
              });
  return out;
}

std::string get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: shop\r\n" + headers + "\r\n";
}

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: shop\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}

TEST(ServerRequests, AnswersText) {
  EXPECT_EQ(answer_to(get("/text", "Connection: close\r\n")),
            "HTTP/1.1 200 OK\r\n" + date +
                "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
                "Content-Length: 5\r\n\r\nhello");
}

TEST(ServerRequests, ServesMetrics) {
  observe::metrics measured;
  measured.on_event({.policy = observe::policy_kind::retry,
                     .action = observe::policy_action::retry,
                     .stack = "users",
                     .name = "retry"});
  router r;
  r.get("/metrics", [&](context&) -> result<response> {
    return response().body(observe::to_openmetrics(measured.snapshot()), observe::openmetrics_type);
  });
  const auto answer = answer_to(get("/metrics", "Connection: close\r\n"), {}, std::move(r));
  EXPECT_NE(answer.find("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
            std::string::npos)
      << answer;
  EXPECT_EQ(body_of(answer),
            "# TYPE resilience_events counter\n"
            "# HELP resilience_events What resilience policies did.\n"
            "resilience_events_total{policy=\"retry\",event=\"retry\",pipeline=\"users\","
            "severity=\"warning\"} 1\n# EOF\n");
}

TEST(ServerRequests, AnswersJson) {
  EXPECT_EQ(answer_to(get("/users/42", "Connection: close\r\n")),
            "HTTP/1.1 200 OK\r\n" + date +
                "Content-Type: application/json\r\nConnection: close\r\n"
                "Content-Length: 22\r\n\r\n{\"id\":42,\"name\":\"Ann\"}");
}

TEST(ServerRequests, DecodesBodies) {
  EXPECT_EQ(body_of(answer_to(post("/users", R"({"id":1,"name":"Bob"})"))),
            R"({"id":1,"name":"Bob"})");
}

TEST(ServerRequests, VoidIsNoContent) {
  EXPECT_EQ(answer_to("DELETE /users/a%2Fb HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 204 No Content\r\n" + date + "Connection: close\r\n\r\n");
}

TEST(ServerRequests, GivesParametersAndQueries) {
  EXPECT_EQ(body_of(answer_to(get("/echo/a%20b/c/d%2Fe?x=1&q=u%2Bv+w"))), "a b|c/d/e|u+v w");
  EXPECT_EQ(body_of(answer_to(get("/echo/a/"))), "a||-");
}

TEST(ServerRequests, AHandlersConnectionHeaderNeverContradictsTheServer) {
  const auto with = [](std::string value) {
    router r;
    r.get("/", [value](context&, const request& q) -> task<result<response>> {
      auto out = q.reply(status::no_content);
      out.header("Connection", value).header("X-A", "b");
      co_return out;
    });
    return r;
  };
  const auto head = "HTTP/1.1 204 No Content\r\n" + date + "X-A: b\r\n";
  EXPECT_EQ(answer_to(get("/"), {}, with("keep-alive")), head + "\r\n");
  EXPECT_EQ(answer_to(get("/", "Connection: close\r\n"), {}, with("keep-alive")),
            head + "Connection: close\r\n\r\n");
  EXPECT_EQ(answer_to(get("/") + get("/"), {}, with("X-A, Close")),
            head + "Connection: close\r\n\r\n");
  EXPECT_EQ(answer_to("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {}, with("upgrade")),
            head + "Connection: keep-alive\r\n\r\n");
}

TEST(ServerRequests, AnEmptyLineBeforeARequestMayComeInTwoPieces) {
  with_server(routes(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    for (int i = 0; i < 2; ++i) {
      auto said = co_await p->say(cx, "\r");
      auto slept = co_await sleep_for(cx, 10ms);
      said = co_await p->say(cx, "\n" + get("/text"));
      EXPECT_TRUE(said && slept);
      auto text = co_await p->read_until(cx, "hello");
      EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
    }
  });
}

TEST(ServerRequests, AnEmptyBodyIsNotJson) {
  const auto text = answer_to(post("/users", ""));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400 ")) << text;
}

TEST(ServerRequests, RawHandlersControlTheResponse) {
  EXPECT_EQ(answer_to(get("/raw", "Connection: close\r\n")),
            "HTTP/1.1 202 Accepted\r\n" + date +
                "X-Peer: memory:first\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                "Content-Length: 3\r\n\r\nraw");
}

TEST(ServerRequests, NobodyIsAskedForABodyThatNobodyTakes) {
  const auto expecting = [](const std::string& begin) {
    return answer_to(begin +
                     " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  };
  const auto nowhere = expecting("POST /nowhere");
  EXPECT_TRUE(nowhere.starts_with("HTTP/1.1 404 ")) << nowhere;
  EXPECT_NE(nowhere.find("Connection: close\r\n"), std::string::npos) << nowhere;
  const auto wrong_method = expecting("PUT /text");
  EXPECT_TRUE(wrong_method.starts_with("HTTP/1.1 405 ")) << wrong_method;
  const auto taken = expecting("POST /users");
  EXPECT_TRUE(taken.starts_with("HTTP/1.1 100 Continue\r\n\r\n")) << taken;
}

TEST(ServerRequests, TextThatManyAnswersShareIsSentAndLetGoOf) {
  const auto page = std::make_shared<const std::string>("one page for all");
  router table;
  table.get("/page", [&](context&, const request& q) -> result<response> {
    return q.reply().body(page, "text/plain");
  });
  table.get("/changed", [&](context&, const request& q) -> result<response> {
    auto out = q.reply().body(page, "text/plain");
    out.body_text() += ", and more";
    return out;
  });
  table.get("/own", [&](context&, const request& q) -> result<response> {
    return q.reply().body(page).body("my own");
  });
  table.get("/none", [](context&, const request& q) -> result<response> {
    return q.reply().body(std::shared_ptr<const std::string>());
  });
  const auto answers =
      answer_to(get("/page") + "HEAD /page HTTP/1.1\r\nHost: shop\r\n\r\n" + get("/changed") +
                    get("/own") + get("/none") + get("/page", "Connection: close\r\n"),
                {}, std::move(table));
  const auto answer = [](const std::string& more) { return "HTTP/1.1 200 OK\r\n" + date + more; };
  const auto text = "Content-Type: text/plain\r\n"s;
  EXPECT_EQ(answers,
            answer(text + "Content-Length: 16\r\n\r\none page for all") +
                answer(text + "Content-Length: 16\r\n\r\n") +
                answer(text + "Content-Length: 26\r\n\r\none page for all, and more") +
                answer("Content-Length: 6\r\n\r\nmy own") + answer("Content-Length: 0\r\n\r\n") +
                answer(text + "Connection: close\r\nContent-Length: 16\r\n\r\none page for all"));
  EXPECT_EQ(*page, "one page for all");
  EXPECT_EQ(page.use_count(), 1);
}

TEST(ServerRequests, HeadHasNoBody) {
  const auto text = answer_to("HEAD /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(text.ends_with("Content-Length: 5\r\n\r\n")) << text;
}

TEST(ServerRequests, OptionsTellWhatIsAllowed) {
  const auto text = answer_to("OPTIONS /users/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 204 No Content\r\n")) << text;
  EXPECT_NE(text.find("Allow: GET, HEAD, DELETE, OPTIONS\r\n"), std::string::npos) << text;
  EXPECT_TRUE(answer_to("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
                  .starts_with("HTTP/1.1 204 No Content\r\n"));
}

TEST(ServerRequests, PipelinedRequestsAreAnsweredInOrder) {
  std::string many;
  for (int i = 0; i < 500; ++i) {
    many += get("/users/" + std::to_string(i));
    many += get("/nothing");
  }
  const auto text = answer_to(many);
  std::size_t at = 0;
  for (int i = 0; i < 500; ++i) {
    at = text.find("{\"id\":" + std::to_string(i) + ",", at);
    ASSERT_NE(at, std::string::npos) << i;
    at = text.find("not_found", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST(ServerRequests, OldVersionsAreServed) {
  const auto closes = answer_to("GET /text HTTP/1.0\r\n\r\n");
  EXPECT_NE(closes.find("Connection: close\r\n"), std::string::npos);
  const auto keeps = answer_to("GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(keeps.find("Connection: keep-alive\r\n"), std::string::npos);
}

TEST(ServerRequests, AbsoluteTargetsMustNameTheHost) {
  EXPECT_EQ(body_of(answer_to("GET http://shop/text HTTP/1.1\r\nHost: shop\r\n\r\n")), "hello");
  EXPECT_TRUE(answer_to("GET http://evil/text HTTP/1.1\r\nHost: shop\r\n\r\n")
                  .starts_with("HTTP/1.1 400 "));
}

TEST(ServerRequests, ContinueIsSaidWhenAskedFor) {
  with_server(routes(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx,
                                "POST /users HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                "Content-Length: 21\r\n\r\n");
    auto interim = co_await p->read_until(cx, "\r\n\r\n");
    EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    said = co_await p->say(cx, R"({"id":1,"name":"Bob"})");
    EXPECT_TRUE(said);
    auto head = co_await p->read_until(cx, "\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  });
}

TEST(ServerRequests, ABodyThatIsTooLargeIsNotAskedFor) {
  const auto text = answer_to(
      "POST /users HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
      "99999999\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 413 ")) << text;
}

struct refusal {
  std::string name;
  std::string request;
  unsigned status;
  std::string body;
};
void PrintTo(const refusal& r, std::ostream* out) {
  *out << r.name;
}

class Refusal : public ::testing::TestWithParam<refusal> {};
TEST_P(Refusal, IsAnsweredInJson) {
  const auto& c = GetParam();
  const auto text = answer_to(c.request, server_options().max_body(1000));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 " + std::to_string(c.status) + " ")) << text;
  EXPECT_NE(text.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(body_of(text), c.body);
}

INSTANTIATE_TEST_SUITE_P(
    Routing, Refusal,
    ::testing::Values(
        refusal{"UnknownPath", get("/nothing"), 404,
                R"({"error":{"code":"not_found","message":"there is nothing at this path"}})"},
        refusal{"TrailingSlash", get("/text/"), 404,
                R"({"error":{"code":"not_found","message":"there is nothing at this path"}})"},
        refusal{
            "OtherMethod", "PUT /text HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405,
            R"({"error":{"code":"method_not_allowed","message":"this path does not know the method"}})"},
        refusal{"DotSegments", get("/users/../text"), 400,
                R"({"error":{"code":"bad_request","message":"the path is malformed"}})"},
        refusal{"EncodedDotSegments", get("/users/%2e%2E/text"), 400,
                R"({"error":{"code":"bad_request","message":"the path is malformed"}})"},
        refusal{"NulInPath", get("/users/%00"), 400,
                R"({"error":{"code":"bad_request","message":"the path is malformed"}})"},
        refusal{"BrokenEncoding", get("/users/%zz"), 400,
                R"({"error":{"code":"bad_request","message":"the path is malformed"}})"},
        refusal{
            "NotANumber", get("/users/abc"), 400,
            R"({"error":{"code":"invalid_argument","message":"path parameter id: expected an integer, got \"abc\""}})"},
        refusal{
            "TooLargeANumber", get("/users/99999999999999999999"), 400,
            R"({"error":{"code":"invalid_argument","message":"path parameter id: expected an integer, got \"99999999999999999999\""}})"}));

INSTANTIATE_TEST_SUITE_P(
    Bodies, Refusal,
    ::testing::Values(
        refusal{
            "WrongType", post("/users", R"({"id":"1","name":"Bob"})"), 422,
            R"({"error":{"code":"serialization_error","message":"wrong type","pointer":"/id","expected":"integer","actual":"\"1\""}})"},
        refusal{
            "MissingMember", post("/users", R"({"id":1})"), 422,
            R"({"error":{"code":"serialization_error","message":"missing member","pointer":"/name","expected":"string","actual":"missing"}})"},
        refusal{
            "TooLarge", post("/users", std::string(1001, ' ')), 413,
            R"({"error":{"code":"body_too_large","message":"the body exceeds the limit of 1000 bytes"}})"},
        refusal{
            "TooLargeInChunks",
            "POST /users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                std::string(1001, ' '),
            413,
            R"({"error":{"code":"body_too_large","message":"the body exceeds the limit of 1000 bytes"}})"},
        refusal{"TooLargeForNobody", post("/nowhere", std::string(1001, ' ')), 404,
                R"({"error":{"code":"not_found","message":"there is nothing at this path"}})"},
        refusal{
            "TooLargeForAnotherMethod",
            "PUT /users HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 405,
            R"({"error":{"code":"method_not_allowed","message":"this path does not know the method"}})"},
        refusal{"Truncated", "POST /users HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
                400, R"({"error":{"code":"bad_request","message":"the body ends early"}})"},
        refusal{
            "UnknownExpectation",
            "POST /users HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\nx", 417,
            R"({"error":{"code":"expectation_failed","message":"this expectation is unknown"}})"}));

INSTANTIATE_TEST_SUITE_P(
    Heads, Refusal,
    ::testing::Values(
        refusal{"Garbage", "\x01\x03\x01 hello\r\n\r\n", 400,
                R"({"error":{"code":"bad_request","message":"the method is not a token"}})"},
        refusal{
            "Tls", std::string("\x16\x03\x01\x02\x00\x01", 6), 400,
            R"({"error":{"code":"bad_request","message":"this is TLS, and here plain HTTP is spoken"}})"},
        refusal{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400,
                R"({"error":{"code":"bad_request","message":"Host is missing"}})"},
        refusal{
            "Smuggling",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            R"({"error":{"code":"bad_request","message":"Content-Length and Transfer-Encoding together"}})"},
        refusal{"OtherMethodName", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501,
                R"({"error":{"code":"not_implemented","message":"the method is not known"}})"},
        refusal{
            "OtherCoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501,
            R"({"error":{"code":"not_implemented","message":"a transfer coding other than chunked"}})"},
        refusal{
            "OtherVersion", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505,
            R"({"error":{"code":"version_not_supported","message":"this is not HTTP/1.1 or HTTP/1.0"}})"},
        refusal{
            "LongTarget", "GET /" + std::string(20'000, 'a'), 414,
            R"({"error":{"code":"uri_too_long","message":"the request line exceeds the limit"}})"},
        refusal{"LongHead", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'a'), 431,
                R"({"error":{"code":"head_too_large","message":"the head exceeds the limit"}})"},
        refusal{"EndsEarly", "GET / HTTP/1.1\r\nHo", 400,
                R"({"error":{"code":"bad_request","message":"the head ends early"}})"},
        refusal{
            "ConnectMethod", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400,
            R"({"error":{"code":"bad_request","message":"the request target is malformed or names another host"}})"}));

TEST(ServerRequests, MalformedJsonIsABadRequest) {
  for (const auto& body : {"{\"id\":"s, "not json"s, ""s, std::string(900, '[')}) {
    const auto text = answer_to(post("/users", body));
    EXPECT_TRUE(text.starts_with("HTTP/1.1 400 ") || text.starts_with("HTTP/1.1 422 ")) << text;
    EXPECT_NE(text.find("\"code\":\"serialization_error\""), std::string::npos) << text;
  }
  const auto text = answer_to(post("/users", "{\"id\":"));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400 ")) << text;
}

TEST(ServerRequests, AfterARefusedRequestNothingMoreIsRead) {
  const auto text = answer_to("BAD\r\n\r\n" + get("/text"));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400 "));
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(text.find("HTTP/1.1", 1), std::string::npos);
}

TEST(ServerRequests, AHandlerThatThrowsIsA500AndTheServerLivesOn) {
  std::vector<std::string> heard;
  const auto options = server_options().on_failure([&](const request& r, std::string_view what) {
    heard.push_back(r.target() + ": " + std::string(what));
  });
  const auto text = answer_to(get("/throws") + get("/throws-int") + get("/text"), options);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_EQ(text.find("boom"), std::string::npos) << "the client must not read our secrets";
  EXPECT_TRUE(text.ends_with("hello"));
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0], "/throws: boom");
}

TEST(ServerRequests, AResponseThatWouldSplitIsNotSent) {
  for (const auto* target : {"/bad-header", "/own-length"}) {
    const auto text = answer_to(get(target));
    EXPECT_TRUE(text.starts_with("HTTP/1.1 500 ")) << text;
    EXPECT_EQ(text.find("Evil"), std::string::npos);
  }
}

TEST(ServerRequests, AResponseThatCannotBeEncodedIsA500) {
  const auto text = answer_to(get("/nan"));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 500 ")) << text;
}

struct mapping {
  error from;
  unsigned status;
  std::string code;
};

TEST(ServerRequests, ErrorsBecomeStatuses) {
  const std::vector<mapping> all = {
      {errors::application{"not_found", "no"}, 404, "not_found"},
      {errors::application{"conflict", "no"}, 409, "conflict"},
      {errors::application{"unauthorized", "no"}, 401, "unauthorized"},
      {errors::application{"forbidden", "no"}, 403, "forbidden"},
      {errors::application{"gone", "no"}, 410, "gone"},
      {errors::application{"precondition_failed", "no"}, 412, "precondition_failed"},
      {errors::application{"out_of_stock", "no"}, 422, "out_of_stock"},
      {errors::serialization_error{"wrong type", "/a", "string", "5"}, 422, "serialization_error"},
      {errors::serialization_error{"invalid JSON", "", "", ""}, 400, "serialization_error"},
      {errors::invalid_argument{"a", "b"}, 400, "invalid_argument"},
      {errors::invalid_url{"a", "b"}, 400, "invalid_url"},
      {errors::too_large{"a", 1, 2}, 413, "too_large"},
      {errors::rate_limited{"a", 1s}, 429, "rate_limited"},
      {errors::circuit_open{"a", 1s}, 503, "circuit_open"},
      {errors::isolated{"a"}, 503, "isolated"},
      {errors::bulkhead_full{"a", 1}, 503, "bulkhead_full"},
      {errors::throttled{"a"}, 503, "throttled"},
      {errors::shed{"a"}, 503, "shed"},
      {errors::pool_exhausted{"a", 1}, 503, "pool_exhausted"},
      {errors::unavailable{"a", "b", 1s}, 503, "unavailable"},
      {errors::cancelled{}, 503, "cancelled"},
      {errors::timeout{"a", 1s, timeout_scope::total}, 504, "timeout"},
      {errors::deadline{"a", 1s}, 504, "deadline"},
      {errors::connection_refused{"secret-host"}, 502, "connection_refused"},
      {errors::connection_reset{"secret-host"}, 502, "connection_reset"},
      {errors::connection_closed{"secret-host", 1, 2}, 502, "connection_closed"},
      {errors::unreachable{"secret-host"}, 502, "unreachable"},
      {errors::dns_failure{"secret-host", "b"}, 502, "dns_failure"},
      {errors::tls_failure{"secret-host", "b"}, 502, "tls_failure"},
      {errors::protocol_error{"secret-host", "b"}, 502, "protocol_error"},
      {errors::http_error{"secret-host", 418, "b", "", std::nullopt}, 502, "http_error"},
      {errors::outcome_unknown{"secret-host", "b"}, 500, "outcome_unknown"},
      {errors::system_error{"secret-host", 5}, 500, "system_error"},
  };
  EXPECT_EQ(all.size(), error_kind_count + 7);
  for (const auto& m : all) {
    const auto r = error_response(m.from);
    EXPECT_EQ(to_int(r.status()), m.status) << m.from.message();
    EXPECT_TRUE(r.body().starts_with(R"({"error":{"code":")" + m.code + "\"")) << r.body();
    EXPECT_EQ(r.body().find("secret"), std::string::npos) << r.body();
  }
  EXPECT_EQ(error_response(errors::rate_limited{"a", 1500ms}).headers().get("Retry-After"), "2");
}

TEST(ServerRequests, BytesThatAreNoTextDoNotBreakTheErrorBody) {
  const auto r = error_response(errors::application{"code", "\xff\xfe \"quoted\" \x01"});
  EXPECT_EQ(r.body(), R"({"error":{"code":"code","message":"?? \"quoted\" ?"}})");
}

}  // namespace
}  // namespace fairlead::http
