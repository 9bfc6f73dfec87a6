// SPDX-License-Identifier: BSL-1.0
#include "progress.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace fairlead::cli {

namespace {

constexpr duration between_lines = std::chrono::milliseconds(100);
// Long enough not to jump about, short enough to follow.
constexpr duration window = std::chrono::seconds(2);
constexpr std::size_t bar_width = 24;

double in_seconds(duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) {
    return std::to_string(bytes) + " B";
  }
  constexpr std::array<std::string_view, 6> units{"kB", "MB", "GB", "TB", "PB", "EB"};
  auto size = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (size >= 999.5 && unit + 1 < units.size()) {
    size /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  const char* format = size < 9.995 ? "%.2f %s" : size < 99.95 ? "%.1f %s" : "%.0f %s";
  const int n = std::snprintf(text.data(), text.size(), format, size, units[unit].data());
  return {text.data(), static_cast<std::size_t>(n)};
}

void progress_line::note(time_point now, std::uint64_t bytes, std::uint64_t total) {
  if (!begun_counting_) {
    begun_counting_ = true;
    window_bytes_ = bytes;
  }
  bytes_ = bytes;
  total_ = total;
  const auto passed = now - window_begun_;
  if (passed > duration::zero() && bytes >= window_bytes_) {
    const auto recent = static_cast<double>(bytes - window_bytes_) / in_seconds(passed);
    speed_ = speed_ == 0 || now - begun_ < window ? recent : speed_ * 0.9 + recent * 0.1;
  }
  if (passed >= window) {
    window_begun_ = now;
    window_bytes_ = bytes;
  }
}

bool progress_line::is_due(time_point now) {
  if (shown_ && now - *shown_ < between_lines) {
    return false;
  }
  shown_ = now;
  return true;
}

std::string progress_line::bar(std::size_t width) const {
  const auto part = std::min(1.0, static_cast<double>(bytes_) / static_cast<double>(total_));
  const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
  return "[" + std::string(full, '=') + std::string(width - full, ' ') + "] ";
}

std::string progress_line::rest_text() const {
  if (total_ <= bytes_ || speed_ < 1) {
    return "";
  }
  const auto seconds =
      static_cast<std::uint64_t>(static_cast<double>(total_ - bytes_) / speed_ + 0.999);
  if (seconds >= 100 * 3600) {
    return "";
  }
  if (seconds >= 3600) {
    return "  " + std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) +
           " min left";
  }
  if (seconds >= 60) {
    return "  " + std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s left";
  }
  return "  " + std::to_string(seconds) + " s left";
}

std::string progress_line::text(std::size_t width) const {
  const auto speed = "  " + size_text(static_cast<std::uint64_t>(speed_)) + "/s";
  std::string line;
  if (total_ == 0) {
    line = size_text(bytes_) + speed;
  } else {
    // 100 % is said only when it is.
    const auto percent =
        bytes_ >= total_ ? 100
                         : std::min<std::uint64_t>(
                               99, static_cast<std::uint64_t>(100.0 * static_cast<double>(bytes_) /
                                                              static_cast<double>(total_)));
    auto number = std::to_string(percent);
    number.insert(0, 3 - number.size(), ' ');
    line = number + " %  " + size_text(bytes_) + " of " + size_text(total_) + speed + rest_text();
    if (line.size() + bar_width + 3 <= width) {
      line = bar(bar_width) + line;
    }
  }
  return line.substr(0, width);
}

}  // namespace fairlead::cli
