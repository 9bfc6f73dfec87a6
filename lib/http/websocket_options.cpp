// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/websocket_options.hpp>

#include "detail/chars.hpp"

namespace fairlead::http {

std::vector<std::string> websocket_options::problems() const {
  std::vector<std::string> out;
  if (max_message_ == 0) {
    out.emplace_back("max_message must be at least 1 byte");
  }
  const auto positive = [&](duration d, const char* name) {
    if (d <= duration::zero()) {
      out.emplace_back(std::string(name) + " must be positive");
    }
  };
  positive(ping_after_, "ping_after");
  positive(pong_within_, "pong_within");
  positive(write_timeout_, "write_timeout");
  positive(close_timeout_, "close_timeout");
  for (const auto& p : protocols_) {
    if (!detail::is_token(p)) {
      out.emplace_back("protocol \"" + p + "\" is not a token");
    }
  }
  return out;
}

}  // namespace fairlead::http
