// SPDX-License-Identifier: BSL-1.0
#include "detail/nats_protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace fairlead::detail::nats {

namespace {

constexpr std::string_view line_break = "\r\n";
constexpr std::string_view version = "NATS/1.0";
constexpr std::size_t most_fields = 5;
constexpr std::uint64_t largest = std::numeric_limits<std::int32_t>::max();  // as servers have it

tl::unexpected<error> bad(std::string_view why) {
  return fail(errors::protocol_error{{}, why});
}

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// The word before the first blank; what is behind it stays in `text`.
std::string_view take_word(std::string_view& text) noexcept {
  const auto end =
      static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_blank) - text.begin());
  const auto word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

bool same_word(std::string_view word, std::string_view upper) noexcept {
  const auto equal = [](char a, char b) {
    return a == b || (a >= 'a' && a <= 'z' && a - ('a' - 'A') == b);
  };
  return word.size() == upper.size() && std::equal(word.begin(), word.end(), upper.begin(), equal);
}

std::optional<std::uint64_t> number(std::string_view text) noexcept {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return out;
}

// SUBJECT SID [REPLY] [HEADERS] SIZE
result<control_line> parse_message(std::string_view rest, std::size_t numbers) {
  std::array<std::string_view, most_fields> fields;
  std::size_t count = 0;
  while (!rest.empty()) {
    if (count == fields.size()) {
      return bad("a message with too many fields");
    }
    fields[count++] = take_word(rest);
  }
  if (count != 2 + numbers && count != 3 + numbers) {
    return bad("a message with too few or too many fields");
  }
  control_line out;
  out.op.what = verb::message;
  out.op.subject = fields[0];
  if (count == 3 + numbers) {
    out.op.reply_to = fields[2];
  }
  const auto id = number(fields[1]);
  const auto size = number(fields[count - 1]);
  const auto headers = numbers == 2 ? number(fields[count - 2]) : 0;
  if (!id || !size || !headers || *size > largest || *headers > *size ||
      (numbers == 2 && *headers == 0)) {
    return bad("a message with a number that is none, or cannot be");
  }
  out.op.subscription = *id;
  out.op.size = static_cast<std::size_t>(*size);
  out.header_size = static_cast<std::size_t>(*headers);
  return out;
}

control_line simple(verb what, std::string_view text) noexcept {
  control_line out;
  out.op.what = what;
  out.op.text = text;
  return out;
}

std::string_view without_quotes(std::string_view text) noexcept {
  return text.size() >= 2 && text.front() == '\'' && text.back() == '\''
             ? text.substr(1, text.size() - 2)
             : text;
}

}  // namespace

result<control_line> parse_control_line(std::string_view line) {
  auto rest = line;
  const auto word = take_word(rest);
  if (same_word(word, "MSG")) {
    return parse_message(rest, 1);
  }
  if (same_word(word, "HMSG")) {
    return parse_message(rest, 2);
  }
  if (same_word(word, "PING")) {
    return simple(verb::ping, rest);
  }
  if (same_word(word, "PONG")) {
    return simple(verb::pong, rest);
  }
  if (same_word(word, "+OK")) {
    return simple(verb::ok, rest);
  }
  if (same_word(word, "INFO")) {
    return simple(verb::info, rest);
  }
  if (same_word(word, "-ERR")) {
    return simple(verb::error, without_quotes(rest));
  }
  return bad("what the server said is no NATS");
}

// Where the line ends that `rest` begins with; `npos` when that has not come yet.
result<std::size_t> framer::line_end(std::string_view rest) {
  const bool is_info = rest.size() >= 1 && (rest[0] == 'I' || rest[0] == 'i');
  const auto limit = is_info ? limits_.info : limits_.control_line;
  const auto found = rest.substr(0, limit + 2).find('\n', searched_);
  if (found != std::string_view::npos) {
    searched_ = 0;
    if (found == 0 || rest[found - 1] != '\r') {
      return bad("a line that does not end with CR LF");
    }
    return found - 1;
  }
  if (rest.size() >= limit + 2) {
    return fail(errors::too_large{is_info ? "INFO" : "control line", limit, rest.size()});
  }
  searched_ = rest.size();
  return std::string_view::npos;
}

std::size_t framer::skip(std::size_t available) noexcept {
  const auto n = std::min(available, to_skip_);
  to_skip_ -= n;
  return n;
}

