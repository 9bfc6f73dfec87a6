// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/log.hpp>

#include <fairlead/core/context.hpp>
#include <fairlead/observe/repeat_limiter.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <array>
#include <functional>
#include <mutex>
#include <stdexcept>

namespace fairlead::observe {

std::string_view level_name(severity level) noexcept {
  static constexpr std::array<std::string_view, 4> names{"debug", "info", "warn", "error"};
  const auto i = static_cast<std::size_t>(level);
  return i < names.size() ? names[i] : "?";
}

std::vector<std::string> problems_of(const logger_options& o) {
  std::vector<std::string> out;
  if (o.burst != 0 && o.per <= duration::zero()) {
    out.emplace_back("per is not positive");
  }
  return out;
}

struct logger::repeats {
  repeats(std::uint32_t burst, duration per) noexcept : limiter(burst, per) {}

  repeat_limiter::verdict admit(severity level, std::string_view message, time_point now) noexcept {
    const auto key = std::hash<std::string_view>{}(message) + static_cast<std::size_t>(level);
    const std::lock_guard hold(lock);
    const auto v = limiter.admit(key, now);
    suppressed += v.passes ? 0 : 1;
    return v;
  }

  std::mutex lock;
  repeat_limiter limiter;  // this and the next guarded by the lock
  std::uint64_t suppressed = 0;
};

logger::logger(log_sink& to, const logger_options& options)
    : to_(to),
      service_(options.service),
      level_(options.level),
      time_(options.time == nullptr ? system_clock() : *options.time) {
  for (const auto& p : problems_of(options)) {
    throw std::invalid_argument("logger: " + p);
  }
  if (options.burst != 0) {
    repeats_ = std::make_unique<repeats>(options.burst, options.per);
  }
}

logger::~logger() = default;

void logger::write(severity level, const context* cx, std::string_view message,
                   std::span<const attribute_view> fields) noexcept {
  if (!writes(level)) {
    return;
  }
  const auto& time = cx == nullptr ? time_ : cx->env().time();
  log_record line;
  if (repeats_ != nullptr) {
    const auto v = repeats_->admit(level, message, time.now());
    if (!v.passes) {
      return;
    }
    line.suppressed = v.suppressed;
  }
  line.at = time.wall_now();
  line.level = level;
  line.service = service_;
  line.message = message;
  line.fields = fields;
  if (cx != nullptr && cx->trace() != nullptr) {
    line.trace = cx->trace()->parent();
  }
  to_.write(line);
}

std::uint64_t logger::suppressed() const noexcept {
  if (repeats_ == nullptr) {
    return 0;
  }
  const std::lock_guard hold(repeats_->lock);
  return repeats_->suppressed;
}

}  // namespace fairlead::observe
