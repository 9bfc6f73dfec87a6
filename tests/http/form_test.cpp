// SPDX-License-Identifier: BSL-1.0
// Forms, multipart bodies and files as they go over the wire.
#include <fairlead/http/file_body.hpp>
#include <fairlead/http/form.hpp>

#include "support/http_world.hpp"
#include "support/scratch_dir.hpp"

#include <fstream>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace fairlead::testing;

// Keeps what is written, piece by piece.
class collector final : public body_writer {
 public:
  task<result<void>> write(context&, std::string_view piece) override {
    text += piece;
    largest = std::max(largest, piece.size());
    co_return result<void>();
  }
  task<result<void>> flush(context&) override { co_return result<void>(); }
  void trailer(std::string_view, std::string_view) override {}

  std::string text;
  std::size_t largest = 0;
};

result<std::string> made_by(body_source& source, std::size_t* largest = nullptr) {
  result<std::string> out;
  run_in_world(1, [&](context& cx) -> task<void> {
    collector all;
    auto made = co_await source.write_to(cx, all);
    if (made) {
      out = std::move(all.text);
    } else {
      out = tl::unexpected<error>(made.error());
    }
    if (largest != nullptr) {
      *largest = all.largest;
    }
  });
  return out;
}

void put_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(Form, EncodesAsTheUrlStandardSays) {
  EXPECT_EQ(form().text(), "");
  EXPECT_EQ(form().add("a", "1").add("b", "x y").text(), "a=1&b=x+y");
  EXPECT_EQ(form().add("", "").add("n&", "=+%").text(), "=&n%26=%3D%2B%25");
  EXPECT_EQ(form().add("u", "\xc3\xa9~*-._\r\n").text(), "u=%C3%A9%7E*-._%0D%0A");
}

TEST(Multipart, IsWhatABrowserSends) {
  random_source random(1);
  multipart parts(random);
  parts.field("title", "me & you").file("photo", "me.jpg", "JPEG", "image/jpeg").field("end", "");
  const auto type = parts.content_type();
  const std::string prefix = "multipart/form-data; boundary=";
  ASSERT_TRUE(type.starts_with(prefix));
  const auto boundary = type.substr(prefix.size());
  EXPECT_LE(boundary.size(), 70u) << "RFC 2046";
  auto body = parts.body();
  const auto text = made_by(*body);
  EXPECT_EQ(*text, "--" + boundary +
                       "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nme & you\r\n--" +
                       boundary +
                       "\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"me.jpg\"\r\n"
                       "Content-Type: image/jpeg\r\n\r\nJPEG\r\n--" +
                       boundary + "\r\nContent-Disposition: form-data; name=\"end\"\r\n\r\n\r\n--" +
                       boundary + "--\r\n");
  EXPECT_EQ(body->size(), text->size());
  EXPECT_TRUE(body->repeatable());
  EXPECT_EQ(*made_by(*body), *text);
}

TEST(Multipart, WithoutPartsIsItsEndOnly) {
  random_source random(1);
  multipart parts(random);
  auto body = parts.body();
  const auto text = made_by(*body);
  EXPECT_TRUE(text->starts_with("------fairlead-"));
  EXPECT_TRUE(text->ends_with("--\r\n"));
  EXPECT_EQ(body->size(), text->size());
}

TEST(Multipart, BoundariesDiffer) {
  random_source random(1);
  EXPECT_NE(multipart(random).content_type(), multipart(random).content_type());
}

TEST(Multipart, NamesCannotBreakOut) {
  random_source random(1);
  multipart parts(random);
  parts.file("a\"b\r\nX-Evil: 1", "c\"\r\n\r\n<script>", "x", "text/plain\r\nX-Evil: 2");
  auto body = parts.body();
  const auto text = made_by(*body);
  EXPECT_NE(text->find("name=\"a%22b%0D%0AX-Evil: 1\"; filename=\"c%22%0D%0A%0D%0A<script>\""),
            std::string::npos)
      << *text;
  EXPECT_NE(text->find("\r\nContent-Type: application/octet-stream\r\n"), std::string::npos);
}

