// SPDX-License-Identifier: BSL-1.0
// Calls as lines of JSON over a stream: TCP, TLS, a Unix socket.
#pragma once

#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/port/hop.hpp>
#include <fairlead/port/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead {

/// Who is on the other side.
enum class lines_peer : std::uint8_t {
  /// One that names operations, takes many calls at a time, answers them in any order and can be
  /// told that a call is given up: `json_lines_server`.
  multiplexed,
  /// One with a single operation that reads a line, answers it, and reads the next: it gets `_id`
  /// and `_payload` and nothing else, and one call at a time. A call that is given up costs the
  /// connection. It cannot serve streams.
  simple,
};

/// The knobs of a `json_lines_client`.
struct json_lines_client_options {
  lines_peer peer = lines_peer::multiplexed;
  /// The longest line in bytes; default 1 MiB. Longer requests fail with `too_large`, longer
  /// replies break the connection.
  std::size_t max_line = std::size_t{1} << 20U;
  /// Calls that may be unanswered on the connection at a time; default 256.
  std::size_t max_in_flight = 256;
  /// Calls that may wait for their turn; default 10,000. The next one fails with `pool_exhausted`.
  std::size_t max_waiting = 10'000;
  /// Items of a stream that the service may send ahead; default 16.
  std::uint32_t max_ahead = 16;
  /// How long a call may take; default 30 s. Not of streams.
  duration call_timeout = std::chrono::seconds(30);
  /// How long it may take to connect; default 10 s.
  duration connect_timeout = std::chrono::seconds(10);
  /// The connection is closed when nothing was asked for so long; default 60 s.
  duration idle_timeout = std::chrono::seconds(60);
  /// The pause before connecting again, doubled with each failure; default 100 ms up to 10 s.
  duration first_pause = std::chrono::milliseconds(100);
  duration longest_pause = std::chrono::seconds(10);
};

/// A transport of many calls over one connection, which is made when needed and made again; see
/// `net::framed_client` for what happens when it breaks. Each call is a line:
///
/// ```
/// {"_id":7,"_op":"get_user","_headers":{"Fairlead-Timeout-Ms":"500"},"_payload":{"id":42}}
/// {"_id":7,"_status":"ok","_payload":{"id":42,"name":"Ann"}}
/// {"_id":8,"_status":"error","_error_type":"service_error","_message":"...","_error":{...}}
/// ```
///
/// *Errors*: those of `net::framed_client::call`, and those of the service.
/// *Cancellation* is told to the service: `{"_cancel":7}`.
/// *Thread safety*: none; on the executor of the scope.
///
/// *Example*:
/// ```cpp
/// auto line = std::make_shared<json_lines_client>(
///     scope, net::connects_to(net::system_network(), *net::endpoint::parse("unix:/run/users")));
/// auto u = remote_port<shop::users>(line);
/// ```
class json_lines_client final : public transport {
 public:
  /// Its task runs in `scope`. Throws `std::invalid_argument` naming everything that is wrong with
  /// the options.
  json_lines_client(task_scope& scope, net::open_stream open,
                    json_lines_client_options options = {});
  ~json_lines_client() override;

  task<result<std::string>> call(context& cx, const operation_info& what,
                                 std::string_view request) override;
  task<result<void>> send(context& cx, const operation_info& what,
                          std::string_view request) override;
  task<result<void>> stream(context& cx, const operation_info& what, std::string_view request,
                            item_writer<std::string>& to) override;

  /// As `net::framed_client::drain`.
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);
  [[nodiscard]] net::framed_client_stats stats() const noexcept;

 private:
  [[nodiscard]] std::string next_id();
  [[nodiscard]] result<std::string> write(const outgoing_hop& hop, const operation_info& what,
                                          std::string_view id, std::string_view request,
                                          std::uint32_t credit) const;

  json_lines_client_options options_;
  std::uint64_t last_id_ = 0;
  net::framed_client client_;
};

}  // namespace fairlead
