// SPDX-License-Identifier: BSL-1.0
// How it works: a head in its usual form is read at once, and its body needs no more than a count.
// Every other message gets a fresh parser in the same memory. The parser takes whole lines; the
// reader counts the bytes of the head and gives names to what the parser refuses.
#include "message_reader.hpp"

#include "message_parser.hpp"
#include "plain_head.hpp"

namespace fairlead::http::detail {

namespace {

using beast_error = beast::http::error;

// Bytes of empty lines that are skipped before a request (RFC 9112, 2.2).
constexpr std::size_t most_empty = 16;

constexpr std::size_t least_last_chunk = 5;  // "0\r\n\r\n"

std::string_view in_words(const beast::error_code& ec, bool head_complete) noexcept {
  if (ec == beast_error::bad_line_ending) {
    return "a line does not end with CR LF";
  }
  if (ec == beast_error::bad_method) {
    return "the method is not a token";
  }
  if (ec == beast_error::bad_target) {
    return "the request target is malformed";
  }
  if (ec == beast_error::bad_version) {
    return "this is not HTTP/1.1 or HTTP/1.0";
  }
  if (ec == beast_error::bad_status) {
    return "the status is not three digits";
  }
  if (ec == beast_error::bad_reason) {
    return "a control character in the reason phrase";
  }
  if (ec == beast_error::bad_field) {
    return "a header name is malformed, or has white space before its colon";
  }
  if (ec == beast_error::bad_value) {
    return head_complete ? "a control character in a trailer" : "a control character in a header";
  }
  if (ec == beast_error::multiple_content_length) {
    return "more than one Content-Length";
  }
  if (ec == beast_error::bad_content_length) {
    return "Content-Length is not a number that fits";
  }
  if (ec == beast_error::bad_chunk) {
    return "a chunk size is malformed";
  }
  if (ec == beast_error::bad_chunk_extension) {
    return "a chunk extension is malformed";
  }
  return "the message is malformed";
}

}  // namespace

template <class Message>
class message_reader<Message>::impl {
 public:
  void begin(Message& into, const reader_limits& limits, body_rule rule) {
    if constexpr (is_request) {
      request_access{into}.clear();
    } else {
      into.clear();
    }
    state_ = parse_state{};
    state_.limits = limits;
    into_ = &into;
    rule_ = rule;
    head_bytes_ = 0;
    empty_ = 0;
    started_ = false;
    plain_ = {};
    head_told_ = false;
    has_body_ = false;
    in_chunk_header_ = false;
  }

  void limit_body(std::uint64_t bytes, overflow what) noexcept {
    state_.limits.body_bytes = bytes;
    state_.too_much = what;
  }

  void take_away_body() noexcept { state_.limits.memory = nullptr; }

  read_step feed(std::string_view bytes) {
    std::size_t taken = 0;
    if constexpr (is_request) {
      taken = skip_empty_lines(bytes);
      bytes.remove_prefix(taken);
    }
    while (state_.why == fault::none) {
      if (state_.head_complete && !head_told_) {
        head_told_ = true;
        has_body_ = !is_done();
        return {taken, progress::head};
      }
      if (is_done()) {
        return {taken, progress::done};
      }
      if (state_.head_complete && state_.received == 0 && announced_too_much()) {
        state_.why = fault::body_too_large;
        state_.reason = "the body exceeds the limit";
        break;
      }
      if (bytes.empty()) {
        return {taken, progress::more};
      }
      const auto n = is_plain(bytes) ? put_plain(bytes) : put(bytes);
      if (!n) {
        return {taken, progress::more};
      }
      taken += *n;
      bytes.remove_prefix(*n);
    }
    return {taken, progress::failed};
  }

  progress finish() {
    if (state_.why == fault::none && state_.head_complete && !is_done() && plain_.size == 0) {
      beast::error_code ec;
      parser_->put_eof(ec);
      if (!ec) {
        return progress::done;
      }
    }
    if (state_.why == fault::none) {
      state_.why = fault::truncated;
      state_.reason = state_.head_complete ? "the body ends early" : "the head ends early";
    }
    return progress::failed;
  }

