// SPDX-License-Identifier: BSL-1.0
// The short way through a head: what is plain is read as the parser would, and nothing else is.
#include "detail/plain_head.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t many_fields = 100;

TEST(PlainHead, OfARequestIsReadAtOnce) {
  const auto head =
      "POST /orders?x=1 HTTP/1.1\r\nHost: shop:80\r\nContent-Length: 5\r\nX-A: \tb\x80 c\r\n\r\n"sv;
  request r;
  // A tab before a value is not plain, one inside is.
  EXPECT_EQ(read_plain_head(head, many_fields, request_access{r}).size, 0u);
  const auto plain =
      "POST /orders?x=1 HTTP/1.1\r\nHost: shop:80\r\nContent-Length: 5\r\nX-A: b\t\x80 c\r\n"
      "Empty: \r\n\r\n"sv;
  const auto seen = read_plain_head(std::string(plain) + "hello", many_fields, request_access{r});
  EXPECT_EQ(seen.size, plain.size());
  EXPECT_EQ(seen.body, 5u);
  EXPECT_TRUE(seen.has_length);
  EXPECT_FALSE(seen.closes);
  EXPECT_EQ(r.method(), method::post);
  EXPECT_EQ(r.target(), "/orders?x=1");
  EXPECT_EQ(r.minor_version(), 1);
  ASSERT_EQ(r.headers().size(), 4u);
  EXPECT_EQ(r.headers()[0].name, "Host");
  EXPECT_EQ(r.headers().get("x-a"), "b\t\x80 c");
  EXPECT_EQ(r.headers().get("Empty"), "");
  EXPECT_EQ(r.headers().text(),
            "Host: shop:80\r\nContent-Length: 5\r\nX-A: b\t\x80 c\r\nEmpty: \r\n");
}

TEST(PlainHead, OfAResponseIsReadAtOnce) {
  const auto head = "HTTP/1.1 404 Not Found\r\nConnection: Close\r\nContent-Length: 012\r\n\r\n"sv;
  response r;
  const auto seen = read_plain_head(head, many_fields, response_access{r});
  EXPECT_EQ(seen.size, head.size());
  EXPECT_EQ(seen.body, 12u);
  EXPECT_TRUE(seen.closes);
  EXPECT_EQ(r.status(), status::not_found);
  EXPECT_EQ(r.headers().get("connection"), "Close");
}

TEST(PlainHead, IsThereAsAWhole) {
  const auto head = "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"sv;
  request r;
  for (std::size_t n = 0; n < head.size(); ++n) {
    EXPECT_EQ(read_plain_head(head.substr(0, n), many_fields, request_access{r}).size, 0u);
    EXPECT_TRUE(r.headers().empty()) << "after " << n;
    EXPECT_TRUE(r.headers().text().empty()) << "after " << n;
  }
  EXPECT_EQ(read_plain_head(head, many_fields, request_access{r}).size, head.size());
  r = {};
  EXPECT_EQ(read_plain_head(head, 2, request_access{r}).size, head.size());
  r = {};
  EXPECT_EQ(read_plain_head(head, 1, request_access{r}).size, 0u);
}

std::string request_with(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

TEST(PlainHead, OfARequestIsNothingUnusual) {
  const std::vector<std::string> unusual = {
      "\r\n" + request_with(""),
      " " + request_with(""),
      "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
      "get / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      request_with("Host: a\r\n"),
      request_with("X : 1\r\n"),
      request_with("X:1\r\n"),
      request_with("X:  1\r\n"),
      request_with("X: 1 \r\n"),
      request_with("X: 1\t\r\n"),
      request_with("X: 1\n"),
      request_with("X: 1\r\r\n"),
      request_with("X: 1\r\n 2\r\n"),
      request_with("X: 1\r\n\t2\r\n"),
      request_with(": 1\r\n"),
      request_with("X: \x7f\r\n"),
      request_with(std::string("X: \0\r\n", 6)),
      request_with("X\x80: 1\r\n"),
      request_with("X\r\n"),
      request_with("Content-Length: 1\r\nContent-Length: 1\r\n"),
      request_with("Content-Length: 1,1\r\n"),
      request_with("Content-Length: +1\r\n"),
      request_with("Content-Length: -1\r\n"),
      request_with("Content-Length: 0x1\r\n"),
      request_with("Content-Length: \r\n"),
      request_with("Content-Length: 18446744073709551616\r\n"),
      request_with("Transfer-Encoding: chunked\r\n"),
      request_with("transfer-ENCODING: identity\r\n"),
      request_with("Connection: upgrade\r\n"),
      request_with("Connection: close, x\r\n"),
      request_with("Upgrade: websocket\r\n"),
      request_with("Proxy-Connection: close\r\n"),
  };
  for (const auto& text : unusual) {
    request r;
    EXPECT_EQ(read_plain_head(text, many_fields, request_access{r}).size, 0u) << text;
    EXPECT_TRUE(r.headers().empty()) << text;
    EXPECT_TRUE(r.headers().text().empty()) << text;
  }
}

TEST(PlainHead, OfAResponseIsNothingUnusual) {
  const std::vector<std::string> unusual = {
      "HTTP/1.1 200 OK\r\n\r\n",  // its body ends with the connection
      "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
      "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 2a0 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 O\tK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
  };
  for (const auto& text : unusual) {
    response r;
    EXPECT_EQ(read_plain_head(text, many_fields, response_access{r}).size, 0u) << text;
    EXPECT_TRUE(r.headers().empty()) << text;
  }
}

}  // namespace
}  // namespace fairlead::http::detail
