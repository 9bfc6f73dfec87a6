// SPDX-License-Identifier: BSL-1.0
// The CONNECT dialogue by itself: the same however its bytes are cut, and whatever they are.
#include "detail/connect_dialogue.hpp"

#include <fairlead/core/errors.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {
namespace {

using namespace std::string_literals;
using step = connect_dialogue::step;

const proxy& the_proxy() {
  static const proxy p = *proxy::parse("http://ann:secret@proxy:3128");
  return p;
}

struct outcome {
  step last = step::read;
  std::string failure;
  bool operator==(const outcome&) const = default;
};

// What comes of `text`, in pieces of at most `most`, and the end behind it.
outcome hear(std::string_view text, std::size_t most, connect_terms terms = {}) {
  const auto to = url::parse("https://shop");
  connect_dialogue talk(the_proxy(), *to, terms);
  outcome out;
  while (out.last == step::read || out.last == step::refused) {
    const auto room = talk.room();
    EXPECT_FALSE(room.empty());
    const auto n = std::min({most, room.size(), text.size()});
    std::memcpy(room.data(), text.data(), n);
    text.remove_prefix(n);
    out.last = talk.received(n);
  }
  if (out.last == step::failed) {
    const auto e = talk.failure({});
    EXPECT_EQ(e.stage(), error_stage::connect);
    EXPECT_EQ(e.sent(), error_sent::not_sent);
    EXPECT_NE(e.kind(), error_kind::http_error) << "would be taken for the origin's";
    EXPECT_EQ(e.message().find("secret"), std::string::npos);
    out.failure = e.message();
    EXPECT_TRUE(e.cause() == nullptr || e.cause()->is<errors::http_error>());
    if (e.cause() != nullptr) {
      out.failure += e.cause()->get<errors::http_error>()->body;
      out.failure += e.cause()->get<errors::http_error>()->headers;
    }
  }
  return out;
}

TEST(ConnectDialogue, IsTheSameHoweverItIsCut) {
  const std::vector<std::pair<std::string, step>> all = {
      {"HTTP/1.1 200 OK\r\n\r\n", step::tunnel},
      {"HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n", step::tunnel},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", step::tunnel},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", step::tunnel},
      {"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 H\r\nA: b\r\n\r\nHTTP/1.1 204 N\r\n\r\n", step::tunnel},
      {"HTTP/1.1 407 W\r\nContent-Length: 3\r\n\r\nabc", step::failed},
      {"HTTP/1.1 407 W\r\nContent-Length: 3\r\n\r\nabcdef", step::failed},
      {"HTTP/1.1 407 W\r\nContent-Length: 1000000000000\r\n\r\nabc", step::failed},
      {"HTTP/1.1 502 B\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", step::failed},
      {"HTTP/1.1 404 N\r\n\r\nuntil the end", step::failed},
      {"HTTP/1.1 304 N\r\n\r\n", step::failed},
      {"HTTP/1.1 099 N\r\n\r\n", step::failed},
      {"HTTP/2 200\r\n\r\n", step::failed},
      {"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", step::failed},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", step::failed},
      {"", step::failed},
  };
  for (const auto& [text, expected] : all) {
    const auto whole = hear(text, std::string::npos);
    EXPECT_EQ(whole.last, expected) << text << whole.failure;
    for (std::size_t most = 1; most < text.size(); ++most) {
      const auto cut = hear(text, most);
      EXPECT_EQ(cut.last, whole.last) << text << most;
      EXPECT_EQ(cut.failure, whole.failure) << text << most;
    }
  }
}

TEST(ConnectDialogue, KeepsNoMoreOfTheReasonsThanItMay) {
  connect_terms terms;
  terms.max_error_body = 10;
  for (const std::size_t most : {1U, 7U, 1000U}) {
    const auto o = hear("HTTP/1.1 403 N\r\n\r\n" + std::string(10'000, 'x'), most, terms);
    EXPECT_EQ(std::count(o.failure.begin(), o.failure.end(), 'x'), 10 * 2 + 3)
        << "in the message, in the body, and in the names: " << o.failure;
  }
}

TEST(ConnectDialogue, AWellFormedConsentAloneOpensATunnel) {
  const auto consent = "HTTP/1.1 103 H\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nVia: proxy\r\n\r\n"s;
  std::minstd_rand random(11);
  const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random()) % below; };
  for (int i = 0; i < 20'000; ++i) {
    auto text = consent;
    for (auto n = 1 + draw(3); n > 0; --n) {
      const auto at = draw(text.size());
      switch (draw(4)) {
        case 0:
          text[at] = static_cast<char>(draw(256));
          break;
        case 1:
          text.erase(at, 1 + draw(8));
          break;
        case 2:
          text.insert(at, text.substr(draw(text.size()), draw(20)));
          break;
        default:
          text.resize(at);
          break;
      }
      if (text.empty()) {
        text = "\r";
      }
    }
    const auto o = hear(text, std::string::npos);
    const auto cut = hear(text, 1 + draw(40));
    EXPECT_TRUE(cut.last == step::tunnel || cut.last == step::failed);
    if (o.last == step::tunnel) {
      EXPECT_EQ(cut.last, step::tunnel);
      const auto last = text.find("\r\n\r\n", text.rfind("HTTP/1.", text.size()));
      EXPECT_EQ(last + 4, text.size()) << "nothing behind it: " << text;
      EXPECT_EQ(text.find('\0'), std::string::npos) << text;
    } else {
      EXPECT_EQ(o.last, step::failed);
      EXPECT_FALSE(o.failure.empty());
    }
  }
}

}  // namespace
}  // namespace fairlead::http::detail
