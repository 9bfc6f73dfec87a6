// SPDX-License-Identifier: BSL-1.0
// Coded answers: who wants them, what is left alone, and that they can be read.
#include "detail/content_decoder.hpp"
#include "detail/content_encoder.hpp"
#include "support/server_answers.hpp"

#include <fairlead/http/compression.hpp>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <tuple>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::choose_coding;
using detail::content_coding;
using detail::content_encoder;

// What our client makes of it; with "?" behind it when it is incomplete or broken.
std::string decoded(std::string_view coded, std::string_view coding = "gzip") {
  using state = detail::decode_step::state;
  auto d = detail::content_decoder::make(coding);
  std::string out;
  auto now = state::full;
  while (now == state::full) {
    const auto step = d->decode(coded, out, 5000);
    coded.remove_prefix(step.taken);
    now = step.now;
  }
  return now == state::more && d->complete() ? out : out + "?";
}

bool built_in(content_coding c) {
  const auto all = detail::built_in_codings();
  return std::find(all.begin(), all.end(), c) != all.end();
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
  const content_coding offered[] = {content_coding::gzip, content_coding::deflate};
  for (const auto& [text, wanted] : cases) {
    EXPECT_EQ(choose_coding(text, offered), wanted) << text;
  }
}

TEST(ChooseCoding, AmongEqualsTheServerHasItsOrder) {
  using enum content_coding;
  const content_coding all[] = {zstd, br, gzip, deflate};
  const content_coding thrifty[] = {br, gzip};
  const std::tuple<const char*, content_coding, content_coding> cases[] = {
      {"gzip, deflate, br, zstd", zstd, br},  // as browsers say it
      {"gzip, deflate, br", br, br},
      {"gzip, deflate", gzip, gzip},
      {"*", zstd, br},
      {"zstd;q=0, *", br, br},
      {"br;q=0.9, gzip", gzip, gzip},
      {"br;q=0.5, gzip;q=0.8, zstd;q=0.8", zstd, gzip},
      {"zstd", zstd, identity},
      {"br;q=0, zstd;q=0, *;q=0.1", gzip, gzip},
      {"identity, br;q=0.9", identity, identity},
      {"identity;q=0", identity, identity},
  };
  for (const auto& [text, of_all, of_two] : cases) {
    EXPECT_EQ(choose_coding(text, all), of_all) << text;
    EXPECT_EQ(choose_coding(text, thrifty), of_two) << text;
    EXPECT_EQ(choose_coding(text, {}), identity) << text;
  }
}

TEST(ContentEncoder, CodesInAnyPortions) {
  std::mt19937 random(7);
  for (const auto coding : detail::built_in_codings()) {
    const auto name = detail::to_string(coding);
    for (int round = 0; round < 27; ++round) {
      std::string text(random() % (round % 9 == 8 ? 600'000 : 60'000), ' ');
      for (auto& c : text) {
        c = static_cast<char>(round % 2 == 0 ? 'a' + random() % 3 : random() % 256);
      }
      const auto e = content_encoder::make(coding, 1 + round % 9);
      std::string out;
      const auto most = 9000U * (1U + static_cast<unsigned>(round % 9));
      for (std::size_t at = 0; at < text.size();) {
        const auto n = random() % most;
        const auto how =
            random() % 5 == 0 ? content_encoder::until::here : content_encoder::until::now_and_then;
        e->put(out, std::string_view(text).substr(at, n), how);
        at = std::min(at + n, text.size());
        if (how == content_encoder::until::here && at < 60'000) {
          ASSERT_EQ(decoded(out, name), text.substr(0, at) + "?")
              << name << ": everything can be read so far";
        }
      }
      e->put(out, {}, content_encoder::until::the_end);
      ASSERT_EQ(decoded(out, name), text) << name;
    }
  }
}

