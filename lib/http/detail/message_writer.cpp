// SPDX-License-Identifier: BSL-1.0
#include "message_writer.hpp"

#include "chars.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace fairlead::http::detail {

namespace {

// Gathers small pieces, so that the string grows by lines and not by words.
class pieces {
 public:
  explicit pieces(std::string& out) noexcept : out_(out) {}
  pieces(const pieces&) = delete;
  pieces& operator=(const pieces&) = delete;

  template <std::size_t N>
  pieces& operator<<(const char (&literal)[N]) {
    constexpr std::size_t size = N - 1;
    if (room_.size() - used_ < size) {
      flush();
    }
    std::memcpy(room_.data() + used_, literal, size);  // of a constant size: no call
    used_ += size;
    return *this;
  }
  pieces& operator<<(std::string_view text) {
    if (text.size() > room_.size()) {
      flush();
      out_.append(text);
      return *this;
    }
    if (room_.size() - used_ < text.size()) {
      flush();
    }
    std::memcpy(room_.data() + used_, text.data(), text.size());
    used_ += text.size();
    return *this;
  }
  pieces& operator<<(std::uint64_t n) {
    if (room_.size() - used_ < most_digits) {
      flush();
    }
    char* begin = room_.data() + used_;
    used_ += static_cast<std::size_t>(std::to_chars(begin, begin + most_digits, n).ptr - begin);
    return *this;
  }
  void flush() {
    out_.append(room_.data(), used_);
    used_ = 0;
  }

 private:
  static constexpr std::size_t most_digits = 20;

  std::string& out_;
  std::size_t used_ = 0;
  std::array<char, 256> room_;
};

bool expects_body(method m) noexcept {
  return m == method::post || m == method::put || m == method::patch;
}

}  // namespace

result<void> check_headers(const headers& h) {
  if (auto stored = h.check(); !stored) {
    return stored;
  }
  const auto* const own = h.contains("Content-Length")      ? "Content-Length"
                          : h.contains("Transfer-Encoding") ? "Transfer-Encoding"
                                                            : nullptr;
  if (own != nullptr) {
    return fail(errors::invalid_argument{
        "headers", std::string(own) + " is written by the library; setting it is refused"});
  }
  return {};
}

bool asks_to_close(const headers& h) noexcept {
  if (!h.contains("Connection")) {
    return false;
  }
  for (const auto field : h) {
    if (iequals(field.name, "Connection") && has_token(field.value, "close")) {
      return true;
    }
  }
  return false;
}

result<void> check_host(const headers& h) {
  const auto own = h.get("Host");
  if (own && (h.count("Host") > 1 || !std::all_of(own->begin(), own->end(), is_host_char))) {
    return fail(errors::invalid_argument{"headers", "Host is one host, with a port or without"});
  }
  return {};
}

void render_head(std::string& out, const request& r, const request_frame& frame) {
  out.clear();
  pieces line(out);
  line << to_string(r.method()) << " " << frame.origin << frame.target << " HTTP/1.1\r\n";
  const auto& own = r.headers();
  if (!own.contains("Host")) {
    line << "Host: " << frame.authority << "\r\n";
  }
  if (own.empty()) {
    line << frame.defaults->text();
  } else {
    for (const auto field : *frame.defaults) {
      if (!own.contains(field.name)) {
        line << field.name << ": " << field.value << "\r\n";
      }
    }
    line << own.text();
  }
  if (!frame.proxy_authorization.empty()) {
    line << "Proxy-Authorization: " << frame.proxy_authorization << "\r\n";
  }
  if (frame.expect == request_frame::consent::ask && !own.contains("Expect")) {
    line << "Expect: 100-continue\r\n";
  }
  if (const auto* source = r.source().get()) {
    if (const auto size = source->size()) {
      line << "Content-Length: " << *size << "\r\n";
    } else {
      line << "Transfer-Encoding: chunked\r\n";
    }
  } else if (!r.body().empty() || expects_body(r.method())) {
    line << "Content-Length: " << std::uint64_t{r.body().size()} << "\r\n";
  }
  line << "\r\n";
  line.flush();
}

void render_head(std::string& out, const response& r, const response_frame& frame) {
  out.clear();
  pieces line(out);
  line << "HTTP/1.1 " << std::uint64_t{to_int(r.status())} << " " << reason_phrase(r.status())
       << "\r\n";
  if (!r.headers().contains("Date")) {
    line << "Date: " << frame.date << "\r\n";
  }
  // A handler's own Connection speaks of a hop that is not the handler's: what the server does is
  // said instead.
  if (!r.headers().contains("Connection")) {
    line << r.headers().text();
  } else {
    for (const auto field : r.headers()) {
      if (!iequals(field.name, "Connection")) {
        line << field.name << ": " << field.value << "\r\n";
      }
    }
  }
  if (r.status() == status::switching_protocols) {
    line << "Connection: Upgrade\r\n";
  } else if (!frame.keep_alive) {
    line << "Connection: close\r\n";
  } else if (frame.minor_version == 0) {
    line << "Connection: keep-alive\r\n";
  }
  if (frame.framing == body_framing::length) {
    line << "Content-Length: " << frame.length << "\r\n";
  } else if (frame.framing == body_framing::chunked) {
    line << "Transfer-Encoding: chunked\r\n";
  }
  line << "\r\n";
  line.flush();
}

net::io_attempt gathered::try_write(net::stream& s) {
  const std::array<std::span<const std::byte>, 2> views = {std::as_bytes(std::span(pieces_[0])),
                                                           std::as_bytes(std::span(pieces_[1]))};
  auto attempt = s.try_write(views);
  if (attempt && *attempt) {
    auto n = **attempt;
    written_ += n;
    for (auto& piece : pieces_) {
      const auto here = std::min(n, piece.size());
      piece.remove_prefix(here);
      n -= here;
    }
  }
  return attempt;
}

}  // namespace fairlead::http::detail
