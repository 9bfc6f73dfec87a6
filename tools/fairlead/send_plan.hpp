// SPDX-License-Identifier: BSL-1.0
// What `fairlead send` was asked to do.
#pragma once

#include "address.hpp"
#include "command_line.hpp"
#include "error_report.hpp"

#include <fairlead/core/time.hpp>

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::cli {

enum class send_protocol : std::uint8_t { line, jsonl };

struct send_plan {
  explicit send_plan(address a) : to(std::move(a)) {}

  send_protocol protocol = send_protocol::line;
  address to;
  std::string to_text;  ///< as it was given
  std::size_t pipeline = 1;
  duration timeout = std::chrono::seconds(5);
  bool skip_empty = false;
  error_style errors = error_style::text;
};

[[nodiscard]] const std::vector<option>& send_options();

/// The plan, or one line that says what is wrong.
[[nodiscard]] tl::expected<send_plan, std::string> plan_send(const arguments& given);

}  // namespace fairlead::cli
