// SPDX-License-Identifier: BSL-1.0
// The HTTP client: one line per call, every failure a typed error.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/client_options.hpp>
#include <fairlead/http/codec.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/response_stream.hpp>
#include <fairlead/http/upgraded.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::http {

namespace detail {
class call;
class held_call;
class open_response;
}  // namespace detail

/// What a client's connections are doing.
struct client_stats {
  std::size_t connections = 0;  ///< open or being opened
  std::size_t idle = 0;         ///< of those, how many wait for the next call
  std::size_t waiting = 0;      ///< calls that wait for a connection

  // Since the client was made.
  std::uint64_t opened = 0;         ///< connections
  std::uint64_t reused = 0;         ///< exchanges that found an idle connection
  std::uint64_t waited = 0;         ///< exchanges that had to wait for a turn
  std::uint64_t refused = 0;        ///< calls that ended in `pool_exhausted`
  std::uint64_t stale_retries = 0;  ///< exchanges repeated, since their connection was closed
};

/// A client with a pool of keep-alive connections.
///
/// `get<T>`, `post<T>`, `put<T>`, `patch<T>` and `del<T>` speak JSON: the body is encoded from a
/// described struct, the response is decoded into `T`, and only statuses 200 to 299 are a success.
/// With `T = void` the response's body is ignored, with `std::optional<T>` an absent one (204, or
/// empty) is an empty optional. `request` does no more than HTTP: every status is a value there.
///
/// *Completes when* the last byte of the response is in. One limit covers resolving, waiting for a
/// connection, connecting, sending and receiving: `client_options::timeout` or the deadline of the
/// context, whichever is earlier.
///
/// *Errors*, with the URL in them, `stage()` where it happened and `sent()`:
// clang-format off
/// | kind | when |
/// |---|---|
/// | `serialization_error` "Request validation failed: ..." | the body to send; nothing sent |
/// | `serialization_error` "Response validation failed: ..." | the answer is not a `T` |
/// | `invalid_url`, `invalid_argument` | the target, or a header; nothing sent |
/// | `dns_failure`, `connection_refused`, `unreachable`, `tls_failure` | nothing sent |
/// | `unavailable` | the proxy refuses; nothing sent |
/// | `pool_exhausted` | too many calls wait for a connection already |
/// | `connection_reset`, `connection_closed` | the peer broke or ended the connection early |
/// | `timeout` | `client_options::timeout` ran out |
/// | `deadline`, `cancelled` | the context's |
/// | `protocol_error`, `too_large` | what came is not HTTP/1.1, or exceeds a limit |
/// | `http_error` | a status outside 2xx (not for `request`) |
// clang-format on
///
/// A connection that the server closed while it idled is noticed before it is used. When that
/// happens at the very moment of use, the call is repeated once on a fresh connection, if nothing
/// had been written or if the request may be repeated: an idempotent method, a context that says
/// so, or an idempotency key; and only as long as not a byte of an answer came.
///
/// *Cancellation*: ends the call at once and closes its connection.
///
/// *Thread safety*: none; it belongs to the executor of its environment and must outlive its calls.
/// Destroying it while one is in flight ends the program with a message.
///
/// *Example*:
/// ```cpp
/// http::client users(env, http::client_options("http://users:8080"));
/// auto ann = co_await users.get<shop::user>(cx, "/users/1");
/// auto bob = co_await users.post<shop::user>(cx, "/users", new_user);
/// auto gone = co_await users.del(cx, "/users/1");
/// ```
class client {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  explicit client(environment& env, client_options options = {});
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;
  ~client();

  /// The same without an exception: `invalid_argument` naming everything that is wrong.
  [[nodiscard]] static result<client> make(environment& env, client_options options = {});

  /// Sends `r` and gives the response, whatever its status.
  [[nodiscard]] task<result<response>> request(context& cx, http::request r);
  [[nodiscard]] task<result<response>> request(http::request r);
  /// The same from pieces, for adapters.
  [[nodiscard]] task<result<response>> request(context& cx, method m, std::string target,
                                               headers extra, std::string body);

  /// Sends `r` and gives the response once its head is in, whatever its status; the body is read
  /// from it while it arrives.
  ///
  /// *Completes when* the head is in. *Errors*: as above, up to the head.
  [[nodiscard]] task<result<response_stream>> stream(context& cx, http::request r,
                                                     stream_options how = {});

  /// Asks the server to go on in another protocol: `r` has an Upgrade header, and gets its
  /// "Connection: Upgrade" if it has none.
  ///
  /// *Completes when* the head of the answer is in.
  /// *Errors*: `http_error` for every answer but 101; `protocol_error` when the server switches to
  /// something else; `invalid_argument` without an Upgrade header; else as above.
  [[nodiscard]] task<result<upgraded>> upgrade(context& cx, http::request r);

