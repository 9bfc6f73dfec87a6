// SPDX-License-Identifier: BSL-1.0
// Any bytes as a plain line, in every form: what was read can be said again and is the same line,
// and what is written holds no line break.
#include "detail/plain_text.hpp"

#include <fairlead/json/decode.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

bool one_line(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

void as_call(const fairlead::plain_form& form, std::string_view line) {
  using namespace fairlead;
  const auto call = detail::read_plain_call(form, line);
  if (!call) {
    require(!form.text_field.empty());
    return;
  }
  if (!form.text_field.empty()) {
    require(json::decode<boost::json::value>(call->request).has_value());
  }
  const auto again = detail::write_plain_call(form, call->operation, call->request);
  if (again) {
    require(one_line(*again));
    const bool bare = line.size() == call->operation.size() || call->request.empty();
    require(*again == line || bare || !one_line(line));
  } else {
    require(again.error().sent() == error_sent::not_sent);
    require(!one_line(line) || form.text_field.empty());
  }
}

void as_answer(const fairlead::plain_form& form, std::string_view line) {
  using namespace fairlead;
  const auto answer = detail::read_plain_answer(form, line, "peer");
  if (!answer) {
    require(answer.error().sent() == error_sent::answered);
    if (const auto told = detail::write_plain_failure(form, answer.error())) {
      require(one_line(*told));
      require(!detail::read_plain_answer(form, *told, "peer"));
    }
    return;
  }
  require(detail::write_plain_answer(form, *answer) == line || line.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const fairlead::plain_form forms[] = {{.operation = {}, .text_field = {}, .failure = {}},
                                        {.operation = "op", .text_field = {}, .failure = {}},
                                        {.operation = {}, .text_field = "text", .failure = "E "},
                                        {.operation = "op", .text_field = "text", .failure = {}}};
  for (const auto& form : forms) {
    as_call(form, line);
    as_answer(form, line);
  }
  return 0;
}
