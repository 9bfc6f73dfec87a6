// SPDX-License-Identifier: BSL-1.0
// Calls and their replies as messages of a broker, and the subjects they go to.
#pragma once

#include <fairlead/core/error.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/port/broker_message.hpp>
#include <fairlead/port/hop.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::detail {

/// By which a call is known when it is given up.
inline constexpr std::string_view call_id_header = "Fairlead-Call";
/// Of replies that are errors, as services of NATS tell them (its ADR 32): a status as in HTTP, and
/// a line for people. What programs go by is in the payload.
inline constexpr std::string_view error_code_header = "Nats-Service-Error-Code";
inline constexpr std::string_view error_text_header = "Nats-Service-Error";

/// Longer ones, and those with other than letters, digits, dots and dashes, are none.
inline constexpr std::size_t longest_call_id = 64;

/// Where the calls of an operation go: "users.get_user".
[[nodiscard]] std::string call_subject(std::string_view service, std::string_view operation);
/// Where all who serve hear of calls that are given up.
[[nodiscard]] std::string given_up_subject(std::string_view service);
/// Where the streams of one server, one token each, are asked for more; `server` is its name.
[[nodiscard]] std::string streams_subject(std::string_view service, std::string_view server);

/// Nothing, or why calls of `operation` cannot go below `service`: names that make no subject, and
/// those that begin with an underscore, which are for what stands beside the calls.
///
/// *Errors*: `invalid_argument`.
[[nodiscard]] result<void> check_call_subject(std::string_view service, std::string_view operation);

/// A call; without an id nobody can give it up.
[[nodiscard]] broker_message call_message(std::string subject, const outgoing_hop& hop,
                                          std::string_view id, std::string_view request);
/// The id of a call; empty when it has none of use.
[[nodiscard]] std::string_view call_id_of(const broker_message& call) noexcept;
/// What travels with it.
[[nodiscard]] incoming_hop hop_of(const broker_message& call);

/// Word of calls that are given up, to be published to `given_up_subject`.
[[nodiscard]] std::string write_ids(const std::vector<std::string>& ids);
/// Those that are of use.
[[nodiscard]] std::vector<std::string_view> read_ids(std::string_view text);

/// An error as a reply.
[[nodiscard]] broker_message error_message(const error& e);
/// The error that a reply of `peer` tells of; nothing when it is none.
[[nodiscard]] std::optional<error> failure_of(const broker_message& reply, std::string_view peer);
/// The JSON text of a reply, empty for none, or the error that it tells of.
[[nodiscard]] result<std::string> reply_of(const broker_message& reply, std::string_view peer);

}  // namespace fairlead::detail
