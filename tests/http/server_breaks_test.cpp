// SPDX-License-Identifier: BSL-1.0
// Clients that break off, stall or reset at every byte of an exchange, with everything that a
// server has between them and its handlers: each time the next client is served, and nothing is
// left over.
#include <fairlead/http/basic_auth.hpp>
#include <fairlead/http/compression.hpp>
#include <fairlead/http/cors.hpp>
#include <fairlead/http/form_data.hpp>
#include <fairlead/http/multipart_reader.hpp>
#include <fairlead/http/static_files.hpp>

#include "support/scratch_dir.hpp"
#include "support/server_answers.hpp"

#include <fstream>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789";

std::string repeated(std::string_view text, std::size_t size) {
  std::string out;
  while (out.size() < size) {
    out += text;
  }
  out.resize(size);
  return out;
}

task<result<std::string>> sizes(context& cx, multipart_reader form) {
  std::string out;
  for (;;) {
    auto part = co_await form.next(cx);
    if (!part) {
      co_return tl::unexpected<error>(std::move(part).error());
    }
    if (*part == nullptr) {
      co_return out;
    }
    out += (*part)->name();
    auto all = co_await read_all(cx, form.content(), 100'000);
    if (!all) {
      co_return tl::unexpected<error>(std::move(all).error());
    }
    out += std::to_string(all->size());
  }
}

void add_uploads(router& r) {
  r.post("/up", [](context& cx, body_reader& body) -> task<result<std::string>> {
    auto all = co_await read_all(cx, body, 100'000);
    if (!all) {
      co_return tl::unexpected<error>(std::move(all).error());
    }
    co_return std::to_string(all->size());
  });
  r.post("/whole", [](context&, const request& q) -> result<std::string> {
    return std::to_string(q.body().size());
  });
  r.post("/parts", [](context& cx, multipart_reader form) -> task<result<std::string>> {
    auto out = co_await sizes(cx, std::move(form));
    co_return out;
  });
  r.post("/form", [](context&, form_data form) -> result<std::string> {
    return std::to_string(form.parts().size());
  });
}

router all_routes(const std::string& files) {
  router r;
  r.get("/next", [](context&) -> result<std::string> { return "next"; });
  r.get("/files/{path...}", static_files(files));
  add_uploads(r);
  auto packed = r.group("/packed").use(compression(compression_options().min_size(0)));
  packed.get("/text", [](context&) -> result<response> {
    return response().body(repeated(letters, 300), "text/plain");
  });
  packed.get("/made", [](context&) -> result<response> {
    return response().body(make_body([](context& cx, body_writer& out) -> task<result<void>> {
                             auto sent = co_await out.write(cx, letters);
                             if (sent) {
                               sent = co_await out.flush(cx);
                             }
                             if (sent) {
                               sent = co_await out.write(cx, letters);
                             }
                             co_return sent;
                           }),
                           "text/plain");
  });
  r.group("/api")
      .use(cors(cors_options().origin("https://app.example").credentials()))
      .use(basic_auth("api",
                      [](std::string_view name, std::string_view word) {
                        return name == "ann" && word == "secret";
                      }))
      .get("/me", [](context&) -> result<std::string> { return "ann"; });
  return r;
}

// Every place near both ends, and some between them.
std::vector<std::size_t> places(std::size_t size) {
  std::vector<std::size_t> out;
  for (std::size_t at = 1; at < size; at += at < 500 || at + 80 > size ? 1 : 53) {
    out.push_back(at);
  }
  return out;
}

// Without what differs from time to time.
std::string undated(std::string answer) {
  for (auto at = answer.find("Date: "); at != std::string::npos; at = answer.find("Date: ", at)) {
    answer.erase(at, answer.find("\r\n", at) + 2 - at);
  }
  const std::string mark = "boundary=";
  if (const auto found = answer.find(mark); found != std::string::npos) {
    const auto boundary = answer.substr(found + mark.size(), 32);
    for (auto at = answer.find(boundary); at != std::string::npos; at = answer.find(boundary, at)) {
      answer.replace(at, boundary.size(), "boundary");
    }
  }
  return answer;
}

enum class how { cut, reset, stall };
constexpr std::array all_ways = {how::cut, how::reset, how::stall};

// One exchange, and what may break in it.
class breaking {
 public:
  breaking(context& cx, server& app, memory_network& net, std::string text)
      : cx_(cx), app_(app), net_(net), text_(std::move(text)) {}

  // What is answered when nothing breaks, also when it all comes and goes byte by byte.
  task<void> whole(std::string status) {
    auto got = co_await exchange_raw(cx_, net_, text_);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 " + status)) << got;
    whole_ = undated(got);
    net_.server_side = net::memory_side().max_read(1).max_write(1);
    got = co_await exchange_raw(cx_, net_, text_);
    EXPECT_EQ(undated(got), whole_);
    co_await next_is_served();
    size_ = got.size();
  }

  task<void> asks_until(std::size_t at, how what) {
    net_.client_side = what == how::cut     ? net::memory_side().close_after_writing(at)
                       : what == how::reset ? net::memory_side().reset_after_writing(at)
                                            : net::memory_side();
    const auto start = cx_.now();
    auto p = co_await dial(cx_, net_);
    auto said = co_await p->say(cx_, text_.substr(0, at));
    static_cast<void>(said);
    auto got = co_await p->read_all(cx_);
    EXPECT_EQ(got.find("HTTP/1.1 2"), std::string::npos) << at << "\n" << got;
    EXPECT_LE(cx_.now() - start, 4s) << "it ends, wherever the client stalls";
    p->close();
    co_await next_is_served();
  }

  task<void> takes_until(std::size_t at, how what) {
    net_.server_side = what == how::cut     ? net::memory_side().close_after_writing(at)
                       : what == how::reset ? net::memory_side().reset_after_writing(at)
                                            : net::memory_side();
    net_.client_side = net::memory_side().capacity(what == how::stall ? at : 65536);
    auto p = co_await dial(cx_, net_);
    auto said = co_await p->say(cx_, text_);
    static_cast<void>(said);
    if (what == how::stall) {
      auto slept = co_await sleep_for(cx_, 4s);
      EXPECT_TRUE(slept);
      EXPECT_EQ(app_.stats().connections, 0u) << "stalled at " << at;
    }
    auto got = co_await p->read_all(cx_);
    EXPECT_LE(got.size(), at);
    EXPECT_TRUE(whole_.starts_with(got.substr(0, whole_.find("\r\n")))) << got;
    p->close();
    co_await next_is_served();
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  task<void> next_is_served() {
    net_.client_side = net::memory_side();
    net_.server_side = net::memory_side();
    auto got = co_await exchange_raw(cx_, net_, ask("GET", "/next", "Connection: close\r\n"));
    EXPECT_EQ(body_of(got), "next");
  }

  context& cx_;
  server& app_;
  memory_network& net_;
  std::string text_;
  std::string whole_;
  std::size_t size_ = 0;
};

void survives(const std::string& text, const std::string& status) {
  const scratch_dir dir;
  std::ofstream(dir.file("letters.txt"), std::ios::binary) << repeated(letters, 200);
  with_server(all_routes(dir.file("")),
              server_options().head_timeout(1s).body_timeout(1s).write_timeout(1s),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                breaking b(cx, app, net, text);
                co_await b.whole(status);
                for (const auto what : all_ways) {
                  for (const auto at : places(text.size())) {
                    co_await b.asks_until(at, what);
                  }
                  for (const auto at : places(b.size())) {
                    co_await b.takes_until(at, what);
                  }
                }
                auto slept = co_await sleep_for(cx, 5s);
                EXPECT_TRUE(slept);
                EXPECT_EQ(app.stats().connections, 0u);
                EXPECT_EQ(app.stats().body_memory, 0u);
                EXPECT_EQ(app.stats().dropped, 0u);
              });
}

const std::string closing = "Connection: close\r\n";

TEST(ServerBreaks, Files) {
  survives(ask("GET", "/files/letters.txt", closing), "200");
}

TEST(ServerBreaks, Ranges) {
  survives(ask("GET", "/files/letters.txt", closing + "Range: bytes=10-49\r\n"), "206");
  survives(ask("GET", "/files/letters.txt", closing + "Range: bytes=0-9, 50-59, -5\r\n"), "206");
}

TEST(ServerBreaks, CompressedTexts) {
  for (const auto& coding : compression_codings()) {
    survives(ask("GET", "/packed/text", closing + "Accept-Encoding: " + coding + "\r\n"), "200");
  }
}

TEST(ServerBreaks, CompressedStreams) {
  for (const auto& coding : compression_codings()) {
    survives(ask("GET", "/packed/made", closing + "Accept-Encoding: " + coding + "\r\n"), "200");
  }
}

TEST(ServerBreaks, OriginsAndPasswords) {
  const std::string origin = "Origin: https://app.example\r\n";
  survives(ask("GET", "/api/me", closing + origin + "Authorization: Basic YW5uOnNlY3JldA==\r\n"),
           "200");
  survives(ask("GET", "/api/me", closing + origin + "Authorization: Basic YW5uOg==\r\n"), "401");
  survives(ask("OPTIONS", "/api/me", closing + origin + "Access-Control-Request-Method: GET\r\n"),
           "204");
}

const std::string in_chunks = "Transfer-Encoding: chunked\r\n";

TEST(ServerBreaks, StreamedUploads) {
  survives(ask("POST", "/up", closing, repeated(letters, 300)), "200");
  survives(ask("POST", "/up", closing + in_chunks) +
               "3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nX-Sum: 1\r\n\r\n",
           "200");
}

// Larger than what a connection may have for free, so that it counts.
TEST(ServerBreaks, KeptUploads) {
  survives(ask("POST", "/whole", closing, repeated(letters, 10'000)), "200");
  survives(ask("POST", "/whole", closing + in_chunks) + "2710\r\n" + repeated(letters, 10'000) +
               "\r\n0\r\n\r\n",
           "200");
}

const std::string form_type = "Content-Type: multipart/form-data; boundary=abc\r\n";
std::string form_of(std::size_t size) {
  return "--abc\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n"
         "--abc\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n"
         "Content-Type: text/plain\r\n\r\n" +
         repeated("\r\n--ab", size) + "\r\n--abc--\r\n";
}

TEST(ServerBreaks, FormsAsTheyArrive) {
  survives(ask("POST", "/parts", closing + form_type, form_of(100)), "200");
  survives(ask("POST", "/parts", closing + form_type + in_chunks) + "10\r\n" +
               form_of(6).substr(0, 16) + "\r\n96\r\n" + form_of(6).substr(16) + "\r\n0\r\n\r\n",
           "200");
}

TEST(ServerBreaks, FormsThatAreKept) {
  survives(ask("POST", "/form", closing + form_type, form_of(8000)), "200");
}

}  // namespace
}  // namespace fairlead::http
