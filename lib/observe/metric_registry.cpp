// SPDX-License-Identifier: BSL-1.0
// How it works: families are made once and stay, so that handles may point into them. Watched
// gauges are held weakly: whoever watches owns them.
#include <fairlead/observe/metric_registry.hpp>

#include "detail/family.hpp"
#include "detail/metric_names.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace fairlead::observe {

namespace {

using namespace std::chrono_literals;

constexpr duration usual_durations[] = {5ms,   10ms,  25ms, 50ms,   75ms, 100ms,  250ms,
                                        500ms, 750ms, 1s,   2500ms, 5s,   7500ms, 10s};
constexpr std::uint64_t usual_sizes[] = {128,        512,        2 << 10U, 8 << 10U, 32 << 10U,
                                         128 << 10U, 512 << 10U, 2 << 20U, 8 << 20U, 32 << 20U};
constexpr std::size_t most_buckets = 40;
constexpr std::size_t most_series = 1'000'000;

[[noreturn]] void refuse_metric(std::string_view name, const std::string& why) {
  throw std::invalid_argument("metric " + std::string(name) + ": " + why);
}

std::vector<std::uint64_t> checked(std::string_view name, std::vector<std::uint64_t> bounds) {
  if (bounds.size() > most_buckets) {
    refuse_metric(name, "there are more than 40 buckets");
  }
  if (std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) != bounds.end() ||
      bounds.front() == 0) {
    refuse_metric(name, "buckets are not positive and ascending");
  }
  return bounds;
}

void sort_points(instrument& in) {
  std::sort(in.points.begin(), in.points.end(), [](const metric_point& a, const metric_point& b) {
    return std::lexicographical_compare(
        a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end(),
        [](const auto& x, const auto& y) { return x.value < y.value; });
  });
}

std::optional<double> value_of(const metric_registry::reading& r) {
  try {
    return r.read();
  } catch (...) {
    return std::nullopt;
  }
}

// What is known of an instrument when a snapshot is taken.
struct gathered {
  instrument set;
  std::vector<metric_point> watched;

  void watch(metric_point p) {
    const bool later = std::any_of(watched.begin(), watched.end(),
                                   [&](const auto& w) { return w.labels == p.labels; });
    if (!later) {  // watches are read from the last to the first
      watched.push_back(std::move(p));
    }
  }

  [[nodiscard]] instrument all() && {
    for (auto& w : watched) {
      std::erase_if(set.points, [&](const auto& p) { return p.labels == w.labels; });
    }
    std::move(watched.begin(), watched.end(), std::back_inserter(set.points));
    sort_points(set);
    return std::move(set);
  }
};

}  // namespace

std::vector<std::string> problems_of(const metric_options& o) {
  std::vector<std::string> out;
  if (!detail::is_metric_name(o.name)) {
    out.emplace_back("name is not a letter, then letters, digits and _:.-/");
  }
  if (o.labels.size() > detail::most_labels) {
    out.emplace_back("there are more than 16 labels");
  }
  std::set<std::string> seen;
  for (const auto l : o.labels) {
    if (!detail::is_metric_name(l) || l.find(':') != std::string_view::npos || l == "le" ||
        l == "quantile" || l.starts_with("__")) {
      out.push_back("\"" + std::string(l) + "\" is no name for a label");
    }
    if (!seen.insert(detail::text_name(l)).second) {
      out.push_back("the label " + std::string(l) + " is there twice");
    }
  }
  return out;
}

struct gauge_watch::entry {
  std::vector<metric_registry::reading> readings;
};

struct metric_registry::impl {
  explicit impl(std::size_t max) : max_series(max) {}

  detail::family& get(const metric_options& what, detail::family::shape shape) {
    std::string all;
    for (const auto& p : problems_of(what)) {
      all += (all.empty() ? "" : "; ") + p;
    }
    if (!all.empty()) {
      refuse_metric(what.name, all);
    }
    for (const auto l : what.labels) {
      shape.labels.emplace_back(l);
    }
    const auto key = detail::family_name(what.name, shape.unit, shape.kind);
    const std::lock_guard hold(lock);
    const bool under_another = std::any_of(families.begin(), families.end(), [&](const auto& f) {
      return f.second->name == what.name && f.first != key;
    });
    if (under_another) {
      refuse_metric(what.name, "it is there already, as something else");
    }
    auto& found = families[key];
    if (found == nullptr) {
      found = std::make_unique<detail::family>(what.name, what.help, std::move(shape), max_series);
    } else if (found->is != shape || found->name != what.name) {
      refuse_metric(what.name, "it is there already, as something else");
    }
    return *found;
  }

