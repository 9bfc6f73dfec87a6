// SPDX-License-Identifier: BSL-1.0
// The knobs of an HTTP client, each with its default, unit and effect.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/http/connector.hpp>
#include <fairlead/http/cookie_jar.hpp>
#include <fairlead/http/exchange_info.hpp>
#include <fairlead/http/headers.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/net/tls_client.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::http {

// In proxy.hpp and proxy_rules.hpp.
class proxy;
class proxy_rules;
using variable_lookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Is shown a response.
using response_hook = std::function<void(const response&)>;

/// Whether a client asks for compressed bodies and undoes their coding.
enum class decoding : std::uint8_t { automatic, none };

/// Whether a client takes part in the traces of its callers.
enum class tracing : std::uint8_t { automatic, none };

/// Whether a redirect may lead from https to http.
enum class downgrade : std::uint8_t { refuse, allow };

/// How many connections a client holds, and for how long.
struct pool_options {
  /// Connections to one origin (scheme, host, port), busy and idle; to one proxy, where it is asked
  /// for http URLs. At least 1. Default 64.
  std::size_t per_origin = 64;
  /// Connections altogether; at the limit the one that idled longest is closed. At least 1.
  /// Default 256.
  std::size_t total = 256;
  /// How long a connection may idle. Default 30 s, less than what servers usually grant (60 to 75
  /// s), so that seldom a request meets a connection that the server is just closing. 0 closes
  /// every connection after one exchange.
  duration idle_timeout = std::chrono::seconds(30);
  /// How old a connection may get before it is closed instead of used again, so that a client
  /// follows when names move and balancers change. Looked at when an exchange ends and while it
  /// idles. Default 15 min, as .NET's guidelines have it; must be positive, `duration::max()` for
  /// any age.
  duration life = std::chrono::minutes(15);
  /// Calls that may wait for a connection, first come, first served; more fail with
  /// `pool_exhausted`. Default 1024.
  std::size_t waiters = 1024;
};

/// Options of a `client`; setters can be chained. The client checks them when it is made and
/// reports everything that is wrong at once.
///
/// *Example*:
/// ```cpp
/// auto options = http::client_options("http://users:8080").timeout(2s).header("X-App", "shop");
/// ```
class client_options {
 public:
  client_options();
  client_options(const client_options& other);
  client_options(client_options&& other) noexcept;
  client_options& operator=(const client_options& other);
  client_options& operator=(client_options&& other) noexcept;
  ~client_options();
  /// With a base URL.
  explicit client_options(std::string_view base);

