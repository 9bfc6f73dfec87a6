// SPDX-License-Identifier: BSL-1.0
// Files of a directory: what is sent, what is hidden, and that nobody gets out.
#include "detail/rooted_file.hpp"
#include "support/scratch_dir.hpp"
#include "support/server_answers.hpp"

#include <fairlead/http/static_files.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
namespace fs = std::filesystem;

class StaticFiles : public ::testing::Test {
 protected:
  StaticFiles() {
    fs::create_directories(root() / "css" / "deep");
    fs::create_directories(root() / ".git");
    fs::create_directories(root() / "empty");
    write("index.html", "<p>home</p>");
    write("css/site.css", "body {}");
    write("css/index.html", "<p>css</p>");
    write("digits.txt", "0123456789");
    write(".secret", "secret");
    write(".git/config", "secret");
    write("a b&c.txt", "odd name");
    write("none", "");
    std::ofstream(dir.file("outside.txt")) << "outside";
    fs::create_directory_symlink("css", root() / "style");
    fs::create_symlink("digits.txt", root() / "link.txt");
    fs::create_symlink("../outside.txt", root() / "escape.txt");
    fs::create_symlink(fs::path(dir.file("outside.txt")), root() / "absolute.txt");
    fs::create_directory_symlink("..", root() / "up");
    fs::create_symlink("loop", root() / "loop");
    EXPECT_EQ(::mkfifo((root() / "pipe").c_str(), 0600), 0);
  }

  [[nodiscard]] fs::path root() const { return dir.file("www"); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(root() / name, std::ios::binary) << text;
  }

  std::string ask_for(const std::string& target, const std::string& headers = "",
                      const std::string& method = "GET") {
    router r;
    r.get("/f/{path...}", static_files(root(), options));
    return answer_to(std::move(r), ask(method, target, headers));
  }
  int status_for(const std::string& target, const std::string& headers = "") {
    return std::stoi(ask_for(target, headers).substr(9, 3));
  }

  scratch_dir dir;
  static_files_options options;
};