TEST(Multipart, KnowsWhatItsPartsKnow) {
  random_source random(1);
  multipart parts(random);
  parts.field("a", "b").file("f", "f.bin", make_body([](context& cx, body_writer& out) {
                               return out.write(cx, "streamed");
                             }));
  auto body = parts.body();
  EXPECT_FALSE(body->size());
  EXPECT_FALSE(body->repeatable());
  parts.field("c", "d");
  body = parts.body();
  const auto text = made_by(*body);
  EXPECT_NE(text->find("\r\n\r\nstreamed\r\n--"), std::string::npos) << *text;
  EXPECT_NE(text->find("name=\"c\"\r\n\r\nd\r\n--"), std::string::npos) << *text;
}

TEST(Multipart, StreamsFiles) {
  const scratch_dir dir;
  const std::string content(200'000, 'z');
  put_file(dir.file("big"), content);
  auto file = file_body(dir.file("big"));
  ASSERT_TRUE(file);
  random_source random(1);
  multipart parts(random);
  parts.file("f", "big", *file);
  auto body = parts.body();
  EXPECT_TRUE(body->repeatable());
  std::size_t largest = 0;
  const auto text = made_by(*body, &largest);
  EXPECT_EQ(body->size(), text->size());
  EXPECT_NE(text->find("\r\n\r\n" + content + "\r\n--"), std::string::npos);
  EXPECT_LE(largest, 64u * 1024);
}

TEST(FileBody, SendsTheFileAndTellsHowFarItIs) {
  const scratch_dir dir;
  std::string content;
  for (int i = 0; i < 20'000; ++i) {
    content += std::to_string(i) + "\n";
  }
  put_file(dir.file("f"), content);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  auto file = file_body(dir.file("f"), [&](std::uint64_t done, std::uint64_t total) {
    told.emplace_back(done, total);
  });
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), content.size());
  EXPECT_TRUE((*file)->repeatable());
  EXPECT_EQ(*made_by(**file), content);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), std::make_pair(content.size(), content.size()));
  EXPECT_EQ(told.front().first, 64u * 1024);
  EXPECT_EQ(*made_by(**file), content) << "and again, from the start";
}

TEST(FileBody, AnEmptyFileIsAnEmptyBody) {
  const scratch_dir dir;
  put_file(dir.file("f"), "");
  auto file = file_body(dir.file("f"));
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 0u);
  EXPECT_EQ(*made_by(**file), "");
}

TEST(FileBody, SaysWhatIsWrongWithThePath) {
  const scratch_dir dir;
  auto missing = file_body(dir.file("none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), error_kind::system_error);
  EXPECT_NE(missing.error().message().find("none"), std::string::npos);
  auto directory = file_body(dir.file(""));
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().kind(), error_kind::invalid_argument);
}

TEST(FileBody, NoticesAFileThatChanges) {
  const scratch_dir dir;
  put_file(dir.file("f"), "0123456789");
  auto file = file_body(dir.file("f"));
  ASSERT_TRUE(file);
  put_file(dir.file("f"), "012");
  const auto shorter = made_by(**file);
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().kind(), error_kind::unavailable);
  put_file(dir.file("f"), "0123456789 and more");
  EXPECT_EQ(*made_by(**file), "0123456789");
}

TEST(FileBody, ArrivesWhole) {
  const scratch_dir dir;
  const std::string content(300'000, 'q');
  put_file(dir.file("f"), content);
  router routes;
  routes.put("/f", [&](context&, const request& q) -> task<result<response>> {
    co_return response(q.body() == content ? status::ok : status::conflict);
  });
  with_server(std::move(routes), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    client c(cx.env(), client_options("http://shop").network(net));
    auto file = file_body(dir.file("f"));
    EXPECT_TRUE(file);
    auto r = co_await c.request(cx, http::request(method::put, "/f").body(*file));
    EXPECT_TRUE(r);
    EXPECT_EQ(r->status(), status::ok);
  });
}

}  // namespace
}  // namespace fairlead::http
