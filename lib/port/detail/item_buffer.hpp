// SPDX-License-Identifier: BSL-1.0
// Lines of a stream between the service that writes them and the caller who asks for them, some at
// a time.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

namespace fairlead::detail {

/// Lines in their order, the last of which ends the stream. A line is given up only once it is
/// known to have been handed over.
///
/// *Thread safety*: none.
class item_buffer {
 public:
  /// Holds so many items.
  explicit item_buffer(std::size_t most) noexcept : most_(most) {}

  [[nodiscard]] bool has_room() const noexcept { return !ended_ && lines_.size() < most_; }
  /// One more item. Nothing happens after the end.
  void add(std::string line) {
    if (!ended_) {
      lines_.push_back(std::move(line));
    }
  }
  /// The last line. Nothing happens after the end.
  void end(std::string line) {
    add(std::move(line));
    ended_ = true;
  }
  /// Ends in this line now, in place of all that is there.
  void fail(std::string line) {
    lines_.clear();
    lines_.push_back(std::move(line));
    ended_ = true;
  }

  /// Whether there is anything to hand over.
  [[nodiscard]] bool ready() const noexcept { return !lines_.empty(); }
  /// Whether the last line is here, or gone.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Whether the last line was handed over.
  [[nodiscard]] bool over() const noexcept { return ended_ && lines_.empty(); }

  /// The next lines in a row.
  struct part {
    std::string text;
    std::size_t lines = 0;
    bool last = false;  ///< of the stream
  };
  /// At most so many bytes of them, but at least one line when there is one.
  [[nodiscard]] part front(std::size_t bytes) const {
    part out;
    for (const auto& line : lines_) {
      if (out.lines > 0 && out.text.size() + line.size() > bytes) {
        break;
      }
      out.text += line;
      ++out.lines;
    }
    out.last = ended_ && out.lines == lines_.size();
    return out;
  }
  /// That part was handed over.
  void pop(const part& p) noexcept {
    for (std::size_t i = 0; i < p.lines && !lines_.empty(); ++i) {
      lines_.pop_front();
    }
  }

 private:
  std::size_t most_;
  std::deque<std::string> lines_;
  bool ended_ = false;
};

}  // namespace fairlead::detail
