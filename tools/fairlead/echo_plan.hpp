// SPDX-License-Identifier: BSL-1.0
// What `fairlead echo` was asked to do.
#pragma once

#include "address.hpp"
#include "command_line.hpp"

#include <fairlead/core/time.hpp>

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

enum class echo_protocol : std::uint8_t { line, jsonl, length32, http, envelope, ws, sse, udp };

/// As they are given: "line", "jsonl", ...
[[nodiscard]] std::optional<echo_protocol> parse_protocol(std::string_view name);
/// "line, jsonl, ..."
[[nodiscard]] std::string protocol_names();

struct echo_plan {
  explicit echo_plan(address a) : listen(std::move(a)) {}

  echo_protocol protocol = echo_protocol::line;
  address listen;
  std::size_t max_frame = std::size_t{1} << 20U;
  duration idle_timeout = std::chrono::seconds(75);
  duration delay{};
  std::uint64_t fail_every = 0;  ///< 0: never
};

[[nodiscard]] const std::vector<option>& echo_options();

/// The plan, or one line that says what is wrong.
[[nodiscard]] tl::expected<echo_plan, std::string> plan_echo(const arguments& given);

}  // namespace fairlead::cli
