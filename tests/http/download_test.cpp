// SPDX-License-Identifier: BSL-1.0
// Downloads: whole or not there, continued where nothing changed, begun anew where something did.
#include <fairlead/http/download.hpp>

#include "detail/content_range.hpp"
#include "support/http_world.hpp"
#include "support/scratch_dir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::parse_content_range;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
void put_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}
bool there(const std::string& path) {
  return std::filesystem::exists(path);
}

// An origin of one file that understands ranges, and whose connections may break.
struct origin {
  std::string content = {};
  std::string validator = "ETag: \"v1\"";
  bool ranges = true;
  std::optional<std::size_t> cut = std::nullopt;  // after so many body bytes of an answer
  std::vector<std::string> seen = {};

  [[nodiscard]] std::string answer(const std::string& head) const {
    const auto at = head.find("Range: bytes=");
    const auto tag = validator.substr(validator.find(' ') + 1);
    if (ranges && at != std::string::npos &&
        head.find("If-Range: " + tag + "\r\n") != std::string::npos) {
      const auto first = std::stoul(head.substr(at + 13));
      if (first >= content.size()) {
        return "HTTP/1.1 416 No\r\nContent-Range: bytes */" + std::to_string(content.size()) +
               "\r\nContent-Length: 0\r\n\r\n";
      }
      return "HTTP/1.1 206 Part\r\n" + validator + "\r\nContent-Range: bytes " +
             std::to_string(first) + "-" + std::to_string(content.size() - 1) + "/" +
             std::to_string(content.size()) +
             "\r\nContent-Length: " + std::to_string(content.size() - first) + "\r\n\r\n" +
             content.substr(first);
    }
    return "HTTP/1.1 200 OK\r\n" + validator +
           "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
  }

  script serve() {
    return [this](context& cx, peer& p, int) -> task<void> {
      while (!p.ended) {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        if (p.ended) {
          break;
        }
        seen.push_back(head);
        auto text = answer(head);
        if (cut) {
          text.resize(std::min(text.size(), text.find("\r\n\r\n") + 4 + *cut));
        }
        auto said = co_await p.say(cx, text);
        if (!said || cut) {
          p.close();
          break;
        }
      }
    };
  }
};

result<downloaded> fetch(origin& o, const std::string& path, download_options how = {}) {
  result<downloaded> out;
  with_script(o.serve(), {}, [&](context& cx, client& c, memory_network&) -> task<void> {
    auto done = co_await download(cx, c, "/f", path, how);
    out = std::move(done);
  });
  return out;
}

