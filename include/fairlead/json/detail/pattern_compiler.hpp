// SPDX-License-Identifier: BSL-1.0
// Turns the text of a pattern into steps while the program is compiled.
//
// How it works: a recursive descent over the text emits steps directly. A quantifier that repeats
// parses its operand again for each copy, so no tree is needed; what has to stand before an operand
// (a fork) is inserted by moving the operand's steps and the targets in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fairlead::json::detail {

enum class pattern_op : std::uint8_t { match, one, in, not_in, fork, jump, start, end };

/// `one`: the code point `a`. `in`, `not_in`: ranges [a, b). `fork`, `jump`: goes on at `a` (and
/// `b`).
struct pattern_step {
  pattern_op op = pattern_op::match;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};
struct pattern_range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

inline constexpr std::size_t max_pattern_steps = 1000;
inline constexpr std::size_t max_pattern_ranges = 500;
// Repetitions of what is empty emit no steps, so work is bounded by itself.
inline constexpr std::size_t max_pattern_work = 100'000;

template <std::size_t Steps, std::size_t Ranges>
struct pattern_parts {
  static constexpr std::size_t step_count = Steps;
  pattern_step steps[Steps]{};
  pattern_range ranges[Ranges + 1]{};
};

class pattern_compiler {
 public:
  struct counts {
    std::size_t steps;
    std::size_t ranges;
  };

  constexpr explicit pattern_compiler(std::string_view text) : text_(text) {
    alternatives(0);
    if (at_ != text_.size()) {
      throw "pattern: ) without (";
    }
    emit({pattern_op::match});
  }

  [[nodiscard]] constexpr counts sizes() const { return {step_count_, range_count_}; }

  [[nodiscard]] constexpr std::span<const pattern_step> steps() const {
    return {steps_, step_count_};
  }
  [[nodiscard]] constexpr std::span<const pattern_range> ranges() const {
    return {ranges_, range_count_};
  }

  template <std::size_t Steps, std::size_t Ranges>
  [[nodiscard]] constexpr pattern_parts<Steps, Ranges> shrink() const {
    pattern_parts<Steps, Ranges> parts;
    for (std::size_t i = 0; i < Steps; ++i) {
      parts.steps[i] = steps_[i];
    }
    for (std::size_t i = 0; i < Ranges; ++i) {
      parts.ranges[i] = ranges_[i];
    }
    return parts;
  }

 private:
  [[nodiscard]] constexpr bool more() const { return at_ < text_.size(); }
  [[nodiscard]] constexpr char peek() const { return text_[at_]; }
  [[nodiscard]] static constexpr std::uint32_t number(std::size_t n) {
    return static_cast<std::uint32_t>(n);
  }

  constexpr void emit(pattern_step step) {
    if (step_count_ == max_pattern_steps) {
      throw "pattern: too large";
    }
    steps_[step_count_++] = step;
  }

  // Makes room for one step at `index`; targets at or behind it move along.
  constexpr void insert(std::size_t index, pattern_step step) {
    emit({});
    for (std::size_t i = step_count_ - 1; i > index; --i) {
      steps_[i] = steps_[i - 1];
      auto& moved = steps_[i];
      if (moved.op == pattern_op::fork || moved.op == pattern_op::jump) {
        moved.a += moved.a >= index ? 1 : 0;
        moved.b += moved.b >= index ? 1 : 0;
      }
    }
    steps_[index] = step;
  }

  constexpr void alternatives(int depth) {
    if (depth > 50) {
      throw "pattern: groups are nested too deeply";
    }
    const auto begin = step_count_;
    sequence(depth);
    if (more() && peek() == '|') {
      ++at_;
      insert(begin, {pattern_op::fork, number(begin + 1), 0});
      const auto jump = step_count_;
      emit({pattern_op::jump});
      steps_[begin].b = number(step_count_);
      alternatives(depth + 1);
      steps_[jump].a = number(step_count_);
    }
  }

  constexpr void sequence(int depth) {
    while (more() && peek() != '|' && peek() != ')') {
      quantified(depth);
    }
  }