TEST_F(StaticFiles, SendsAFileWithWhatIsKnownOfIt) {
  const auto got = ask_for("/f/css/site.css");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
  EXPECT_EQ(body_of(got), "body {}");
  EXPECT_EQ(header_of(got, "Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(header_of(got, "Content-Length"), "7");
  EXPECT_EQ(header_of(got, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header_of(got, "Cache-Control"), "no-cache");
  EXPECT_EQ(header_of(got, "X-Content-Type-Options"), "nosniff");
  EXPECT_TRUE(header_of(got, "ETag").starts_with("\"")) << got;
  EXPECT_NE(header_of(got, "Last-Modified"), "-");
  EXPECT_EQ(header_of(got, "Vary"), "-");
  EXPECT_EQ(body_of(ask_for("/f/a%20b&c.txt")), "odd name");
  EXPECT_EQ(body_of(ask_for("/f/none")), "");
}

TEST_F(StaticFiles, HeadSaysTheSame) {
  const auto got = ask_for("/f/digits.txt", "", "HEAD");
  EXPECT_EQ(head_of(got), head_of(ask_for("/f/digits.txt")));
  EXPECT_EQ(body_of(got), "");
}

TEST_F(StaticFiles, DirectoriesHaveAnIndex) {
  EXPECT_EQ(body_of(ask_for("/f/")), "<p>home</p>");
  EXPECT_EQ(body_of(ask_for("/f/css/")), "<p>css</p>");
  EXPECT_EQ(status_for("/f/empty/"), 404);
  auto got = ask_for("/f/css?a=b");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 301 ")) << got;
  EXPECT_EQ(header_of(got, "Location"), "./css/?a=b");
  EXPECT_EQ(header_of(ask_for("/f//css"), "Location"), "-") << "no way to another host";
  EXPECT_EQ(status_for("/f/digits.txt/"), 404);
  options.index("");
  EXPECT_EQ(status_for("/f/"), 404);
  EXPECT_EQ(status_for("/f/css"), 404);
}

TEST_F(StaticFiles, NobodyGetsOut) {
  for (const auto* target :
       {"/f/../outside.txt", "/f/%2e%2e/outside.txt", "/f/css/../../outside.txt",
        "/f/..%2foutside.txt", "/f/css%2f..%2f..%2foutside.txt", "/f/%2e%2e%2foutside.txt",
        "/f//etc/passwd", "/f/%2fetc/passwd", "/f/escape.txt", "/f/absolute.txt",
        "/f/up/outside.txt", "/f/up/", "/f/css/./site.css", "/f/css//site.css", "/f/loop",
        "/f/..\\outside.txt", "/f/css%00/site.css", "/f/digits.txt%00.css"}) {
    const auto got = ask_for(target);
    const auto code = got.substr(9, 3);
    EXPECT_TRUE(code == "404" || code == "400") << target << ": " << got;
    EXPECT_EQ(got.find("outside"), std::string::npos) << target;
  }
}

// A guard in front of "/f/css/" must not be passed by "/f/css%2f".
TEST_F(StaticFiles, AnEncodedSlashIsNoSlash) {
  for (const auto* target : {"/f/css%2fsite.css", "/f/css%2Fsite.css", "/f/css%2f", "/f/css%2fdeep",
                             "/f/style%2fsite.css", "/f/css/%2fsite.css"}) {
    EXPECT_EQ(status_for(target), 404) << target;
  }
  router r;
  r.get("/{tenant}/f/{path...}", static_files(root(), options));
  const auto got = answer_to(std::move(r), ask("GET", "/a%2fb/f/css/site.css"));
  EXPECT_EQ(body_of(got), "body {}") << "elsewhere it is no matter of files";
}

TEST_F(StaticFiles, LinksThatStayBelowAreFollowed) {
  EXPECT_EQ(body_of(ask_for("/f/link.txt")), "0123456789");
  EXPECT_EQ(body_of(ask_for("/f/style/site.css")), "body {}");
}

TEST_F(StaticFiles, WithoutOpenat2NoLinkIsFollowed) {
  const auto what = [&](const std::string& path) {
    return detail::open_below_by_steps(root(), path)->what;
  };
  using kind = detail::rooted_file::kind;
  EXPECT_EQ(what("css/site.css"), kind::file);
  EXPECT_EQ(what("css/deep"), kind::directory);
  EXPECT_EQ(what(""), kind::directory);
  for (const auto* path : {"link.txt", "style/site.css", "escape.txt", "up/outside.txt", "pipe",
                           "absent", "digits.txt/x", "../outside.txt", "/etc/passwd"}) {
    EXPECT_EQ(what(path), kind::absent) << path;
  }
}

TEST_F(StaticFiles, WhatIsHiddenIsNotThere) {
  for (const auto* target : {"/f/.secret", "/f/.git/config", "/f/.git/", "/f/.git", "/f/%2esecret",
                             "/f/pipe", "/f/absent", "/f/digits.txt/x"}) {
    EXPECT_EQ(status_for(target), 404) << target;
  }
  options.hidden_files();
  EXPECT_EQ(body_of(ask_for("/f/.secret")), "secret");
  EXPECT_EQ(status_for("/f/../.secret"), 400);
}

TEST_F(StaticFiles, AnswersConditions) {
  const auto first = ask_for("/f/digits.txt");
  const auto tag = header_of(first, "ETag");
  const auto date = header_of(first, "Last-Modified");
  auto got = ask_for("/f/digits.txt", "If-None-Match: " + tag + "\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 304 ")) << got;
  EXPECT_EQ(header_of(got, "ETag"), tag);
  EXPECT_EQ(header_of(got, "Cache-Control"), "no-cache");
  EXPECT_EQ(header_of(got, "Content-Type"), "-");
  EXPECT_EQ(header_of(got, "Content-Length"), "-");
  EXPECT_EQ(status_for("/f/digits.txt", "If-None-Match: \"other\"\r\n"), 200);
  EXPECT_EQ(status_for("/f/digits.txt", "If-Match: \"other\"\r\n"), 412);
  EXPECT_EQ(status_for("/f/digits.txt", "If-Match: " + tag + "\r\n"), 200);
  static_cast<void>(date);
  write("digits.txt", "changed 89");
  EXPECT_EQ(status_for("/f/digits.txt", "If-None-Match: " + tag + "\r\n"), 200)
      << "of the same size, a moment later";
}

TEST_F(StaticFiles, DatesAreThoseOfTheFile) {
  const timespec times[2] = {{784111777, 0}, {784111777, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root() / "digits.txt").c_str(), times, 0), 0);
  EXPECT_EQ(header_of(ask_for("/f/digits.txt"), "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(status_for("/f/digits.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            304);
  EXPECT_EQ(status_for("/f/digits.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"),
            200);
  const timespec later[2] = {{4102444800, 0}, {4102444800, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root() / "digits.txt").c_str(), later, 0), 0);
  EXPECT_EQ(header_of(ask_for("/f/digits.txt"), "Last-Modified"), "Thu, 01 Jan 2026 00:00:00 GMT")
      << "never later than now";
}

TEST_F(StaticFiles, SendsRanges) {
  auto got = ask_for("/f/digits.txt", "Range: bytes=2-4\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 206 ")) << got;
  EXPECT_EQ(header_of(got, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(header_of(got, "Content-Length"), "3");
  EXPECT_EQ(body_of(got), "234");
  got = ask_for("/f/digits.txt", "Range: bytes=10-\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 416 ")) << got;
  EXPECT_EQ(header_of(got, "Content-Range"), "bytes */10");
  got = ask_for("/f/digits.txt", "Range: bytes=2-4\r\n", "HEAD");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
  EXPECT_EQ(status_for("/f/digits.txt", "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n"), 200);
}

TEST_F(StaticFiles, SendsSeveralRangesAtOnce) {
  const auto got = ask_for("/f/digits.txt", "Range: bytes=0-1, 8-\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 206 ")) << got;
  const auto type = header_of(got, "Content-Type");
  const std::string start = "multipart/byteranges; boundary=";
  ASSERT_TRUE(type.starts_with(start)) << type;
  const auto mark = type.substr(start.size());
  EXPECT_EQ(mark.size(), 32u);
  const auto part = [&](const std::string& range, const std::string& bytes) {
    return "--" + mark + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes " +
           range + "/10\r\n\r\n" + bytes + "\r\n";
  };
  EXPECT_EQ(body_of(got), part("0-1", "01") + part("8-9", "89") + "--" + mark + "--\r\n");
  EXPECT_EQ(header_of(got, "Content-Length"), std::to_string(body_of(got).size()));
  EXPECT_EQ(header_of(got, "Content-Range"), "-");
  options.max_ranges(1);
  EXPECT_EQ(status_for("/f/digits.txt", "Range: bytes=0-1, 8-\r\n"), 200);
}

