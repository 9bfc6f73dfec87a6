// SPDX-License-Identifier: BSL-1.0
#include "durations.hpp"

namespace fairlead::cli {

std::string milliseconds_text(duration d) {
  const auto us = std::chrono::round<std::chrono::microseconds>(d).count();
  const auto size = us < 0 ? -us : us;
  std::string out = (us < 0 ? "-" : "") + std::to_string(size / 1000);
  if (size % 1000 != 0) {
    auto part = std::to_string(1000 + size % 1000);
    part[0] = '.';
    out += part.substr(0, part.find_last_not_of('0') + 1);
  }
  return out;
}

}  // namespace fairlead::cli
