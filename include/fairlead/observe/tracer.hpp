// SPDX-License-Identifier: BSL-1.0
// Decides which traces are recorded, and keeps finished spans until they are exported.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/observe/sampler.hpp>
#include <fairlead/observe/span_record.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead {
class context;
}  // namespace fairlead

namespace fairlead::observe {

class span_exporter;

/// How a tracer is set up. Trivially destructible; texts are copied by the tracer.
struct tracer_options {
  /// The name of the service, by which its spans are found: `service.name`.
  std::string_view service = "unknown_service";
  /// Further facts about it: version, host, environment. Copied.
  std::span<const attribute_view> attributes = {};
  sampler sample = sampler::always().following_parent();
  span_limits limits = {};
  /// Finished spans that wait for their export; those that come after that are dropped. Default
  /// 2048, as OpenTelemetry's batch processor has it.
  std::size_t queue = 2048;
};

/// How finished spans are exported. The defaults are those of OpenTelemetry's batch processor, but
/// for `flush`.
struct export_options {
  /// The most spans that the exporter gets at once; when there are as many, it gets them at once.
  std::size_t batch = 512;
  /// How long a span waits for others at most.
  duration every = std::chrono::seconds(5);
  /// How long one export may take.
  duration limit = std::chrono::seconds(30);
  /// How long all of the exports at the end may take together; 0: none are made.
  duration flush = std::chrono::seconds(5);
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const tracer_options& options);
[[nodiscard]] std::vector<std::string> problems_of(const export_options& options);

/// What has become of the spans that were recorded so far.
struct tracer_counts {
  std::uint64_t ended = 0;
  std::uint64_t dropped = 0;   ///< the queue was full, or there was no memory
  std::uint64_t exported = 0;  ///< handed to an exporter that took them, or taken by `take`
  std::uint64_t failed = 0;    ///< lost by an exporter
};

/// Makes traces, and collects their spans for one exporter. A service has one, which outlives all
/// of its spans, and all copies of the trace contexts they made.
///
/// *Thread safety*: every member may be called from any thread.
///
/// *Example*:
/// ```cpp
/// observe::tracer tracer({.service = "shop", .sample = observe::sampler::ratio(0.1)});
/// scope.spawn([&](context& cx) { return tracer.export_to(cx, exporter); });
/// ...
/// observe::span s(tracer, cx, "checkout");
/// auto traced = s.under(cx);
/// ```
class tracer {
 public:
  /// Throws `std::invalid_argument`, which names every problem.
  explicit tracer(const tracer_options& options = {});
  tracer(const tracer&) = delete;
  tracer& operator=(const tracer&) = delete;
  ~tracer();

  [[nodiscard]] const sampler& sample() const noexcept { return sample_; }
  [[nodiscard]] const span_limits& limits() const noexcept { return limits_; }
  [[nodiscard]] const std::shared_ptr<const resource>& by() const noexcept { return by_; }

  /// Takes the oldest spans out of the queue, `most` of them at most: for tests, and for programs
  /// that export by themselves.
  [[nodiscard]] std::vector<span_record> take(std::size_t most = 100'000);

  /// Exports in batches until it is cancelled, then what is left. One at a time.
  ///
  /// *Completes when* `cx` is cancelled or its deadline has come, and what was left then is
  /// exported, or `export_options::flush` has passed. A batch whose export the cancellation broke
  /// off is exported again. Throws `std::invalid_argument` for options that make no sense.
  [[nodiscard]] task<void> export_to(context& cx, span_exporter& to, export_options options = {});

  [[nodiscard]] tracer_counts counts() const;

  /// For spans: puts one that has ended into the queue. Drops it when that is full.
  void ended(span_record&& record) noexcept;

 private:
  struct queue;

  [[nodiscard]] std::vector<span_record> take_some(std::size_t most);
  void exports_in(std::size_t batch) noexcept;
  void exported(std::size_t spans, const result<void>& outcome) noexcept;
  [[nodiscard]] task<void> export_all(context& cx, span_exporter& to, const export_options& options,
                                      std::vector<span_record>& batch);

  sampler sample_;
  span_limits limits_;
  std::shared_ptr<const resource> by_;
  std::unique_ptr<queue> queue_;
};

}  // namespace fairlead::observe
