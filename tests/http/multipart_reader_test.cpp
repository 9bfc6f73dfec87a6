// SPDX-License-Identifier: BSL-1.0
// Forms with files at a server, as they arrive and whole, from our own client and by hand.
#include <fairlead/http/form.hpp>
#include <fairlead/http/form_data.hpp>
#include <fairlead/http/multipart_reader.hpp>

#include "support/server_answers.hpp"

#include <boost/describe.hpp>

#include <vector>

namespace fairlead::http {
namespace multipart_test {
struct profile {
  std::string name;
  int age = 0;
  std::optional<std::string> motto;
  std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(profile, (), (name, age, motto, tags))
}  // namespace multipart_test

namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// "name:size" of each field, "name/file name:size" of each file.
task<result<std::string>> listed(context& cx, multipart_reader form) {
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
    if ((*part)->is_file()) {
      out.append("/").append((*part)->file_name());
    }
    std::uint64_t size = 0;
    for (;;) {
      auto piece = co_await form.content().read(cx);
      if (!piece) {
        co_return tl::unexpected<error>(std::move(piece).error());
      }
      if (!*piece) {
        break;
      }
      size += (*piece)->size();
    }
    out.append(":").append(std::to_string(size)).append(" ");
  }
}

router routes(route_options limits = {}) {
  router r;
  r.post("/list", limits, [](context& cx, multipart_reader form) -> task<result<std::string>> {
    auto out = co_await listed(cx, std::move(form));
    co_return out;
  });
  r.post("/names", [](context& cx, multipart_reader form) -> task<result<std::string>> {
    std::string out;
    for (;;) {
      auto part = co_await form.next(cx);  // and reads no content
      if (!part) {
        co_return tl::unexpected<error>(std::move(part).error());
      }
      if (*part == nullptr) {
        co_return out;
      }
      out += (*part)->name() + " ";
    }
  });
  r.post("/first", [](context& cx, multipart_reader form) -> task<result<std::string>> {
    auto part = co_await form.next(cx);
    co_return part ? (*part)->name() : std::string("broken");
  });
  r.post("/few", [](context& cx, const request& q, body_reader& body) -> task<result<std::string>> {
    auto form =
        multipart_reader::open(q.headers().get("Content-Type").value_or(""), body, {.parts = 1});
    if (!form) {
      co_return tl::unexpected<error>(std::move(form).error());
    }
    auto out = co_await listed(cx, std::move(*form));
    co_return out;
  });
  r.post("/whole", [](context&, form_data form) -> result<std::string> {
    std::string out;
    for (const auto& p : form.parts()) {
      out.append(p.head.name()).append("=").append(p.content).append(" ");
    }
    return out;
  });
  r.post("/profile", [](context&, from_form<multipart_test::profile> p) -> result<std::string> {
    return p->name + "," + std::to_string(p->age) + "," + p->motto.value_or("-") + "," +
           std::to_string(p->tags.size());
  });
  return r;
}

// A text of `size` bytes in which there are many line ends and beginnings of boundaries.
std::string tricky(std::size_t size) {
  std::string out;
  while (out.size() < size) {
    out += "\r\n--\r\n------fairlead-\r\n----\r";
  }
  out.resize(size);
  return out;
}

task<std::string> send_form(context& cx, memory_network& net, std::string target,
                            const multipart& parts) {
  client c(cx.env(), client_options("http://shop").network(net));
  auto got = co_await c.request(cx, http::request(method::post, target)
                                        .header("Content-Type", parts.content_type())
                                        .body(parts.body()));
  co_return got ? got->body() : got.error().message();
}

TEST(MultipartReader, ReadsWhatOurClientSends) {
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    with_server(routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
      net.server_side = net::memory_side().max_read(most);
      multipart parts(cx.env().random());
      parts.field("title", "me & you")
          .file("a\"b\r\n", "../\"me\".jpg", tricky(5000), "image/jpeg")
          .file("empty", "", "")
          .file("made", "made.bin", make_body([](context& own, body_writer& out) {
                  return out.write(own, "streamed");
                }));
      auto got = co_await send_form(cx, net, "/list", parts);
      EXPECT_EQ(got, "title:8 a\"b\r\n/\"me\".jpg:5000 empty/:0 made/made.bin:8 ");
      got = co_await send_form(cx, net, "/names", parts);
      EXPECT_EQ(got, "title a\"b\r\n empty made ");
      got = co_await send_form(cx, net, "/first", parts);
      EXPECT_EQ(got, "title");
      const multipart none(cx.env().random());
      got = co_await send_form(cx, net, "/list", none);
      EXPECT_EQ(got, "");
    });
  }
}

