// SPDX-License-Identifier: BSL-1.0
#include <fairlead/sim/trace.hpp>

#include <algorithm>

namespace fairlead::sim {

namespace {

// "+1.500000000": seconds with nanoseconds, in integers only.
std::string stamp(duration at) {
  constexpr duration::rep per_second = 1'000'000'000;
  const auto fraction = std::to_string(at.count() % per_second);
  return "+" + std::to_string(at.count() / per_second) + "." +
         std::string(9 - std::min<std::size_t>(9, fraction.size()), '0') + fraction;
}

}  // namespace

void trace::add(duration at, std::string_view what) {
  std::string line = stamp(at) + " #" + std::to_string(++added_) + " ";
  const auto text = line.size();
  line += what;
  std::replace(line.begin() + static_cast<std::ptrdiff_t>(text), line.end(), '\n', ' ');
  line += '\n';
  for (const char c : line) {
    digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  lines_.push_back(std::move(line));
  if (lines_.size() > kept_) {
    lines_.pop_front();
  }
}

std::string trace::text() const {
  return tail(lines_.size());
}

std::string trace::tail(std::size_t n) const {
  std::string out;
  for (auto i = lines_.size() - std::min(n, lines_.size()); i < lines_.size(); ++i) {
    out += lines_[i];
  }
  return out;
}

}  // namespace fairlead::sim
