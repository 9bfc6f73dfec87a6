// SPDX-License-Identifier: BSL-1.0
// Remembers what calls gave, and answers with it for a while.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/impl/branches.hpp>  // IWYU pragma: keep
#include <fairlead/policy/inner_run.hpp>
#include <fairlead/policy/layer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// How long a cache answers with what, and how much it keeps. The words are those of HTTP caching
/// (RFC 9111, RFC 5861).
struct cache_options {
  /// In events; "cache" when empty. Copied.
  std::string_view name = {};
  /// How long a value is fresh. Default 1 min.
  duration ttl = std::chrono::minutes(1);
  /// For so long after that the old value is still given at once, while one run fetches a new one
  /// in the background.
  duration stale_while_revalidate = {};
  /// For so long after `ttl` the old value is given in place of a failure, a rejection by a policy
  /// inside, or a deadline that ran out.
  duration stale_if_error = {};
  /// How long an answer that is a refusal (HTTP 404: an error that counts as success) is
  /// remembered. Default: not at all.
  duration negative_ttl = {};
  /// Each value's `ttl` is shorter by up to this share of it, at random, so that values fetched
  /// together do not leave together. In [0, 1].
  double ttl_jitter = 0;
  /// How long a run in the background may take. Default 30 s.
  duration refresh_limit = std::chrono::seconds(30);
  /// At the limit the entry that was not asked for the longest is dropped.
  std::size_t max_entries = 10'000;
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const cache_options& options);

/// What a cache did.
struct cache_metrics {
  std::size_t entries = 0;
  std::uint64_t hits = 0;    ///< fresh answers
  std::uint64_t stale = 0;   ///< old ones, while a refresh ran or in place of a failure
  std::uint64_t misses = 0;  ///< calls that went inside
};

/// Answers calls with what an earlier call with the same `context::key` gave. Calls without a key
/// pass through.
///
/// *When to use*: for reads whose answers may be somewhat old. Outermost, with `coalesce` just
/// inside, so that a value that has expired is fetched once and not by everybody.
///
/// *What is remembered*: values; with `negative_ttl`, refusals. Never failures, cancellations or
/// rejections by policies. Results of different types with the same key do not mix.
///
/// *Refreshing* needs an operation that may outlive the call, `policy::detachable`; for others a
/// value that is no longer fresh is fetched by the call that asks for it.
///
/// *Memory*: at most `max_entries` values.
///
/// A handle: copies share the entries. *Thread safety*: everything may be called from any thread;
/// values are copied by several threads at once.
///
/// *Example*: `policy::cache{{.ttl = 10s, .stale_while_revalidate = 1min}}`
class cache {
 public:
  explicit cache(const cache_options& options = {});
  /// For options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<cache> make(const cache_options& options);

  /// Forgets what is known of `key`, in all types.
  void forget(std::string_view key) const;
  void clear() const;
  [[nodiscard]] cache_metrics metrics() const;

  // The layer protocol; see layer.hpp.
  static constexpr bool copies = true;
  struct layer_state;
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const;
  [[nodiscard]] task<void> branch(layer_state& s, call& c, inside& in) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  struct refresh;
  std::shared_ptr<shared> shared_;
};

struct cache::layer_state {
  std::shared_ptr<const void> old;  ///< may stand in for a failure until `old_until`
  verdict judged = verdict::success;
  time_point old_until{};
};

}  // namespace fairlead::policy