TEST(MultipartReader, TheWholeFormIsTheSame) {
  with_server(routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    multipart parts(cx.env().random());
    const auto text = tricky(3000);
    parts.field("a", "1").file("f", "f.txt", text).field("b", "");
    auto got = co_await send_form(cx, net, "/whole", parts);
    EXPECT_EQ(got, "a=1 f=" + text + " b= ");
  });
}

TEST(MultipartReader, FieldsAreAFormsFields) {
  with_server(routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    multipart parts(cx.env().random());
    parts.field("name", "Ann & B\xc3\xa9=+%").field("age", "7").field("tags", "x");
    parts.field("tags", "y").file("motto", "m.txt", "a file is no text").field("other", "");
    auto got = co_await send_form(cx, net, "/profile", parts);
    EXPECT_EQ(got, "Ann & B\xc3\xa9=+%,7,-,2");
    multipart wrong(cx.env().random());
    wrong.field("name", "Ann").field("age", "seven");
    client c(cx.env(), client_options("http://shop").network(net));
    auto answer = co_await c.request(cx, http::request(method::post, "/profile")
                                             .header("Content-Type", wrong.content_type())
                                             .body(wrong.body()));
    EXPECT_FALSE(answer.has_value() && answer->status() == status::ok);
  });
  const auto other = answer_to(routes(), ask("POST", "/profile", "Content-Type: a/b\r\n", "x"));
  EXPECT_TRUE(other.starts_with("HTTP/1.1 400 ")) << other;
}

const std::string type = "Content-Type: multipart/form-data; boundary=abc\r\n";
const std::string field = "--abc\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";

TEST(MultipartReader, AGigabyteTakesTwoBuffers) {
  constexpr std::uint64_t gigabyte = std::uint64_t{1} << 30U;
  std::uint64_t most = 0;
  with_server(routes({.deadline = 1h, .max_body = 2 * gigabyte}), {},
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                net.server_side = net::memory_side().capacity(1 << 20);
                auto p = co_await dial(cx, net);
                const std::string end = "\r\n--abc--\r\n";
                auto said = co_await p->say(
                    cx, "POST /list HTTP/1.1\r\nHost: a\r\n" + type + "Content-Length: " +
                            std::to_string(field.size() + gigabyte + end.size()) + "\r\n\r\n" +
                            field);
                const auto piece = tricky(4096) + std::string((1 << 20) - 4096, 'x');
                for (int i = 0; said && i < 1024; ++i) {
                  said = co_await p->say(cx, piece);
                  most = std::max(most, app.stats().body_memory);
                }
                said = co_await p->say(cx, end);
                EXPECT_TRUE(said);
                auto text = co_await p->read_until(cx, " ");
                text = co_await p->read_until(cx, "\r\n\r\n");
                text = co_await p->read_until(cx, " ");
                EXPECT_EQ(text, "a:" + std::to_string(gigabyte) + " ");
              });
  EXPECT_EQ(most, 0u) << "nothing of the budget for bodies";
}

TEST(MultipartReader, WhatIsWrongIsTheClientsFault) {
  const std::tuple<const char*, std::string, std::string, int> cases[] = {
      {"/list", "Content-Type: text/plain\r\n", field + "x\r\n--abc--", 400},
      {"/list", "", field + "x\r\n--abc--", 400},
      {"/whole", "Content-Type: multipart/form-data\r\n", field + "x\r\n--abc--", 400},
      {"/list", type, "nonsense", 400},
      {"/list", type, field + "x\r\n--abcd", 400},
      {"/list", type, field + "x", 400},
      {"/names", type, field + "x\r\n--abc", 400},
      {"/whole", type, field + "x", 400},
      {"/list", type, field + "x\r\n--abc--\r\nepilogue", 400},
      {"/list", type, "--abc\r\nX: " + std::string(9000, 'x'), 413},
      {"/whole", type, "--abc\r\nX: " + std::string(9000, 'x'), 413},
      {"/few", type, field + "x\r\n--abc--", 200},
      {"/few", type, field + "x\r\n" + field + "y\r\n--abc--", 413},
      {"/few", "", field, 400},
  };
  for (const auto& [target, headers, body, status] : cases) {
    const auto got = answer_to(routes(), ask("POST", target, headers, body));
    EXPECT_TRUE(got.starts_with("HTTP/1.1 " + std::to_string(status))) << body << "\n" << got;
  }
}