  constexpr void quantified(int depth) {
    const auto begin = step_count_;
    const auto operand = at_;
    atom(depth);
    if (!more()) {
      return;
    }
    const char c = peek();
    std::size_t low = 1;
    std::size_t high = 1;
    bool endless = false;
    if (c == '*' || c == '+' || c == '?') {
      ++at_;
      low = c == '+' ? 1 : 0;
      endless = c != '?';
    } else if (c == '{') {
      ++at_;
      low = high = count();
      if (more() && peek() == ',') {
        ++at_;
        endless = more() && peek() == '}';
        high = endless ? low : count();
      }
      expect('}');
      if (high < low) {
        throw "pattern: {n,m} with m below n";
      }
    } else {
      return;
    }
    if (more() && peek() == '?') {
      ++at_;  // lazy: the same texts match
    }
    if (more() && (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{')) {
      throw "pattern: two quantifiers in a row";
    }
    const auto behind = at_;
    step_count_ = begin;
    for (std::size_t i = 0; i < low; ++i) {
      again(operand, depth);
    }
    if (endless) {
      const auto loop = step_count_;
      emit({pattern_op::fork, number(loop + 1), 0});
      again(operand, depth);
      emit({pattern_op::jump, number(loop)});
      steps_[loop].b = number(step_count_);
    } else {
      optional_copies(operand, depth, high - low);
    }
    at_ = behind;
  }

  // x{0,n} as (x(x(...)?)?)?: every fork leads to the common end.
  constexpr void optional_copies(std::size_t operand, int depth, std::size_t n) {
    const auto first = step_count_;
    for (std::size_t i = 0; i < n; ++i) {
      emit({pattern_op::fork, number(step_count_ + 1), unset});
      again(operand, depth);
    }
    for (auto i = first; i < step_count_; ++i) {
      if (steps_[i].op == pattern_op::fork && steps_[i].b == unset) {
        steps_[i].b = number(step_count_);
      }
    }
  }

  constexpr void again(std::size_t operand, int depth) {
    at_ = operand;
    atom(depth);
  }

  constexpr void atom(int depth) {
    if (++work_ > max_pattern_work) {
      throw "pattern: too large";
    }
    const char c = peek();
    switch (c) {
      case '^':
        ++at_;
        return emit({pattern_op::start});
      case '$':
        ++at_;
        return emit({pattern_op::end});
      case '.':
        ++at_;
        return set(few_ranges{{{'\n', '\n'}, {'\r', '\r'}}}, 2, pattern_op::not_in);
      case '(':
        ++at_;
        if (text_.substr(at_).starts_with("?:")) {
          at_ += 2;
        } else if (more() && peek() == '?') {
          throw "pattern: look-around and named groups are not supported";
        }
        alternatives(depth + 1);
        return expect(')');
      case '[':
        ++at_;
        return bracket();
      case '\\':
        return escape();
      case '*':
      case '+':
      case '?':
      case '{':
        throw "pattern: a quantifier without something to repeat";
      default:
        return emit({pattern_op::one, code_point()});
    }
  }

  struct few_ranges {
    pattern_range items[4];
  };
  constexpr void set(const few_ranges& ranges, std::size_t n, pattern_op op) {
    const auto begin = range_count_;
    for (std::size_t i = 0; i < n; ++i) {
      add(ranges.items[i]);
    }
    emit({op, number(begin), number(range_count_)});
  }
  constexpr void add(pattern_range range) {
    if (range_count_ == max_pattern_ranges) {
      throw "pattern: too many character ranges";
    }
    ranges_[range_count_++] = range;
  }

  static constexpr bool is_class(char c) {
    return c == 'd' || c == 'w' || c == 's' || c == 'D' || c == 'W' || c == 'S';
  }
  static constexpr std::size_t class_ranges(char c, few_ranges& out) {
    switch (c) {
      case 'd':
      case 'D':
        out = {{{'0', '9'}}};
        return 1;
      case 'w':
      case 'W':
        out = {{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}};
        return 4;
      default:
        out = {{{'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}}};
        return 3;
    }
  }

  constexpr void escape() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (is_class(c)) {
      at_ += 2;
      few_ranges ranges{};
      const auto n = class_ranges(c, ranges);
      const bool negated = c == 'D' || c == 'W' || c == 'S';
      return set(ranges, n, negated ? pattern_op::not_in : pattern_op::in);
    }
    emit({pattern_op::one, escaped()});
  }

  // The character behind a backslash.
  constexpr std::uint32_t escaped() {
    ++at_;
    if (!more()) {
      throw "pattern: a backslash at the end";
    }
    const char c = text_[at_++];
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      default:
        break;
    }
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (word || static_cast<unsigned char>(c) >= 0x80) {
      throw "pattern: unknown escape (back references are not supported)";
    }
    return static_cast<unsigned char>(c);
  }

  constexpr void bracket() {
    const bool negated = more() && peek() == '^';
    at_ += negated ? 1 : 0;
    const auto begin = range_count_;
    while (more() && peek() != ']') {
      if (peek() == '\\' && at_ + 1 < text_.size() && is_class(text_[at_ + 1])) {
        const char c = text_[at_ + 1];
        if (c == 'D' || c == 'W' || c == 'S') {
          throw "pattern: a negated class inside [ ]";
        }
        at_ += 2;
        few_ranges ranges{};
        const auto n = class_ranges(c, ranges);
        for (std::size_t i = 0; i < n; ++i) {
          add(ranges.items[i]);
        }
        continue;
      }
      const auto first = class_member();
      auto last = first;
      if (at_ + 1 < text_.size() && peek() == '-' && text_[at_ + 1] != ']') {
        ++at_;
        last = class_member();
      }
      if (last < first) {
        throw "pattern: a range that ends before it begins";
      }
      add({first, last});
    }
    expect(']');
    emit({negated ? pattern_op::not_in : pattern_op::in, number(begin), number(range_count_)});
  }
  constexpr std::uint32_t class_member() {
    if (peek() != '\\') {
      return code_point();
    }
    if (at_ + 1 < text_.size() && is_class(text_[at_ + 1])) {
      throw "pattern: a class as the end of a range";
    }
    return escaped();
  }

  constexpr std::size_t count() {
    std::size_t n = 0;
    bool any = false;
    while (more() && peek() >= '0' && peek() <= '9' && n <= max_pattern_steps) {
      n = n * 10 + static_cast<std::size_t>(peek() - '0');
      ++at_;
      any = true;
    }
    if (!any) {
      throw "pattern: a number is missing in { }";
    }
    if (n > max_pattern_steps) {
      throw "pattern: too large";
    }
    return n;
  }

  constexpr void expect(char c) {
    if (!more() || peek() != c) {
      throw "pattern: a closing bracket is missing";
    }
    ++at_;
  }

  constexpr std::uint32_t code_point() {
    const auto lead = static_cast<unsigned char>(text_[at_++]);
    const int more_bytes = lead < 0x80    ? 0
                           : lead >= 0xf0 ? 3
                           : lead >= 0xe0 ? 2
                           : lead >= 0xc2 ? 1
                                          : -1;
    if (more_bytes < 0 || at_ + static_cast<std::size_t>(more_bytes) > text_.size()) {
      throw "pattern: not UTF-8";
    }
    std::uint32_t point = more_bytes == 0 ? lead : lead & (0x3fU >> more_bytes);
    for (int i = 0; i < more_bytes; ++i) {
      point = (point << 6) | (static_cast<unsigned char>(text_[at_++]) & 0x3fU);
    }
    return point;
  }

  static constexpr std::uint32_t unset = ~std::uint32_t{0};

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t step_count_ = 0;
  std::size_t range_count_ = 0;
  std::size_t work_ = 0;
  pattern_step steps_[max_pattern_steps]{};
  pattern_range ranges_[max_pattern_ranges]{};
};

[[nodiscard]] constexpr pattern_compiler compile_pattern(std::string_view text) {
  return pattern_compiler(text);
}

}  // namespace fairlead::json::detail