TEST_F(StaticFiles, SendsWhatWasCompressedBefore) {
  write("css/site.css.gz", "(gzip)");
  write("css/site.css.br", "(br)");
  write("alone.txt.gz", "(gzip)");
  EXPECT_EQ(body_of(ask_for("/f/css/site.css", "Accept-Encoding: gzip, br\r\n")), "body {}");
  options.precompressed();
  auto got = ask_for("/f/css/site.css", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(body_of(got), "(gzip)");
  EXPECT_EQ(header_of(got, "Content-Encoding"), "gzip");
  EXPECT_EQ(header_of(got, "Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(header_of(got, "Vary"), "Accept-Encoding");
  const auto coded = header_of(got, "ETag");
  got = ask_for("/f/css/site.css", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(body_of(got), "(br)");
  got = ask_for("/f/css/site.css", "Accept-Encoding: br;q=0, gzip;q=0\r\n");
  EXPECT_EQ(body_of(got), "body {}");
  EXPECT_EQ(header_of(got, "Vary"), "Accept-Encoding");
  EXPECT_NE(header_of(got, "ETag"), coded);
  EXPECT_EQ(status_for("/f/alone.txt", "Accept-Encoding: gzip\r\n"), 404);
}

TEST_F(StaticFiles, LargeFilesAreReadWhileTheyAreSent) {
  std::string large;
  for (int i = 0; large.size() < 300'000; ++i) {
    large += std::to_string(i) + ",";
  }
  write("large.bin", large);
  EXPECT_EQ(body_of(ask_for("/f/large.bin")), large);
  EXPECT_EQ(body_of(ask_for("/f/large.bin", "Range: bytes=70000-250000\r\n")),
            large.substr(70'000, 180'001));
}

TEST_F(StaticFiles, AFileThatShrinksBreaksTheAnswerOff) {
  write("large.bin", std::string(500'000, 'x'));
  router r;
  r.get("/f/{path...}", static_files(root()));
  with_server(std::move(r), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/f/large.bin"));
    auto text = co_await p->read_until(cx, "\r\n\r\n");
    EXPECT_TRUE(said);
    EXPECT_EQ(header_of(text, "Content-Length"), "500000");
    fs::resize_file(root() / "large.bin", 1000);
    text = co_await p->read_all(cx);
    EXPECT_LT(text.size(), 500'000u);
  });
}

TEST_F(StaticFiles, TypesAndCachingAreOptions) {
  options.type(".CSS", "text/x-other").cache_control("public, max-age=60");
  const auto got = ask_for("/f/css/site.css");
  EXPECT_EQ(header_of(got, "Content-Type"), "text/x-other");
  EXPECT_EQ(header_of(got, "Cache-Control"), "public, max-age=60");
  EXPECT_EQ(content_type_of_file("a.b.JPG"), "image/jpeg");
  EXPECT_EQ(content_type_of_file("Makefile"), "application/octet-stream");
  EXPECT_EQ(content_type_of_file("x.unknown"), "application/octet-stream");
}

TEST_F(StaticFiles, MistakesAreSaidAtOnce) {
  EXPECT_THROW(static_cast<void>(static_files(root() / "absent")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(static_files(root() / "digits.txt")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(static_files(
                   root(), static_files_options().cache_control("a\r\nb").index("../x"))),
               std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::http
