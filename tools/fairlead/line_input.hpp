// SPDX-License-Identifier: BSL-1.0
// Lines of standard input for coroutines: waiting for one does not keep the others from running.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace fairlead::cli {

/// Reads a descriptor line by line.
///
/// *Thread safety*: none; on the executor of the environment.
class line_input {
 public:
  /// `descriptor` stays the caller's. The flags of its open file are left alone, since a terminal
  /// shares them with other programs.
  explicit line_input(environment& env, int descriptor = 0);
  line_input(const line_input&) = delete;
  line_input& operator=(const line_input&) = delete;
  ~line_input();

  /// The next line without its LF (and a CR before it), or nothing at the end. A last line needs no
  /// LF.
  ///
  /// *Errors*: `too_large` for a line beyond 16 MiB; `system_error`; `cancelled`, `deadline`.
  [[nodiscard]] task<result<std::optional<std::string>>> next(context& cx);

 private:
  struct waiting;

  result<std::size_t> read_more();
  std::optional<std::string> take_line();

  std::unique_ptr<waiting> waiting_;  // null for what never makes one wait, such as a file
  int descriptor_;
  std::string unread_;
  std::size_t searched_ = 0;
  bool ended_ = false;
};

}  // namespace fairlead::cli
