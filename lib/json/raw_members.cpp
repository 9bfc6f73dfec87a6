// SPDX-License-Identifier: BSL-1.0
#include <fairlead/json/raw_members.hpp>

namespace fairlead::json {

namespace {

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

raw_members::raw_members(std::string_view object) noexcept : text_(object) {
  skip_space();
  if (peek() != '{') {
    ended_ = true;
    return;
  }
  ++at_;
}

std::optional<raw_members::member> raw_members::fail() noexcept {
  ended_ = true;
  return std::nullopt;
}

std::optional<raw_members::member> raw_members::next() noexcept {
  if (ended_) {
    return std::nullopt;
  }
  skip_space();
  if (peek() == '}') {
    ++at_;
    skip_space();
    whole_ = at_ == text_.size();
    return fail();
  }
  if (!first_) {
    if (peek() != ',') {
      return fail();
    }
    ++at_;
    skip_space();
  }
  first_ = false;
  member out;
  const auto name = at_;
  if (!skip_string()) {
    return fail();
  }
  out.name = text_.substr(name + 1, at_ - name - 2);
  skip_space();
  if (peek() != ':') {
    return fail();
  }
  ++at_;
  skip_space();
  const auto value = at_;
  if (!skip_value()) {
    return fail();
  }
  out.value = text_.substr(value, at_ - value);
  return out;
}

void raw_members::skip_space() noexcept {
  while (at_ < text_.size() && is_space(text_[at_])) {
    ++at_;
  }
}

bool raw_members::skip_string() noexcept {
  if (peek() != '"') {
    return false;
  }
  ++at_;
  for (;;) {
    at_ = text_.find_first_of("\"\\", at_);
    if (at_ == std::string_view::npos) {
      at_ = text_.size();
      return false;
    }
    if (text_[at_] == '"') {
      ++at_;
      return true;
    }
    at_ += 2;  // a backslash and what it escapes
    if (at_ > text_.size()) {
      at_ = text_.size();
      return false;
    }
  }
}

bool raw_members::skip_value() noexcept {
  if (peek() == '"') {
    return skip_string();
  }
  if (peek() != '{' && peek() != '[') {
    const auto begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' && text_[at_] != '}' &&
           text_[at_] != ']') {
      ++at_;
    }
    return at_ > begin;
  }
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    switch (text_[at_]) {
      case '"':
        if (!skip_string()) {
          return false;
        }
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) {
          ++at_;
          return true;
        }
        break;
      default:
        break;
    }
    ++at_;
  }
  return false;
}

}  // namespace fairlead::json
