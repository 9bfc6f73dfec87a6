// SPDX-License-Identifier: BSL-1.0
// Values in envelopes: what services say to whom, and what callers read.
#include "support/server_answers.hpp"
#include "support/shop.hpp"

#include <fairlead/http/envelope.hpp>

#include <vector>

namespace fairlead::http {
namespace {

using namespace fairlead::testing;
using enum envelope_dialect;

router routes(envelope e, envelope_dialect d) {
  router r;
  r.use(enveloped_errors(e));
  r.post("/user", enveloped(e, d, [](context&, shop::user u) -> task<result<shop::user>> {
           u.id += 1;
           co_return u;
         }));
  r.post("/maybe",
         enveloped(e, d,
                   [](context&, std::optional<int> n) -> result<std::optional<int>> { return n; }));
  r.post("/list", enveloped(e, d, [](context&, std::vector<int> v) -> result<std::size_t> {
           return v.size();
         }));
  r.post("/fails", enveloped(e, d, [](context&) -> result<std::string> {
           return fail(errors::application{"out_of_stock", "no more \"widgets\""});
         }));
  r.post("/breaks", enveloped(e, d, [](context&) -> task<result<void>> {
           co_return fail(errors::unavailable{"secret-host", "it is down", std::nullopt});
         }));
  r.post("/void", enveloped(e, d, [](context&) -> result<void> { return {}; }));
  r.post("/nan", enveloped(e, d, [](context&) -> result<double> {
           return std::numeric_limits<double>::quiet_NaN();
         }));
  return r;
}

// "status body"
std::string said(envelope e, envelope_dialect d, const std::string& target,
                 const std::string& body) {
  const auto got =
      answer_to(routes(e, d), ask("POST", target, "Content-Type: application/json\r\n", body));
  return got.substr(9, 3) + " " + body_of(got);
}

TEST(DataEnvelope, Proper) {
  const auto data = [](const std::string& target, const std::string& body) {
    return said(envelope::data, proper, target, body);
  };
  EXPECT_EQ(data("/user", R"({"data":{"id":1,"name":"Ann"}})"),
            R"(200 {"success":true,"data":{"id":2,"name":"Ann"}})");
  EXPECT_EQ(data("/maybe", R"({"data":null})"), R"(200 {"success":true,"data":null})");
  EXPECT_EQ(data("/maybe", "{}"), R"(200 {"success":true,"data":null})");
  EXPECT_EQ(data("/maybe", R"({"data":7,"other":1})"), R"(200 {"success":true,"data":7})");
  EXPECT_EQ(data("/list", R"({"data":[1,2]})"), R"(200 {"success":true,"data":2})");
  EXPECT_EQ(data("/void", ""), R"(200 {"success":true,"data":null})");
  EXPECT_EQ(data("/fails", ""), R"(422 {"success":false,"error":"no more \"widgets\""})");
  EXPECT_EQ(data("/breaks", ""), R"(503 {"success":false,"error":"Service Unavailable"})");
  EXPECT_EQ(data("/nan", ""), R"(500 {"success":false,"error":"Internal Server Error"})");
  EXPECT_EQ(
      data("/user", R"({"data":{"id":"1","name":"Ann"}})"),
      R"(422 {"success":false,"error":"wrong type at /data/id: expected integer, got \"1\""})");
  EXPECT_TRUE(data("/user", "nonsense").starts_with(R"(400 {"success":false,"error":")"));
  EXPECT_TRUE(data("/user", "").starts_with("400 "));
  EXPECT_TRUE(data("/user", "[1]").starts_with("422 "));
  EXPECT_EQ(data("/nowhere", ""), R"(404 {"success":false,"error":"Not Found"})");
}

TEST(DataEnvelope, AsTheOriginalsAnswer) {
  const auto as = [](envelope_dialect d, const std::string& target, const std::string& body = {}) {
    return said(envelope::data, d, target, body);
  };
  EXPECT_EQ(as(go, "/fails"), R"(200 {"success":false,"error":"no more \"widgets\""})");
  EXPECT_EQ(as(python, "/fails"), R"(400 {"success":false,"error":"no more \"widgets\""})");
  EXPECT_EQ(as(go, "/user", "nonsense"), R"(200 {"success":false,"error":"Invalid JSON"})");
  EXPECT_TRUE(as(python, "/user", "nonsense").starts_with(R"(400 {"success":false,)"));
  EXPECT_EQ(as(go, "/maybe"), R"(200 {"success":true})") << "nothing is left out";
  EXPECT_EQ(as(python, "/maybe"), R"(200 {"success":true,"data":null})");
  EXPECT_EQ(as(go, "/maybe", R"({"data":7})"), R"(200 {"success":true,"data":7})");
}