  [[nodiscard]] const parse_state& state() const noexcept { return state_; }
  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] bool inside_empty_line() const noexcept { return !started_ && empty_ % 2 != 0; }
  [[nodiscard]] bool has_body() const noexcept { return has_body_; }
  [[nodiscard]] bool keep_alive() const noexcept {
    return state_.head_complete && (plain_.size != 0 ? !plain_.closes : parser_->keep_alive());
  }
  [[nodiscard]] std::uint64_t expected() const noexcept {
    if (!state_.head_complete) {
      return 0;
    }
    if (plain_.size != 0) {
      return plain_.body;
    }
    const auto length = parser_->content_length();
    return length ? *length : 0;
  }

 private:
  static constexpr bool is_request = std::is_same_v<Message, request>;
  using access = std::conditional_t<is_request, request_access, response_access>;

  [[nodiscard]] bool is_done() const {
    if (plain_.size != 0) {
      return state_.received == plain_.body;
    }
    return started_ && parser_->is_done();
  }

  std::size_t skip_empty_lines(std::string_view bytes) noexcept {
    std::size_t n = 0;
    while (!started_ && empty_ < most_empty && n < bytes.size() &&
           bytes[n] == (empty_ % 2 == 0 ? '\r' : '\n')) {
      ++n;
      ++empty_;
    }
    return n;
  }

  // A handshake or an alert: the peer takes this for a connection with TLS.
  static bool is_tls_record(std::string_view bytes) noexcept {
    return bytes.starts_with('\x16') || bytes.starts_with('\x15');
  }

  [[nodiscard]] bool announced_too_much() const {
    return state_.too_much == overflow::refuse && expected() > state_.limits.body_bytes;
  }

  // Whether the message is plain; before its first byte is taken this is found out.
  bool is_plain(std::string_view bytes) {
    if (!started_) {
      started_ = true;
      if (rule_ == body_rule::normal) {
        plain_ = read_plain_head(bytes.substr(0, state_.limits.head_bytes), state_.limits.fields,
                                 access{*into_});
      }
      if (plain_.size == 0) {
        auto& p = parser_.emplace(*into_, state_);
        p.header_limit(0xffffffffU);  // the reader counts
        p.body_limit(boost::none);    // the callbacks count
        p.skip(rule_ == body_rule::bodyless);
      }
    }
    return plain_.size != 0;
  }

  std::optional<std::size_t> put_plain(std::string_view bytes) {
    if (!state_.head_complete) {
      state_.head_complete = true;
      state_.lengths = plain_.has_length ? 1 : 0;
      return plain_.size;
    }
    const auto n = std::min<std::uint64_t>(bytes.size(), plain_.body - state_.received);
    const auto some = bytes.substr(0, static_cast<std::size_t>(n));
    return state_.take(some, access{*into_}.body()) ? some.size() : 0;
  }

  // One step of the parser: how much it took, or nothing when it needs more.
  std::optional<std::size_t> put(std::string_view bytes) {
    // Beast 1.81 asserts that it is called again with at least five bytes once it has seen the
    // last chunk begin. No chunked body can end in fewer.
    if (in_chunk_header_ && bytes.size() < least_last_chunk) {
      return std::nullopt;
    }
    const bool in_head = !state_.head_complete;
    if (in_head && head_bytes_ == 0 && is_tls_record(bytes)) {
      state_.why = fault::malformed;
      state_.reason = is_request ? "this is TLS, and here plain HTTP is spoken"
                                 : "the peer answered in TLS: the URL wants https:";
      return 0;
    }
    const auto most = state_.limits.head_bytes;
    if (in_head) {  // show one byte more than what the head may have left
      bytes = bytes.substr(0, most - head_bytes_ + 1);
    }
    state_.input_begin = bytes.data();
    state_.input_end = bytes.data() + bytes.size();
    beast::error_code ec;
    const auto n = parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    const auto left = bytes.size() - n;
    if (in_head) {
      head_bytes_ += n;
      if (head_bytes_ > most || (ec == beast_error::need_more && head_bytes_ + left > most)) {
        head_too_long(bytes);
        return 0;
      }
    }
    if (ec == beast_error::need_more) {
      if (!in_head && left > most) {
        state_.why = fault::head_too_large;
        state_.reason = "a chunk header or the trailers exceed the limit";
        return 0;
      }
      if (n == 0) {
        in_chunk_header_ = !in_head;
        return std::nullopt;
      }
    } else if (ec && state_.why == fault::none) {
      name_failure(ec);
    }
    in_chunk_header_ = false;
    return n;
  }

