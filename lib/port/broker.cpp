// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/broker.hpp>

#include "detail/usable.hpp"

#include <fairlead/port/subject.hpp>

#include <algorithm>

namespace fairlead {

namespace {

bool is_name_char(char c) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
}

result<void> check_header(const message_header& h) {
  const auto wrong = [&](std::string_view why) -> result<void> {
    const std::string reason = "\"" + h.name.substr(0, 80) + "\" " + std::string(why);
    return fail(errors::invalid_argument{"message header", reason});
  };
  if (h.name.empty() || !std::all_of(h.name.begin(), h.name.end(), is_name_char)) {
    return fail(errors::invalid_argument{
        "message header", "has a name that is empty or holds more than letters, digits and -_."});
  }
  if (std::any_of(h.value.begin(), h.value.end(), is_control)) {
    return wrong("has a value with a control character");
  }
  if (!h.value.empty() && (is_blank(h.value.front()) || is_blank(h.value.back()))) {
    return wrong("has a value that begins or ends with a blank, which would be lost");
  }
  return {};
}

}  // namespace

std::optional<std::string_view> broker_message::header(std::string_view name) const noexcept {
  for (const auto& h : headers_) {
    if (h.name == name) {
      return h.value;
    }
  }
  return std::nullopt;
}

std::size_t broker_message::size() const noexcept {
  std::size_t out = payload_.size();
  for (const auto& h : headers_) {
    out += h.name.size() + h.value.size() + 4;
  }
  return out;
}

result<void> check_message(const broker_message& m) {
  if (auto ok = check_subject(m.subject()); !ok) {
    return ok;
  }
  if (!m.reply_to().empty()) {
    if (auto ok = check_subject(m.reply_to()); !ok) {
      return ok;
    }
  }
  if (m.headers().size() > most_message_headers) {
    return fail(
        errors::too_large{"headers of a message", most_message_headers, m.headers().size()});
  }
  for (const auto& h : m.headers()) {
    if (auto ok = check_header(h); !ok) {
      return ok;
    }
  }
  return {};
}

std::vector<std::string> subscription_options::problems() const {
  std::vector<std::string> out;
  const auto require = [&](bool holds, std::string_view problem) {
    if (!holds) {
      out.emplace_back(problem);
    }
  };
  const auto add = [&](const result<void>& ok) {
    if (!ok) {
      const auto why = ok.error().get<errors::invalid_argument>();
      out.push_back(std::string(why->what) + " " + std::string(why->reason));
    }
  };
  add(check_subject_pattern(pattern_));
  if (!queue_group_.empty()) {
    add(check_queue_group(queue_group_));
  }
  require(max_concurrent_ >= 1 && max_concurrent_ <= 65536, "max_concurrent must be 1 to 65536");
  require(max_waiting_ >= 1, "max_waiting must be at least 1");
  require(max_waiting_bytes_ >= 1, "max_waiting_bytes must be at least 1");
  require(handler_timeout_ > duration::zero(), "handler_timeout must be positive");
  return out;
}

result<void> detail::usable(const subscription_options& options, const broker_handler& handler) {
  auto problems = options.problems();
  if (!handler) {
    problems.emplace_back("there is no handler");
  }
  std::string text;
  for (const auto& one : problems) {
    text.append(text.empty() ? "" : "; ").append(one);
  }
  if (!text.empty()) {
    return fail(errors::invalid_argument{"subscription", text});
  }
  return {};
}

task<result<void>> respond(context& cx, message_broker& broker, const broker_message& request,
                           broker_message& answer) {
  if (request.reply_to().empty()) {
    co_return fail(errors::invalid_argument{"request", "wants no answer"});
  }
  answer.subject(request.reply_to());
  auto sent = co_await broker.publish(cx, answer);
  co_return sent;
}

}  // namespace fairlead
