// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/subject.hpp>

#include "detail/tokens.hpp"

#include <algorithm>
#include <string>

namespace fairlead {

namespace {

constexpr std::size_t longest_group = 256;
constexpr std::size_t shown = 80;  // of what is wrong, in messages

bool plain(char c) noexcept {
  return c > ' ' && c < '\x7f';
}

result<void> wrong(std::string_view what, std::string_view text, std::string_view why) {
  std::string reason;
  reason.append("\"").append(text.substr(0, shown));
  reason.append(text.size() > shown ? "...\" " : "\" ").append(why);
  return fail(errors::invalid_argument{what, reason});
}

enum class wildcards : std::uint8_t { allowed, refused };

result<void> check(std::string_view what, std::string_view text, wildcards wild) {
  if (text.empty()) {
    return fail(errors::invalid_argument{what, "is empty"});
  }
  if (text.size() > longest_subject) {
    return wrong(what, text, "is longer than 1024 bytes");
  }
  if (!std::all_of(text.begin(), text.end(), plain)) {
    return wrong(what, text, "holds white space, a control character or a byte above 126");
  }
  detail::tokens rest(text);
  while (!rest.done()) {
    const auto token = rest.next();
    if (token.empty()) {
      return wrong(what, text, "has an empty token");
    }
    if (wild == wildcards::refused && (token == "*" || token == ">")) {
      return wrong(what, text, "is a pattern, and stands for no single subject");
    }
    if (token == ">" && !rest.done()) {
      return wrong(what, text, "has a \">\" that is not its last token");
    }
  }
  return {};
}

}  // namespace

result<void> check_subject(std::string_view subject) {
  return check("subject", subject, wildcards::refused);
}

result<void> check_subject_pattern(std::string_view pattern) {
  return check("subject pattern", pattern, wildcards::allowed);
}

result<void> check_queue_group(std::string_view name) {
  constexpr std::string_view what = "queue group";
  if (name.empty()) {
    return fail(errors::invalid_argument{what, "is empty"});
  }
  if (name.size() > longest_group) {
    return wrong(what, name, "is longer than 256 bytes");
  }
  if (!std::all_of(name.begin(), name.end(), plain)) {
    return wrong(what, name, "holds white space, a control character or a byte above 126");
  }
  return {};
}

bool subject_matches(std::string_view pattern, std::string_view subject) noexcept {
  detail::tokens wanted(pattern);
  detail::tokens given(subject);
  while (!wanted.done() && !given.done()) {
    const auto w = wanted.next();
    if (w == ">") {
      return true;
    }
    const auto g = given.next();
    if (w != "*" && w != g) {
      return false;
    }
  }
  return wanted.done() && given.done();
}

}  // namespace fairlead
