// SPDX-License-Identifier: BSL-1.0
// The sessions that a client can resume: a bounded number of servers, a few sessions of each.
#pragma once

#include "openssl.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net::detail {

/// A session of TLS 1.3 is given out once (RFC 8446, C.4), one of TLS 1.2 again and again.
///
/// *Thread safety*: all members may be called from any thread.
class tls_sessions {
 public:
  explicit tls_sessions(std::size_t servers) : most_(servers) {}

  [[nodiscard]] bool off() const noexcept { return most_ == 0; }
  void put(const std::string& server, owned<SSL_SESSION> session);
  /// The latest session of that server, or null.
  [[nodiscard]] owned<SSL_SESSION> take(const std::string& server);
  void clear() noexcept;
  [[nodiscard]] std::size_t servers() const noexcept;

 private:
  static constexpr std::size_t of_one_server = 4;
  struct entry {
    std::string server;
    std::vector<owned<SSL_SESSION>> sessions;  // the latest last
  };
  using entries = std::list<entry>;

  mutable std::mutex mutex_;
  std::size_t most_;
  entries used_;  // the latest first
  std::map<std::string_view, entries::iterator> by_server_;
};

}  // namespace fairlead::net::detail
