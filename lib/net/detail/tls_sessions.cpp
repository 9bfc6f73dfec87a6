// SPDX-License-Identifier: BSL-1.0
#include "tls_sessions.hpp"

namespace fairlead::net::detail {

void tls_sessions::put(const std::string& server, owned<SSL_SESSION> session) {
  const std::lock_guard lock(mutex_);
  if (off()) {
    return;
  }
  const auto found = by_server_.find(server);
  if (found != by_server_.end()) {
    used_.splice(used_.begin(), used_, found->second);
  } else {
    if (used_.size() == most_) {
      by_server_.erase(used_.back().server);
      used_.pop_back();
    }
    used_.push_front({server, {}});
    by_server_.emplace(used_.front().server, used_.begin());
  }
  auto& kept = used_.front().sessions;
  if (kept.size() == of_one_server) {
    kept.erase(kept.begin());
  }
  kept.push_back(std::move(session));
}

owned<SSL_SESSION> tls_sessions::take(const std::string& server) {
  const std::lock_guard lock(mutex_);
  const auto found = by_server_.find(server);
  if (found == by_server_.end()) {
    return nullptr;
  }
  const auto at = found->second;
  used_.splice(used_.begin(), used_, at);
  if (at->sessions.empty()) {  // there was no memory to keep one
    return nullptr;
  }
  auto& latest = at->sessions.back();
  if (SSL_SESSION_get_protocol_version(latest.get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(latest.get());
    return owned<SSL_SESSION>(latest.get());
  }
  auto out = std::move(latest);
  at->sessions.pop_back();
  if (at->sessions.empty()) {
    by_server_.erase(found);
    used_.erase(at);
  }
  return out;
}

void tls_sessions::clear() noexcept {
  const std::lock_guard lock(mutex_);
  by_server_.clear();
  used_.clear();
}

std::size_t tls_sessions::servers() const noexcept {
  const std::lock_guard lock(mutex_);
  return used_.size();
}

}  // namespace fairlead::net::detail
