// SPDX-License-Identifier: BSL-1.0
// Content codings: the decoders by themselves, then a client that undoes them.
#include "detail/content_decoder.hpp"
#include "detail/body_decoding.hpp"
#include "support/encoded.hpp"
#include "support/http_world.hpp"
#include "support/shop.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::body_decoding;
using detail::content_decoder;
using detail::decode_step;

std::string varied(std::size_t size) {
  std::string out;
  random_source random(7);
  while (out.size() < size) {
    out += "line " + std::to_string(random.below(1000)) + "\n";
  }
  out.resize(size);
  return out;
}

struct decoded {
  std::string text;
  bool failed = false;
  bool complete = false;
  std::string reason;
};

// Decodes in pieces of `in` bytes with room for `most` at a time.
decoded decode_all(std::string_view coding, std::string_view text, std::size_t in,
                   std::size_t most) {
  decoded out;
  auto by = content_decoder::make(coding);
  while (!text.empty()) {
    auto piece = text.substr(0, in);
    text.remove_prefix(piece.size());
    for (;;) {
      const auto before = out.text.size();
      const auto step = by->decode(piece, out.text, most);
      EXPECT_LE(out.text.size() - before, most);
      if (step.now == decode_step::state::failed) {
        out.failed = true;
        out.reason = by->reason();
        return out;
      }
      EXPECT_LE(step.taken, piece.size());
      piece.remove_prefix(step.taken);
      if (step.now == decode_step::state::more) {
        EXPECT_TRUE(piece.empty());
        break;
      }
      EXPECT_TRUE(step.taken > 0 || out.text.size() > before) << "it moves";
      if (step.taken == 0 && out.text.size() == before) {
        return out;
      }
    }
  }
  out.complete = by->complete();
  return out;
}

class Codings : public ::testing::TestWithParam<std::string> {};

