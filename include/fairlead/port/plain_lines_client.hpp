// SPDX-License-Identifier: BSL-1.0
// Calls as plain lines over a stream: TCP, TLS, a Unix socket.
#pragma once

#include <fairlead/net/framed_client.hpp>
#include <fairlead/port/plain_lines.hpp>
#include <fairlead/port/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead {

/// How the peer ends its answers.
enum class plain_peer : std::uint8_t {
  lines,         ///< with a LF, or CR LF, each
  doubled_ends,  ///< with two, some of them: empty lines are passed over, and are no answers
  /// Not at all: what one read gives is the answer. A guess, see `net::one_read`.
  unterminated,
};

/// The knobs of a `plain_lines_client`.
struct plain_lines_client_options {
  plain_form form = {};
  plain_peer peer = plain_peer::lines;
  /// The longest line in bytes; default 1 MiB. Longer requests fail with `too_large`, longer
  /// answers break the connection.
  std::size_t max_line = std::size_t{1} << 20U;
  /// Calls that may be unanswered on the connection at a time; default 1, for peers that drop what
  /// comes behind a line, and since with 1 a call that is given up ends on the other side too: the
  /// connection is closed. With more it is worked on to its end, in vain.
  std::size_t max_in_flight = 1;
  /// Calls that may wait for their turn; default 10,000. The next one fails with `pool_exhausted`.
  std::size_t max_waiting = 10'000;
  /// How long a call may take; default 30 s.
  duration call_timeout = std::chrono::seconds(30);
  /// How long it may take to connect; default 10 s.
  duration connect_timeout = std::chrono::seconds(10);
  /// The connection is closed when nothing was asked for so long; default 60 s.
  duration idle_timeout = std::chrono::seconds(60);
  /// The pause before connecting again, doubled with each failure; default 100 ms up to 10 s.
  duration first_pause = std::chrono::milliseconds(100);
  duration longest_pause = std::chrono::seconds(10);
};

/// A transport for services that read a line and answer it with a line, in order, and know nothing
/// else: of the context nothing travels but that a call is given up. The connection is made when
/// needed, and made again; see `net::framed_client`.
///
/// *Errors*: those of `net::framed_client::call`; those of the service, as far as lines tell of
/// them; `invalid_argument`, not sent, for what does not fit into a line, and for an operation that
/// is answered with a stream. One without a reply waits for its answer all the same.
/// *Cancellation* closes the connection, unless `max_in_flight` is more than 1.
/// *Thread safety*: none; on the executor of the scope.
///
/// *Example*:
/// ```cpp
/// plain_lines_client_options options;
/// options.form = {.operation = "greet", .text_field = "name"};
/// auto line = std::make_shared<plain_lines_client>(
///     scope, net::connects_to(net::system_network(), "greeter", 9000), options);
/// auto u = remote_port<greeter>(line);
/// ```
class plain_lines_client final : public transport {
 public:
  /// Its task runs in `scope`. Throws `std::invalid_argument` naming everything that is wrong with
  /// the options.
  plain_lines_client(task_scope& scope, net::open_stream open,
                     plain_lines_client_options options = {});
  ~plain_lines_client() override;

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
  plain_form form_;
  net::framed_client client_;
};

}  // namespace fairlead