  template <class T = response>
  [[nodiscard]] task<result<T>> get(context& cx, std::string_view target, headers extra = {}) {
    return fetch<T>(cx, make_request(method::get, target, std::move(extra)));
  }
  template <class T = response>
  [[nodiscard]] task<result<T>> get(std::string_view target, headers extra = {}) {
    return fetch_alone<T>(make_request(method::get, target, std::move(extra)));
  }

  template <class T = void, class Body>
  [[nodiscard]] task<result<T>> post(context& cx, std::string_view target, const Body& body,
                                     headers extra = {}) {
    return fetch<T>(cx, make_request(method::post, target, std::move(extra), encode_body(body),
                                     content_type_of<Body>()));
  }
  template <class T = void, class Body>
  [[nodiscard]] task<result<T>> post(std::string_view target, const Body& body,
                                     headers extra = {}) {
    return fetch_alone<T>(make_request(method::post, target, std::move(extra), encode_body(body),
                                       content_type_of<Body>()));
  }

  template <class T = void, class Body>
  [[nodiscard]] task<result<T>> put(context& cx, std::string_view target, const Body& body,
                                    headers extra = {}) {
    return fetch<T>(cx, make_request(method::put, target, std::move(extra), encode_body(body),
                                     content_type_of<Body>()));
  }
  template <class T = void, class Body>
  [[nodiscard]] task<result<T>> put(std::string_view target, const Body& body, headers extra = {}) {
    return fetch_alone<T>(make_request(method::put, target, std::move(extra), encode_body(body),
                                       content_type_of<Body>()));
  }

  template <class T = void, class Body>
  [[nodiscard]] task<result<T>> patch(context& cx, std::string_view target, const Body& body,
                                      headers extra = {}) {
    return fetch<T>(cx, make_request(method::patch, target, std::move(extra), encode_body(body),
                                     content_type_of<Body>()));
  }
  template <class T = void, class Body>
  [[nodiscard]] task<result<T>> patch(std::string_view target, const Body& body,
                                      headers extra = {}) {
    return fetch_alone<T>(make_request(method::patch, target, std::move(extra), encode_body(body),
                                       content_type_of<Body>()));
  }

  template <class T = void>
  [[nodiscard]] task<result<T>> del(context& cx, std::string_view target, headers extra = {}) {
    return fetch<T>(cx, make_request(method::del, target, std::move(extra)));
  }
  template <class T = void>
  [[nodiscard]] task<result<T>> del(std::string_view target, headers extra = {}) {
    return fetch_alone<T>(make_request(method::del, target, std::move(extra)));
  }

  [[nodiscard]] environment& env() const noexcept;
  [[nodiscard]] const client_options& options() const noexcept;
  [[nodiscard]] client_stats stats() const noexcept;

  /// Opens connections to where `target` leads until there are `n` of its origin, so that the first
  /// calls need not wait for them; as many as the pool has room for, all at the same time.
  ///
  /// *Completes when* all have been opened or have failed, each within `client_options::timeout`;
  /// gives how many there are. *Errors*: that of the first to fail, when none could be opened and
  /// there was none.
  [[nodiscard]] task<result<std::size_t>> warm_up(context& cx, std::string target, std::size_t n);

  /// Closes the connections that idle now.
  void close_idle() noexcept;

 private:
  friend class detail::call;
  friend class detail::held_call;
  friend class detail::open_response;
  struct impl;
  explicit client(std::unique_ptr<impl> made) noexcept;

  // A request, or why it cannot be sent.
  struct outgoing {
    explicit outgoing(http::request r) noexcept : request(std::move(r)) {}
    http::request request;
    result<void> ready;
  };
  static outgoing make_request(method m, std::string_view target, headers extra);
  static outgoing make_request(method m, std::string_view target, headers extra,
                               result<std::string> body, std::string_view type);

  // One exchange; `take` gets the response while its memory is still the client's. The request
  // stays in the frame of the caller: in this one's it would make it too large to be recycled.
  task<result<void>> exchange(context& cx, outgoing& r, const answer_taker& take);

  template <class T>
  task<result<T>> fetch(context& cx, outgoing r) {
    answer_slot<T> out;
    const auto take = out.taker();
    auto done = co_await exchange(cx, r, take);
    if (!done) {
      co_return tl::unexpected<error>(std::move(done).error());
    }
    co_return out.take();
  }

  template <class T>
  task<result<T>> fetch_alone(outgoing r) {
    cancel_scope root(env());
    auto outcome = co_await fetch<T>(root, std::move(r));
    co_return outcome;
  }

  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::http
