// SPDX-License-Identifier: BSL-1.0
// What is added to while a program runs: counters, gauges and histograms.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace fairlead {
class context;
}  // namespace fairlead

namespace fairlead::observe {

namespace detail {
class series;
struct family;
}  // namespace detail

/// A number that only grows: one label set of a `counter_family`.
///
/// A handle: look it up once and keep it. Valid as long as its registry.
///
/// *Thread safety*: any thread. Adding is one atomic addition to one of four places.
class counter {
 public:
  void add(std::uint64_t n = 1) noexcept;
  /// The same, with the trace of the call as an example of what was counted, when it is recorded.
  void add(std::uint64_t n, const context& cx) noexcept;

 private:
  friend class counter_family;
  explicit counter(detail::series& in) noexcept : in_(&in) {}
  detail::series* in_;
};

/// A number that goes up and down: one label set of a `gauge_family`. As `counter` otherwise; kept
/// in one place.
class gauge {
 public:
  void set(double value) noexcept;
  void add(double n) noexcept;
  void sub(double n) noexcept { add(-n); }
  [[nodiscard]] double value() const noexcept;

 private:
  friend class gauge_family;
  explicit gauge(detail::series& in) noexcept : in_(&in) {}
  detail::series* in_;
};

/// How long things took: one label set of a `duration_family`. As `counter` otherwise; two atomic
/// additions. The sum is exact to the nanosecond.
class duration_histogram {
 public:
  void record(duration took) noexcept;
  void record(duration took, const context& cx) noexcept;

 private:
  friend class duration_family;
  duration_histogram(const detail::family& of, detail::series& in) noexcept : of_(&of), in_(&in) {}
  const detail::family* of_;
  detail::series* in_;
};

/// How large things were, or how many: one label set of a `size_family`.
class size_histogram {
 public:
  void record(std::uint64_t size) noexcept;
  void record(std::uint64_t size, const context& cx) noexcept;

 private:
  friend class size_family;
  size_histogram(const detail::family& of, detail::series& in) noexcept : of_(&of), in_(&in) {}
  const detail::family* of_;
  detail::series* in_;
};

/// An instrument with all of its label sets. A handle, valid as long as its registry.
///
/// `with` takes a value for each label, in the order in which the labels were given. It throws
/// `std::invalid_argument` when there are more or fewer. The first time it takes a lock and memory,
/// after that it is a look-up by hash. Values are cut after 128 bytes; an empty one is as if the
/// label was not there. What is beyond the limit of label sets shares one whose values are all
/// "other".
///
/// *Thread safety*: any thread.
class counter_family {
 public:
  [[nodiscard]] counter with(std::initializer_list<std::string_view> values = {}) const {
    return with(std::span(values.begin(), values.size()));
  }
  [[nodiscard]] counter with(std::span<const std::string_view> values) const;

 private:
  friend class metric_registry;
  explicit counter_family(detail::family& of) noexcept : of_(&of) {}
  detail::family* of_;
};

/// See `counter_family`.
class gauge_family {
 public:
  [[nodiscard]] gauge with(std::initializer_list<std::string_view> values = {}) const {
    return with(std::span(values.begin(), values.size()));
  }
  [[nodiscard]] gauge with(std::span<const std::string_view> values) const;

 private:
  friend class metric_registry;
  explicit gauge_family(detail::family& of) noexcept : of_(&of) {}
  detail::family* of_;
};

/// See `counter_family`.
class duration_family {
 public:
  [[nodiscard]] duration_histogram with(std::initializer_list<std::string_view> values = {}) const {
    return with(std::span(values.begin(), values.size()));
  }
  [[nodiscard]] duration_histogram with(std::span<const std::string_view> values) const;

 private:
  friend class metric_registry;
  explicit duration_family(detail::family& of) noexcept : of_(&of) {}
  detail::family* of_;
};

/// See `counter_family`.
class size_family {
 public:
  [[nodiscard]] size_histogram with(std::initializer_list<std::string_view> values = {}) const {
    return with(std::span(values.begin(), values.size()));
  }
  [[nodiscard]] size_histogram with(std::span<const std::string_view> values) const;

 private:
  friend class metric_registry;
  explicit size_family(detail::family& of) noexcept : of_(&of) {}
  detail::family* of_;
};

}  // namespace fairlead::observe
