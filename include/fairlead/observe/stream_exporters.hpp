// SPDX-License-Identifier: BSL-1.0
// Exporters that write to a stream: a file, the console.
#pragma once

#include <fairlead/observe/span_exporter.hpp>
#include <fairlead/observe/span_text.hpp>

#include <cstddef>
#include <deque>
#include <iosfwd>
#include <map>
#include <vector>

namespace fairlead::observe {

/// Writes each span as a line of JSON (`to_json_line`), and flushes after each batch. Writing
/// blocks the event loop for as long as the stream does. *Errors*: `system_error` when the stream
/// fails.
class json_lines_exporter final : public span_exporter {
 public:
  /// Keeps the reference.
  explicit json_lines_exporter(std::ostream& to) noexcept : to_(to) {}

  [[nodiscard]] task<result<void>> export_spans(context& cx,
                                                std::span<const span_record> batch) override;

 private:
  std::ostream& to_;
};

/// Writes each trace as a tree (`to_tree`) when its first span has ended. A trace that began
/// elsewhere is written when the span that continues it here has ended and a batch came that brings
/// nothing more of it. Spans that come later make a tree of their own. Of the spans that wait,
/// `most` are kept; then the oldest trace is written as it is.
class tree_exporter final : public span_exporter {
 public:
  /// Keeps the reference.
  explicit tree_exporter(std::ostream& to, const tree_options& options = {},
                         std::size_t most = 10'000)
      : to_(to), options_(options), most_(most) {}

  [[nodiscard]] task<result<void>> export_spans(context& cx,
                                                std::span<const span_record> batch) override;
  /// Writes what waits.
  void flush();

 private:
  struct trace {
    std::vector<span_record> spans;
    bool continued = false;  // its span that continues it here has ended
    std::size_t last = 0;    // the batch that brought something of it
  };

  void add(const span_record& s);
  void write(trace_id id);

  std::ostream& to_;
  tree_options options_;
  std::size_t most_;
  std::map<trace_id, trace> waiting_;
  std::deque<trace_id> order_;  // of those, the oldest first
  std::size_t spans_ = 0;
  std::size_t batches_ = 0;
};

}  // namespace fairlead::observe
