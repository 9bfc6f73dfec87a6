// SPDX-License-Identifier: BSL-1.0
#include "stream_lines.hpp"

#include "told_error.hpp"

#include <fairlead/port/wire_error.hpp>

#include <utility>

namespace fairlead::detail {

namespace {

constexpr std::string_view item_begin = R"({"item":)";
constexpr std::string_view last_line = R"({"end":true})";

}  // namespace

std::string item_line(std::string_view item) {
  std::string out;
  out.reserve(item_begin.size() + item.size() + 2);
  out.append(item_begin).append(item).append("}\n");
  return out;
}

std::string end_line() {
  return std::string(last_line) + "\n";
}

std::string error_line(const error& e) {
  return to_wire(e) + "\n";
}

void stream_lines::add(std::string_view bytes) {
  if (begin_ > 0) {
    unread_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
  }
  unread_ += bytes;
}

stream_lines::step stream_lines::next() {
  const auto end = unread_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = unread_.size();
    if (unread_.size() - begin_ > longest_item) {
      return {
          part::failed, {}, errors::too_large{"an item", longest_item, unread_.size() - begin_}};
    }
    return {part::more};
  }
  const auto line = std::string_view(unread_).substr(begin_, end - begin_);
  auto out = read(line);
  begin_ = end + 1;
  searched_ = begin_;
  return out;
}

stream_lines::step stream_lines::read(std::string_view line) const {
  if (line.starts_with(item_begin) && line.ends_with('}')) {
    line.remove_prefix(item_begin.size());
    line.remove_suffix(1);
    return {part::item, std::string(line)};
  }
  if (line == last_line) {
    return {part::end};
  }
  if (auto told = told_error(line, peer_)) {
    return {part::failed, {}, std::move(told)};
  }
  error bad = errors::protocol_error{peer_, "a line of a stream is neither an item nor its end"};
  bad.at(error_stage::body).with_sent(error_sent::answered);
  return {part::failed, {}, std::move(bad)};
}

error stream_lines::cut_off() const {
  error out = errors::connection_closed{peer_};
  out.at(error_stage::body).with_sent(error_sent::unknown);
  return out;
}

}  // namespace fairlead::detail
