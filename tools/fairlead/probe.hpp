// SPDX-License-Identifier: BSL-1.0
// Looks at what happens when a URL is called, phase by phase.
#pragma once

#include "command_line.hpp"
#include "error_report.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/url.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_client.hpp>
#include <fairlead/net/tls_info.hpp>

#include <boost/json/object.hpp>

#include <tl/expected.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::cli {

struct probe_plan {
  std::string url;
  duration timeout = std::chrono::seconds(10);
  std::optional<std::string> ca_file;
  bool json = false;
  error_style errors = error_style::text;
};

[[nodiscard]] const std::vector<option>& probe_options();

/// The plan, or one line that says what is wrong.
[[nodiscard]] tl::expected<probe_plan, std::string> plan_probe(const arguments& given);

/// One address that was tried.
struct probed_address {
  std::string address;
  duration took{};
  std::optional<error> failure;
};

/// What was seen. Phases that were not come to are empty.
struct probe_report {
  std::string url;
  std::string host;
  std::optional<duration> resolve;
  std::vector<probed_address> addresses;
  std::string connected_to;  ///< what went on from there
  std::optional<duration> handshake;
  std::optional<net::tls_info> tls;
  std::optional<duration> first_byte;  ///< after the request was sent
  std::string status_line;
  std::optional<std::string> server;  ///< the Server header
  duration total{};
  std::chrono::system_clock::time_point at;  ///< when; what expiry is counted from
  std::optional<error> failure;              ///< what ended the probe
};

/// Whom the plan trusts; accepts any certificate, so that there is something to look at, and tells
/// whether it would have passed. The error says in one line what is wrong with its files.
[[nodiscard]] tl::expected<net::tls_client, std::string> probe_trust(const probe_plan& plan);

/// Resolves, connects to every address, shakes hands with the first that answers, and asks for the
/// URL there. A certificate that is not right is told, and then the request is not sent.
[[nodiscard]] task<void> run_probe(context& cx, net::network& net, const probe_plan& plan,
                                   const net::tls_client& trust, probe_report& into);

/// A table for people.
[[nodiscard]] std::string probe_text(const probe_report& r, bool colours);
[[nodiscard]] boost::json::object probe_object(const probe_report& r);

}  // namespace fairlead::cli
