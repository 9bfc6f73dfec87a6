// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/tracer.hpp>

#include <fairlead/core/context.hpp>
#include <fairlead/core/event.hpp>
#include <fairlead/observe/span_exporter.hpp>

#include "detail/attributes.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace fairlead::observe {

namespace {

void refuse(std::string_view what, const std::vector<std::string>& problems) {
  std::string all;
  for (const auto& p : problems) {
    all += (all.empty() ? std::string(what) + ": " : std::string("; ")) + p;
  }
  if (!all.empty()) {
    throw std::invalid_argument(all);
  }
}

}  // namespace

std::vector<std::string> problems_of(const tracer_options& o) {
  std::vector<std::string> out;
  if (o.service.empty()) {
    out.emplace_back("service is empty");
  }
  if (o.queue == 0 || o.queue > 1'000'000) {
    out.emplace_back("queue is not in 1 to 1000000");
  }
  if (o.limits.text < 16) {
    out.emplace_back("limits.text is less than 16");
  }
  return out;
}

std::vector<std::string> problems_of(const export_options& o) {
  std::vector<std::string> out;
  if (o.batch == 0) {
    out.emplace_back("batch is 0");
  }
  if (o.every <= duration::zero()) {
    out.emplace_back("every is not positive");
  }
  if (o.limit <= duration::zero()) {
    out.emplace_back("limit is not positive");
  }
  if (o.flush < duration::zero()) {
    out.emplace_back("flush is negative");
  }
  return out;
}

struct tracer::queue {
  explicit queue(std::size_t most) : capacity(most) {}

  const std::size_t capacity;
  mutable std::mutex lock;
  std::deque<span_record> spans;  // this and the rest guarded by the lock
  tracer_counts counts;
  std::size_t batch = 0;  // of the export that runs; 0 when none does
  event full;             // there are as many; has a lock of its own
};

tracer::tracer(const tracer_options& options) : sample_(options.sample), limits_(options.limits) {
  refuse("tracer", problems_of(options));
  by_ = std::make_shared<resource>(
      resource{std::string(options.service), detail::copies_of(options.attributes)});
  queue_ = std::make_unique<queue>(options.queue);
}

tracer::~tracer() = default;

void tracer::ended(span_record&& record) noexcept {
  bool wake = false;
  {
    const std::lock_guard hold(queue_->lock);
    ++queue_->counts.ended;
    if (queue_->spans.size() == queue_->capacity) {
      ++queue_->counts.dropped;
      return;
    }
    try {
      queue_->spans.push_back(std::move(record));
    } catch (...) {
      ++queue_->counts.dropped;
      return;
    }
    wake = queue_->spans.size() == queue_->batch;
  }
  if (wake) {
    queue_->full.set();
  }
}

std::vector<span_record> tracer::take(std::size_t most) {
  auto taken = take_some(most);
  const std::lock_guard hold(queue_->lock);
  queue_->counts.exported += taken.size();
  return taken;
}

std::vector<span_record> tracer::take_some(std::size_t most) {
  std::vector<span_record> out;
  const std::lock_guard hold(queue_->lock);
  const auto end =
      queue_->spans.begin() + static_cast<std::ptrdiff_t>(std::min(most, queue_->spans.size()));
  out.assign(std::move_iterator(queue_->spans.begin()), std::move_iterator(end));
  queue_->spans.erase(queue_->spans.begin(), end);
  return out;
}

tracer_counts tracer::counts() const {
  const std::lock_guard hold(queue_->lock);
  return queue_->counts;
}

void tracer::exports_in(std::size_t batch) noexcept {
  queue_->full.reset();  // before the look, so that nothing is missed
  bool now = false;
  {
    const std::lock_guard hold(queue_->lock);
    queue_->batch = batch;
    now = batch != 0 && queue_->spans.size() >= batch;
  }
  if (now) {
    queue_->full.set();
  }
}

void tracer::exported(std::size_t spans, const result<void>& outcome) noexcept {
  const std::lock_guard hold(queue_->lock);
  (outcome ? queue_->counts.exported : queue_->counts.failed) += spans;
}

// What was being exported when `cx` was cancelled stays in `batch`.
task<void> tracer::export_all(context& cx, span_exporter& to, const export_options& options,
                              std::vector<span_record>& batch) {
  while (cx.check()) {
    if (batch.empty()) {
      batch = take_some(options.batch);
    }
    if (batch.empty()) {
      co_return;
    }
    auto limited = cx.with_timeout(options.limit);
    const auto outcome = co_await to.export_spans(limited, batch);
    if (!outcome && !cx.check()) {
      co_return;
    }
    exported(batch.size(), outcome);
    batch.clear();
  }
}

task<void> tracer::export_to(context& cx, span_exporter& to, export_options options) {
  refuse("export", problems_of(options));
  std::vector<span_record> batch;
  while (cx.check()) {
    exports_in(options.batch);
    auto waiting = cx.with_timeout(options.every);
    static_cast<void>(co_await queue_->full.wait(waiting));
    co_await export_all(cx, to, options, batch);
  }
  exports_in(0);
  cancel_scope last(cx.env());
  auto limited = last.with_timeout(options.flush);
  co_await export_all(limited, to, options, batch);
  exported(batch.size(), fail(errors::cancelled{}));
}

}  // namespace fairlead::observe