TEST(Download, MakesTheFile) {
  const scratch_dir dir;
  const auto path = dir.file("f");
  origin o{std::string(200'000, 'x')};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  const auto done =
      fetch(o, path, download_options().progress([&](std::uint64_t n, std::uint64_t total) {
        told.emplace_back(n, total);
      }));
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->size, 200'000u);
  EXPECT_EQ(done->continued_at, 0u);
  EXPECT_TRUE(content_of(path) == o.content);
  EXPECT_FALSE(there(path + ".part"));
  EXPECT_FALSE(there(path + ".part.from"));
  EXPECT_EQ(told.back(), std::make_pair(std::uint64_t{200'000}, std::uint64_t{200'000}));
  EXPECT_NE(o.seen[0].find("Accept-Encoding: identity\r\n"), std::string::npos);
  EXPECT_EQ(o.seen[0].find("Range"), std::string::npos);
}

TEST(Download, AnEmptyFileIsOneToo) {
  const scratch_dir dir;
  origin o;
  EXPECT_TRUE(fetch(o, dir.file("f")));
  EXPECT_TRUE(there(dir.file("f")));
  EXPECT_EQ(content_of(dir.file("f")), "");
}

TEST(Download, ContinuesWhereItWasCutOff) {
  std::string content;
  for (int i = 0; content.size() < 2000; ++i) {
    content += std::to_string(i) + ",";
  }
  for (const std::string validator :
       {"ETag: \"v1\"", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"}) {
    for (std::size_t n = 1; n < content.size(); n += 97) {
      const scratch_dir dir;
      const auto path = dir.file("f");
      put_text(path, "old");
      origin o{content, validator};
      o.cut = n;
      auto done = fetch(o, path);
      ASSERT_FALSE(done);
      EXPECT_EQ(done.error().kind(), error_kind::connection_closed);
      EXPECT_EQ(content_of(path), "old") << "the old one stays whole";
      EXPECT_EQ(content_of(path + ".part"), content.substr(0, n));
      o.cut.reset();
      done = fetch(o, path);
      ASSERT_TRUE(done) << done.error().message();
      EXPECT_EQ(done->continued_at, n);
      EXPECT_EQ(done->size, content.size());
      EXPECT_TRUE(content_of(path) == content);
      EXPECT_FALSE(there(path + ".part.from"));
    }
  }
}

TEST(Download, BeginsAnewWhenSomethingChanged) {
  const scratch_dir dir;
  const auto path = dir.file("f");
  origin o{"first version"};
  o.cut = 5;
  EXPECT_FALSE(fetch(o, path));
  o = origin{"second version", "ETag: \"v2\""};
  const auto done = fetch(o, path);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->continued_at, 0u);
  EXPECT_NE(o.seen[0].find("If-Range: \"v1\"\r\n"), std::string::npos);
  EXPECT_EQ(content_of(path), "second version");
}

TEST(Download, BeginsAnewWithoutRanges) {
  const scratch_dir dir;
  const auto path = dir.file("f");
  origin o{"some content"};
  o.cut = 5;
  EXPECT_FALSE(fetch(o, path));
  o.cut.reset();
  o.ranges = false;
  EXPECT_TRUE(fetch(o, path));
  EXPECT_EQ(content_of(path), "some content");
}

TEST(Download, APartThatIsTooLongIsNone) {
  const scratch_dir dir;
  const auto path = dir.file("f");
  put_text(path + ".part", "more than there is");
  put_text(path + ".part.from", "\"v1\"");
  origin o{"short"};
  const auto done = fetch(o, path);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(o.seen.size(), 2u) << "416, then from the start";
  EXPECT_EQ(content_of(path), "short");
}

TEST(Download, OnlyWhatCanBeRecognisedIsContinued) {
  for (const std::string validator : {"ETag: W/\"weak\"", "X-Other: 1"}) {
    const scratch_dir dir;
    const auto path = dir.file("f");
    origin o{"some content", validator};
    o.cut = 5;
    EXPECT_FALSE(fetch(o, path));
    EXPECT_FALSE(there(path + ".part")) << "of no use";
    o.cut.reset();
    EXPECT_TRUE(fetch(o, path));
    EXPECT_EQ(o.seen[1].find("Range"), std::string::npos);
  }
  const scratch_dir dir;
  const auto path = dir.file("f");
  put_text(path + ".part", "someone else's");
  origin o{"some content"};
  EXPECT_TRUE(fetch(o, path));
  EXPECT_EQ(content_of(path), "some content");
}

TEST(Download, NeverMeansNever) {
  const scratch_dir dir;
  const auto path = dir.file("f");
  origin o{"some content"};
  o.cut = 5;
  EXPECT_FALSE(fetch(o, path));
  o.cut.reset();
  const auto done = fetch(o, path, download_options().continue_with(resume::never));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->continued_at, 0u);
  EXPECT_EQ(content_of(path), "some content");
}

TEST(Download, StatusesAreErrors) {
  const scratch_dir dir;
  const auto path = dir.file("f");
  with_script(always("HTTP/1.1 404 No\r\nX-Why: gone\r\nContent-Length: 5\r\n\r\nsorry"), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto done = co_await download(cx, c, "/f", path);
                EXPECT_FALSE(done);
                EXPECT_EQ(done.error().status(), 404u);
                EXPECT_EQ(done.error().header("X-Why"), "gone");
                const auto e = done.error();
                EXPECT_EQ(e.get<errors::http_error>()->body, "sorry");
                EXPECT_EQ(c.stats().idle, 1u);
              });
  EXPECT_FALSE(there(path));
  EXPECT_FALSE(there(path + ".part"));
}

// As with every other GET: what a retry goes by.
TEST(Download, ARefusalSaysWhetherAndWhenToComeAgain) {
  const scratch_dir dir;
  with_script(always("HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto done = co_await download(cx, c, "/f", dir.file("f"));
                EXPECT_FALSE(done);
                const auto e = done.error();
                EXPECT_EQ(e.get<errors::http_error>()->retry_after, 7s);
                EXPECT_TRUE(e.repeatable());
              });
}

