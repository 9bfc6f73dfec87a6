// SPDX-License-Identifier: BSL-1.0
#include "message_writer.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead::http::detail {

namespace {

void append_number(std::string& out, std::uint64_t n) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
  out.append(digits.data(), end);
}

void append_length(std::string& out, std::size_t n) {
  out += "Content-Length: ";
  append_number(out, n);
  out += "\r\n";
}

bool expects_body(method m) noexcept {
  return m == method::post || m == method::put || m == method::patch;
}

}  // namespace

result<void> check_headers(const headers& h) {
  if (auto stored = h.check(); !stored) {
    return stored;
  }
  for (const auto name : {"Content-Length", "Transfer-Encoding"}) {
    if (h.contains(name)) {
      return fail(errors::invalid_argument{
          "headers", std::string(name) + " is written by the library; setting it is refused"});
    }
  }
  return {};
}

void render_head(std::string& out, const request& r, const request_frame& frame) {
  out.clear();
  out += to_string(r.method());
  out += ' ';
  out += frame.target;
  out += " HTTP/1.1\r\n";
  const auto& own = r.headers();
  if (!own.contains("Host")) {
    out += "Host: ";
    out += frame.authority;
    out += "\r\n";
  }
  for (const auto field : *frame.defaults) {
    if (!own.contains(field.name)) {
      out.append(field.name).append(": ").append(field.value).append("\r\n");
    }
  }
  out += own.text();
  if (!r.body().empty() || expects_body(r.method())) {
    append_length(out, r.body().size());
  }
  out += "\r\n";
}

void render_head(std::string& out, const response& r, const response_frame& frame) {
  out.clear();
  out += "HTTP/1.1 ";
  append_number(out, to_int(r.status()));
  out += ' ';
  out += reason_phrase(r.status());
  out += "\r\n";
  if (!r.headers().contains("Date")) {
    out.append("Date: ").append(frame.date).append("\r\n");
  }
  // A handler's own Connection speaks of a hop that is not the handler's: what the server does is
  // said instead.
  if (!r.headers().contains("Connection")) {
    out += r.headers().text();
  } else {
    for (const auto field : r.headers()) {
      if (!iequals(field.name, "Connection")) {
        out.append(field.name).append(": ").append(field.value).append("\r\n");
      }
    }
  }
  if (!frame.keep_alive) {
    out += "Connection: close\r\n";
  } else if (frame.minor_version == 0) {
    out += "Connection: keep-alive\r\n";
  }
  if (!is_bodyless(r.status())) {
    append_length(out, r.body().size());
  }
  out += "\r\n";
}

net::io_attempt gathered::try_write(net::stream& s) {
  const std::array<std::span<const std::byte>, 2> views = {std::as_bytes(std::span(pieces_[0])),
                                                           std::as_bytes(std::span(pieces_[1]))};
  auto attempt = s.try_write(views);
  if (attempt && *attempt) {
    auto n = **attempt;
    for (auto& piece : pieces_) {
      const auto here = std::min(n, piece.size());
      piece.remove_prefix(here);
      n -= here;
    }
  }
  return attempt;
}

}  // namespace fairlead::http::detail
