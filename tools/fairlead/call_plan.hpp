// SPDX-License-Identifier: BSL-1.0
// What `fairlead call` was asked to do.
#pragma once

#include "address.hpp"
#include "command_line.hpp"
#include "connections.hpp"
#include "error_report.hpp"

#include <fairlead/core/time.hpp>

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::cli {

/// Where a call goes.
struct call_way {
  enum class kind : std::uint8_t { http, envelope_data, envelope_payload, json_lines, nats };

  kind how = kind::http;
  std::string url;            ///< of HTTP; of NATS: the server
  std::optional<address> to;  ///< of lines
  std::string host;     ///< of lines over TLS: the name that the certificate is for; else empty
  std::string service;  ///< of NATS: below which subject; empty: the name of the port
};

/// "http://...", "https://...", "jsonl+tcp://HOST:PORT", "jsonl+tls://HOST:PORT",
/// "jsonl+unix:PATH", "nats://HOST[:PORT][/SERVICE]", "nats+tls://...". The error says what it may
/// be.
[[nodiscard]] tl::expected<call_way, std::string> parse_way(const std::string& text);

struct call_plan {
  std::string port_file;
  std::string operation;       ///< empty: list what there is
  std::string request = "{}";  ///< JSON, "@FILE", or "-" for standard input
  std::string via_text;        ///< as it was given, without password
  call_way via;
  duration timeout = std::chrono::seconds(5);
  std::optional<std::string> idempotency_key;
  connection_choice connections;
  error_style errors = error_style::text;
};

[[nodiscard]] const std::vector<option>& call_options();

/// The plan, or one line that says what is wrong.
[[nodiscard]] tl::expected<call_plan, std::string> plan_call(const arguments& given);

}  // namespace fairlead::cli
