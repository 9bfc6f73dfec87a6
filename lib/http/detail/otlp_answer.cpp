// SPDX-License-Identifier: BSL-1.0
#include "otlp_answer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <charconv>

namespace fairlead::http::detail {

namespace {

// Whole numbers of 64 bits are texts in protobuf's JSON, and numbers are allowed.
std::uint64_t read_number(const boost::json::value& v) noexcept {
  if (const auto* text = v.if_string(); text != nullptr) {
    std::uint64_t out = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, out);
    return read.ec == std::errc() && read.ptr == end ? out : 0;
  }
  const auto* number = v.if_int64();
  return number != nullptr && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

}  // namespace

otlp_answer read_otlp_answer(std::string_view body) {
  otlp_answer out;
  boost::system::error_code failed;
  const auto whole = boost::json::parse(body, failed);
  const auto* object = failed ? nullptr : whole.if_object();
  const auto* partial = object == nullptr ? nullptr : object->if_contains("partialSuccess");
  const auto* said = partial == nullptr ? nullptr : partial->if_object();
  if (said == nullptr) {
    return out;
  }
  if (const auto* rejected = said->if_contains("rejectedSpans"); rejected != nullptr) {
    out.rejected = read_number(*rejected);
  }
  if (const auto* message = said->if_contains("errorMessage"); message != nullptr) {
    if (const auto* text = message->if_string(); text != nullptr) {
      out.message.assign(text->data(), text->size());
    }
  }
  return out;
}

}  // namespace fairlead::http::detail