  /// What relative targets are appended to: "http://users:8080/api" and "/users/1" give
  /// "http://users:8080/api/users/1". Default: none, every target is an absolute URL then.
  client_options& base_url(std::string_view text);
  /// A header for every request that does not set it itself. Authorization, Cookie and
  /// Proxy-Authorization go to the origin of `base_url` only, if there is one.
  client_options& header(std::string_view name, std::string_view value);
  /// How long a call may take from its start to the last byte of the body: name resolution,
  /// waiting for a connection, connecting, sending and receiving. Default 5 s. Must be positive;
  /// `duration::max()` leaves it to the callers' deadlines.
  client_options& timeout(duration limit) {
    timeout_ = limit;
    return *this;
  }
  /// How long a streamed response may pause: the longest wait for more of its body. Default 60 s
  /// (nginx's `proxy_read_timeout`). Must be positive; `duration::max()` for any time.
  client_options& read_timeout(duration limit) {
    read_timeout_ = limit;
    return *this;
  }
  /// Asks the server before a body of at least `bytes`, or of unknown size, is sent (Expect:
  /// 100-continue), and sends it without an answer after `wait`. An answer other than 100 comes
  /// back instead, and the body is not sent. Default: only where the request has that header
  /// itself, as in Go; curl's from 1 MiB on. `wait` is positive, default 1 s, as in both.
  client_options& expect_continue(std::uint64_t bytes, duration wait = std::chrono::seconds(1)) {
    expect_continue_from_ = bytes;
    expect_continue_wait_ = wait;
    return *this;
  }
  /// Follows at most so many redirects of one call. Default 0: every 3xx is the answer. Go,
  /// reqwest and hyper-util follow 10, curl 50 when it is told to. See docs/http-client.md.
  client_options& redirects(std::size_t limit, downgrade to_http = downgrade::refuse) {
    redirects_ = limit;
    downgrade_ = to_http;
    return *this;
  }
  /// Asks for compressed bodies (Accept-Encoding: gzip and deflate, br and zstd where they were
  /// built in) and gives them decoded, without the headers Content-Encoding and Content-Length.
  /// Default: automatic, as in Go and Python's requests. An Accept-Encoding of one's own, in the
  /// options or in a request, switches it off there; so does a Range.
  client_options& decode(decoding d) {
    decoding_ = d;
    return *this;
  }
  /// Keeps the cookies that servers set in `jar`, and sends them back. Default: none are kept. A
  /// request or a client with a Cookie header of its own sends that instead.
  client_options& cookies(std::shared_ptr<cookie_jar> jar) {
    cookies_ = std::move(jar);
    return *this;
  }
  /// Sends everything to the Unix socket at `path`, whatever host the URLs name, redirects
  /// included, as curl does; Host says that host, and TLS for "https" URLs verifies it. A leading
  /// '@' names the Linux abstract namespace. Default: none. A connector of one's own goes before
  /// it, for its scheme.
  client_options& unix_socket(std::string_view path) {
    unix_socket_ = path;
    return *this;
  }
  /// Reaches everything through this proxy, the machine itself included. Default: none; the
  /// environment is not asked. It cannot be had together with `unix_socket`. A connector of one's
  /// own goes before it, for its scheme. See docs/http-client.md for who is told what.
  client_options& proxy(const http::proxy& via);
  /// Reaches through proxies what the rules say; in place of what `proxy` said.
  client_options& proxies(const proxy_rules& rules);
  /// The rules that the environment asks for (`proxy_rules::from_environment`), read now. What is
  /// wrong with them is told when the client is made.
  client_options& proxy_from_environment();
  /// The same with variables from elsewhere.
  client_options& proxy_from_environment(const variable_lookup& lookup);
  /// Tells `hook` about every exchange after it has ended. Without one, no clock is read for it.
  client_options& on_exchange(exchange_hook hook) {
    on_exchange_ = std::move(hook);
    return *this;
  }
  /// Takes part in the trace that a call's context belongs to, if there is one: sends traceparent,
  /// tracestate and baggage (W3C), and where the trace is recorded, makes a span of each exchange,
  /// a call that was redirected or repeated having several; named and annotated by OpenTelemetry's
  /// semantic conventions for HTTP. A request that has a traceparent keeps its own fields. Default:
  /// automatic. `none` for servers whom neither the trace nor the baggage is any business of.
  client_options& trace(tracing t) {
    trace_ = t;
    return *this;
  }
  /// Calls `hook` with every response of status `code` before its call ends: whole where it is
  /// read whole, the head alone where it is streamed. For what concerns all calls alike, a session
  /// that has ended (401), a bill to be paid (402). One hook for each status.
  client_options& on_status(status code, response_hook hook);
  /// The largest response body, in bytes, on the wire and decoded. Default 16 MiB. More is
  /// `too_large`.
  client_options& max_body(std::uint64_t bytes) {
    max_body_ = bytes;
    return *this;
  }
  /// How much of the body of a response outside 2xx is kept for `http_error`, in bytes; the rest is
  /// dropped. Default 64 KiB.
  client_options& max_error_body(std::uint64_t bytes) {
    max_error_body_ = bytes;
    return *this;
  }
  /// The largest response head, in bytes, and its most header fields. Default 16 KiB and 100.
  client_options& max_head(std::size_t bytes, std::size_t fields) {
    max_head_ = bytes;
    max_fields_ = fields;
    return *this;
  }
  /// The User-Agent header. Default "fairlead/0.1"; empty sends none.
  client_options& user_agent(std::string_view text);
  client_options& pool(const pool_options& options) {
    pool_ = options;
    return *this;
  }
  /// Where connections come from. Default `net::system_network()`. Must outlive the client.
  client_options& network(net::network& network) {
    network_ = &network;
    return *this;
  }
  /// Whom to trust, and as whom to appear, when an "https" URL is asked for. Clients that share it
  /// share its sessions. Default: trusts the system's CAs and offers "http/1.1" (ALPN); made when
  /// it is first needed.
  client_options& tls(net::tls_client trust);
  /// Who opens streams for `scheme`, in lower case. "http" and "https" have one built in; the one
  /// given here is used in its place, and `tls` is then of no use.
  client_options& connector(std::string_view scheme, std::shared_ptr<http::connector> opens);

