// SPDX-License-Identifier: BSL-1.0
// All that a program measures, under names, to be read at any time.
#pragma once

#include <fairlead/observe/instruments.hpp>
#include <fairlead/observe/metrics_snapshot.hpp>

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::observe {

/// What an instrument is called, and what for. Everything is copied.
struct metric_options {
  /// "http.client.request.duration", or as Prometheus writes it: letters, digits and `_ : . - /`.
  std::string_view name;
  /// One sentence for people.
  std::string_view help = {};
  /// What it counts in, as in UCUM: "s", "By", "{request}"; empty or "1" for a plain number. Of
  /// durations it is "s" whatever stands here.
  std::string_view unit = {};
  /// The names of the labels, 16 at most.
  std::initializer_list<std::string_view> labels = {};
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const metric_options& options);

/// How much memory a registry may take.
struct metric_registry_options {
  /// Label sets per instrument; what comes after them is counted in one set whose labels are all
  /// "other". Default 2000, as in the OpenTelemetry specification (Metrics SDK, cardinality
  /// limits). A counter takes some 450 bytes per set, a histogram of 14 buckets 800.
  std::size_t max_series = 2000;
};

/// Keeps gauges in their registry that are read by functions; they disappear when it is destroyed.
/// It may outlive the registry, and keeps what its functions own.
///
/// *Thread safety*: destroying it while another thread takes a snapshot is fine; that snapshot may
/// still call its functions.
class [[nodiscard]] gauge_watch {
 public:
  gauge_watch() = default;

 private:
  friend class metric_registry;
  struct entry;
  explicit gauge_watch(std::shared_ptr<const entry> e) noexcept : entry_(std::move(e)) {}
  std::shared_ptr<const entry> entry_;
};

/// Instruments by name. A program has one, and serves it as text (`to_openmetrics`,
/// `to_prometheus`).
///
/// Asking for an instrument of a name that is there gives the same, when kind, unit, labels and
/// bounds are the same, else it throws `std::invalid_argument`; so it does for names that cannot
/// be.
///
/// *Thread safety*: every member may be called from any thread.
///
/// *Example*:
/// ```cpp
/// observe::metric_registry measured;
/// const auto steps = measured.counter({.name = observe::names::pipeline_step_requests,
///                                      .help = "Calls of steps.", .labels = {"step"}});
/// auto fetched = steps.with({"fetch"});   // once
/// fetched.add();                          // often
/// ```
class metric_registry {
 public:
  /// Throws `std::invalid_argument` when `max_series` is not in 1 to 1000000.
  explicit metric_registry(const metric_registry_options& options = {});
  metric_registry(const metric_registry&) = delete;
  metric_registry& operator=(const metric_registry&) = delete;
  ~metric_registry();

  [[nodiscard]] counter_family counter(const metric_options& what);
  [[nodiscard]] gauge_family gauge(const metric_options& what);
  /// `bounds` are the upper ones of its buckets, ascending, at most 40. Empty: 5, 10, 25, 50, 75,
  /// 100, 250, 500, 750 ms, 1, 2.5, 5, 7.5, 10 s, which OpenTelemetry's semantic conventions for
  /// HTTP advise.
  [[nodiscard]] duration_family durations(const metric_options& what,
                                          std::span<const duration> bounds = {});
  /// The same for sizes and numbers of things. Empty: 128, 512, 2 Ki, ... times 4 up to 32 Mi.
  [[nodiscard]] size_family sizes(const metric_options& what,
                                  std::span<const std::uint64_t> bounds = {});

  /// A gauge that is read when somebody takes a snapshot.
  struct reading {
    std::string name;
    std::string help;
    std::string unit;
    std::vector<metric_point::label> labels;
    std::function<double()> read;
  };
  /// Reads these gauges with each snapshot, for as long as what is returned lives. Of two watches
  /// of the same gauge and labels the later is read, and rather than what was `set`.
  ///
  /// The functions are called with no lock held, by the thread that takes the snapshot; a gauge
  /// whose function throws is left out of it.
  [[nodiscard]] gauge_watch watch(std::vector<reading> readings);

  /// Everything up to now, ordered by name.
  [[nodiscard]] metrics_snapshot snapshot() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::observe
