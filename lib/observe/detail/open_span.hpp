// SPDX-License-Identifier: BSL-1.0
// A span while it is recorded.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/observe/span_record.hpp>
#include <fairlead/observe/tracer.hpp>

#include <span>
#include <string>
#include <string_view>

namespace fairlead::observe {

/// What a span and the copies of its trace context share. It is open until `end`; then nothing can
/// be added any more.
///
/// *Thread safety*: none.
class open_span {
 public:
  open_span(tracer& by, const context& cx, std::string_view name, span_kind kind);

  void set(std::string_view key, value_view value);
  void rename(std::string_view name);
  void event(std::string_view name, std::span<const attribute_view> attributes);
  void link(const traceparent& to, attribute_list attributes);
  void fail(std::string_view type, std::string_view message);
  /// The same without a failure: how it ended, where that is neither good nor bad.
  void note_type(std::string_view type);
  void succeed() noexcept { data.status = span_status::ok; }
  /// Hands the record over.
  void end() noexcept;

  span_record data;
  bool ended = false;

 private:
  [[nodiscard]] std::string text(std::string_view s) const;
  [[nodiscard]] attribute kept(const attribute_view& a) const;

  tracer& by_;
  const clock& time_;
  time_point since_;
  int exceptions_;
};

}  // namespace fairlead::observe