  [[nodiscard]] const std::string& base_url() const noexcept { return base_url_; }
  [[nodiscard]] const http::headers& headers() const noexcept { return headers_; }
  [[nodiscard]] duration timeout() const noexcept { return timeout_; }
  [[nodiscard]] duration read_timeout() const noexcept { return read_timeout_; }
  [[nodiscard]] std::optional<std::uint64_t> expect_continue_from() const noexcept {
    return expect_continue_from_;
  }
  [[nodiscard]] duration expect_continue_wait() const noexcept { return expect_continue_wait_; }
  [[nodiscard]] std::size_t redirects() const noexcept { return redirects_; }
  [[nodiscard]] http::downgrade redirects_to_http() const noexcept { return downgrade_; }
  [[nodiscard]] http::decoding decode() const noexcept { return decoding_; }
  [[nodiscard]] const std::shared_ptr<cookie_jar>& cookies() const noexcept { return cookies_; }
  [[nodiscard]] const exchange_hook& on_exchange() const noexcept { return on_exchange_; }
  [[nodiscard]] tracing trace() const noexcept { return trace_; }
  /// The hook for `code`; nullptr when there is none.
  [[nodiscard]] const response_hook* on_status(status code) const noexcept;
  [[nodiscard]] const std::string& unix_socket() const noexcept { return unix_socket_; }
  /// Empty when there are none.
  [[nodiscard]] const proxy_rules& proxies() const noexcept;
  [[nodiscard]] std::uint64_t max_body() const noexcept { return max_body_; }
  [[nodiscard]] std::uint64_t max_error_body() const noexcept { return max_error_body_; }
  [[nodiscard]] std::size_t max_head() const noexcept { return max_head_; }
  [[nodiscard]] std::size_t max_fields() const noexcept { return max_fields_; }
  [[nodiscard]] const std::string& user_agent() const noexcept { return user_agent_; }
  [[nodiscard]] const pool_options& pool() const noexcept { return pool_; }
  [[nodiscard]] net::network* network() const noexcept { return network_; }
  [[nodiscard]] const std::optional<net::tls_client>& tls() const noexcept { return tls_; }
  /// What was given for `scheme`; nullptr when nothing was.
  [[nodiscard]] http::connector* connector(std::string_view scheme) const noexcept;

  /// Everything that is wrong, one sentence each; empty when the options can be used.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::string base_url_;
  http::headers headers_;
  duration timeout_ = std::chrono::seconds(5);
  duration read_timeout_ = std::chrono::seconds(60);
  std::optional<std::uint64_t> expect_continue_from_;
  duration expect_continue_wait_ = std::chrono::seconds(1);
  std::size_t redirects_ = 0;
  http::downgrade downgrade_ = http::downgrade::refuse;
  http::decoding decoding_ = http::decoding::automatic;
  std::shared_ptr<cookie_jar> cookies_;
  exchange_hook on_exchange_;
  tracing trace_ = tracing::automatic;
  std::vector<std::pair<status, response_hook>> on_status_;
  std::string unix_socket_;
  std::shared_ptr<const proxy_rules> proxies_;
  std::string proxy_problem_;
  std::uint64_t max_body_ = 16 * 1024 * 1024;
  std::uint64_t max_error_body_ = 64 * 1024;
  std::size_t max_head_ = 16 * 1024;
  std::size_t max_fields_ = 100;
  std::string user_agent_ = "fairlead/0.1";
  pool_options pool_;
  net::network* network_ = nullptr;
  std::optional<net::tls_client> tls_;
  std::vector<std::pair<std::string, std::shared_ptr<http::connector>>> connectors_;
};

}  // namespace fairlead::http