TEST(Download, PartsThatDoNotFitAreRefused) {
  const std::string head = "HTTP/1.1 206 Part\r\nETag: \"v1\"\r\n";
  for (const std::string rest :
       {"Content-Range: bytes 4-6/7\r\nContent-Length: 3\r\n\r\nabc",
        "Content-Range: bytes 5-6/7\r\nContent-Length: 3\r\n\r\nabc",
        "Content-Range: bytes 5-8/9\r\nContent-Length: 3\r\n\r\nabc",
        "Content-Range: odd\r\nContent-Length: 3\r\n\r\nabc", "Content-Length: 3\r\n\r\nabc"}) {
    const scratch_dir dir;
    const auto path = dir.file("f");
    put_text(path + ".part", "01234");
    put_text(path + ".part.from", "\"v1\"");
    with_script(always(head + rest), {},
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  auto done = co_await download(cx, c, "/f", path);
                  EXPECT_FALSE(done) << rest;
                  EXPECT_EQ(done.error().kind(), error_kind::protocol_error);
                });
    EXPECT_FALSE(there(path));
  }
  const scratch_dir dir;
  with_script(always(head + "Content-Range: bytes 0-2/3\r\nContent-Length: 3\r\n\r\nabc"), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto done = co_await download(cx, c, "/f", dir.file("f"));
                EXPECT_FALSE(done) << "nobody asked for a part";
              });
}

// "bytes 5-6/*" does not say that byte 6 is the last. As after a 416, the second request must not
// wait for the connection of the first.
TEST(Download, BeginsAnewWhenAPartLeadsNowhere) {
  for (const std::string refusal :
       {"HTTP/1.1 206 Part\r\nETag: \"v1\"\r\nContent-Range: bytes 5-6/*\r\nContent-Length: 2\r\n",
        "HTTP/1.1 416 No\r\nContent-Length: 2\r\n"}) {
    const scratch_dir dir;
    const auto path = dir.file("f");
    put_text(path + ".part", "01234");
    put_text(path + ".part.from", "\"v1\"");
    const auto server = [&](context& cx, peer& p, int) -> task<void> {
      while (!p.ended) {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        const bool part = head.find("Range: ") != std::string::npos;
        const auto text = part ? refusal + "\r\n5" : ok_json("0123456789");
        auto said = co_await p.say(cx, text);  // of the part's two bytes one never comes
        static_cast<void>(said);
      }
    };
    pool_options one;
    one.per_origin = 1;
    with_script(server, client_options().pool(one),
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  auto limited = cx.with_timeout(1s);
                  auto done = co_await download(limited, c, "/f", path);
                  EXPECT_TRUE(done) << done.error().message();
                  EXPECT_TRUE(done && done->continued_at == 0);
                });
    EXPECT_EQ(content_of(path), "0123456789");
  }
}

TEST(Download, HoldsItsLimit) {
  const scratch_dir dir;
  origin o{std::string(1000, 'x')};
  auto done = fetch(o, dir.file("f"), download_options().max_size(999));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), error_kind::too_large);
  EXPECT_FALSE(there(dir.file("f")));
  EXPECT_TRUE(fetch(o, dir.file("g"), download_options().max_size(1000)));
}

TEST(Download, StallsEnd) {
  const scratch_dir dir;
  const auto stall = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said =
        co_await p.say(cx, "HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_TRUE(said);
    auto rest = co_await p.read_all(cx);
  };
  with_script(stall, client_options().timeout(1s).read_timeout(7s),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                const auto start = cx.now();
                auto done = co_await download(cx, c, "/f", dir.file("f"));
                EXPECT_FALSE(done);
                EXPECT_EQ(done.error().get<errors::timeout>()->scope, timeout_scope::idle);
                EXPECT_EQ(cx.now() - start, 7s);
                done =
                    co_await download(cx, c, "/f", dir.file("g"), download_options().timeout(3s));
                EXPECT_FALSE(done);
                EXPECT_EQ(cx.now() - start, 10s);
              });
}

TEST(Download, SaysWhatIsWrongWithTheFile) {
  const scratch_dir dir;
  origin o{"content"};
  const auto done = fetch(o, dir.file("no/such/directory"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), error_kind::system_error);
  EXPECT_NE(done.error().message().find("no/such/directory.part"), std::string::npos);
}

TEST(ContentRange, IsReadStrictly) {
  const auto r = parse_content_range("bytes 5-9/10");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->first, 5u);
  EXPECT_EQ(r->last, 9u);
  EXPECT_EQ(r->total, 10u);
  EXPECT_TRUE(parse_content_range("Bytes 0-0/*"));
  EXPECT_FALSE(parse_content_range("bytes 0-0/*")->total);
  for (const auto* bad : {"", "bytes", "bytes */10", "bytes 5-4/10", "bytes 5-10/10", "bytes 5-9",
                          "bytes 5-9/", "bytes -5-9/10", "bytes 5-9/10 ", "lines 5-9/10",
                          "bytes 99999999999999999999-9/10", "bytes 5-9/1x"}) {
    EXPECT_FALSE(parse_content_range(bad)) << bad;
  }
}

}  // namespace
}  // namespace fairlead::http
