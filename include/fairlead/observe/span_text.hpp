// SPDX-License-Identifier: BSL-1.0
// Finished spans as text: lines of JSON, a tree for people, and what collectors take.
#pragma once

#include <fairlead/observe/span_record.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace fairlead::observe {

/// One object, without a line's end: `trace_id`, `span_id`, `parent_id`, `name`, `kind`, `service`,
/// `start` (RFC 3339), `duration_ms`, `status`, `message`, `attributes`, `events`, `links`,
/// `dropped`. What is empty is left out; `status` is when it is unset.
[[nodiscard]] std::string to_json_line(const span_record& span);

/// The body of a request to a collector, as OpenTelemetry's protocol has it in JSON
/// (`ExportTraceServiceRequest`, OTLP 1.x): POST it as `application/json` to `/v1/traces`. Spans of
/// the same resource stand together, in their order.
[[nodiscard]] std::string to_otlp_json(std::span<const span_record> spans);

/// How trees are drawn.
struct tree_options {
  /// Columns for the bars that show when spans ran; 0: no bars.
  std::size_t bar = 32;
  /// Columns for the names; what is longer is cut. A child is two columns further right.
  std::size_t name = 48;
  /// Colours of terminals: errors red, the rest of a bar grey.
  bool colours = false;
  /// Attributes behind a name: none, or all as `key=value`.
  bool attributes = false;
};

/// What a person wants to see: each trace as a tree of its spans, with how long they took, when, in
/// which service, their events and their errors. Spans whose parents are not here stand at the
/// left; siblings in the order in which they began.
///
/// ```
/// trace 0af7651916cd43dd8448eb211c80319c: 3 spans, 152 ms
/// checkout              |################################| 152 ms
///   GET /users/{id}     |  ######                        | 28.1 ms
///   POST /payments      |            ####################| 95.0 ms  error 503: http_error ...
///     +12.0 ms retry    attempt=1
/// ```
[[nodiscard]] std::string to_tree(std::span<const span_record> spans,
                                  const tree_options& options = {});

}  // namespace fairlead::observe