  void head_too_long(std::string_view bytes) noexcept {
    if (state_.why != fault::none) {
      return;
    }
    const bool target =
        is_request && head_bytes_ == 0 && bytes.find('\n') == std::string_view::npos;
    state_.why = target ? fault::target_too_long : fault::head_too_large;
    state_.reason = target ? "the request line exceeds the limit" : "the head exceeds the limit";
  }

  void name_failure(const beast::error_code& ec) noexcept {
    state_.why = ec == beast_error::bad_version ? fault::unknown_version : fault::malformed;
    state_.reason = in_words(ec, state_.head_complete);
    const bool coding = ec == beast_error::bad_transfer_encoding;
    if (!coding && (ec != beast_error::bad_content_length || state_.codings == 0)) {
      return;
    }
    if (state_.head_complete) {
      state_.reason = "a framing header among the trailers";
    } else if (coding && state_.lengths == 0) {
      state_.reason = "more than one Transfer-Encoding";
    } else {
      state_.reason = "Content-Length and Transfer-Encoding together";
    }
  }

  parse_state state_;
  Message* into_ = nullptr;
  body_rule rule_ = body_rule::normal;
  plain_head plain_;                               // of a plain message
  std::optional<message_parser<Message>> parser_;  // of every other
  std::size_t head_bytes_ = 0;
  std::size_t empty_ = 0;
  bool started_ = false;
  bool head_told_ = false;
  bool has_body_ = false;
  bool in_chunk_header_ = false;  // the parser waits for the rest of one
};

template <class Message>
message_reader<Message>::message_reader() : impl_(std::make_unique<impl>()) {}
template <class Message>
message_reader<Message>::~message_reader() = default;

template <class Message>
void message_reader<Message>::begin(Message& into, const reader_limits& limits, body_rule rule) {
  impl_->begin(into, limits, rule);
}
template <class Message>
void message_reader<Message>::limit_body(std::uint64_t bytes, overflow what) noexcept {
  impl_->limit_body(bytes, what);
}
template <class Message>
void message_reader<Message>::take_away_body() noexcept {
  impl_->take_away_body();
}
template <class Message>
read_step message_reader<Message>::feed(std::string_view bytes) {
  return impl_->feed(bytes);
}
template <class Message>
progress message_reader<Message>::finish() {
  return impl_->finish();
}
template <class Message>
bool message_reader<Message>::started() const noexcept {
  return impl_->started();
}
template <class Message>
bool message_reader<Message>::inside_empty_line() const noexcept {
  return impl_->inside_empty_line();
}
template <class Message>
bool message_reader<Message>::head_complete() const noexcept {
  return impl_->state().head_complete;
}
template <class Message>
bool message_reader<Message>::keep_alive() const noexcept {
  return impl_->keep_alive();
}
template <class Message>
bool message_reader<Message>::has_body() const noexcept {
  return impl_->has_body();
}
template <class Message>
std::uint64_t message_reader<Message>::body_received() const noexcept {
  return impl_->state().received;
}
template <class Message>
std::uint64_t message_reader<Message>::body_expected() const noexcept {
  return impl_->expected();
}
template <class Message>
bool message_reader<Message>::length_known() const noexcept {
  return !has_body() || impl_->state().lengths > 0;
}
template <class Message>
bool message_reader<Message>::cut() const noexcept {
  return impl_->state().cut;
}
template <class Message>
fault message_reader<Message>::failure() const noexcept {
  return impl_->state().why;
}
template <class Message>
std::string_view message_reader<Message>::reason() const noexcept {
  return impl_->state().reason;
}

template class message_reader<request>;
template class message_reader<response>;

}  // namespace fairlead::http::detail
