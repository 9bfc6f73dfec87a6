// SPDX-License-Identifier: BSL-1.0
// What is known of names, and until when. No I/O.
#pragma once

#include <fairlead/net/caching_resolver.hpp>

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fairlead::net::detail {

/// A name as it is compared: in lower case, without a final dot.
[[nodiscard]] std::string canonical_name(std::string_view host);
/// The same for what is asked for: with the dot, for "db." is not searched for in the domains of
/// this machine as "db" is.
[[nodiscard]] std::string asked_name(std::string_view host);

class resolver_cache {
 public:
  explicit resolver_cache(const resolver_cache_options& o) : options_(o) {}

  /// What to answer without asking; nothing when it must be asked for. Names are canonical.
  [[nodiscard]] std::optional<result<resolved>> find(const std::string& name, time_point now);

  /// The resolver has answered: what to tell those who asked, and remembers it.
  [[nodiscard]] result<resolved> answered(const std::string& name, result<resolved> answer,
                                          time_point now);

  void forget(const std::string& name);
  void clear() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] std::uint64_t stale() const noexcept { return stale_; }

 private:
  struct entry {
    std::string name;
    std::optional<resolved> addresses;
    std::optional<error> failure;
    time_point fresh_until;   // of the addresses
    time_point ask_after;     // nothing is asked before
    time_point usable_until;  // of addresses that are not fresh
  };
  using order = std::list<entry>;  // the last used first

  entry& place_for(const std::string& name);
  [[nodiscard]] duration lives(const resolved& answer) const noexcept;
  [[nodiscard]] static resolved remaining(const entry& e, time_point now);

  resolver_cache_options options_;
  order entries_;
  std::unordered_map<std::string_view, order::iterator> by_name_;  // views into the entries
  std::uint64_t stale_ = 0;
};

}  // namespace fairlead::net::detail
