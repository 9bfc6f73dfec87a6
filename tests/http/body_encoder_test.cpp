// SPDX-License-Identifier: BSL-1.0
// The framing of bodies in pieces, into a stream that takes what the test lets it take.
#include "detail/body_encoder.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace fairlead::http::detail {
namespace {

class sink final : public net::stream {
 public:
  net::io_attempt try_read(std::span<std::byte> /*into*/) override { return std::nullopt; }
  net::io_attempt try_write(net::const_buffers from) override {
    std::size_t moved = 0;
    for (const auto piece : from) {
      const auto n = std::min(piece.size(), most - moved);
      text.append(reinterpret_cast<const char*>(piece.data()), n);
      moved += n;
    }
    ++writes;
    return moved;
  }
  task<result<void>> wait(context& /*cx*/, net::direction /*towards*/) override {
    co_return result<void>();
  }
  task<result<void>> shutdown_write(context& /*cx*/) override { co_return result<void>(); }
  void close() noexcept override {}
  const std::string& peer() const noexcept override { return text; }

  std::string text;
  std::size_t most = 1'000'000;
  int writes = 0;
};

void push(body_encoder& e, sink& s) {
  while (!e.done()) {
    ASSERT_TRUE(e.try_write(s));
  }
}

TEST(BodyEncoder, SendsTheHeadWithTheFirstBytes) {
  sink s;
  body_encoder e("HEAD;", body_framing::chunked, 0);
  EXPECT_TRUE(e.write("abc"));
  EXPECT_TRUE(e.done()) << "small pieces are kept";
  EXPECT_FALSE(e.begun());
  EXPECT_TRUE(e.finish({}));
  push(e, s);
  EXPECT_TRUE(e.begun());
  EXPECT_EQ(s.text, "HEAD;3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(s.writes, 1);
}

TEST(BodyEncoder, FlushesNothingButTheHeadOnce) {
  sink s;
  body_encoder e("HEAD;", body_framing::chunked, 0);
  e.flush();
  push(e, s);
  e.flush();
  push(e, s);
  EXPECT_EQ(s.text, "HEAD;") << "an empty chunk would be the end";
  EXPECT_EQ(s.writes, 1);
  EXPECT_TRUE(e.finish(headers().add("A", "1")));
  push(e, s);
  EXPECT_EQ(s.text, "HEAD;0\r\nA: 1\r\n\r\n");
}

TEST(BodyEncoder, CountsWhatWasAnnounced) {
  sink s;
  body_encoder e("", body_framing::length, 5);
  EXPECT_TRUE(e.write("abc"));
  EXPECT_FALSE(e.write("def"));
  EXPECT_EQ(e.missing(), 2u);
  EXPECT_FALSE(e.finish({}));
  EXPECT_TRUE(e.write("de"));
  EXPECT_TRUE(e.finish({}));
  push(e, s);
  EXPECT_EQ(s.text, "abcde");
  EXPECT_EQ(e.taken(), 5u);
}

// Whatever the sizes of pieces and of writes, the same body comes out.
TEST(BodyEncoder, WritesInAnyPortions) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const auto how = static_cast<body_framing>(1 + round % 3);
    std::string body(std::uniform_int_distribution<std::size_t>(0, 20'000)(random), '.');
    for (auto& c : body) {
      c = static_cast<char>('a' + random() % 26);
    }
    sink s;
    s.most = std::uniform_int_distribution<std::size_t>(1, 6000)(random);
    body_encoder e("H", how, body.size());
    for (std::size_t at = 0; at < body.size();) {
      const auto n = std::uniform_int_distribution<std::size_t>(0, 9000)(random);
      ASSERT_TRUE(e.write(std::string_view(body).substr(at, n)));
      at += n;
      push(e, s);
      if (random() % 4 == 0) {
        e.flush();
        push(e, s);
      }
    }
    ASSERT_TRUE(e.finish({}));
    push(e, s);
    auto rest = std::string_view(s.text).substr(1);
    std::string got;
    if (how != body_framing::chunked) {
      got = rest;
    } else {
      for (;;) {
        const auto n = std::stoul(std::string(rest), nullptr, 16);
        rest.remove_prefix(rest.find("\r\n") + 2);
        got += rest.substr(0, n);
        rest.remove_prefix(n);
        ASSERT_TRUE(rest.starts_with("\r\n"));
        rest.remove_prefix(2);
        if (n == 0) {
          break;
        }
      }
      EXPECT_EQ(rest, "");
    }
    EXPECT_EQ(got, body);
  }
}

}  // namespace
}  // namespace fairlead::http::detail
