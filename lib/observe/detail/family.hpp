// SPDX-License-Identifier: BSL-1.0
// An instrument with its label sets, as the registry keeps it.
#pragma once

#include "series.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead {
class context;
}  // namespace fairlead

namespace fairlead::observe::detail {

/// Everything that never changes about an instrument, and its numbers. Of a histogram these are one
/// per bucket, then the sum, in ticks.
struct family {
  /// What may be asked for under one name.
  struct shape {
    instrument_kind kind{};
    std::string unit;
    std::vector<std::string> labels;
    std::vector<std::uint64_t> bounds;  // in ticks, ascending
    double scale = 1;                   // ticks per unit

    friend bool operator==(const shape&, const shape&) = default;
  };

  family(std::string_view family_name, std::string_view family_help, shape of, std::size_t max);

  /// The label set; throws when there are not as many values as labels.
  [[nodiscard]] series& with(label_values values);
  /// For a histogram.
  void measure(series& in, std::uint64_t ticks, const context* cx) const noexcept;
  /// Everything up to now, without points that were never written.
  [[nodiscard]] instrument read() const;

  std::string name;
  std::string help;
  shape is;
  series_table table;
};

/// Which of its places a number is added to: loops, or threads, do not share one more than they
/// must.
[[nodiscard]] std::size_t stripe_of(const context* cx) noexcept;

/// Keeps the trace of the call as an example, when it is recorded.
void keep_example(series& in, std::size_t word, double value, const context* cx) noexcept;

}  // namespace fairlead::observe::detail
