// SPDX-License-Identifier: BSL-1.0
// What `fairlead get`, `post`, `put` and `delete` were asked to do: options as values, nothing read
// and nothing sent yet.
#pragma once

#include "command_line.hpp"
#include "connections.hpp"
#include "error_report.hpp"

#include <fairlead/core/time.hpp>
#include <fairlead/http/headers.hpp>
#include <fairlead/http/method.hpp>

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

/// One request.
struct exchange_plan {
  /// Whether the response goes to its file as it arrives, in place of being held and looked at.
  [[nodiscard]] bool is_download() const noexcept {
    return output_file && method == http::method::get && !data && !schema_file;
  }

  http::method method = http::method::get;
  std::string url;
  http::headers headers;
  std::optional<std::string> data;  ///< as given: JSON, "@FILE" or "-"
  std::optional<std::string> schema_file;
  std::optional<std::string> request_schema_file;
  std::optional<std::string> policy_file;
  duration timeout = std::chrono::seconds(5);
  bool timeout_given = false;  ///< else a download may take longer, as long as it goes on
  std::uint32_t attempts = 1;
  bool follow_redirects = true;
  bool compressed = false;
  connection_choice connections;
  std::optional<std::string> output_file;
  bool resume = false;
  bool include_head = false;
  bool timings = false;
  error_style errors = error_style::text;
};

/// The options of the four commands.
[[nodiscard]] const std::vector<option>& exchange_options();

/// The plan, or one line that says what is wrong.
[[nodiscard]] tl::expected<exchange_plan, std::string> plan_exchange(http::method m,
                                                                     const arguments& given);

/// "K: V" as a header field. False when it is none.
[[nodiscard]] bool add_header(http::headers& to, std::string_view line);

}  // namespace fairlead::cli
