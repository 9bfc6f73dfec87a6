// SPDX-License-Identifier: BSL-1.0
// Requests and replies as messages over one connection that is made when needed and made again.
#pragma once

#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/any_framer.hpp>
#include <fairlead/net/connection.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/stream.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::net {

class tls_client;

/// How a `framed_client` gets a connection: awaited once at a time, with a deadline.
using open_stream = std::function<task<result<connection>>(context&)>;

/// Connects to a host and port; `net` must outlive what it is given to.
[[nodiscard]] open_stream connects_to(network& net, std::string host, std::uint16_t port);
/// The same, and speaks TLS as the client of `host`.
[[nodiscard]] open_stream connects_to(network& net, std::string host, std::uint16_t port,
                                      tls_client client);
/// Connects to one address.
[[nodiscard]] open_stream connects_to(network& net, endpoint to);

/// The id of a request or of a reply, or nothing when the message has none. Called for both.
using message_id = std::function<std::optional<std::string>(std::string_view message)>;

/// What a protocol says about its messages, beyond one reply for each request in their order.
struct reply_rules {
  message_id id_of;  ///< required: replies come in any order
  /// True for a reply after which others to the same request follow; without it none is.
  std::function<bool(std::string_view reply)> more = {};
  /// The message that tells the peer that nobody waits for the reply to the request with that id
  /// any more. The peer is to end it with a last reply all the same. Without it nothing is said.
  std::function<std::string(std::string_view id)> give_up = {};
};

/// The knobs of a `framed_client`.
struct framed_client_options {
  /// Requests that may be unanswered on the connection at a time (pipelining), 1 to 65,536; default
  /// 16. 1 for peers that read one request at a time and drop what comes behind it.
  std::size_t max_in_flight = 16;
  /// Calls that may wait for their turn, or for a connection, at least 1; default 1024. The next
  /// one fails with `pool_exhausted`.
  std::size_t max_waiting = 1024;
  /// The connection is reset once so many calls on it were given up and their replies are still
  /// due; default 8, and never as many as `max_in_flight`: it would be blocked. With
  /// `max_in_flight` 1 it is reset when a call is given up, so that the peer learns of it.
  std::size_t max_given_up = 8;
  /// How long a call may take, from when it is made; default 30 s. Then `timeout`.
  duration call_timeout = std::chrono::seconds(30);
  /// How long it may take to connect; default 10 s.
  duration connect_timeout = std::chrono::seconds(10);
  /// How long the peer may read nothing while requests wait to be written; default 30 s. Then the
  /// connection is closed.
  duration write_timeout = std::chrono::seconds(30);
  /// The connection is closed when nothing was asked for so long; default 60 s.
  duration idle_timeout = std::chrono::seconds(60);
  /// The pause before connecting again after a failure, doubled with each one in a row, with half
  /// of it at random; default 100 ms up to 10 s.
  duration first_pause = std::chrono::milliseconds(100);
  duration longest_pause = std::chrono::seconds(10);
  /// Replies to one request that may wait to be taken, at least 1; default 64. A peer that sends
  /// more breaks the protocol: say in the request how many it may send.
  std::size_t max_untaken = 64;
};

/// What a client has done and is doing.
struct framed_client_stats {
  std::size_t waiting = 0;        ///< calls that wait for their turn
  std::size_t in_flight = 0;      ///< requests on the connection, those given up included
  std::size_t given_up = 0;       ///< of those
  std::uint64_t connections = 0;  ///< made so far
  std::uint64_t replies = 0;      ///< handed to calls so far
  std::uint64_t swallowed = 0;    ///< replies to calls that had been given up
  std::uint64_t unknown = 0;      ///< replies with an id that nobody waits for
};

