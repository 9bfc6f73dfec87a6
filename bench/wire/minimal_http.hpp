// SPDX-License-Identifier: BSL-1.0
// As much HTTP/1.1 as a program needs that talks to nobody but itself. Not for use: it believes
// whatever the peer says.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace wire {

/// Where the head of a message ends, and how many bytes of body follow.
struct message_size {
  std::size_t head = 0;
  std::size_t body = 0;
};

/// Nothing while the head is incomplete.
inline std::optional<message_size> measure(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  message_size out{end + 4, 0};
  constexpr std::string_view name = "\r\nContent-Length: ";
  const auto at = bytes.substr(0, end).find(name);
  if (at != std::string_view::npos) {
    std::from_chars(bytes.data() + at + name.size(), bytes.data() + end, out.body);
  }
  return out;
}

/// The same headers as `http::client` sends.
inline void render_request(std::string& out, std::string_view target, std::string_view host) {
  out.clear();
  out += "GET ";
  out += target;
  out += " HTTP/1.1\r\nHost: ";
  out += host;
  out +=
      "\r\nUser-Agent: bench/0.1\r\nAccept: application/json\r\n"
      "Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n";
}

inline bool asks_for(std::string_view request, std::string_view target) {
  constexpr std::string_view get = "GET ";
  return request.starts_with(get) && request.substr(get.size()).starts_with(target);
}

inline void render_head(std::string& out, std::string_view status, std::size_t body) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, body).ptr;
  out.clear();
  out += "HTTP/1.1 ";
  out += status;
  out += "\r\nContent-Type: application/json\r\nContent-Length: ";
  out.append(digits, end);
  out += "\r\n\r\n";
}

}  // namespace wire
