// SPDX-License-Identifier: BSL-1.0
// Log lines with fields, which know the trace of the call that writes them.
#pragma once

#include <fairlead/core/clock.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/observe/attribute.hpp>
#include <fairlead/observe/policy_event.hpp>
#include <fairlead/observe/traceparent.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead {
class context;
}  // namespace fairlead

namespace fairlead::observe {

/// One line. A view: valid during `log_sink::write` only.
struct log_record {
  std::chrono::system_clock::time_point at;
  severity level{};
  std::string_view service;
  std::string_view message;
  std::span<const attribute_view> fields;
  traceparent trace;             ///< of the call; invalid when it belongs to none
  std::uint64_t suppressed = 0;  ///< lines like this one that were not written before it
};

/// "debug", "info", "warn", "error": how lines name their level.
[[nodiscard]] std::string_view level_name(severity level) noexcept;

/// Where lines go.
///
/// *Thread safety*: `write` is called from any thread, with no lock held.
class log_sink {
 public:
  log_sink() = default;
  log_sink(const log_sink&) = delete;
  log_sink& operator=(const log_sink&) = delete;
  virtual ~log_sink() = default;

  virtual void write(const log_record& line) noexcept = 0;
};

/// How a logger is set up. Trivially destructible; texts are copied by the logger.
struct logger_options {
  std::string_view service = {};
  /// What matters less is not written.
  severity level = severity::information;
  /// So many lines of the same level and message are written within `per`; the others are counted,
  /// and the next that is written says how many they were. 0: all are written.
  std::uint32_t burst = 20;
  duration per = std::chrono::seconds(1);
  /// For lines without a context. Must outlive the logger.
  const clock* time = nullptr;  ///< null: the system's
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const logger_options& options);

/// Writes lines to a sink. A message is a constant ("user created"), what varies stands in fields:
/// so lines can be searched for and counted.
///
/// Below its level a line costs a comparison; fields that are costly to make are worth an
/// `if (log.writes(...))`. Where there is no memory for a line it is lost.
///
/// *Thread safety*: every member may be called from any thread, those that take a context from its
/// own.
///
/// *Example*:
/// ```cpp
/// observe::stream_log lines(std::cout);
/// observe::logger log(lines, {.service = "shop"});
/// log.information(cx, "user created", {{"user.id", 42}});
/// // {"timestamp":"2026-01-01T00:00:00.123456Z","level":"info","service":"shop",
/// //  "message":"user created","trace_id":"0af7...","span_id":"b7ad...","user.id":42}
/// ```
class logger {
 public:
  /// Keeps the reference. Throws `std::invalid_argument`, which names every problem.
  explicit logger(log_sink& to, const logger_options& options = {});
  logger(const logger&) = delete;
  logger& operator=(const logger&) = delete;
  ~logger();

  [[nodiscard]] bool writes(severity level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] severity level() const noexcept { return level_.load(std::memory_order_relaxed); }
  void set_level(severity level) noexcept { level_.store(level, std::memory_order_relaxed); }

  void log(severity level, const context& cx, std::string_view message,
           attribute_list fields = {}) noexcept {
    if (writes(level)) {
      write(level, &cx, message, {fields.begin(), fields.size()});
    }
  }
  /// Outside of calls: without a trace.
  void log(severity level, std::string_view message, attribute_list fields = {}) noexcept {
    if (writes(level)) {
      write(level, nullptr, message, {fields.begin(), fields.size()});
    }
  }

  void debug(const context& cx, std::string_view message, attribute_list fields = {}) noexcept {
    log(severity::debug, cx, message, fields);
  }
  void information(const context& cx, std::string_view message,
                   attribute_list fields = {}) noexcept {
    log(severity::information, cx, message, fields);
  }
  void warning(const context& cx, std::string_view message, attribute_list fields = {}) noexcept {
    log(severity::warning, cx, message, fields);
  }
  void error(const context& cx, std::string_view message, attribute_list fields = {}) noexcept {
    log(severity::error, cx, message, fields);
  }

  /// For those who bring their fields otherwise: `cx` may be null.
  void write(severity level, const context* cx, std::string_view message,
             std::span<const attribute_view> fields) noexcept;

  /// How many lines were not written, since there were too many of them.
  [[nodiscard]] std::uint64_t suppressed() const noexcept;

 private:
  struct repeats;

  log_sink& to_;
  std::string service_;
  std::atomic<severity> level_;
  const clock& time_;
  std::unique_ptr<repeats> repeats_;  // null when all are written
};

}  // namespace fairlead::observe