result<net::frame_step> framer::next(std::string_view unread) {
  const auto skipped = skip(unread.size());
  const auto rest = unread.substr(skipped);
  net::frame_step step{std::nullopt, skipped};
  if (rest.empty()) {
    return step;
  }
  if (line_size_ == 0) {
    const auto end = line_end(rest);
    if (!end) {
      return fail(end.error());
    }
    if (*end == std::string_view::npos) {
      return step;
    }
    line_size_ = *end + line_break.size();
  }
  // The line is taken apart again when the payload has come, since its bytes may have moved.
  auto parsed = parse_control_line(rest.substr(0, line_size_ - line_break.size()));
  if (!parsed) {
    return fail(std::move(parsed).error());
  }
  auto whole = line_size_;
  if (parsed->op.what == verb::message) {
    if (parsed->op.size > limits_.message) {
      parsed->op.oversized = true;
      to_skip_ = parsed->op.size + line_break.size();
    } else {
      whole += parsed->op.size + line_break.size();
      if (rest.size() < whole) {
        return step;
      }
      const auto body = rest.substr(line_size_, parsed->op.size);
      if (rest.substr(line_size_ + parsed->op.size, line_break.size()) != line_break) {
        return bad("a message that is longer than it said");
      }
      parsed->op.headers = body.substr(0, parsed->header_size);
      parsed->op.payload = body.substr(parsed->header_size);
    }
  }
  line_size_ = 0;
  *op_ = parsed->op;
  step.frame = rest.substr(0, whole);
  step.consumed = skipped + whole;
  return step;
}

result<net::frame_step> framer::end(std::string_view unread) {
  if (unread.empty() && to_skip_ == 0) {
    return net::frame_step{};
  }
  return fail(errors::connection_closed{});
}

result<net::frame_edges> framer::edges(std::string_view /*message*/) const {
  return net::frame_edges();
}

result<header_block> parse_headers(std::string_view block) {
  header_block out;
  const auto take_line = [&]() -> std::optional<std::string_view> {
    const auto end = block.find(line_break);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const auto line = block.substr(0, end);
    block.remove_prefix(end + line_break.size());
    return line;
  };
  auto line = take_line();
  if (!line || !line->starts_with(version)) {
    return bad("headers that do not begin with NATS/1.0");
  }
  line->remove_prefix(version.size());
  if (!line->empty() && !is_blank(line->front())) {
    return bad("headers of an unknown version");
  }
  auto rest = trimmed(*line);
  if (!rest.empty()) {
    const auto code = number(take_word(rest));
    if (!code || *code < 100 || *code > 999) {
      return bad("headers with a status that is none");
    }
    out.status = static_cast<unsigned>(*code);
    out.description = rest;
  }
  for (line = take_line(); line && !line->empty(); line = take_line()) {
    const auto colon = line->find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return bad("a header without a name");
    }
    if (out.headers.size() == most_message_headers) {
      return fail(errors::too_large{"headers of a message", most_message_headers, 0});
    }
    out.headers.push_back(
        {std::string(line->substr(0, colon)), std::string(trimmed(line->substr(colon + 1)))});
  }
  if (!line || !block.empty()) {
    return bad("headers without their end");
  }
  return out;
}

void append_publish(std::string& out, const broker_message& m, std::string_view reply_to) {
  std::size_t headers = 0;
  if (!m.headers().empty()) {
    headers = version.size() + 2 * line_break.size();
    for (const auto& h : m.headers()) {
      headers += h.name.size() + h.value.size() + 4;
    }
  }
  const auto add_number = [&](std::size_t n) {
    std::array<char, 20> text{};
    const auto* end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
    out.append(" ").append(text.data(), static_cast<std::size_t>(end - text.data()));
  };
  out.append(headers > 0 ? "HPUB " : "PUB ").append(m.subject());
  if (!reply_to.empty()) {
    out.append(" ").append(reply_to);
  }
  if (headers > 0) {
    add_number(headers);
  }
  add_number(headers + m.payload().size());
  out.append(line_break);
  if (headers > 0) {
    out.append(version).append(line_break);
    for (const auto& h : m.headers()) {
      out.append(h.name).append(": ").append(h.value).append(line_break);
    }
    out.append(line_break);
  }
}

void append_subscribe(std::string& out, std::string_view pattern, std::string_view group,
                      std::uint64_t id) {
  out.append("SUB ").append(pattern).append(" ");
  if (!group.empty()) {
    out.append(group).append(" ");
  }
  out.append(std::to_string(id)).append(line_break);
}

void append_unsubscribe(std::string& out, std::uint64_t id) {
  out.append("UNSUB ").append(std::to_string(id)).append(line_break);
}

}  // namespace fairlead::detail::nats
