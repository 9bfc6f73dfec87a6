// SPDX-License-Identifier: BSL-1.0
// Runs a compiled pattern over a text.
//
// How it works: Thompson's simulation. A set of program positions is carried from code point to
// code point; each position is in the set at most once, so the time is at most (length of the text)
// x (steps of the program) and the memory is fixed.
#include <fairlead/json/pattern.hpp>

#include <array>
#include <bitset>

namespace fairlead::json {

namespace {

using detail::max_pattern_steps;
using detail::pattern_op;
using detail::pattern_step;

// What a byte that is not UTF-8 counts as: no pattern can name it.
constexpr std::uint32_t not_a_code_point = 0x110000;

std::uint32_t next_code_point(std::string_view text, std::size_t& at) noexcept {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) {
    return lead;
  }
  const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : 0;
  if (more == 0 || lead > 0xf4 || at + more > text.size()) {
    return not_a_code_point;
  }
  std::uint32_t point = lead & (0x3fU >> more);
  for (std::size_t i = 0; i < more; ++i) {
    const auto c = static_cast<unsigned char>(text[at + i]);
    if ((c & 0xc0U) != 0x80U) {
      return not_a_code_point;
    }
    point = (point << 6) | (c & 0x3fU);
  }
  at += more;
  return point;
}

class machine {
 public:
  machine(const pattern_program& program, std::string_view text) : program_(program), text_(text) {}

  bool run() {
    std::size_t at = 0;
    while (true) {
      add(0, at);  // a match may begin anywhere
      if (matched_) {
        return true;
      }
      if (at == text_.size()) {
        return false;
      }
      const auto point = next_code_point(text_, at);
      const auto from = current_;
      current_ ^= 1U;
      counts_[current_] = 0;
      seen_.reset();
      for (std::size_t i = 0; i < counts_[from] && !matched_; ++i) {
        const auto pc = lists_[from][i];
        if (accepts(program_.steps[pc], point)) {
          add(pc + 1U, at);
        }
      }
    }
  }

 private:
  [[nodiscard]] bool accepts(const pattern_step& step, std::uint32_t point) const noexcept {
    if (step.op == pattern_op::one) {
      return point == step.a;
    }
    for (auto i = step.a; i < step.b; ++i) {
      if (point >= program_.ranges[i].first && point <= program_.ranges[i].last) {
        return step.op == pattern_op::in;
      }
    }
    return step.op == pattern_op::not_in;
  }

  // Adds `start` and all that can be reached from it without a character.
  void add(std::uint32_t start, std::size_t at) {
    std::size_t depth = 0;
    push(start, depth);
    while (depth > 0 && !matched_) {
      const auto pc = work_[--depth];
      const auto& step = program_.steps[pc];
      switch (step.op) {
        case pattern_op::match:
          matched_ = true;
          break;
        case pattern_op::jump:
          push(step.a, depth);
          break;
        case pattern_op::fork:
          push(step.b, depth);
          push(step.a, depth);
          break;
        case pattern_op::start:
          if (at == 0) {
            push(pc + 1U, depth);
          }
          break;
        case pattern_op::end:
          if (at == text_.size()) {
            push(pc + 1U, depth);
          }
          break;
        default:
          lists_[current_][counts_[current_]++] = pc;
      }
    }
  }
  void push(std::uint32_t pc, std::size_t& depth) {
    if (!seen_[pc]) {
      seen_[pc] = true;
      work_[depth++] = static_cast<std::uint16_t>(pc);
    }
  }

  const pattern_program& program_;
  std::string_view text_;
  std::size_t current_ = 0;
  bool matched_ = false;
  std::array<std::size_t, 2> counts_{};
  std::bitset<max_pattern_steps> seen_;
  std::array<std::uint16_t, max_pattern_steps> work_;
  std::array<std::array<std::uint16_t, max_pattern_steps>, 2> lists_;
};

}  // namespace

bool matches(const pattern_program& program, std::string_view text) {
  return machine(program, text).run();
}

}  // namespace fairlead::json
