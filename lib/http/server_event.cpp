// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/server_event.hpp>

#include "detail/chars.hpp"

#include <fairlead/core/errors.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::http {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view line_breaks = "\r\n";

void add_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += '\n';
}

}  // namespace

result<std::string> format_event(const server_event& e) {
  if (e.type.find_first_of(line_breaks) != e.type.npos) {
    return fail(errors::invalid_argument{"format_event", "the type has a line break"});
  }
  if (e.id.find_first_of(std::string_view("\r\n\0", 3)) != e.id.npos) {
    return fail(errors::invalid_argument{"format_event", "the id has a line break or a NUL"});
  }
  std::string out;
  out.reserve(e.data.size() + e.type.size() + e.id.size() + 32);
  if (!e.type.empty() && e.type != "message") {
    add_field(out, "event", e.type);
  }
  if (!e.id.empty()) {
    add_field(out, "id", e.id);
  }
  auto rest = e.data;
  for (;;) {
    const auto end = rest.find_first_of(line_breaks);
    add_field(out, "data", rest.substr(0, end));
    if (end == rest.npos) {
      break;
    }
    rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  out += '\n';
  return out;
}

result<std::optional<server_event>> event_parser::next(std::string_view& text) {
  if (std::exchange(given_, false)) {
    data_.clear();
    type_.clear();
    has_data_ = false;
  }
  while (!text.empty()) {
    if (std::exchange(after_cr_, false) && text.front() == '\n') {
      text.remove_prefix(1);
      continue;
    }
    const auto end = text.find_first_of(line_breaks);
    const auto part = text.substr(0, end);
    if (line_.size() + data_.size() + part.size() > limit_) {
      error e = errors::too_large{"server-sent event", limit_, 0};
      return tl::unexpected<error>(e.at(error_stage::body));
    }
    line_ += part;
    text.remove_prefix(part.size());
    if (end == part.npos) {
      break;
    }
    after_cr_ = text.front() == '\r';
    text.remove_prefix(1);
    if (take_line()) {
      given_ = true;
      return std::optional(
          server_event{type_.empty() ? std::string_view("message") : type_, data_, last_id_});
    }
  }
  return std::optional<server_event>();
}

bool event_parser::take_line() {
  std::string_view line = line_;
  if (!std::exchange(begun_, true) && line.starts_with(byte_order_mark)) {
    line.remove_prefix(byte_order_mark.size());
  }
  if (line.empty()) {
    line_.clear();
    last_id_ = id_;
    if (!has_data_) {
      type_.clear();
    }
    return has_data_;
  }
  const auto colon = line.find(':');
  auto value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) {
    value.remove_prefix(1);
  }
  set_field(line.substr(0, colon), value);
  line_.clear();
  return false;
}

void event_parser::set_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (std::exchange(has_data_, true)) {
      data_ += '\n';
    }
    data_ += value;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == value.npos) {
      id_ = value;
    }
  } else if (name == "retry") {
    std::uint32_t ms = 0;
    const auto* last = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), last, ms);
    if (parsed.ec == std::errc{} && parsed.ptr == last) {
      retry_ = std::chrono::milliseconds(ms);
    }
  }
}

void event_parser::restart() noexcept {
  line_.clear();
  data_.clear();
  type_.clear();
  id_ = last_id_;
  has_data_ = given_ = after_cr_ = begun_ = false;
}

}  // namespace fairlead::http
