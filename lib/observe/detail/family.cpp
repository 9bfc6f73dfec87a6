// SPDX-License-Identifier: BSL-1.0
#include "family.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace fairlead::observe::detail {

namespace {

series_shape shape_of(const family::shape& f) noexcept {
  switch (f.kind) {
    case instrument_kind::histogram:
      return {f.bounds.size() + 2, 4};
    case instrument_kind::gauge:
      return {2, 1};  // the value, and whether it was ever set
    case instrument_kind::counter:
      break;
  }
  return {1, 4};
}

metric_point point_of(const family& f, const series& s) {
  metric_point p;
  for (std::size_t i = 0; i < f.is.labels.size(); ++i) {
    if (!s.values()[i].empty()) {
      p.labels.push_back({f.is.labels[i], s.values()[i]});
    }
  }
  return p;
}

void read_examples(metric_point& to, const series& from, std::size_t words) {
  bool any = false;
  for (std::size_t i = 0; i < words; ++i) {
    to.exemplars.push_back(from.example(i));
    any = any || to.exemplars.back().trace.valid();
  }
  if (!any) {
    to.exemplars.clear();
  }
}

void read_histogram(metric_point& to, const family& f, const series& from) {
  for (std::size_t i = 0; i <= f.is.bounds.size(); ++i) {
    to.buckets.push_back(from.total(i));
    to.count += to.buckets.back();
  }
  to.sum = static_cast<double>(from.total(f.is.bounds.size() + 1)) / f.is.scale;
  read_examples(to, from, to.buckets.size());
}

}  // namespace

family::family(std::string_view family_name, std::string_view family_help, shape of,
               std::size_t max)
    : name(family_name),
      help(family_help),
      is(std::move(of)),
      table(max, is.labels.size(), shape_of(is)) {}

series& family::with(label_values values) {
  if (values.size() != is.labels.size()) {
    throw std::invalid_argument(name + " has " + std::to_string(is.labels.size()) +
                                " labels, and was given " + std::to_string(values.size()));
  }
  return table.at(values);
}

void family::measure(series& in, std::uint64_t ticks, const context* cx) const noexcept {
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(is.bounds.begin(), is.bounds.end(), ticks) - is.bounds.begin());
  const auto stripe = stripe_of(cx);
  in.add(stripe, bucket, 1);
  in.add(stripe, is.bounds.size() + 1, ticks);
  keep_example(in, bucket, static_cast<double>(ticks) / is.scale, cx);
}

instrument family::read() const {
  instrument out{
      .name = name, .kind = is.kind, .unit = is.unit, .help = help, .bounds = {}, .points = {}};
  for (const auto b : is.bounds) {
    out.bounds.push_back(static_cast<double>(b) / is.scale);
  }
  for (const auto* const s : table.all()) {
    auto p = point_of(*this, *s);
    switch (is.kind) {
      case instrument_kind::counter:
        p.count = s->total(0);
        read_examples(p, *s, 1);
        break;
      case instrument_kind::gauge:
        if (s->total(1) == 0) {
          continue;
        }
        p.value = std::bit_cast<double>(s->total(0));
        break;
      case instrument_kind::histogram:
        read_histogram(p, *this, *s);
        break;
    }
    out.points.push_back(std::move(p));
  }
  return out;
}

std::size_t stripe_of(const context* cx) noexcept {
  const auto here = cx == nullptr ? reinterpret_cast<std::uintptr_t>(&cx) >> 16U
                                  : reinterpret_cast<std::uintptr_t>(&cx->env()) >> 6U;
  return static_cast<std::size_t>(here * 0x9e3779b97f4a7c15U >> 60U);
}

void keep_example(series& in, std::size_t word, double value, const context* cx) noexcept {
  if (cx == nullptr || cx->trace() == nullptr || !cx->trace()->recording()) {
    return;
  }
  const auto& id = cx->trace()->parent();
  in.keep_example(word, {id.trace, id.span, value, cx->env().time().wall_now()});
}

}  // namespace fairlead::observe::detail