/// Calls over a stream of messages: each request has one reply. Requests are pipelined. Replies
/// come in the order of requests, or in any order with ids.
///
/// The connection is made when the first call needs it, kept, closed when idle, and made again
/// after a failure, with growing pauses. A call that comes in such a pause waits for the next
/// attempt if its deadline allows, else it fails at once with `unavailable` and the reason as its
/// cause. When an attempt fails, every call that waits for it gets its error.
///
/// A reply is never given to the wrong call. One that belongs to a call which was given up is
/// swallowed. In the order of requests, a message that nobody asked for breaks the connection
/// (`protocol_error`); so does, with ids, a reply without one while several requests are out (with
/// one it belongs to that). A reply with an id that nobody waits for is passed over.
///
/// When the connection breaks, every call on it ends with the reason and `sent` unknown, but those
/// of which not a byte was written: they move to the next connection, once. An error of the framer
/// breaks it too.
///
/// Its task runs in the scope it was made with. The scope can be joined once the client is drained
/// or destroyed.
///
/// *Thread safety*: none; on the executor of the scope.
///
/// *Example*:
/// ```cpp
/// net::framed_client client(scope, net::connects_to(net, "cache", 7000), net::line());
/// auto reply = co_await client.call(cx, "get user:1");  // result<string>
/// ```
class framed_client {
 public:
  /// Replies in the order of requests. Throws `std::invalid_argument` naming everything that is
  /// wrong with the options.
  framed_client(task_scope& scope, open_stream open, any_framer rule,
                framed_client_options options = {});
  /// Replies in any order: `id_of` says which belongs to which.
  framed_client(task_scope& scope, open_stream open, any_framer rule, message_id id_of,
                framed_client_options options = {});
  /// The same, and more about the protocol.
  framed_client(task_scope& scope, open_stream open, any_framer rule, reply_rules rules,
                framed_client_options options = {});
  framed_client(const framed_client&) = delete;
  framed_client& operator=(const framed_client&) = delete;
  /// Cuts the connection; calls in progress end with `unavailable`.
  ~framed_client();

  /// Sends `request`, which must live until the call has ended, and gives its reply.
  ///
  /// *Completes when* the reply is there.
  /// *Errors*: those of the framer before anything is sent; `invalid_argument` for a request
  /// without an id or with one that is in use; `pool_exhausted` when too many calls wait;
  /// `unavailable` in a pause, and once drained; those of connecting (not sent), of the stream
  /// (unknown); `timeout` beyond `call_timeout`; `cancelled`, `deadline`. `sent` is not_sent for
  /// a call that is given up before its turn, and unknown after.
  [[nodiscard]] task<result<std::string>> call(context& cx, std::string_view request);

  /// Takes one of several replies. An error ends the call.
  using take_reply = std::function<task<result<void>>(context& cx, std::string reply)>;

  /// Sends `request`, and hands each of its replies to `take`, one after the other: those that more
  /// follow (`reply_rules::more`), and the last. Both live until the call has ended.
  ///
  /// *Completes when* the last was taken. There is no `call_timeout`: a stream may be long.
  /// *Errors*: as `call`; that of `take`; `protocol_error` when more than `max_untaken` came.
  [[nodiscard]] task<result<void>> call_each(context& cx, std::string_view request,
                                             const take_reply& take);

  /// Sends `message`, which must live until it has ended, and expects no reply.
  ///
  /// *Completes when* the system has all of it. *Errors*: as `call`; `sent` is unknown when some of
  /// it had been written. Whether it arrives nobody learns.
  [[nodiscard]] task<result<void>> post(context& cx, std::string_view message);

  /// Ends in order: refuses new calls, lets those in progress end, then closes the connection;
  /// after `grace` cuts them off.
  ///
  /// *Completes when* the client's task has ended. *Errors*: `timeout` with scope drain when calls
  /// had to be cut off; `cancelled`, `deadline` when `cx` ended the grace period.
  [[nodiscard]] task<result<void>> drain(context& cx, duration grace);

  [[nodiscard]] framed_client_stats stats() const noexcept;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace fairlead::net