TEST_P(Codings, GiveBackWhatWasPutIn) {
  for (const std::size_t size : {0u, 1u, 2u, 100u, 5000u, 300'000u}) {
    const auto text = varied(size);
    const auto wire = encoded(GetParam(), text);
    for (const std::size_t in : {1u, 2u, 7u, 1000u, 1'000'000u}) {
      if (size > 10'000 && in < 7) {
        continue;
      }
      for (const std::size_t most : {1u, 100u, 1'000'000u}) {
        if (size > 10'000 && most < 100) {
          continue;
        }
        const auto d = decode_all(GetParam(), wire, in, most);
        EXPECT_FALSE(d.failed) << d.reason;
        EXPECT_TRUE(d.complete) << size << " in pieces of " << in;
        EXPECT_TRUE(d.text == text) << size << " in pieces of " << in << " with room for " << most;
      }
    }
  }
}

TEST_P(Codings, SeeWhatIsMissing) {
  const auto text = varied(500);
  const auto wire = encoded(GetParam(), text);
  for (std::size_t n = 1; n < wire.size(); ++n) {
    const auto d = decode_all(GetParam(), wire.substr(0, n), 64, 4096);
    EXPECT_FALSE(d.complete) << "after " << n;
    EXPECT_TRUE(d.failed || text.starts_with(d.text));
  }
  EXPECT_TRUE(decode_all(GetParam(), "", 1, 1).complete) << "an empty body is one";
}

TEST_P(Codings, SurviveEveryFlippedBit) {
  const auto text = varied(300);
  const auto wire = encoded(GetParam(), text);
  for (std::size_t i = 0; i < wire.size() * 8; ++i) {
    auto bad = wire;
    const auto byte = static_cast<unsigned char>(bad[i / 8]);
    bad[i / 8] = static_cast<char>(byte ^ (1U << (i % 8)));
    const auto d = decode_all(GetParam(), bad, 50, 4096);
    EXPECT_LE(d.text.size(), 1'000'000u);
  }
}

TEST_P(Codings, RefuseGarbage) {
  const auto d = decode_all(GetParam(), std::string(1000, '\x07'), 100, 4096);
  EXPECT_TRUE(d.failed || !d.complete);
  if (d.failed) {
    EXPECT_FALSE(d.reason.empty());
  }
  const auto behind = decode_all(GetParam(), encoded(GetParam(), "abc") + "garbage!", 3, 4096);
  EXPECT_TRUE(behind.failed || !behind.complete);
}

INSTANTIATE_TEST_SUITE_P(All, Codings, ::testing::ValuesIn(codings()),
                         [](const auto& one) { return one.param; });

TEST(ContentDecoder, KnowsItsNames) {
  EXPECT_TRUE(content_decoder::make("GZip"));
  EXPECT_TRUE(content_decoder::make("x-gzip"));
  for (const auto* name : {"identity", "compress", "gzip, br", "", "gzip "}) {
    EXPECT_FALSE(content_decoder::make(name)) << name;
  }
  EXPECT_TRUE(content_decoder::accepted().starts_with("gzip, deflate"));
}

TEST(ContentDecoder, TakesBareDeflateForDeflate) {
  for (const auto& text : {std::string("x"), varied(5000)}) {
    for (const std::size_t in : {1u, 2u, 3u, 5000u}) {
      const auto d = decode_all("deflate", deflated(text, -15), in, 4096);
      EXPECT_FALSE(d.failed) << d.reason;
      EXPECT_TRUE(d.complete);
      EXPECT_EQ(d.text, text);
    }
  }
}

TEST(ContentDecoder, TakesSeveralMembersOfGzip) {
  const auto wire = deflated("one ", 31) + deflated("", 31) + deflated("two", 31);
  for (const std::size_t in : {1u, 5u, 1000u}) {
    const auto d = decode_all("gzip", wire, in, 2);
    EXPECT_FALSE(d.failed) << d.reason;
    EXPECT_TRUE(d.complete);
    EXPECT_EQ(d.text, "one two");
  }
  EXPECT_FALSE(decode_all("gzip", wire.substr(0, wire.size() - 1), 5, 100).complete);
}

TEST(ContentDecoder, ChecksTheSum) {
  auto wire = deflated("hello world", 31);
  wire[wire.size() - 6] = static_cast<char>(wire[wire.size() - 6] ^ 1);
  const auto d = decode_all("gzip", wire, 100, 100);
  EXPECT_TRUE(d.failed);
  EXPECT_EQ(d.reason, "incorrect data check");
}

TEST(BodyDecoding, HoldsABodyToItsLimit) {
  for (const std::size_t limit : {99'999u, 100'000u}) {
    auto wire = deflated(std::string(100'000, 'x'), 31);
    std::string text;
    body_decoding d;
    d.begin(content_decoder::make("gzip"), limit);
    const auto got = d.decode(wire, text, std::string::npos);
    EXPECT_EQ(got,
              limit < 100'000 ? body_decoding::outcome::too_large : body_decoding::outcome::all);
    EXPECT_LE(text.size(), limit + 64 * 1024);
  }
}

TEST(BodyDecoding, GivesUpOnBombs) {
  auto wire = deflated(std::string(60'000'000, 'x'), 31);
  std::string text;
  std::uint64_t total = 0;
  body_decoding d;
  d.begin(content_decoder::make("gzip"), ~std::uint64_t{0});
  for (;;) {
    text.clear();
    const auto got = d.decode(wire, text, 64 * 1024);
    total += text.size();
    EXPECT_LE(text.size(), 64u * 1024);
    if (got == body_decoding::outcome::bomb) {
      break;
    }
    ASSERT_EQ(got, body_decoding::outcome::full);
  }
  EXPECT_LT(total, 18'000'000u);
}

// The client.

std::string answer(std::string_view coding, std::string_view body, std::string_view status) {
  return "HTTP/1.1 " + std::string(status) + " X\r\nContent-Encoding: " + std::string(coding) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
std::string chunked(std::string_view coding, std::string_view body) {
  std::string out = "HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(coding) +
                    "\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : body) {
    out += "1\r\n";
    out += c;
    out += "\r\n";
  }
  return out + "0\r\n\r\n";
}

const std::string ann = R"({"id":1,"name":"Ann"})";

TEST_P(Codings, AreUndoneByTheClient) {
  const auto wire = encoded(GetParam(), ann);
  for (const auto& text : {answer(GetParam(), wire, "200"), chunked(GetParam(), wire)}) {
    for (const std::size_t read : {1u, 5u, 10'000u}) {
      with_script(
          always(text), {},
          [&](context& cx, client& c, memory_network&) -> task<void> {
            auto u = co_await c.get<shop::user>(cx, "/x");
            EXPECT_TRUE(u) << u.error().message();
            auto r = co_await c.request(cx, http::request(method::get, "/x"));
            EXPECT_TRUE(r);
            EXPECT_EQ(r->body(), ann);
            EXPECT_FALSE(r->headers().contains("Content-Encoding"));
            EXPECT_FALSE(r->headers().contains("Content-Length"));
            auto s = co_await c.stream(cx, http::request(method::get, "/x"));
            EXPECT_TRUE(s);
            auto all = co_await read_all(cx, s->body(), 100);
            EXPECT_EQ(*all, ann);
            EXPECT_EQ(c.stats().idle, 1u);
          },
          [&](memory_network& net) { net.client_side = net::memory_side().max_read(read); });
    }
  }
}

TEST_P(Codings, CutAfterEveryByteIsAnError) {
  const auto wire = encoded(GetParam(), ann);
  for (std::size_t n = 1; n < wire.size(); ++n) {
    with_script(always(answer(GetParam(), wire.substr(0, n), "200")), {},
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  auto r = co_await c.request(cx, http::request(method::get, "/x"));
                  EXPECT_FALSE(r) << n;
                  EXPECT_EQ(r.error().kind(), error_kind::protocol_error) << r.error().message();
                  EXPECT_EQ(r.error().stage(), error_stage::body);
                  auto s = co_await c.stream(cx, http::request(method::get, "/x"));
                  EXPECT_TRUE(s);
                  auto all = co_await read_all(cx, s->body(), 1000);
                  EXPECT_FALSE(all);
                  EXPECT_EQ(all.error().kind(), error_kind::protocol_error);
                });
  }
}

TEST_P(Codings, BodiesAreHeldToTheLimitDecoded) {
  const auto wire = encoded(GetParam(), std::string(1'000'000, 'x'));
  with_script(always(answer(GetParam(), wire, "200")), client_options().max_body(999'999),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, http::request(method::get, "/x"));
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().kind(), error_kind::too_large);
                auto s =
                    co_await c.stream(cx, http::request(method::get, "/x"), {.max_body = 999'999});
                auto all = co_await read_all(cx, s->body(), 2'000'000);
                EXPECT_FALSE(all);
                EXPECT_EQ(all.error().kind(), error_kind::too_large);
                s = co_await c.stream(cx, http::request(method::get, "/x"));
                std::size_t seen = 0;
                for (;;) {
                  auto piece = co_await s->read(cx);
                  EXPECT_TRUE(piece);
                  if (!piece || !*piece) {
                    break;
                  }
                  EXPECT_LE((*piece)->size(), 64u * 1024);
                  seen += (*piece)->size();
                }
                EXPECT_EQ(seen, 1'000'000u);
              });
}

TEST(ClientDecoding, ErrorsKeepTheirStatusWhateverTheirBody) {
  const auto whole = encoded("gzip", "so sorry");
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {whole, "so sorry"},
      {whole.substr(0, whole.size() - 4), "so sorry"},
      {"not gzip at all", ""},
      {encoded("gzip", std::string(100'000, 'x')), std::string(64 * 1024, 'x')},
  };
  for (const auto& [wire, expected] : bodies) {
    with_script(always(answer("gzip", wire, "503")), {},
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  auto r = co_await c.get<void>(cx, "/x");
                  EXPECT_FALSE(r);
                  EXPECT_EQ(r.error().status(), 503u) << r.error().message();
                  const auto e = r.error();
                  EXPECT_EQ(e.get<errors::http_error>()->body, expected);
                });
  }
}

TEST(ClientDecoding, LeavesAloneWhatItDoesNotKnow) {
  for (const std::string coding : {"compress", "gzip, br", "identity"}) {
    with_script(always(answer(coding, "as it is", "200")), {},
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  auto r = co_await c.request(cx, http::request(method::get, "/x"));
                  EXPECT_TRUE(r);
                  EXPECT_EQ(r->body(), "as it is");
                  EXPECT_EQ(r->headers().get("Content-Encoding"), coding);
                });
  }
}

TEST(ClientDecoding, BodylessAnswersKeepTheirHeaders) {
  for (const std::string text :
       {"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"}) {
    with_script(always(text), {}, [&](context& cx, client& c, memory_network&) -> task<void> {
      auto r = co_await c.request(cx, http::request(method::get, "/x"));
      EXPECT_TRUE(r) << r.error().message();
      EXPECT_EQ(r->body(), "");
      EXPECT_EQ(r->headers().get("Content-Encoding"), "gzip");
    });
  }
}

// What the client asks for, and what it then makes of gzip.
void expect_asking(client_options options, http::request r, std::string_view asked, bool undone) {
  std::string seen;
  const auto wire = encoded("gzip", "text");
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    seen = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, answer("gzip", wire, "200"));
    EXPECT_TRUE(said);
  };
  with_script(server, options, [&](context& cx, client& c, memory_network&) -> task<void> {
    auto got = co_await c.request(cx, r);
    EXPECT_TRUE(got);
    EXPECT_EQ(got->body(), undone ? std::string_view("text") : std::string_view(wire));
  });
  const std::string name = "\r\nAccept-Encoding: ";
  const auto at = seen.find(name);
  const auto value =
      at == std::string::npos
          ? ""
          : seen.substr(at + name.size(), seen.find("\r\n", at + 2) - at - name.size());
  EXPECT_EQ(value, asked);
  EXPECT_EQ(seen.find("Accept-Encoding", at + 4), std::string::npos) << "once";
}

TEST(ClientDecoding, AsksForWhatItUndoes) {
  const auto get = http::request(method::get, "/x");
  auto own = get;
  own.header("Accept-Encoding", "gzip");
  auto part = get;
  part.header("Range", "bytes=5-");
  expect_asking({}, get, content_decoder::accepted(), true);
  expect_asking({}, own, "gzip", false);
  expect_asking({}, part, "identity", false);
  expect_asking(client_options().header("Accept-Encoding", "br"), get, "br", false);
  expect_asking(client_options().decode(decoding::none), get, "", false);
}

}  // namespace
}  // namespace fairlead::http
