// SPDX-License-Identifier: BSL-1.0
// What stands before each part of a multipart/form-data body.
#pragma once

#include <fairlead/http/headers.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

namespace detail {
struct form_part_access;
}

/// How much a multipart/form-data body may have, beside its size, which is limited as every body's.
struct multipart_limits {
  /// Parts. Default 1000, as in Go and Django. More is `too_large`: 413.
  std::size_t parts = 1000;
  /// Bytes of header fields of one part. Default 8 KiB. More is `too_large`: 413.
  std::size_t head_bytes = 8 * 1024;
};

/// The head of one part: a field's, or a file's.
///
/// Names are as the client has sent them, in the encoding of its page, which is UTF-8 nearly
/// always: %22, %0D and %0A in them are decoded, as browsers encode quotes and line ends, and
/// backslashes before quotes and backslashes are removed, as older programs do. "filename*" is
/// ignored (RFC 7578, 4.2).
class form_part {
 public:
  /// The name of the field.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// True when the client says that it is a file: it has a file name, which may be empty.
  [[nodiscard]] bool is_file() const noexcept { return file_name_.has_value(); }
  /// The last component of the name that the file has at the client, without what precedes the last
  /// "/" or "\"; empty for a field, for "." and for "..". Do not take it for the name of a file of
  /// your own: it may be anything else, and belongs to somebody else.
  [[nodiscard]] std::string_view file_name() const noexcept;
  /// "text/plain" when nothing is said.
  [[nodiscard]] std::string_view content_type() const noexcept;
  /// All that stands before the part.
  [[nodiscard]] const http::headers& headers() const noexcept { return headers_; }

 private:
  friend struct detail::form_part_access;

  std::string name_;
  std::optional<std::string> file_name_;
  http::headers headers_;
};

}  // namespace fairlead::http