TEST(MultipartReader, TheLimitsOfBodiesHold) {
  const auto text = "POST /list HTTP/1.1\r\nHost: a\r\n" + type;
  auto got = answer_to(routes({.max_body = 100}), text + "Content-Length: 101\r\n\r\n" + field);
  EXPECT_TRUE(got.starts_with("HTTP/1.1 413 ")) << got;
  got = answer_to(routes({.max_body = 100}), text + "Transfer-Encoding: chunked\r\n\r\n65\r\n" +
                                                 field + std::string(200, 'x'));
  EXPECT_TRUE(got.starts_with("HTTP/1.1 413 ")) << got;
  with_server(routes(), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    got = co_await exchange_raw(cx, net, text + "Content-Length: 1000\r\n\r\n" + field + "x");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 408 ")) << got;
  });
}

// A reader of its own, over any body.
class text_body final : public body_reader {
 public:
  text_body(std::string text, std::optional<error> end) : text_(std::move(text)), end_(end) {}
  task<result<std::optional<std::string_view>>> read(context&) override {
    ++reads;
    if (at_ == text_.size()) {
      if (end_) {
        co_return tl::unexpected<error>(*end_);
      }
      co_return std::nullopt;
    }
    piece_ = text_.substr(at_++, 1);  // whoever keeps a view to the last one is found out
    co_return std::optional<std::string_view>(piece_);
  }
  std::optional<std::uint64_t> announced() const noexcept override { return text_.size(); }
  const headers& trailers() const noexcept override { return none_; }

  int reads = 0;

 private:
  std::string text_;
  std::optional<error> end_;
  std::size_t at_ = 0;
  std::string piece_;
  headers none_;
};

constexpr std::string_view form_type = "multipart/form-data; boundary=abc";

TEST(MultipartReader, BehindTheEndIsTheEnd) {
  run_in_world(1, [](context& cx) -> task<void> {
    text_body body(field + "xyz\r\n--abc--\r\n", std::nullopt);
    auto form = multipart_reader::open(form_type, body);
    EXPECT_TRUE(form);
    auto early = co_await form->content().read(cx);
    EXPECT_TRUE(early && !*early) << "no part, no content";
    auto part = co_await form->next(cx);
    EXPECT_TRUE(part && *part != nullptr);
    auto all = co_await read_all(cx, form->content(), 3);
    EXPECT_EQ(*all, "xyz");
    EXPECT_FALSE(form->content().announced());
    EXPECT_TRUE(form->content().trailers().empty());
    for (int i = 0; i < 2; ++i) {
      auto piece = co_await form->content().read(cx);
      EXPECT_TRUE(piece && !*piece);
      part = co_await form->next(cx);
      EXPECT_TRUE(part && *part == nullptr);
    }
    EXPECT_EQ(body.reads, static_cast<int>(*body.announced()) + 1);
    multipart_reader none;
    part = co_await none.next(cx);
    EXPECT_TRUE(part && *part == nullptr);
    auto piece = co_await none.content().read(cx);
    EXPECT_TRUE(piece && !*piece);
  });
}

TEST(MultipartReader, AnErrorIsTheSameWhenAskedAgain) {
  run_in_world(1, [](context& cx) -> task<void> {
    for (const auto& end :
         {std::optional<error>(errors::connection_reset{"peer"}), std::optional<error>()}) {
      text_body body(field + "xyz", end);
      auto form = multipart_reader::open(form_type, body);
      auto part = co_await form->next(cx);
      EXPECT_TRUE(part);
      auto all = co_await read_all(cx, form->content(), 100);
      const auto wanted = end ? error_kind::connection_reset : error_kind::invalid_argument;
      EXPECT_EQ(all.error().kind(), wanted);
      EXPECT_EQ(all.error().stage(), error_stage::body);
      const int reads = body.reads;
      part = co_await form->next(cx);
      EXPECT_EQ(part.error().kind(), wanted);
      auto piece = co_await form->content().read(cx);
      EXPECT_EQ(piece.error().kind(), wanted);
      EXPECT_EQ(body.reads, reads) << "nothing is read behind an error";
    }
  });
}

}  // namespace
}  // namespace fairlead::http
