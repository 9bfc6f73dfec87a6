// SPDX-License-Identifier: BSL-1.0
// The parser of multipart/form-data: what browsers and others send, and what is refused.
#include "detail/multipart_parser.hpp"

#include <fairlead/http/form_data.hpp>

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace fairlead::http {
namespace {

using detail::multipart_boundary;
using detail::multipart_fault;
using detail::multipart_parser;

struct seen_part {
  std::string name;
  std::string file_name;
  std::string content;
  bool is_file = false;
  bool whole = false;

  friend bool operator==(const seen_part&, const seen_part&) = default;
};

struct outcome {
  std::vector<seen_part> parts;
  multipart_fault fault = multipart_fault::none;
  std::size_t most_left = 0;  // that had to be offered again

  friend bool operator==(const outcome& a, const outcome& b) {
    return a.parts == b.parts && a.fault == b.fault;
  }
};

// Gives `body` in pieces of `size`, as a connection would.
outcome parse(std::string_view body, std::size_t size = 1 << 20,
              const multipart_limits& limits = {}) {
  using event = multipart_parser::event;
  multipart_parser parser("abc", limits);
  outcome out;
  std::string left;
  while (!body.empty()) {
    left += body.substr(0, size);
    body.remove_prefix(std::min(size, body.size()));
    for (;;) {
      const auto step = parser.feed(left);
      if (step.now == event::part) {
        const auto& p = parser.part();
        out.parts.push_back({p.name(), std::string(p.file_name()), "", p.is_file(), false});
      } else if (step.now == event::data) {
        EXPECT_FALSE(step.data.empty());
        out.parts.back().content += step.data;
      } else if (step.now == event::part_end) {
        out.parts.back().whole = true;
      }
      left.erase(0, step.taken);
      if (step.now == event::failed) {
        out.fault = parser.fault();
        EXPECT_NE(out.fault, multipart_fault::none);
        EXPECT_EQ(parser.feed("more").now, event::failed) << "for good";
        return out;
      }
      if (step.now == event::more) {
        break;
      }
    }
    out.most_left = std::max(out.most_left, left.size());
  }
  const bool whole = parser.finish(left);
  EXPECT_EQ(whole, parser.fault() == multipart_fault::none);
  out.fault = parser.fault();
  return out;
}

// A body with one part, whose head and content are these.
std::string one(const std::string& head, const std::string& content = "x") {
  return "--abc\r\n" + head + "\r\n\r\n" + content + "\r\n--abc--\r\n";
}
std::string named(const std::string& parameters) {
  return one("Content-Disposition: form-data" + parameters);
}
const std::string field = "Content-Disposition: form-data; name=\"a\"";

const std::string browser =
    "--abc\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nme & you\r\n"
    "--abc\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"me.jpg\"\r\n"
    "Content-Type: image/jpeg\r\n\r\nJPEG\r\n\r\n--ab\r\n-\r\r\n--\r\n"
    "--abc\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n"
    "Content-Type: application/octet-stream\r\n\r\n\r\n"
    "--abc\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--abc--\r\n";

TEST(MultipartParser, ReadsWhatABrowserSends) {
  const auto got = parse(browser);
  const std::vector<seen_part> wanted = {
      {"title", "", "me & you", false, true},
      {"photo", "me.jpg", "JPEG\r\n\r\n--ab\r\n-\r\r\n--", true, true},
      {"none", "", "", true, true},
      {"empty", "", "", false, true},
  };
  EXPECT_EQ(got.fault, multipart_fault::none);
  EXPECT_EQ(got.parts, wanted);
}

TEST(MultipartParser, HoweverItIsCut) {
  const auto whole = parse(browser);
  for (std::size_t size = 1; size < browser.size(); ++size) {
    const auto got = parse(browser, size);
    EXPECT_EQ(got, whole) << size;
    EXPECT_LE(got.most_left, 100u + size) << "a line, or what may be a boundary";
  }
}

TEST(MultipartParser, EndsInManyWays) {
  for (const auto* body : {"--abc--", "--abc--\r\n", "\r\n--abc--\r\n"}) {
    EXPECT_EQ(parse(body), outcome()) << body;
  }
  const auto got = parse("--abc\r\n" + field + "\r\n\r\nx\r\n--abc--");
  EXPECT_EQ(got.fault, multipart_fault::none);
  EXPECT_EQ(got.parts.size(), 1u);
}

TEST(MultipartParser, CutAnywhereItIsTruncated) {
  const auto last = browser.size() - 2;  // only the last line end may be missing
  for (std::size_t size = 0; size < last; ++size) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
      EXPECT_EQ(parse(browser.substr(0, size), piece).fault, multipart_fault::truncated) << size;
    }
  }
  EXPECT_EQ(parse(browser.substr(0, last)).fault, multipart_fault::none);
  EXPECT_EQ(parse(browser.substr(0, last + 1)).fault, multipart_fault::epilogue);
}

