// SPDX-License-Identifier: BSL-1.0
#include "parameters.hpp"

#include "chars.hpp"

#include <algorithm>

namespace fairlead::http::detail {

namespace {

std::string_view take_token(std::string_view& rest) noexcept {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_tchar);
  const auto out = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(out.size());
  return out;
}

}  // namespace

parameter_list::parameter_list(std::string_view field) noexcept {
  const auto end = std::min(field.find(';'), field.size());
  value_ = trim(field.substr(0, end));
  rest_ = trim(field.substr(end));
}

parameter_list::step parameter_list::next() {
  if (rest_.empty()) {
    return step::end;
  }
  if (rest_.front() != ';') {
    return step::malformed;
  }
  rest_ = trim(rest_.substr(1));
  name_ = take_token(rest_);
  text_.clear();
  if (name_.empty() || !rest_.starts_with('=')) {
    return step::malformed;
  }
  rest_.remove_prefix(1);
  if (rest_.starts_with('"')) {
    if (!take_quoted()) {
      return step::malformed;
    }
  } else {
    text_ = take_token(rest_);
    if (text_.empty()) {
      return step::malformed;
    }
  }
  rest_ = trim(rest_);
  return step::one;
}

bool parameter_list::take_quoted() {
  for (std::size_t at = 1; at < rest_.size(); ++at) {
    char c = rest_[at];
    if (c == '"') {
      rest_.remove_prefix(at + 1);
      return true;
    }
    if (c == '\\' && at + 1 < rest_.size() && (rest_[at + 1] == '"' || rest_[at + 1] == '\\')) {
      c = rest_[++at];
    }
    text_ += c;
  }
  return false;
}

}  // namespace fairlead::http::detail
