// SPDX-License-Identifier: BSL-1.0
// Calls and their replies as lines of JSON.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/port/hop.hpp>
#include <fairlead/port/operation.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::detail {

/// What a line says, as raw texts; empty where it says nothing.
struct call_line {
  std::string_view id;       ///< as it stands there: echoed as it is
  std::string_view op;       ///< between its quotes
  std::string_view headers;  ///< an object
  std::string_view payload;
  std::string_view cancel;  ///< the id of a call that is given up
  std::string_view status;  ///< between its quotes
  std::string_view type;    ///< of an error, between its quotes
  std::string_view message;
  std::string_view error;  ///< an object
  std::uint32_t credit = 0;
  bool one_way = false;
};

/// *Errors*: `serialization_error` for what is no object, or says something twice.
[[nodiscard]] result<call_line> read_line(std::string_view text);

/// The id of a line, as it stands there; nothing when it has none.
[[nodiscard]] std::optional<std::string> id_of_line(std::string_view text);

/// A call: `{"_id":"7","_op":"get_user","_headers":{...},"_payload":{...}}`.
struct outgoing_call {
  std::string_view id;  ///< empty: an operation without a reply
  std::string_view op;  ///< empty: the peer has one operation
  std::span<const hop_field> hop;
  std::string_view payload;
  std::uint32_t credit = 0;  ///< how many items may come; 0 for other than streams
};
[[nodiscard]] std::string write_call(const outgoing_call& call);
[[nodiscard]] std::string write_cancel(std::string_view id);
[[nodiscard]] std::string write_credit(std::string_view id, std::uint32_t more);

/// `status` is "ok", or "item" for one of a stream. An empty payload is null.
[[nodiscard]] std::string write_reply(std::string_view id, std::string_view status,
                                      std::string_view payload);
/// Of an error, in the words of those who speak this protocol ("service_error", "timeout",
/// "parse_error"), and as it is for us.
[[nodiscard]] std::string write_failure(std::string_view id, const error& e);

/// The error that a line with status "error" tells of.
[[nodiscard]] error failure_of(const call_line& line, std::string_view peer);

/// Hands the members of `headers` that are strings to `hop`.
void take_headers(incoming_hop& hop, std::string_view headers);

/// The text between the quotes of a JSON string, without escapes; nothing when it is no string.
[[nodiscard]] std::optional<std::string> plain_string(std::string_view value);

}  // namespace fairlead::detail