TEST(PayloadEnvelope, ProperAndAsTheOriginalsAnswer) {
  const auto as = [](envelope_dialect d, const std::string& target, const std::string& body = {}) {
    return said(envelope::payload, d, target, body);
  };
  EXPECT_EQ(as(proper, "/user", R"({"_payload":{"id":1,"name":"Ann"}})"),
            R"(200 {"_status":"ok","_payload":{"id":2,"name":"Ann"}})");
  EXPECT_EQ(as(proper, "/user", R"({"id":1,"name":"Ann"})"),
            R"(200 {"_status":"ok","_payload":{"id":2,"name":"Ann"}})")
      << "without an envelope";
  EXPECT_EQ(as(proper, "/list", "[1,2,3]"), R"(200 {"_status":"ok","_payload":3})");
  EXPECT_EQ(as(proper, "/maybe", "7"), R"(200 {"_status":"ok","_payload":7})");
  EXPECT_EQ(
      as(proper, "/fails"),
      R"(422 {"_status":"error","_error_type":"out_of_stock","_message":"no more \"widgets\""})");
  EXPECT_EQ(
      as(go, "/fails"),
      R"(400 {"_status":"error","_error_type":"service_error","_message":"no more \"widgets\""})");
  EXPECT_EQ(
      as(go, "/breaks"),
      R"(400 {"_status":"error","_error_type":"service_error","_message":"Service Unavailable"})");
  EXPECT_EQ(
      as(python, "/breaks"),
      R"(500 {"_status":"error","_error_type":"internal_error","_message":"Service Unavailable"})");
  EXPECT_EQ(as(python, "/nowhere"),
            R"(404 {"_status":"error","_error_type":"service_error","_message":"Not Found"})");
}

// What a caller makes of an answer.
template <class T>
result<T> read(envelope e, std::string answer) {
  std::optional<result<T>> out;
  with_script(once(std::move(answer)), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got = co_await call_enveloped<T>(cx, c, e, "/x", 7);
                out.emplace(std::move(got));
              });
  return *out;
}

std::string http_answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

TEST(CallEnveloped, ReadsWhateverTheStatus) {
  const auto data = envelope::data;
  EXPECT_EQ(read<int>(data, http_answer("200 OK", R"({"success":true,"data":7})")), 7);
  EXPECT_EQ(read<int>(data, http_answer("500 X", R"({"success":true,"data":7})")), 7);
  for (const auto* status : {"200 OK", "400 Bad Request", "500 X"}) {
    const auto told = read<int>(data, http_answer(status, R"({"success":false,"error":"no"})"));
    EXPECT_EQ(told.error().get<errors::application>()->code, "service_error");
    EXPECT_EQ(told.error().get<errors::application>()->message, "no");
    EXPECT_EQ(told.error().sent(), error_sent::answered);
  }
  EXPECT_EQ(read<std::optional<int>>(data, http_answer("200 OK", R"({"success":true})")).value(),
            std::nullopt);
  EXPECT_TRUE(read<void>(data, http_answer("200 OK", R"({"success":true,"data":[1]})")));
  EXPECT_EQ(read<int>(data, http_answer("200 OK", R"({"success":true})")).error().kind(),
            error_kind::serialization_error);
  EXPECT_EQ(read<int>(data, http_answer("200 OK", "plain")).error().kind(),
            error_kind::serialization_error);
  const auto plain = read<int>(data, http_answer("502 Bad Gateway", "plain"));
  EXPECT_EQ(plain.error().get<errors::http_error>()->status, 502u);
  EXPECT_EQ(plain.error().get<errors::http_error>()->body, "plain");
}

TEST(CallEnveloped, ReadsPayloads) {
  const auto payload = envelope::payload;
  EXPECT_EQ(read<int>(payload, http_answer("200 OK", R"({"_status":"ok","_payload":7})")), 7);
  const auto told = read<int>(
      payload,
      http_answer("400 X", R"({"_status":"error","_error_type":"timeout","_message":"late"})"));
  EXPECT_EQ(told.error().get<errors::application>()->code, "timeout");
  EXPECT_EQ(told.error().get<errors::application>()->message, "late");
  EXPECT_TRUE(read<void>(payload, http_answer("200 OK", R"({"_status":"ok"})")));
}

TEST(CallEnveloped, TalksToItsOwnServer) {
  for (const auto e : {envelope::data, envelope::payload}) {
    for (const auto d : {proper, go, python}) {
      with_server(routes(e, d), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
        client c(cx.env(), client_options("http://shop").network(net));
        const shop::user ann{1, "Ann"};
        auto user = co_await call_enveloped<shop::user>(cx, c, e, "/user", ann);
        EXPECT_EQ(user->id, 2);
        auto none =
            co_await call_enveloped<std::optional<int>>(cx, c, e, "/maybe", std::optional<int>());
        EXPECT_EQ(none.value(), std::nullopt);
        auto nothing = co_await call_enveloped<void>(cx, c, e, "/void", 1);
        EXPECT_TRUE(nothing);
        auto told = co_await call_enveloped<std::string>(cx, c, e, "/fails", 1);
        EXPECT_EQ(told.error().get<errors::application>()->message, "no more \"widgets\"");
      });
    }
  }
}

}  // namespace
}  // namespace fairlead::http
