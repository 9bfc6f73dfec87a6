// SPDX-License-Identifier: BSL-1.0
// How it works: a boundary between parts is searched for with the line end before it, which belongs
// to it. Of content at the end of the input, only what could be the begin of one is left for later;
// that begins with the last CR, since a boundary has no other.
#include "multipart_parser.hpp"

#include "chars.hpp"
#include "parameters.hpp"

#include <algorithm>

namespace fairlead::http::detail {

namespace {

constexpr std::size_t longest_boundary = 70;  // RFC 2046, 5.1.1

bool is_boundary_char(char c) noexcept {
  return is_alnum(c) ||
         (c != '\0' && std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos);
}

// Undoes what the HTML Standard does to names; any other % stands for itself.
void decode_name(std::string& text) {
  std::size_t to = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto three = std::string_view(text).substr(at, 3);
    char c = text[at];
    if (three == "%22") {
      c = '"';
    } else if (iequals(three, "%0D")) {
      c = '\r';
    } else if (iequals(three, "%0A")) {
      c = '\n';
    }
    at += c != text[at] ? 2U : 0U;
    text[to++] = c;
  }
  text.resize(to);
}

std::string_view reason_of(multipart_fault f) noexcept {
  switch (f) {
    case multipart_fault::preamble:
      return "it does not begin with its boundary";
    case multipart_fault::boundary:
      return "a boundary stands where none may stand, or has something behind it";
    case multipart_fault::field:
      return "a field in the head of a part is malformed";
    case multipart_fault::disposition:
      return "a part has no Content-Disposition, two, or one that is not a form field's";
    case multipart_fault::name:
      return "a part has no name, or two";
    case multipart_fault::transfer_encoding:
      return "a part has a content transfer coding";
    case multipart_fault::epilogue:
      return "something follows its last boundary";
    case multipart_fault::truncated:
      return "its last boundary is missing";
    default:
      return "it is broken";
  }
}

}  // namespace

result<std::string> multipart_boundary(std::string_view content_type) {
  parameter_list parameters(content_type);
  if (!iequals(parameters.value(), "multipart/form-data")) {
    return fail(errors::invalid_argument{"Content-Type", "expected multipart/form-data"});
  }
  std::string out;
  auto step = parameters.next();
  for (; step == parameter_list::step::one; step = parameters.next()) {
    if (!iequals(parameters.name(), "boundary")) {
      continue;
    }
    if (!out.empty()) {
      return fail(errors::invalid_argument{"Content-Type", "it has two boundaries"});
    }
    out = parameters.text();
    if (out.empty()) {
      break;
    }
  }
  if (step == parameter_list::step::malformed || out.empty() || out.size() > longest_boundary ||
      out.back() == ' ' || !std::all_of(out.begin(), out.end(), is_boundary_char)) {
    return fail(
        errors::invalid_argument{"Content-Type", "expected a boundary of 1 to 70 characters"});
  }
  return out;
}

multipart_parser::multipart_parser(std::string_view boundary, const multipart_limits& limits)
    : delimiter_("\r\n--"), limits_(limits) {
  delimiter_ += boundary;
}

multipart_parser::step multipart_parser::fail(multipart_fault why) {
  state_ = state::failed;
  fault_ = why;
  return {0, event::failed, {}};
}

error multipart_parser::failure() const {
  if (fault_ == multipart_fault::too_many_parts) {
    return errors::too_large{"parts of the form", limits_.parts, parts_};
  }
  if (fault_ == multipart_fault::head_too_large) {
    return errors::too_large{"head of a part", limits_.head_bytes, head_bytes_};
  }
  return errors::invalid_argument{"multipart/form-data", reason_of(fault_)};
}

multipart_parser::step multipart_parser::feed(std::string_view bytes) {
  step out{0, event::more, {}};
  for (;;) {
    const auto next = advance(bytes);
    bytes.remove_prefix(next.taken);
    out = {out.taken + next.taken, next.now, next.data};
    if (out.now != event::more || next.taken == 0) {
      return out;
    }
  }
}

multipart_parser::step multipart_parser::advance(std::string_view bytes) {
  if (bytes.empty() && state_ != state::failed) {
    return {0, event::more, {}};
  }
  switch (state_) {
    case state::start:
      return at_start(bytes);
    case state::after_boundary:
      return after_boundary(bytes);
    case state::head:
      return in_head(bytes);
    case state::before_content:
      return before_content(bytes);
    case state::content: {
      const auto out = in_content(bytes);
      state_ = out.now == event::part_end ? state::after_boundary : state_;
      return out;
    }
    case state::after_end:
      return after_end(bytes);
    case state::ended:
      return fail(multipart_fault::epilogue);
    case state::failed:
      break;
  }
  return {0, event::failed, {}};
}

bool multipart_parser::finish(std::string_view left) {
  if (state_ == state::after_end || state_ == state::ended) {
    if (left.empty()) {
      return true;
    }
    static_cast<void>(fail(multipart_fault::epilogue));
  } else if (state_ != state::failed) {
    static_cast<void>(fail(multipart_fault::truncated));
  }
  return false;
}

