// SPDX-License-Identifier: BSL-1.0
// Form data as browsers send it: application/x-www-form-urlencoded and multipart/form-data.
#pragma once

#include <fairlead/core/random.hpp>
#include <fairlead/http/body_source.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::http {

/// The names and values of a form as one text ("a=1&b=x+y"), as the URL Standard encodes them.
///
/// *Example*:
/// ```cpp
/// auto login = http::form().add("user", "ann").add("word", "a b&c");
/// auto r = http::request(http::method::post, "/login").body(login.text(), login.content_type);
/// ```
class form {
 public:
  static constexpr std::string_view content_type = "application/x-www-form-urlencoded";

  form& add(std::string_view name, std::string_view value) &;
  form&& add(std::string_view name, std::string_view value) && {
    return std::move(this->add(name, value));
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Fields and files as one body (RFC 7578), files streamed.
///
/// Names and file names are escaped as browsers do it (double quotes, CR and LF as %22, %0D, %0A),
/// other bytes are sent as they are, which should be UTF-8. The length is announced when every part
/// knows its own, and the body is repeatable when every part is.
///
/// *Example*:
/// ```cpp
/// auto photo = http::file_body("/home/ann/me.jpg");
/// if (!photo) { co_return tl::unexpected(std::move(photo).error()); }
/// http::multipart parts(cx.env().random());
/// parts.field("title", "me").file("photo", "me.jpg", *photo, "image/jpeg");
/// auto r = http::request(http::method::post, "/photos").body(parts.body(), parts.content_type());
/// ```
class multipart {
 public:
  /// `random` makes the boundary: 128 bits, so that no content contains it.
  explicit multipart(random_source& random);

  multipart& field(std::string_view name, std::string_view value);
  /// `content_type` in which a header could not be written is sent as application/octet-stream.
  multipart& file(std::string_view name, std::string_view file_name,
                  std::shared_ptr<body_source> content,
                  std::string_view content_type = "application/octet-stream");
  multipart& file(std::string_view name, std::string_view file_name, std::string content,
                  std::string_view content_type = "application/octet-stream");

  /// "multipart/form-data; boundary=..."
  [[nodiscard]] std::string content_type() const;
  /// Everything added so far.
  [[nodiscard]] std::shared_ptr<body_source> body() const;

 private:
  // Text, then what a source makes, if there is one.
  struct piece {
    std::string text;
    std::shared_ptr<body_source> source;
  };
  class parts;

  void begin_part(std::string_view name);

  std::string boundary_;
  std::vector<piece> pieces_;
};

}  // namespace fairlead::http