TEST(MultipartParser, SaysWhatIsWrong) {
  const std::pair<std::string, multipart_fault> cases[] = {
      {"preamble\r\n" + one(field), multipart_fault::preamble},
      {"\r\n\r\n" + one(field), multipart_fault::preamble},
      {" " + one(field), multipart_fault::preamble},
      {"--abd\r\n", multipart_fault::preamble},
      {"--abcd\r\n" + field + "\r\n\r\nx\r\n--abc--", multipart_fault::boundary},
      {"--abc \r\n" + field + "\r\n\r\nx\r\n--abc--", multipart_fault::boundary},
      {"--abc\n" + field + "\r\n\r\nx\r\n--abc--", multipart_fault::boundary},
      {"--abc-\r\n" + field + "\r\n\r\nx\r\n--abc--", multipart_fault::boundary},
      {"--abc\r" + field, multipart_fault::boundary},
      {one(field, "x\r\n--abcd"), multipart_fault::boundary},
      {one(field, "x\r\n--abc\ty"), multipart_fault::boundary},
      {one(field, "--abc--\r\n"), multipart_fault::boundary},
      {one(field, "--abcd"), multipart_fault::boundary},
      {one(field + "\r\n X: folded"), multipart_fault::field},
      {one(field + "\nX: y"), multipart_fault::field},
      {one(field + "\rX: y"), multipart_fault::field},
      {one(field + "\r\nno colon"), multipart_fault::field},
      {one(field + "\r\n: no name"), multipart_fault::field},
      {one(field + "\r\nX : y"), multipart_fault::field},
      {one(field + "\r\nX: \x01"), multipart_fault::field},
      {one(field + "\r\nX: " + std::string(1, '\0')), multipart_fault::field},
      {one("X: y"), multipart_fault::disposition},
      {one("Content-Type: text/plain"), multipart_fault::disposition},
      {one(field + "\r\n" + field), multipart_fault::disposition},
      {one("Content-Disposition: attachment; name=\"a\""), multipart_fault::disposition},
      {one("Content-Disposition: form-data, form-data; name=a"), multipart_fault::disposition},
      {named("; name=\"a\" x"), multipart_fault::disposition},
      {named("; name=\"a"), multipart_fault::disposition},
      {named("; name=\"a\\\""), multipart_fault::disposition},
      {named("; name=a b"), multipart_fault::disposition},
      {named("; name="), multipart_fault::disposition},
      {named("; name"), multipart_fault::disposition},
      {named("; =a"), multipart_fault::disposition},
      {named(";"), multipart_fault::disposition},
      {named("; name=a;"), multipart_fault::disposition},
      {named(""), multipart_fault::name},
      {named("; filename=a"), multipart_fault::name},
      {named("; name=a; name=a"), multipart_fault::name},
      {named("; name=a; filename=b; FileName=c"), multipart_fault::name},
      {one(field + "\r\nContent-Transfer-Encoding: base64"), multipart_fault::transfer_encoding},
      {one(field) + "epilogue", multipart_fault::epilogue},
      {one(field) + "\r\n", multipart_fault::epilogue},
      {"--abc-- \r\n", multipart_fault::epilogue},
      {"--abc--\n", multipart_fault::epilogue},
      {"--abc--\r", multipart_fault::epilogue},
      {"", multipart_fault::truncated},
  };
  for (const auto& [body, wanted] : cases) {
    for (const std::size_t size : {1U << 20U, 1U, 3U}) {
      EXPECT_EQ(parse(body, size).fault, wanted) << body << " in pieces of " << size;
    }
  }
}

TEST(MultipartParser, ReadsNamesAsTheyAreMeant) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"; name=\"a\"", "a", ""},
      {";name=a;filename=b.txt", "a", "b.txt"},
      {"\t; \tNAME=\"a\" ; FILENAME=\"b\" ", "a", "b"},
      {"; filename=\"b\"; name=\"\"", "", "b"},
      {"; name=\"a%22b\"; filename=\"%22%0D%0a%22\"", "a\"b", "\"\r\n\""},
      {"; name=\"100%25 %2\"; filename=\"%\"", "100%25 %2", "%"},
      {"; name=\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d", ""},
      {"; name=\"\xc3\xa4;=\"; filename=\"\xe2\x82\xac.txt\"", "\xc3\xa4;=", "\xe2\x82\xac.txt"},
      {"; name=a; filename*=UTF-8''%e2%82%ac; filename=\"e\"", "a", "e"},
      {"; name=a; filename*=UTF-8''%e2%82%ac", "a", ""},
      {"; name=a; filename=\"../../etc/passwd\"", "a", "passwd"},
      {"; name=a; filename=\"C:\\pictures\\me.jpg\"", "a", "me.jpg"},
      {"; name=a; filename=\"/\"", "a", ""},
      {"; name=a; filename=\"x/..\"", "a", ""},
      {"; name=a; filename=\".\"", "a", ""},
      {"; name=a; filename=\"...\"", "a", "..."},
  };
  for (const auto& [parameters, name, file_name] : cases) {
    const auto got = parse(named(parameters));
    ASSERT_EQ(got.parts.size(), 1u) << parameters;
    EXPECT_EQ(got.parts[0].name, name) << parameters;
    EXPECT_EQ(got.parts[0].file_name, file_name) << parameters;
  }
  EXPECT_FALSE(parse(named("; name=a; filename*=UTF-8''b")).parts[0].is_file);
}

