// SPDX-License-Identifier: BSL-1.0
// Remembering what names stand for.
#pragma once

#include <fairlead/net/resolver.hpp>

#include <chrono>
#include <cstdint>

namespace fairlead::net {

/// What a `caching_resolver` remembers, and for how long.
struct resolver_cache_options {
  /// Names that are remembered; default 1000. The one that was not asked for longest makes room. At
  /// least 1.
  std::size_t max_entries = 1000;
  /// How long an answer holds that does not say so itself, as getaddrinfo's never do; default 30 s,
  /// what the JVM does (`networkaddress.cache.ttl`). 0: it is not remembered.
  duration usual_ttl = std::chrono::seconds(30);
  /// Answers that say it themselves are held at least and at most so long; default 0 and 1 hour.
  duration least_ttl{};
  duration most_ttl = std::chrono::hours(1);
  /// How long a failure is remembered (`dns_failure`; never a deadline or a cancellation); default
  /// 5 s, less than the JVM's 10 s. 0: it is not.
  duration failure_ttl = std::chrono::seconds(5);
  /// How long after its time an answer still serves when asking again fails (RFC 8767); default
  /// 1 hour. It is asked for again after `failure_ttl`. 0: it does not.
  duration stale_ttl = std::chrono::hours(1);
};

/// What it has done.
struct resolver_cache_stats {
  std::size_t entries = 0;    ///< names that are remembered now
  std::uint64_t hits = 0;     ///< answered at once, failures included
  std::uint64_t lookups = 0;  ///< asked of the resolver below
  std::uint64_t shared = 0;   ///< waited for a look-up of somebody else
  std::uint64_t stale = 0;    ///< answered with what was too old, since asking again failed
};

/// Remembers answers and failures of another resolver. Those who ask for the same name at a time
/// share one look-up, that of the first; when that one gives up, the next of them begins it again.
/// Numeric addresses are not remembered, since they cost nothing.
///
/// *Thread safety*: none; on the executor of one environment. Make one per event loop.
class caching_resolver final : public resolver {
 public:
  /// `next` must outlive it. Throws `std::invalid_argument` naming everything that is wrong with
  /// the options.
  explicit caching_resolver(resolver& next, resolver_cache_options options = {});
  /// Nobody may be asking any more.
  ~caching_resolver() override;

  /// *Errors*: those of the resolver below, remembered ones included.
  [[nodiscard]] task<result<resolved>> resolve(context& cx, std::string_view host) override;

  /// Forgets one name, or all: after a change of networks.
  void forget(std::string_view host);
  void forget_all();

  [[nodiscard]] resolver_cache_stats stats() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::net
