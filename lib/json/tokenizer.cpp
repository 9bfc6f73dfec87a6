// SPDX-License-Identifier: BSL-1.0
// Boost.JSON's incremental parser as tokenizer: checked UTF-8, limited depth, no tree.
#include "tokenizer.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <cstring>

namespace fairlead::json::detail {

namespace {

// Puts the pieces of a string with escapes together; short ones without the heap.
class pieces {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0 && large_.empty(); }
  void add(std::string_view part) {
    if (large_.empty() && part.size() <= sizeof small_ - size_) {
      std::memcpy(small_ + size_, part.data(), part.size());
      size_ += part.size();
      return;
    }
    if (large_.empty()) {
      large_.assign(small_, size_);
    }
    large_ += part;
  }
  [[nodiscard]] std::string_view all() const {
    return large_.empty() ? std::string_view(small_, size_) : std::string_view(large_);
  }
  void clear() {
    size_ = 0;
    large_.clear();
  }

 private:
  char small_[256];
  std::size_t size_ = 0;
  std::string large_;
};

// What basic_parser calls. A decoder that wants no more makes it stop by an error code.
class handler {
 public:
  using text_view = boost::json::string_view;
  using code = boost::json::error_code;

  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  explicit handler(decoder& into) : into_(into) {}

  [[nodiscard]] bool stopped() const { return stopped_; }

  bool on_document_begin(code&) { return true; }
  bool on_document_end(code&) { return true; }
  bool on_object_begin(code& ec) { return go_on(into_.begin_object(), ec); }
  bool on_object_end(std::size_t n, code& ec) { return go_on(into_.end_object(n), ec); }
  bool on_array_begin(code& ec) { return go_on(into_.begin_array(), ec); }
  bool on_array_end(std::size_t n, code& ec) { return go_on(into_.end_array(n), ec); }
  bool on_key_part(text_view s, std::size_t, code&) { return part(s); }
  bool on_key(text_view s, std::size_t, code& ec) {
    const bool more = into_.key(whole(s));
    pieces_.clear();
    return go_on(more, ec);
  }
  bool on_string_part(text_view s, std::size_t, code&) { return part(s); }
  bool on_string(text_view s, std::size_t, code& ec) {
    const bool more = into_.string(whole(s));
    pieces_.clear();
    return go_on(more, ec);
  }
  bool on_number_part(text_view s, code&) { return part(s); }
  bool on_int64(std::int64_t i, text_view s, code& ec) {
    return number_end({.is = number::form::signed_integer, .i = i, .d = static_cast<double>(i)}, s,
                      ec);
  }
  bool on_uint64(std::uint64_t u, text_view s, code& ec) {
    return number_end({.is = number::form::unsigned_integer, .u = u, .d = static_cast<double>(u)},
                      s, ec);
  }
  bool on_double(double d, text_view s, code& ec) {
    return number_end({.is = number::form::floating, .d = d}, s, ec);
  }
  bool on_bool(bool b, code& ec) { return go_on(into_.boolean(b), ec); }
  bool on_null(code& ec) { return go_on(into_.null(), ec); }
  bool on_comment_part(text_view, code&) { return true; }
  bool on_comment(text_view, code&) { return true; }

 private:
  bool part(text_view s) {
    pieces_.add({s.data(), s.size()});
    return true;
  }
  std::string_view whole(text_view s) {
    if (pieces_.empty()) {
      return {s.data(), s.size()};
    }
    pieces_.add({s.data(), s.size()});
    return pieces_.all();
  }
  bool number_end(number n, text_view s, code& ec) {
    n.text = whole(s);
    const bool more = into_.numeric(n);
    pieces_.clear();
    return go_on(more, ec);
  }
  bool go_on(bool more, code& ec) {
    if (!more) {
      stopped_ = true;
      ec = boost::json::make_error_code(boost::json::error::exception);
    }
    return more;
  }

  decoder& into_;
  bool stopped_ = false;
  pieces pieces_;
};

std::string position(std::string_view text, std::size_t at) {
  std::size_t line = 1;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < at; ++i) {
    if (text[i] == '\n') {
      ++line;
      begin = i + 1;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(at - begin + 1);
}

std::string_view reason(const boost::json::error_code& ec, std::string_view text, std::size_t at) {
  using boost::json::error;
  if (ec == error::incomplete) {
    return "the text ends too early";
  }
  if (ec == error::exponent_overflow) {
    return "an exponent is too large";
  }
  if (ec == error::illegal_leading_surrogate || ec == error::illegal_trailing_surrogate ||
      ec == error::expected_utf16_escape) {
    return "half of a surrogate pair";
  }
  if (ec == error::expected_hex_digit) {
    return "a \\u escape without four hexadecimal digits";
  }
  if (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x80) {
    return "a byte that is not UTF-8 or does not belong here";
  }
  return "syntax error";
}

}  // namespace

void tokenize(std::string_view text, const decode_options& options, const type_desc& type,
              decoder& into) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    into.refuse_text("no JSON", describe(type), "empty text");
    return;
  }
  boost::json::parse_options how;
  how.max_depth = options.max_depth;
  boost::json::basic_parser<handler> parser(how, into);
  boost::json::error_code ec;
  const auto at = parser.write_some(false, text.data(), text.size(), ec);
  if (parser.handler().stopped()) {
    return;
  }
  if (ec == boost::json::error::too_deep) {
    into.refuse_text("nested too deeply",
                     "at most " + std::to_string(options.max_depth) + " levels",
                     "more at " + position(text, at));
  } else if (ec) {
    into.refuse_text(
        "invalid JSON at " + position(text, at) + ": " + std::string(reason(ec, text, at)), {}, {});
  } else if (at < text.size()) {
    into.refuse_text("invalid JSON at " + position(text, at) + ": something follows the document",
                     {}, {});
  }
}

}  // namespace fairlead::json::detail
