// SPDX-License-Identifier: BSL-1.0
// What a server tells about each request that it has answered, and the usual lines made of it.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/status.hpp>
#include <fairlead/observe/traceparent.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace fairlead::http {

/// One request and what became of it; see `server_options::on_access`. Valid during the call.
struct access_record {
  /// Of a request that could not be read, as much as was: an empty target, perhaps.
  const http::request& request;
  /// What was sent, or `client_left`.
  http::status status;
  /// Of the response's body, as handed to the system; of one that streams, before its framing.
  std::uint64_t bytes;
  /// From the first byte of the request to the last of the answer.
  duration took;
  /// When the answer had gone out, by the clock of the environment.
  std::chrono::system_clock::time_point at;
  /// How it ended: `broken`, when the client did not take all of it or its source failed.
  enum class ending : std::uint8_t { whole, broken };
  ending ended;
  /// The trace it took part in, and its span; invalid when there was none (see
  /// `server_options::traces`).
  observe::traceparent trace = {};

  /// The status that is recorded, `broken`, when the client went away while its handler ran, so
  /// that nothing was sent: 499, as in nginx's logs.
  static constexpr http::status client_left{499};
};

/// `10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /x HTTP/1.1" 200 5`, in UTC, without a line's
/// end. What a client could mean to forge lines with is escaped.
[[nodiscard]] std::string common_log_line(const access_record& r);
/// The same with Referer and User-Agent behind it.
[[nodiscard]] std::string combined_log_line(const access_record& r);
/// `{"time":"2026-01-01T00:00:00.000Z","peer":"10.0.0.1:4000","method":"GET","target":"/x",
/// "route":"/x","status":200,"bytes":5,"took_ms":1.25,"whole":true}` in one line; with `trace_id`
/// and `span_id` behind it where there is a trace.
[[nodiscard]] std::string json_log_line(const access_record& r);

}  // namespace fairlead::http
