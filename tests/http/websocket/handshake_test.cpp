// SPDX-License-Identifier: BSL-1.0
#include "detail/websocket_handshake.hpp"

#include <fairlead/core/error.hpp>

#include <gtest/gtest.h>

namespace fairlead::http::detail {
namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, 1.3

request offer(const websocket_options& o = {}) {
  request r(method::get, "/chat");
  add_websocket_offer(r, key, o);
  return r;
}

TEST(WebsocketHandshake, ComputesTheExampleOfTheRfc) {
  EXPECT_EQ(websocket_accept(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const std::string_view nonce = "the sample nonce";
  EXPECT_EQ(websocket_key(std::span<const std::byte, 16>(
                reinterpret_cast<const std::byte*>(nonce.data()), 16)),
            key);
}

TEST(WebsocketHandshake, BothHalvesAgree) {
  const auto client =
      websocket_options().protocol("v2").protocol("v1").compression(websocket_compression::shared);
  const auto server =
      websocket_options().protocol("v1").compression(websocket_compression::per_message);
  const auto reply = answer_websocket(offer(client), server);
  ASSERT_TRUE(reply.agreed);
  EXPECT_EQ(reply.answer.status(), status::switching_protocols);
  EXPECT_EQ(reply.agreed->protocol, "v1");
  auto answer = reply.answer;
  answer.header("Upgrade", "websocket").header("Connection", "Upgrade");  // the server adds them
  const auto got = check_websocket_answer(answer, key, client);
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->protocol, "v1");
  EXPECT_EQ(got->deflate, reply.agreed->deflate);
  EXPECT_TRUE(got->deflate && got->deflate->server_forgets);
}

TEST(WebsocketHandshake, ServerSaysWhatIsWrong) {
  const auto refused = [](const request& r) {
    const auto reply = answer_websocket(r, {});
    EXPECT_FALSE(reply.agreed);
    return to_int(reply.answer.status());
  };
  EXPECT_EQ(refused(request(method::get, "/")), 426);
  auto post = offer();
  EXPECT_EQ(refused(request(method::post, "/").header("Upgrade", "websocket")), 426);
  EXPECT_EQ(refused(offer().header("Connection", "keep-alive")), 426);
  EXPECT_EQ(refused(offer().header("Upgrade", "h2c")), 426);
  EXPECT_EQ(refused(offer().header("Sec-WebSocket-Version", "8")), 426);
  EXPECT_EQ(answer_websocket(offer().header("Sec-WebSocket-Version", "8"), {})
                .answer.headers()
                .get("Sec-WebSocket-Version"),
            "13");
  for (const std::string_view wrong :
       {"", "short", "dGhlIHNhbXBsZSBub25jZQ=!", "dGhlIHNhbXBsZSBub25jZQ==x"}) {
    EXPECT_EQ(refused(offer().header("Sec-WebSocket-Key", wrong)), 400) << wrong;
  }
  auto twice = offer();
  twice.headers().add("Sec-WebSocket-Key", key);
  EXPECT_EQ(refused(twice), 400);
}

TEST(WebsocketHandshake, TakesHeadersAsBrowsersSendThem) {
  auto r = offer();
  r.header("Connection", "keep-alive, Upgrade").header("Upgrade", "WebSocket");
  r.header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
  const auto reply = answer_websocket(r, {});
  ASSERT_TRUE(reply.agreed);
  EXPECT_FALSE(reply.agreed->deflate) << "off by default";
  EXPECT_FALSE(reply.answer.headers().contains("Sec-WebSocket-Extensions"));
}

TEST(WebsocketHandshake, ClientSaysWhatIsWrong) {
  auto good = answer_websocket(offer(), {}).answer;
  good.header("Upgrade", "websocket").header("Connection", "Upgrade");
  const auto refusal = [&](std::string_view name, std::string_view value) {
    auto answer = good;
    answer.header(name, value);
    const auto got = check_websocket_answer(answer, key, {});
    return got ? std::string("accepted") : got.error().message();
  };
  EXPECT_TRUE(check_websocket_answer(good, key, {}));
  EXPECT_NE(refusal("Upgrade", "h2c").find("another protocol"), std::string::npos);
  EXPECT_NE(refusal("Connection", "close").find("another protocol"), std::string::npos);
  EXPECT_NE(refusal("Sec-WebSocket-Accept", "x").find("does not answer"), std::string::npos);
  EXPECT_NE(refusal("Sec-WebSocket-Protocol", "v9").find("was not offered"), std::string::npos);
  EXPECT_NE(refusal("Sec-WebSocket-Extensions", "permessage-deflate").find("was not offered"),
            std::string::npos);
}

}  // namespace
}  // namespace fairlead::http::detail
