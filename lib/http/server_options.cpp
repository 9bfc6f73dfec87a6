// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/server_options.hpp>

namespace fairlead::http {

// Here, since inlined into its users g++ 12 would warn of hooks that it takes for uninitialized.
server_options::server_options() = default;
server_options::server_options(const server_options& other) = default;
server_options::server_options(server_options&& other) noexcept = default;
server_options& server_options::operator=(const server_options& other) = default;
server_options& server_options::operator=(server_options&& other) noexcept = default;
server_options::~server_options() = default;

std::vector<std::string> server_options::problems() const {
  std::vector<std::string> out;
  const auto positive = [&](duration d, std::string_view name) {
    if (d <= duration::zero()) {
      out.push_back(std::string(name) + " must be positive");
    }
  };
  positive(head_timeout_, "head_timeout");
  positive(body_timeout_, "body_timeout");
  positive(handler_timeout_, "handler_timeout");
  positive(write_timeout_, "write_timeout");
  positive(idle_timeout_, "idle_timeout");
  const auto usable = [&](const rate_floor& floor, std::string_view name) {
    if (floor.bytes_per_second > 1'000'000'000) {
      out.push_back(std::string(name) + " must be at most 1,000,000,000 bytes per second");
    }
    if (floor.grace < duration::zero()) {
      out.push_back(std::string(name) + " must not have a negative grace");
    }
  };
  usable(min_body_rate_, "min_body_rate");
  usable(min_write_rate_, "min_write_rate");
  if (body_memory_ < max_body_) {
    out.emplace_back("body_memory must be at least max_body");
  }
  if (max_head_ < 256) {
    out.emplace_back("max_head must be at least 256 bytes");
  }
  if (max_fields_ == 0) {
    out.emplace_back("max_head must allow at least one field");
  }
  if (max_connections_ == 0) {
    out.emplace_back("max_connections must be at least 1");
  }
  if (max_connections_per_peer_ && *max_connections_per_peer_ == 0) {
    out.emplace_back("max_connections_per_peer must be at least 1");
  }
  return out;
}

}  // namespace fairlead::http
