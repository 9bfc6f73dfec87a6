// SPDX-License-Identifier: BSL-1.0
// Coded answers: who wants them, what is left alone, and that they can be read.
#include "detail/content_encoder.hpp"
#include "support/server_answers.hpp"

#include <fairlead/http/compression.hpp>

#include <zlib.h>

#include <random>
#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::choose_coding;
using detail::content_coding;
using detail::content_encoder;

// What zlib makes of it; "?" when it is incomplete or broken.
std::string decoded(std::string_view coded) {
  z_stream z{};
  EXPECT_EQ(::inflateInit2(&z, 15 + 32), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  z.avail_in = static_cast<uInt>(coded.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    std::array<char, 5000> some;
    z.next_out = reinterpret_cast<Bytef*>(some.data());
    z.avail_out = static_cast<uInt>(some.size());
    state = ::inflate(&z, Z_NO_FLUSH);
    out.append(some.data(), some.size() - z.avail_out);
  }
  ::inflateEnd(&z);
  return state == Z_STREAM_END && z.avail_in == 0 ? out : out + "?";
}

std::string dechunked(std::string_view body) {
  std::string out;
  for (;;) {
    const auto n = std::stoul(std::string(body.substr(0, 16)), nullptr, 16);
    body.remove_prefix(body.find("\r\n") + 2);
    if (n == 0) {
      return out;
    }
    out += body.substr(0, n);
    body.remove_prefix(n + 2);
  }
}

TEST(ChooseCoding, FollowsTheWeights) {
  const std::pair<const char*, content_coding> cases[] = {
      {"", content_coding::identity},
      {"gzip", content_coding::gzip},
      {"GZip", content_coding::gzip},
      {"x-gzip", content_coding::gzip},
      {"deflate", content_coding::deflate},
      {"gzip, deflate, br", content_coding::gzip},
      {"deflate, gzip;q=0.9", content_coding::deflate},
      {"gzip;q=0", content_coding::identity},
      {"gzip;q=0.000", content_coding::identity},
      {"gzip;q=0.001", content_coding::gzip},
      {"*", content_coding::gzip},
      {"*;q=0", content_coding::identity},
      {"gzip;q=0, *", content_coding::deflate},
      {"br", content_coding::identity},
      {"identity", content_coding::identity},
      {"identity;q=1, gzip;q=0.5", content_coding::identity},
      {"identity;q=0.5, gzip;q=0.5", content_coding::gzip},
      {"identity;q=0, br", content_coding::identity},
      {" gzip ; Q = 0.5 ", content_coding::gzip},
      {"gzip;q=2", content_coding::identity},
      {"gzip;q=0.1234", content_coding::identity},
      {"gzip;q=-1", content_coding::identity},
      {"gzip;q=", content_coding::identity},
      {"gzip;x=1", content_coding::identity},
      {",,gzip,,", content_coding::gzip},
      {"gzipp", content_coding::identity},
      {";q=1", content_coding::identity},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_EQ(choose_coding(text), wanted) << text;
  }
}

TEST(ContentEncoder, CodesInAnyPortions) {
  std::mt19937 random(7);
  for (const auto coding : {content_coding::gzip, content_coding::deflate}) {
    for (int round = 0; round < 40; ++round) {
      std::string text(random() % 60'000, ' ');
      for (auto& c : text) {
        c = static_cast<char>(round % 2 == 0 ? 'a' + random() % 3 : random() % 256);
      }
      content_encoder e(coding, 1 + round % 9);
      std::string out;
      for (std::size_t at = 0; at < text.size();) {
        const auto n = random() % 9000;
        const auto how =
            random() % 5 == 0 ? content_encoder::until::here : content_encoder::until::now_and_then;
        e.put(out, std::string_view(text).substr(at, n), how);
        at += n;
        if (how == content_encoder::until::here) {
          EXPECT_EQ(decoded(out), text.substr(0, at) + "?") << "everything can be read so far";
        }
      }
      e.put(out, {}, content_encoder::until::the_end);
      EXPECT_EQ(decoded(out), text);
    }
  }
}

const std::string text = [] {
  std::string out;
  for (int i = 0; out.size() < 5000; ++i) {
    out += "line " + std::to_string(i) + "\n";
  }
  return out;
}();

// What is made of an answer for a client that takes gzip.
std::string answered(response made,
                     const std::string& request_headers = "Accept-Encoding: gzip\r\n",
                     const std::string& asked = "GET", compression_options options = {}) {
  router r;
  r.use(compression(std::move(options)));
  r.get("/x", [made](context&) -> result<response> { return made; });
  return answer_to(std::move(r), ask(asked, "/x", request_headers));
}

response plain(std::string_view type = "text/plain") {
  return response().body(text, type);
}

TEST(Compression, CodesTexts) {
  for (const auto* coding : {"gzip", "deflate"}) {
    const auto got = answered(plain(), std::string("Accept-Encoding: ") + coding + "\r\n");
    EXPECT_EQ(header_of(got, "Content-Encoding"), coding);
    EXPECT_EQ(header_of(got, "Vary"), "Accept-Encoding");
    EXPECT_LT(body_of(got).size(), text.size() / 2);
    EXPECT_EQ(header_of(got, "Content-Length"), std::to_string(body_of(got).size()));
    EXPECT_EQ(decoded(body_of(got)), text);
  }
}

TEST(Compression, SeveralFieldsAreOneList) {
  const auto got = answered(plain(), "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n");
  EXPECT_EQ(header_of(got, "Content-Encoding"), "gzip");
}

TEST(Compression, WhoDoesNotAskGetsThePlainText) {
  const auto got = answered(plain(), "");
  EXPECT_EQ(body_of(got), text);
  EXPECT_EQ(header_of(got, "Vary"), "Accept-Encoding") << "another client's would differ";
  EXPECT_EQ(header_of(got, "Content-Encoding"), "-");
}

TEST(Compression, HeadSaysTheSame) {
  for (const auto& made :
       {plain(), response().body(std::string(200'000, 'x'), "text/plain"), plain("image/png")}) {
    const auto got = answered(made, "Accept-Encoding: gzip\r\n", "HEAD");
    EXPECT_EQ(head_of(got), head_of(answered(made, "Accept-Encoding: gzip\r\n", "GET")));
    EXPECT_EQ(body_of(got), "");
  }
}

TEST(Compression, LeavesAlone) {
  const auto alone = [](response made, compression_options options = {}) {
    const auto got = answered(made, "Accept-Encoding: gzip\r\n", "GET", std::move(options));
    return header_of(got, "Content-Encoding") == "-" && header_of(got, "Vary") == "-" &&
           body_of(got) == made.body();
  };
  EXPECT_TRUE(alone(response().body(text.substr(0, 1023), "text/plain")));
  EXPECT_FALSE(alone(response().body(text.substr(0, 1024), "text/plain")));
  EXPECT_TRUE(alone(plain("image/png")));
  EXPECT_TRUE(alone(plain("text/event-stream")));
  EXPECT_TRUE(alone(response().body(text)));
  EXPECT_TRUE(alone(plain().header("Cache-Control", "public, no-transform")));
  EXPECT_TRUE(alone(plain().header("Content-Range", "bytes 0-4999/6000")));
  EXPECT_TRUE(alone(plain(), compression_options().min_size(6000)));
  const auto twice = answered(plain().header("Content-Encoding", "br"));
  EXPECT_EQ(header_of(twice, "Content-Encoding"), "br");
  EXPECT_EQ(body_of(twice), text);
  EXPECT_FALSE(alone(plain("image/x-raw"), compression_options().type("image/*")));
  EXPECT_FALSE(alone(plain("Application/Problem+JSON; charset=utf-8")));
  EXPECT_FALSE(alone(plain("image/svg+xml")));
}

TEST(Compression, WhatDoesNotShrinkIsSentAsItIs) {
  std::mt19937 random(3);
  std::string noise(3000, ' ');
  for (auto& c : noise) {
    c = static_cast<char>(random() % 256);
  }
  const auto got = answered(response().body(noise, "text/plain"));
  EXPECT_EQ(body_of(got), noise);
  EXPECT_EQ(header_of(got, "Content-Encoding"), "-");
}

TEST(Compression, StrongTagsBecomeWeak) {
  EXPECT_EQ(
      header_of(answered(plain().header("ETag", "\"a\"").header("Accept-Ranges", "bytes")), "ETag"),
      "W/\"a\"");
  EXPECT_EQ(header_of(answered(plain().header("ETag", "W/\"a\"")), "ETag"), "W/\"a\"");
  EXPECT_EQ(header_of(answered(plain().header("ETag", "\"a\""), ""), "ETag"), "\"a\"");
  EXPECT_EQ(header_of(answered(plain().header("Accept-Ranges", "bytes")), "Accept-Ranges"), "-");
}

TEST(Compression, VaryIsAddedToWhatIsThere) {
  auto got = answered(plain().header("Vary", "Origin"));
  EXPECT_NE(got.find("Vary: Origin\r\nVary: Accept-Encoding\r\n"), std::string::npos) << got;
  got = answered(plain().header("Vary", "origin, accept-encoding"));
  EXPECT_EQ(got.find("Vary: Accept-Encoding"), std::string::npos);
}

TEST(Compression, CodesStreams) {
  for (const auto size :
       {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(5000 * 10)}) {
    const auto got = answered(response().body(
        make_body(
            [](context& cx, body_writer& out) -> task<result<void>> {
              result<void> sent;
              for (int i = 0; sent && i < 10; ++i) {
                sent = co_await out.write(cx, std::string_view(text).substr(0, 5000));
              }
              out.trailer("X-Rows", "10");
              co_return sent;
            },
            size),
        "text/csv"));
    EXPECT_EQ(header_of(got, "Content-Encoding"), "gzip");
    EXPECT_EQ(header_of(got, "Content-Length"), "-");
    std::string whole;
    for (int i = 0; i < 10; ++i) {
      whole += text.substr(0, 5000);
    }
    EXPECT_EQ(decoded(dechunked(body_of(got))), whole);
    EXPECT_TRUE(got.ends_with("X-Rows: 10\r\n\r\n"));
  }
}

TEST(Compression, CodesLongTextsWhileTheyAreSent) {
  std::string longer;
  while (longer.size() < 1'000'000) {
    longer += text;
  }
  const auto got = answered(response().body(longer, "application/json"));
  EXPECT_EQ(header_of(got, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(decoded(dechunked(body_of(got))), longer);
}

TEST(Compression, AFlushReachesTheClient) {
  router r;
  r.use(compression());
  r.get("/x", [](context&) -> result<response> {
    return response().body(make_body([](context& cx, body_writer& out) -> task<result<void>> {
                             auto sent = co_await out.write(cx, "first");
                             sent = co_await out.flush(cx);
                             sent = co_await sleep_for(cx, 1h);
                             co_return sent;
                           }),
                           "text/plain");
  });
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/x", "Accept-Encoding: gzip\r\n"));
    EXPECT_TRUE(said);
    auto head = co_await p->read_until(cx, "\r\n\r\n");
    auto size = co_await p->read_until(cx, "\r\n");
    const auto n = std::stoul(size, nullptr, 16);
    std::string got;
    while (got.size() < n) {
      // The text ends with a byte of its own choice, so read byte by byte what is announced.
      auto chunk = co_await p->read_until(cx, "\r\n");
      got += chunk;
    }
    EXPECT_EQ(decoded(std::string_view(got).substr(0, n)), "first?");
    p->close();
  });
}

TEST(Compression, TheLevelIsChecked) {
  EXPECT_THROW(static_cast<void>(compression(compression_options().level(0))),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(compression(compression_options().level(10))),
               std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::http