// The first boundary; an empty line before it is no preamble.
multipart_parser::step multipart_parser::at_start(std::string_view bytes) {
  const auto whole = std::string_view(delimiter_);
  for (const auto wanted : {whole, whole.substr(2)}) {
    if (bytes.starts_with(wanted)) {
      state_ = state::after_boundary;
      return {wanted.size(), event::more, {}};
    }
    if (wanted.starts_with(bytes)) {
      return {0, event::more, {}};
    }
  }
  return fail(multipart_fault::preamble);
}

multipart_parser::step multipart_parser::after_boundary(std::string_view bytes) {
  if (bytes.starts_with("--")) {
    state_ = state::after_end;
    return {2, event::more, {}};
  }
  if (!bytes.starts_with("\r\n")) {
    const bool begun = bytes == "-" || bytes == "\r";
    return begun ? step{0, event::more, {}} : fail(multipart_fault::boundary);
  }
  if (++parts_ > limits_.parts) {
    return fail(multipart_fault::too_many_parts);
  }
  state_ = state::head;
  head_bytes_ = 0;
  part_ = form_part();
  return {2, event::more, {}};
}

multipart_parser::step multipart_parser::in_head(std::string_view bytes) {
  const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
  const auto seen = end + (bytes.substr(end).starts_with('\r') ? 1 : 0);
  const bool has_end = bytes.substr(end, 2) == "\r\n" && end > 0;
  const auto size = has_end ? end + 2 : seen;
  if (end > 0 && size > limits_.head_bytes - head_bytes_) {
    head_bytes_ += size;
    return fail(multipart_fault::head_too_large);
  }
  if (seen == bytes.size()) {
    return {0, event::more, {}};
  }
  if (bytes.substr(end, 2) != "\r\n") {
    return fail(multipart_fault::field);
  }
  if (end == 0) {
    return end_of_head(2);
  }
  head_bytes_ += size;
  if (!take_field(bytes.substr(0, end))) {
    return fail(multipart_fault::field);
  }
  return {size, event::more, {}};
}

bool multipart_parser::take_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
      find_control(line) != std::string_view::npos) {
    return false;
  }
  form_part_access{part_}.headers().add(line.substr(0, colon), trim(line.substr(colon + 1)));
  return true;
}

multipart_parser::step multipart_parser::end_of_head(std::size_t taken) {
  const auto wrong = check_head();
  if (wrong != multipart_fault::none) {
    return fail(wrong);
  }
  state_ = state::before_content;
  return {taken, event::part, {}};
}

// What the head says of the part.
multipart_fault multipart_parser::check_head() {
  const form_part_access part{part_};
  const auto& fields = part_.headers();
  parameter_list parameters(fields.get("Content-Disposition").value_or(""));
  if (fields.count("Content-Disposition") != 1 || !iequals(parameters.value(), "form-data")) {
    return multipart_fault::disposition;
  }
  bool named = false;
  auto step = parameters.next();
  for (; step == parameter_list::step::one; step = parameters.next()) {
    if (iequals(parameters.name(), "name")) {
      if (named) {
        return multipart_fault::name;
      }
      named = true;
      part.name() = parameters.text();
      decode_name(part.name());
    } else if (iequals(parameters.name(), "filename")) {
      if (part.file_name()) {
        return multipart_fault::name;
      }
      part.file_name() = parameters.text();
      decode_name(*part.file_name());
    }
  }
  if (step == parameter_list::step::malformed) {
    return multipart_fault::disposition;
  }
  if (!named) {
    return multipart_fault::name;
  }
  for (const auto field : fields) {
    if (iequals(field.name, "Content-Transfer-Encoding") && !iequals(field.value, "binary") &&
        !iequals(field.value, "8bit") && !iequals(field.value, "7bit")) {
      return multipart_fault::transfer_encoding;
    }
  }
  return multipart_fault::none;
}

// A boundary right behind the head would lack the line end that belongs to it; some readers would
// take it for one all the same.
multipart_parser::step multipart_parser::before_content(std::string_view bytes) {
  const auto bare = std::string_view(delimiter_).substr(2);
  if (bytes.starts_with(bare)) {
    return fail(multipart_fault::boundary);
  }
  if (bare.starts_with(bytes)) {
    return {0, event::more, {}};
  }
  state_ = state::content;
  return advance(bytes);
}

multipart_parser::step multipart_parser::in_content(std::string_view bytes) const {
  const auto at = bytes.find(delimiter_);
  if (at == 0) {
    return {delimiter_.size(), event::part_end, {}};
  }
  auto sure = at;
  if (at == std::string_view::npos) {
    sure = bytes.size();
    const auto cr = bytes.rfind('\r');
    if (cr != std::string_view::npos && delimiter_.starts_with(bytes.substr(cr))) {
      sure = cr;
    }
  }
  return {sure, sure > 0 ? event::data : event::more, bytes.substr(0, sure)};
}

multipart_parser::step multipart_parser::after_end(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) {
    state_ = state::ended;
    return {2, event::more, {}};
  }
  return bytes == "\r" ? step{0, event::more, {}} : fail(multipart_fault::epilogue);
}

}  // namespace fairlead::http::detail
