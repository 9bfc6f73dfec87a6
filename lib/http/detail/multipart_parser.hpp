// SPDX-License-Identifier: BSL-1.0
// The sans-IO parser of multipart/form-data (RFC 7578): bytes in, heads and contents of parts out.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/form_part.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

struct form_part_access {
  form_part& p;

  [[nodiscard]] std::string& name() const noexcept { return p.name_; }
  [[nodiscard]] std::optional<std::string>& file_name() const noexcept { return p.file_name_; }
  [[nodiscard]] http::headers& headers() const noexcept { return p.headers_; }
};

/// The boundary in a Content-Type. *Errors*: `invalid_argument` when it is not multipart/form-data,
/// or has no boundary that RFC 2046 allows.
[[nodiscard]] result<std::string> multipart_boundary(std::string_view content_type);

/// Why a body is not a form.
enum class multipart_fault : std::uint8_t {
  none,
  preamble,           ///< text before the first boundary
  boundary,           ///< a boundary at the begin of a longer line, or of a part's content
  field,              ///< a header field that is malformed, or folded
  head_too_large,     ///< see `multipart_limits`
  too_many_parts,     ///< see `multipart_limits`
  disposition,        ///< no Content-Disposition, two, or one that is not a form field's
  name,               ///< no name, or two
  transfer_encoding,  ///< anything but 7bit, 8bit and binary
  epilogue,           ///< text behind the last boundary
  truncated,          ///< the last boundary is missing
};

/// Reads one body.
///
/// What of its input was not taken must be offered again with more behind it: at most a line of a
/// head, or as much as a boundary may have of content.
class multipart_parser {
 public:
  multipart_parser(std::string_view boundary, const multipart_limits& limits);

  enum class event : std::uint8_t {
    more,      ///< nothing but the end of the body, or more of it, leads on
    part,      ///< `part()` begins
    data,      ///< some of its content
    part_end,  ///< all of it has been seen
    failed,    ///< see `fault()`; nothing else follows
  };
  struct step {
    std::size_t taken;
    event now;
    std::string_view data;  ///< into the input; never empty for `data`
  };
  /// Reads from the front of `bytes`, up to one event.
  [[nodiscard]] step feed(std::string_view bytes);

  /// The body has ended; `left` was not taken. False, and `fault()`, when it is not whole.
  [[nodiscard]] bool finish(std::string_view left);

  [[nodiscard]] const form_part& part() const noexcept { return part_; }
  [[nodiscard]] multipart_fault fault() const noexcept { return fault_; }
  /// After a fault: `too_large` for limits, else `invalid_argument`.
  [[nodiscard]] error failure() const;

 private:
  enum class state : std::uint8_t {
    start,           // before the first boundary
    after_boundary,  // a line's end, or "--"
    head,
    before_content,
    content,
    after_end,  // at most a line's end
    ended,
    failed,
  };

  [[nodiscard]] step advance(std::string_view bytes);
  [[nodiscard]] step at_start(std::string_view bytes);
  [[nodiscard]] step after_boundary(std::string_view bytes);
  [[nodiscard]] step in_head(std::string_view bytes);
  [[nodiscard]] step before_content(std::string_view bytes);
  [[nodiscard]] step in_content(std::string_view bytes) const;
  [[nodiscard]] step after_end(std::string_view bytes);
  [[nodiscard]] step end_of_head(std::size_t taken);
  [[nodiscard]] bool take_field(std::string_view line);
  [[nodiscard]] multipart_fault check_head();
  [[nodiscard]] step fail(multipart_fault why);

  std::string delimiter_;  // CR LF "--" boundary
  multipart_limits limits_;
  state state_ = state::start;
  multipart_fault fault_ = multipart_fault::none;
  std::size_t parts_ = 0;
  std::size_t head_bytes_ = 0;
  form_part part_;
};

}  // namespace fairlead::http::detail
