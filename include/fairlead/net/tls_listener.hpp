// SPDX-License-Identifier: BSL-1.0
// A listener whose streams have been through the TLS handshake, many of them at a time.
#pragma once

#include <fairlead/net/listener.hpp>
#include <fairlead/net/tls_server.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::net {

/// How a `tls_listener` shakes hands; setters can be chained. Checked when the listener is made.
class tls_listen_options {
 public:
  /// Connections in their handshake, or through it and not accepted yet, at a time; more stay in
  /// the system's backlog. Default 512: about what one core gets done (2000 handshakes a second)
  /// with clients a quarter of a second away; each takes some 50 KB while it lasts. At least 1.
  tls_listen_options& handshakes(std::size_t most) {
    handshakes_ = most;
    return *this;
  }
  /// How long the oldest handshake may still take when all places are taken, from its start: then
  /// it gives way. Default 2 s, enough for honest clients far away. So those who connect and say
  /// nothing hold a crowd up for so long, and not for the whole of `handshake_timeout`. Positive.
  tls_listen_options& when_crowded(duration limit) {
    when_crowded_ = limit;
    return *this;
  }
  /// Called for every handshake that failed, with the peer's address in the error or in `peer`.
  /// What it throws is dropped. Default: failures are only counted.
  tls_listen_options& on_failure(std::function<void(const std::string& peer, const error& e)> f);

  [[nodiscard]] std::size_t handshakes() const noexcept { return handshakes_; }
  [[nodiscard]] duration when_crowded() const noexcept { return when_crowded_; }
  [[nodiscard]] const std::function<void(const std::string& peer, const error& e)>& on_failure()
      const noexcept {
    return on_failure_;
  }

  /// Everything that is wrong, one sentence each.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::size_t handshakes_ = 512;
  duration when_crowded_ = std::chrono::seconds(2);
  std::function<void(const std::string& peer, const error& e)> on_failure_;
};

/// What became of the connections of a `tls_listener` so far.
struct tls_listener_stats {
  std::uint64_t completed = 0;  ///< handshakes that came to a connection
  std::uint64_t failed = 0;     ///< that did not, those of the next two rows included
  std::uint64_t timed_out = 0;  ///< that ran into `handshake_timeout`
  std::uint64_t gave_way = 0;   ///< that were ended to make room (`when_crowded`)
  std::size_t in_progress = 0;  ///< handshakes now
  std::size_t ready = 0;        ///< connections that wait to be accepted
};

/// A listener that gives secured streams. Handshakes run side by side, beside `accept`, as tasks in
/// the background of the environment (`environment::background`); none of them holds up another.
/// They begin with the first `accept`; `close`, and destroying it, cancels them.
class tls_listener : public listener {
 public:
  [[nodiscard]] virtual tls_listener_stats stats() const noexcept = 0;
};

/// Secures what `under` accepts, as `server` says at that time. A failed handshake is nobody's
/// error: it is counted, and told to `on_failure`; `accept` fails only as `under` does.
///
/// Throws `std::invalid_argument` for options that cannot be used.
///
/// *Example*:
/// ```cpp
/// net::tls_server identity(net::tls_server_options(net::tls_credentials::files(chain, key)));
/// auto plain = net::system_network().listen(cx.env(), *net::endpoint::parse("0.0.0.0:443"), {});
/// auto served = co_await server.serve(cx, net::tls_listen(std::move(*plain), identity));
/// ```
[[nodiscard]] std::unique_ptr<tls_listener> tls_listen(std::unique_ptr<listener> under,
                                                       tls_server server,
                                                       tls_listen_options options = {});

}  // namespace fairlead::net
