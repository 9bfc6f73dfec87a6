// SPDX-License-Identifier: BSL-1.0
// Takes finished spans to an OpenTelemetry collector.
#pragma once

#include <fairlead/http/otlp_options.hpp>
#include <fairlead/observe/span_exporter.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace fairlead {
class environment;
}  // namespace fairlead

namespace fairlead::http {

/// What has become of the spans that an `otlp_exporter` was given. A batch whose export was broken
/// off by a cancellation is in none of them, but for the parts that arrived before.
struct otlp_counts {
  std::uint64_t requests = 0;  ///< attempts included
  std::uint64_t sent = 0;      ///< spans that the collector took
  std::uint64_t rejected = 0;  ///< spans that it said it did not take ("partial success")
  std::uint64_t failed = 0;    ///< spans that did not get there
};

/// Posts spans to a collector as OpenTelemetry's protocol has it over HTTP in JSON (OTLP 1.x,
/// `observe::to_otlp_json`): to OpenTelemetry's own, to Jaeger, Tempo, and most others.
///
/// Give it to `observe::tracer::export_to`, which makes batches, bounds the queue, counts what is
/// dropped, and flushes at the end. What the exporter does is in no trace.
///
/// *Thread safety*: none; it belongs to the executor of its environment and must outlive its
/// exports. Spans may come from any thread.
///
/// *Example*:
/// ```cpp
/// observe::tracer tracer({.service = "shop"});
/// http::otlp_exporter exporter(cx.env(), http::otlp_options("http://collector:4318/v1/traces"));
/// scope.spawn([&](context& own) { return tracer.export_to(own, exporter); });
/// ```
class otlp_exporter final : public observe::span_exporter {
 public:
  /// Throws `std::invalid_argument` naming everything that is wrong with the options.
  explicit otlp_exporter(environment& env, otlp_options options = {});
  ~otlp_exporter() override;

  /// *Completes when* the collector has answered for all of the batch, with retries as the options
  /// say. When a request has failed, what was to come after it is not sent.
  ///
  /// *Errors*: those of `client::post`. When the collector rejects spans of a request that it took,
  /// that is no error; it is counted.
  [[nodiscard]] task<result<void>> export_spans(
      context& cx, std::span<const observe::span_record> batch) override;

  [[nodiscard]] const otlp_counts& counts() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::http
