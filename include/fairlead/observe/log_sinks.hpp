// SPDX-License-Identifier: BSL-1.0
// Log lines as JSON and for people.
#pragma once

#include <fairlead/observe/log.hpp>

#include <iosfwd>
#include <mutex>
#include <string>

namespace fairlead::observe {

/// One JSON object in one line, without its end: `timestamp` (RFC 3339, microseconds), `level`,
/// `service`, `message`, `trace_id` and `span_id` of calls that belong to a trace, `suppressed`,
/// then the fields. A field of such a name gets an underscore at its end.
[[nodiscard]] std::string to_json_line(const log_record& line);

/// `12:00:00.123 WARN  shop: slow answer  user.id=42 trace=0af7651916cd43dd8448eb211c80319c`. What
/// would break the line, or move the cursor, is escaped or replaced.
[[nodiscard]] std::string to_console_line(const log_record& line);
/// The same with the level in colours of terminals.
[[nodiscard]] std::string to_coloured_line(const log_record& line);

/// Writes lines of one of these forms to a stream. Each is flushed; writing blocks the caller for
/// as long as the stream does.
///
/// *Thread safety*: lines of several threads do not mix.
class stream_log final : public log_sink {
 public:
  using form = std::string (*)(const log_record&);

  /// Keeps the reference.
  explicit stream_log(std::ostream& to, form as = &to_json_line) noexcept : to_(to), as_(as) {}

  void write(const log_record& line) noexcept override;

 private:
  std::mutex lock_;
  std::ostream& to_;
  form as_;
};

}  // namespace fairlead::observe
