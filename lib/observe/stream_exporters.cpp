// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/stream_exporters.hpp>

#include <ostream>
#include <vector>

namespace fairlead::observe {

namespace {

result<void> state_of(std::ostream& to) {
  to.flush();
  if (!to) {
    return fail(errors::system_error{"writing spans", 5});  // EIO
  }
  return {};
}

}  // namespace

task<result<void>> json_lines_exporter::export_spans(context& /*cx*/,
                                                     std::span<const span_record> batch) {
  for (const auto& s : batch) {
    to_ << to_json_line(s) << '\n';
  }
  co_return state_of(to_);
}

task<result<void>> tree_exporter::export_spans(context& /*cx*/,
                                               std::span<const span_record> batch) {
  ++batches_;
  std::vector<trace_id> complete;
  for (const auto& s : batch) {
    add(s);
    if (!s.parent.valid()) {
      complete.push_back(s.id.trace);
    }
  }
  for (const auto& [id, t] : waiting_) {
    if (t.continued && t.last != batches_) {
      complete.push_back(id);
    }
  }
  for (const auto& id : complete) {
    write(id);
  }
  while (spans_ > most_) {
    write(order_.front());
  }
  co_return state_of(to_);
}

void tree_exporter::flush() {
  while (!order_.empty()) {
    write(order_.front());
  }
  to_.flush();
}

void tree_exporter::add(const span_record& s) {
  auto& of = waiting_[s.id.trace];
  if (of.spans.empty()) {
    order_.push_back(s.id.trace);
  }
  of.spans.push_back(s);
  of.continued = of.continued || s.parent_is_remote;
  of.last = batches_;
  ++spans_;
}

void tree_exporter::write(trace_id id) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) {
    return;  // written before
  }
  to_ << to_tree(at->second.spans, options_);
  spans_ -= at->second.spans.size();
  waiting_.erase(at);
  std::erase(order_, id);
}

}  // namespace fairlead::observe
