// SPDX-License-Identifier: BSL-1.0
// Beast's basic_parser with our rules on top. The only place that includes Beast.
#pragma once

#include "chars.hpp"
#include "message_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <optional>

namespace fairlead::http::detail {

namespace beast = boost::beast;

/// What parser and reader share about the message being read.
struct parse_state {
  reader_limits limits;
  overflow too_much = overflow::refuse;
  std::uint64_t received = 0;
  std::size_t lengths = 0;
  std::size_t hosts = 0;
  std::size_t codings = 0;
  std::size_t fields = 0;
  bool head_complete = false;
  bool cut = false;
  const char* input_begin = nullptr;  // of the buffer that is being parsed
  const char* input_end = nullptr;
  fault why = fault::none;
  std::string_view reason;

  void refuse(fault f, std::string_view text) noexcept {
    if (why == fault::none) {
      why = f;
      reason = text;
    }
  }
  void refuse(fault f, std::string_view text, beast::error_code& ec) noexcept {
    refuse(f, text);
    ec = beast::http::error::bad_value;
  }

  /// Appends what has come of the body; false when that is refused.
  [[nodiscard]] bool take(std::string_view body, std::string& out) {
    // What counts is what has come: whoever reads piece by piece empties the body in between.
    const auto room = limits.body_bytes - std::min(received, limits.body_bytes);
    received += body.size();
    if (body.size() > room) {
      if (too_much == overflow::refuse) {
        refuse(fault::body_too_large, "the body exceeds the limit");
        return false;
      }
      cut = true;
    }
    const auto kept = std::min<std::size_t>(body.size(), static_cast<std::size_t>(room));
    if (limits.memory != nullptr &&
        !limits.memory->grow(out, out.size() + kept, limits.body_bytes)) {
      refuse(fault::no_body_memory, "the memory for bodies is used up");
      return false;
    }
    out.append(body.data(), kept);
    return true;
  }
};

[[nodiscard]] inline std::string_view to_std(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// The callbacks of the parser, for requests and for responses.
template <class Message>
class message_parser : public beast::http::basic_parser<std::is_same_v<Message, request>> {
  static constexpr bool is_request = std::is_same_v<Message, request>;
  using access = std::conditional_t<is_request, request_access, response_access>;
  using error_code = beast::error_code;
  using string_view = beast::string_view;

 public:
  message_parser(Message& into, parse_state& shared) : into_{into}, state_(shared) {}

 private:
  void on_request_impl(beast::http::verb /*verb*/, string_view name, string_view target,
                       int version, error_code& ec) override {
    if constexpr (is_request) {
      const auto known = parse_method(to_std(name));
      if (!known) {
        state_.refuse(fault::unknown_method, "the method is not known", ec);
        return;
      }
      if (std::any_of(target.begin(), target.end(), [](char c) { return !is_print(c); })) {
        state_.refuse(fault::malformed, "the target has a character that is not ASCII", ec);
        return;
      }
      into_.set_method(*known);
      into_.set_minor(version % 10);
      into_.target() = to_std(target);
    }
  }

  void on_response_impl(int code, string_view /*reason*/, int version, error_code& ec) override {
    if constexpr (!is_request) {
      if (code < 100) {
        state_.refuse(fault::malformed, "the status is below 100", ec);
        return;
      }
      into_.r.status(static_cast<status>(code));
      into_.set_minor(version % 10);
    }
  }

  void on_field_impl(beast::http::field known, string_view name, string_view value,
                     error_code& ec) override {
    // A folded value either lives in the parser's own buffer or begins on a later line; an empty
    // one begins where its last line does.
    const bool inside =
        value.data() >= state_.input_begin && value.data() + value.size() <= state_.input_end;
    if (!inside || is_folded(name, value)) {
      state_.refuse(fault::malformed, "a folded header line", ec);
      return;
    }
    if (++state_.fields > state_.limits.fields) {
      state_.refuse(fault::too_many_fields, "too many header fields", ec);
      return;
    }
    if (state_.head_complete) {
      headers_access{into_.trailers()}.add_checked(to_std(name), to_std(value));
      return;
    }
    using beast::http::field;
    if (known == field::content_length) {
      if (++state_.lengths > 1) {
        state_.refuse(fault::malformed, "more than one Content-Length", ec);
      } else if (!std::all_of(value.begin(), value.end(), is_digit)) {
        state_.refuse(fault::malformed, "Content-Length is not a number", ec);
      }
    } else if (known == field::transfer_encoding) {
      if (++state_.codings > 1 || !iequals(to_std(value), "chunked")) {
        state_.refuse(fault::unknown_coding, "a transfer coding other than chunked", ec);
      }
    } else if (known == field::host) {
      ++state_.hosts;
      if (is_request && !std::all_of(value.begin(), value.end(), is_host_char)) {
        state_.refuse(fault::malformed, "Host is not a host", ec);
      }
    }
    if (!ec) {
      headers_access{into_.fields()}.add_checked(to_std(name), to_std(value));
    }
  }

  void on_header_impl(error_code& ec) override {
    state_.head_complete = true;
    if (state_.codings > 0 && this->version_is_old()) {
      state_.refuse(fault::malformed, "Transfer-Encoding in HTTP/1.0", ec);
    } else if (is_request && (state_.hosts > 1 || (state_.hosts == 0 && !version_is_old()))) {
      state_.refuse(fault::malformed, state_.hosts > 1 ? "more than one Host" : "Host is missing",
                    ec);
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                         error_code& /*ec*/) override {}

  std::size_t on_body_impl(string_view body, error_code& ec) override { return take(body, ec); }

  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override {
    // Beast takes anything between quotes; a line that ends there for another reader would let it
    // see other chunks.
    if (find_control(to_std(extensions)) != std::string_view::npos) {
      state_.refuse(fault::malformed, "a control character in a chunk extension", ec);
      return;
    }
    if (state_.too_much == overflow::refuse &&
        size > state_.limits.body_bytes - std::min(state_.received, state_.limits.body_bytes)) {
      state_.refuse(fault::body_too_large, "the body exceeds the limit", ec);
    }
  }

  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, string_view body,
                                 error_code& ec) override {
    return take(body, ec);
  }

  void on_finish_impl(error_code& /*ec*/) override {}

  [[nodiscard]] bool version_is_old() const noexcept { return into_.r.minor_version() == 0; }

  // Between the name and the value stand a colon, spaces and tabs, and nothing else.
  [[nodiscard]] static bool is_folded(string_view name, string_view value) noexcept {
    const char* p = name.data() + name.size();
    return std::any_of(p, value.data(), [](char c) { return c == '\n'; });
  }

  std::size_t take(string_view body, error_code& ec) {
    if (!state_.take(to_std(body), into_.body())) {
      ec = beast::http::error::bad_value;
      return 0;
    }
    return body.size();
  }

  access into_;
  parse_state& state_;
};

}  // namespace fairlead::http::detail