TEST(ContentEncoder, TheLevelIsAsHardAsItTries) {
  std::string text;
  std::mt19937 random(1);
  while (text.size() < 200'000) {
    text += "{\"id\":" + std::to_string(random() % 10'000) + ",\"name\":\"user " +
            std::to_string(random() % 100) + "\"},";
  }
  for (const auto coding : detail::built_in_codings()) {
    std::array<std::string, 2> out;
    content_encoder::make(coding, 1)->put(out[0], text, content_encoder::until::the_end);
    content_encoder::make(coding, 9)->put(out[1], text, content_encoder::until::the_end);
    EXPECT_LT(out[1].size(), out[0].size()) << detail::to_string(coding);
    EXPECT_LT(out[0].size(), text.size() / 3) << detail::to_string(coding);
  }
}

TEST(ContentEncoder, NothingIsAWholeBodyToo) {
  for (const auto coding : detail::built_in_codings()) {
    std::string out;
    const auto e = content_encoder::make(coding, 6);
    e->put(out, {}, content_encoder::until::now_and_then);
    e->put(out, {}, content_encoder::until::here);
    e->put(out, {}, content_encoder::until::the_end);
    EXPECT_FALSE(out.empty());
    EXPECT_EQ(decoded(out, detail::to_string(coding)), "");
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
  for (const auto& coding : compression_codings()) {
    const auto got = answered(plain(), "Accept-Encoding: " + coding + "\r\n");
    EXPECT_EQ(header_of(got, "Content-Encoding"), coding);
    EXPECT_EQ(header_of(got, "Vary"), "Accept-Encoding");
    EXPECT_LT(body_of(got).size(), text.size() / 2);
    EXPECT_EQ(header_of(got, "Content-Length"), std::to_string(body_of(got).size()));
    EXPECT_EQ(decoded(body_of(got), coding), text);
  }
}

TEST(Compression, SeveralFieldsAreOneList) {
  const auto got = answered(plain(), "Accept-Encoding: br;q=0.5\r\nAccept-Encoding: gzip\r\n");
  EXPECT_EQ(header_of(got, "Content-Encoding"), "gzip");
}

TEST(Compression, TheOrderOfTheCodingsIsTheServers) {
  const auto all = "Accept-Encoding: gzip, deflate, br, zstd\r\n";
  EXPECT_EQ(header_of(answered(plain(), all), "Content-Encoding"), compression_codings().front());
  const auto with = [&](std::vector<std::string> names) {
    const auto got = answered(plain(), all, "GET", compression_options().codings(std::move(names)));
    return header_of(got, "Content-Encoding");
  };
  EXPECT_EQ(with({"deflate", "gzip"}), "deflate");
  EXPECT_EQ(with({"gzip"}), "gzip");
  if (built_in(content_coding::br)) {
    EXPECT_EQ(with({"br", "gzip"}), "br");
  }
  const auto got = answered(plain(), "Accept-Encoding: gzip\r\n", "GET",
                            compression_options().codings({"deflate"}));
  EXPECT_EQ(body_of(got), text);
  EXPECT_EQ(header_of(got, "Vary"), "Accept-Encoding");
}

TEST(Compression, CodingsAreChecked) {
  for (const auto* name : {"identity", "bzip2", "", "GZIP", "*"}) {
    EXPECT_THROW(static_cast<void>(compression(compression_options().codings({name}))),
                 std::invalid_argument)
        << name;
  }
  try {
    static_cast<void>(compression(compression_options().codings({"gzip", "gzip"}).level(0)));
    ADD_FAILURE();
  } catch (const std::invalid_argument& e) {
    EXPECT_EQ(std::string(e.what()),
              "http::compression: the level is from 1 to 9; codings are some of "
              "compression_codings(), each once");
  }
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
  for (const auto& coding : compression_codings()) {
    for (const auto size :
         {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(5000 * 10)}) {
      const auto got =
          answered(response().body(make_body(
                                       [](context& cx, body_writer& out) -> task<result<void>> {
                                         result<void> sent;
                                         for (int i = 0; sent && i < 10; ++i) {
                                           sent = co_await out.write(
                                               cx, std::string_view(text).substr(0, 5000));
                                         }
                                         out.trailer("X-Rows", "10");
                                         co_return sent;
                                       },
                                       size),
                                   "text/csv"),
                   "Accept-Encoding: " + coding + "\r\n");
      EXPECT_EQ(header_of(got, "Content-Encoding"), coding);
      EXPECT_EQ(header_of(got, "Content-Length"), "-");
      std::string whole;
      for (int i = 0; i < 10; ++i) {
        whole += text.substr(0, 5000);
      }
      EXPECT_EQ(decoded(dechunked(body_of(got)), coding), whole);
      EXPECT_TRUE(got.ends_with("X-Rows: 10\r\n\r\n"));
    }
  }
}

TEST(Compression, CodesLongTextsWhileTheyAreSent) {
  std::string longer;
  while (longer.size() < 1'000'000) {
    longer += text;
  }
  for (const auto& coding : compression_codings()) {
    const auto got = answered(response().body(longer, "application/json"),
                              "Accept-Encoding: " + coding + "\r\n");
    EXPECT_EQ(header_of(got, "Transfer-Encoding"), "chunked");
    EXPECT_EQ(decoded(dechunked(body_of(got)), coding), longer);
  }
}

// What has come of a body whose source has written "first", flushed, and gone to sleep.
task<void> read_flushed(context& cx, memory_network& net, std::string coding) {
  auto p = co_await dial(cx, net);
  auto said = co_await p->say(cx, ask("GET", "/x", "Accept-Encoding: " + coding + "\r\n"));
  EXPECT_TRUE(said);
  auto head = co_await p->read_until(cx, "\r\n\r\n");
  auto size = co_await p->read_until(cx, "\r\n");
  const auto n = std::stoul(size, nullptr, 16);
  std::string got;
  while (got.size() < n) {
    // The text ends with a byte of its own choice, so read what is announced line by line.
    auto chunk = co_await p->read_until(cx, "\r\n");
    got += chunk;
  }
  EXPECT_EQ(decoded(std::string_view(got).substr(0, n), coding), "first?") << coding;
  p->close();
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
    for (const auto& coding : compression_codings()) {
      co_await read_flushed(cx, net, coding);
    }
  });
}

// Our client announces what it can decode, and gives the text as it was.
TEST(Compression, RoundTripsThroughOurClient) {
  router r;
  r.use(compression());
  r.get("/x", [](context&) -> result<response> { return plain(); });
  with_server(std::move(r), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    client c(cx.env(), client_options("http://shop").network(net));
    for (const auto& coding : compression_codings()) {
      auto got = co_await c.request(
          cx, http::request(method::get, "/x").header("Accept-Encoding", coding));
      EXPECT_TRUE(got);
      EXPECT_EQ(got->headers().get("Content-Encoding"), coding) << "whoever asks decodes";
      EXPECT_EQ(decoded(got->body(), coding), text);
    }
    auto got = co_await c.request(cx, http::request(method::get, "/x"));
    EXPECT_TRUE(got);
    EXPECT_EQ(got->body(), text);
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
