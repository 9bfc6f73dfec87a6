// SPDX-License-Identifier: BSL-1.0
// Where finished spans go.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/observe/span_record.hpp>

#include <span>

namespace fairlead::observe {

/// Takes finished spans to where they are looked at: a file, a console, a collector.
///
/// *Thread safety*: one call at a time.
class span_exporter {
 public:
  span_exporter() = default;
  span_exporter(const span_exporter&) = delete;
  span_exporter& operator=(const span_exporter&) = delete;
  virtual ~span_exporter() = default;

  /// *Completes when* the batch was handed over. Its spans are in the order in which they ended;
  /// they live until the task has ended. *Errors*: any; the batch is then lost, and counted.
  [[nodiscard]] virtual task<result<void>> export_spans(context& cx,
                                                        std::span<const span_record> batch) = 0;
};

}  // namespace fairlead::observe