  const std::size_t max_series;
  mutable std::mutex lock;
  std::map<std::string, std::unique_ptr<detail::family>> families;  // by their name in text
  std::vector<std::weak_ptr<const gauge_watch::entry>> watches;     // both guarded by the lock
};

metric_registry::metric_registry(const metric_registry_options& options) {
  if (options.max_series == 0 || options.max_series > most_series) {
    throw std::invalid_argument("metrics: max_series is not in 1 to 1000000");
  }
  impl_ = std::make_unique<impl>(options.max_series);
}

metric_registry::~metric_registry() = default;

counter_family metric_registry::counter(const metric_options& what) {
  return counter_family(
      impl_->get(what, {instrument_kind::counter, std::string(what.unit), {}, {}, 1}));
}

gauge_family metric_registry::gauge(const metric_options& what) {
  return gauge_family(
      impl_->get(what, {instrument_kind::gauge, std::string(what.unit), {}, {}, 1}));
}

duration_family metric_registry::durations(const metric_options& what,
                                           std::span<const duration> bounds) {
  std::vector<std::uint64_t> ticks;
  for (const auto b : bounds.empty() ? std::span<const duration>(usual_durations) : bounds) {
    ticks.push_back(b <= duration::zero() ? 0 : static_cast<std::uint64_t>(b.count()));
  }
  return duration_family(impl_->get(
      what, {instrument_kind::histogram, "s", {}, checked(what.name, std::move(ticks)), 1e9}));
}

size_family metric_registry::sizes(const metric_options& what,
                                   std::span<const std::uint64_t> bounds) {
  const auto all = bounds.empty() ? std::span<const std::uint64_t>(usual_sizes) : bounds;
  return size_family(impl_->get(what, {instrument_kind::histogram,
                                       std::string(what.unit),
                                       {},
                                       checked(what.name, {all.begin(), all.end()}),
                                       1}));
}

gauge_watch metric_registry::watch(std::vector<reading> readings) {
  for (const auto& r : readings) {
    if (!detail::is_metric_name(r.name)) {
      refuse_metric(r.name, "name is not a letter, then letters, digits and _:.-/");
    }
  }
  auto made = std::make_shared<gauge_watch::entry>();
  made->readings = std::move(readings);
  const std::lock_guard hold(impl_->lock);
  for (const auto& r : made->readings) {
    const auto found =
        impl_->families.find(detail::family_name(r.name, r.unit, instrument_kind::gauge));
    if (found != impl_->families.end() && found->second->is.kind != instrument_kind::gauge) {
      refuse_metric(r.name, "it is there already, as something else");
    }
  }
  std::erase_if(impl_->watches, [](const auto& w) { return w.expired(); });
  impl_->watches.push_back(made);
  return gauge_watch(std::move(made));
}

metrics_snapshot metric_registry::snapshot() const {
  std::map<std::string, gathered> all;
  std::vector<std::shared_ptr<const gauge_watch::entry>> watched;
  {
    const std::lock_guard hold(impl_->lock);
    for (const auto& [key, f] : impl_->families) {
      all[key].set = f->read();
    }
    for (const auto& w : impl_->watches) {
      if (auto e = w.lock()) {
        watched.push_back(std::move(e));
      }
    }
  }
  for (auto w = watched.rbegin(); w != watched.rend(); ++w) {
    for (const auto& r : (*w)->readings) {
      auto& of = all[detail::family_name(r.name, r.unit, instrument_kind::gauge)];
      if (of.set.name.empty()) {
        of.set = {.name = r.name,
                  .kind = instrument_kind::gauge,
                  .unit = r.unit,
                  .help = r.help,
                  .bounds = {},
                  .points = {}};
      }
      if (const auto value = of.set.kind == instrument_kind::gauge ? value_of(r) : std::nullopt) {
        metric_point p;
        p.labels = r.labels;
        p.value = *value;
        of.watch(std::move(p));
      }
    }
  }
  metrics_snapshot out;
  for (auto& [key, of] : all) {
    auto in = std::move(of).all();
    if (!in.points.empty()) {
      out.instruments.push_back(std::move(in));
    }
  }
  return out;
}

}  // namespace fairlead::observe
