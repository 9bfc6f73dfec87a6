// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/nats_options.hpp>

#include "detail/nats_servers.hpp"

namespace fairlead {

std::vector<std::string> nats_options::problems() const {
  std::vector<std::string> out;
  const auto require = [&](bool holds, std::string_view problem) {
    if (!holds) {
      out.emplace_back(problem);
    }
  };
  if (const auto parsed = detail::nats::parse_servers(servers_); !parsed) {
    out.push_back(parsed.error().message());
  }
  require(user_.empty() || token_.empty(), "there can be a user or a token, not both");
  require(password_.empty() || !user_.empty(), "there is a password without a user");
  for (const auto& [limit, problem] :
       {std::pair(connect_timeout_, "connect_timeout must be positive"),
        std::pair(patience_, "patience must be positive"),
        std::pair(call_timeout_, "call_timeout must be positive"),
        std::pair(write_timeout_, "write_timeout must be positive"),
        std::pair(ping_interval_, "the interval of keepalive must be positive"),
        std::pair(ping_timeout_, "the limit of keepalive must be positive"),
        std::pair(first_pause_, "the first pause must be positive")}) {
    require(limit > duration::zero(), problem);
  }
  require(longest_pause_ >= first_pause_, "the longest pause must not be below the first");
  require(max_message_ >= 1 && max_message_ <= std::size_t{1} << 30U,
          "max_message must be 1 B to 1 GiB");
  require(max_requests_ >= 1 && max_requests_ <= 1'000'000, "max_requests must be 1 to 1000000");
  require(max_waiting_ >= 1 && max_waiting_bytes_ >= 1, "max_waiting must be at least 1 and 1 B");
  return out;
}

}  // namespace fairlead
