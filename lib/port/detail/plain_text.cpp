// SPDX-License-Identifier: BSL-1.0
#include "plain_text.hpp"

#include "line_breaks.hpp"
#include "told_error.hpp"

#include <fairlead/json/decode.hpp>
#include <fairlead/json/encode.hpp>
#include <fairlead/json/raw_members.hpp>
#include <fairlead/port/wire_error.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fairlead::detail {

namespace {

// No JSON begins so.
constexpr std::string_view json_failure = "! ";

// As a JSON string; nothing when it is no UTF-8.
std::optional<std::string> quoted(std::string_view text) {
  std::string out;
  const std::string copy(text);
  return json::encode_to(out, copy) ? std::optional(std::move(out)) : std::nullopt;
}

error does_not_fit(std::string_view operation, std::string_view why) {
  error out = errors::invalid_argument{operation, why};
  out.with_sent(error_sent::not_sent);
  return out;
}

// The one member that a request in text has.
std::optional<std::string> text_of(const plain_form& form, std::string_view request) {
  json::raw_members members(request);
  const auto only = members.next();
  if (!only || only->name != form.text_field || members.next() || !members.whole()) {
    return std::nullopt;
  }
  auto text = json::decode<std::string>(only->value);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

bool has_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

}  // namespace

void check_form(const plain_form& form, std::string_view who) {
  std::string text;
  const auto require = [&](bool holds, std::string_view problem) {
    if (!holds) {
      text.append(text.empty() ? std::string(who) + ": " : "; ").append(problem);
    }
  };
  require(form.failure.empty() || !form.text_field.empty(),
          "form.failure is of lines of text, which need a text_field");
  require(!has_break(form.failure), "form.failure must not hold a line break");
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
}

result<std::string> write_plain_call(const plain_form& form, std::string_view operation,
                                     std::string_view request) {
  std::string out;
  if (form.operation.empty()) {
    if (operation.find_first_of(" \r\n") != std::string_view::npos) {
      return fail(does_not_fit(operation, "has a name with a blank in it"));
    }
    out.append(operation).append(" ");
  } else if (operation != form.operation) {
    return fail(does_not_fit(operation, "is not the operation that the peer has"));
  }
  if (form.text_field.empty()) {
    const auto begin = out.size();
    out.append(request.empty() ? "{}" : request);
    blank_line_breaks(out, begin);
    return out;
  }
  const auto text = text_of(form, request);
  if (!text) {
    return fail(
        does_not_fit(operation, "its request has other members than the text that makes a line"));
  }
  if (has_break(*text)) {
    return fail(does_not_fit(operation, "its text has a line break, which ends the line"));
  }
  return out.append(*text);
}

result<plain_call> read_plain_call(const plain_form& form, std::string_view line) {
  plain_call out;
  out.operation = form.operation;
  if (form.operation.empty()) {
    const auto blank = std::min(line.find(' '), line.size());
    out.operation = line.substr(0, blank);
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  if (form.text_field.empty()) {
    out.request = line;
    return out;
  }
  const auto name = quoted(form.text_field);
  const auto text = quoted(line);
  if (!name || !text) {
    error e = errors::serialization_error{"Request validation failed: the line is no UTF-8", "",
                                          "a text", "something else"};
    return fail(e.with_sent(error_sent::answered));
  }
  out.request = "{" + *name + ":" + *text + "}";
  return out;
}

std::string write_plain_answer(const plain_form& form, std::string_view answer) {
  const bool none = answer.empty() || answer == "null";
  if (form.text_field.empty()) {
    return none ? "null" : std::string(answer);
  }
  if (none) {
    return {};
  }
  auto text = json::decode<std::string>(answer);
  return text ? std::move(*text) : std::string(answer);
}

std::optional<std::string> write_plain_failure(const plain_form& form, const error& e) {
  if (!form.text_field.empty()) {
    return form.failure.empty() ? std::nullopt : std::optional(form.failure + e.message());
  }
  // `to_wire` gives an object with the member "error".
  const auto told = to_wire(e);
  json::raw_members members(told);
  const auto m = members.next();
  return std::string(json_failure).append(m ? m->value : std::string_view("{}"));
}

result<std::string> read_plain_answer(const plain_form& form, std::string_view line,
                                      std::string_view peer) {
  const bool text = !form.text_field.empty();
  const auto mark = text ? std::string_view(form.failure) : json_failure;
  if (!mark.empty() && line.starts_with(mark)) {
    const auto said = line.substr(mark.size());
    std::optional<error> told;
    if (!text) {
      told = told_error("{\"error\":" + std::string(said) + "}", peer);
    }
    error out = told ? std::move(*told) : errors::application{"service_error", said};
    return fail(out.with_sent(error_sent::answered));
  }
  if (!text) {
    return std::string(line == "null" ? std::string_view() : line);
  }
  auto answer = quoted(line);
  if (!answer) {
    error out = errors::protocol_error{peer, "an answer that is no UTF-8"};
    return fail(out.at(error_stage::body).with_sent(error_sent::answered));
  }
  return std::move(*answer);
}

}  // namespace fairlead::detail