TEST(MultipartParser, HoldsItsLimits) {
  const std::string part = "--abc\r\n" + field + "\r\n\r\nx\r\n";
  EXPECT_EQ(parse(part + part + "--abc--", 5, {.parts = 2}).fault, multipart_fault::none);
  EXPECT_EQ(parse(part + part + part + "--abc--", 5, {.parts = 2}).fault,
            multipart_fault::too_many_parts);
  const auto exact = field.size() + 2;
  for (const std::size_t size : {1U, 1000U}) {
    EXPECT_EQ(parse(one(field), size, {.head_bytes = exact}).fault, multipart_fault::none);
    EXPECT_EQ(parse(one(field), size, {.head_bytes = exact - 1}).fault,
              multipart_fault::head_too_large);
    EXPECT_EQ(parse(one(field + "\r\nA: b"), size, {.head_bytes = exact + 5}).fault,
              multipart_fault::head_too_large);
  }
  const auto endless = parse("--abc\r\nX: " + std::string(100'000, 'x'), 100);
  EXPECT_EQ(endless.fault, multipart_fault::head_too_large);
  EXPECT_LE(endless.most_left, 8u * 1024 + 100);
}

TEST(MultipartParser, FailuresAreErrorsOfTheirKind) {
  const auto failure = [](std::string_view body, const multipart_limits& limits) {
    const auto got = form_data::parse("multipart/form-data; boundary=abc", body, limits);
    return got ? error_kind::system_error : got.error().kind();
  };
  const std::string part = "--abc\r\n" + field + "\r\n\r\nx\r\n";
  EXPECT_EQ(failure(part + "--abc", {}), error_kind::invalid_argument);
  EXPECT_EQ(failure(part + part + "--abc--", {.parts = 1}), error_kind::too_large);
  EXPECT_EQ(failure(part + "--abc--", {.head_bytes = 10}), error_kind::too_large);
  EXPECT_EQ(failure("x", {}), error_kind::invalid_argument);
}

TEST(MultipartBoundary, IsWhatTheContentTypeSays) {
  const auto of = [](std::string_view text) {
    const auto got = multipart_boundary(text);
    return got ? *got : std::string("-");
  };
  EXPECT_EQ(of("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(of("Multipart/Form-Data;BOUNDARY=\"a b:c?\""), "a b:c?");
  EXPECT_EQ(of("multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundaryX; a=b"),
            "----WebKitFormBoundaryX");
  EXPECT_EQ(of("multipart/form-data; boundary=" + std::string(70, 'x')), std::string(70, 'x'));
  const std::array wrong = {
      std::string(""),
      std::string("text/plain; boundary=abc"),
      std::string("multipart/mixed; boundary=abc"),
      std::string("multipart/form-data"),
      std::string("multipart/form-data; boundary="),
      std::string("multipart/form-data; boundary=\"\""),
      std::string("multipart/form-data; boundary=\"a "),
      std::string("multipart/form-data; boundary=\"a \""),
      std::string("multipart/form-data; boundary=\"a\r\nb\""),
      std::string("multipart/form-data; boundary=\"a\\\"b\""),
      std::string("multipart/form-data; boundary=a b"),
      std::string("multipart/form-data; boundary=a, boundary=b"),
      std::string("multipart/form-data; boundary=a; boundary=a"),
      "multipart/form-data; boundary=" + std::string(71, 'x'),
  };
  for (const auto& text : wrong) {
    EXPECT_EQ(of(text), "-") << text;
    EXPECT_EQ(multipart_boundary(text).error().kind(), error_kind::invalid_argument);
  }
}

TEST(FormData, FindsFieldsAndFiles) {
  const auto got = form_data::parse("multipart/form-data; boundary=abc", browser);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->parts().size(), 4u);
  EXPECT_EQ(got->value("title"), "me & you");
  EXPECT_EQ(got->value("empty"), "");
  EXPECT_EQ(got->value("photo"), std::nullopt) << "a file is no value";
  EXPECT_EQ(got->value("nowhere"), std::nullopt);
  const auto* photo = got->file("photo");
  ASSERT_NE(photo, nullptr);
  EXPECT_EQ(photo->head.content_type(), "image/jpeg");
  EXPECT_EQ(photo->head.file_name(), "me.jpg");
  EXPECT_EQ(photo->content, "JPEG\r\n\r\n--ab\r\n-\r\r\n--");
  EXPECT_EQ(got->file("title"), nullptr);
  EXPECT_EQ(got->parts()[0].head.content_type(), "text/plain");
  EXPECT_EQ(got->parts()[1].head.headers().size(), 2u);
}

}  // namespace
}  // namespace fairlead::http
