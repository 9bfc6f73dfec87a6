// SPDX-License-Identifier: BSL-1.0
// Any bytes as a multipart/form-data body: it moves or ends, how it is cut makes no difference,
// what is kept is bounded; and as a Content-Type and a Content-Disposition.
//
// How it works: the first byte picks what the rest is, and how large its pieces are.
#include "detail/multipart_parser.hpp"
#include "detail/parameters.hpp"

#include <fairlead/http/form_data.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead::http;
using detail::multipart_fault;
using detail::multipart_parser;
using event = multipart_parser::event;

constexpr multipart_limits limits{.parts = 10, .head_bytes = 300};
constexpr std::size_t most_left = 400;  // a line of a head, or what may be a boundary

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct parsed {
  std::string events;  // names and contents, each where it stands
  multipart_fault fault = multipart_fault::none;
};

parsed parse(std::string_view body, std::size_t size) {
  multipart_parser parser("b", limits);
  parsed out;
  std::string left;
  while (!body.empty()) {
    left += body.substr(0, size);
    body.remove_prefix(std::min(size, body.size()));
    for (;;) {
      const auto step = parser.feed(left);
      require(step.taken <= left.size());
      require(step.data.empty() == (step.now != event::data));
      require(step.now == event::more || step.now == event::failed || step.taken > 0);
      switch (step.now) {
        case event::part:
          require(parser.part().file_name().find_first_of("/\\") == std::string_view::npos);
          out.events.append("<").append(parser.part().name()).append("|");
          out.events.append(parser.part().file_name()).append("|");
          out.events.append(parser.part().headers().text()).append(">");
          break;
        case event::data:
          out.events += step.data;
          break;
        case event::part_end:
          out.events += "</>";
          break;
        default:
          break;
      }
      left.erase(0, step.taken);
      if (step.now == event::failed) {
        out.fault = parser.fault();
        require(out.fault != multipart_fault::none);
        return out;
      }
      if (step.now == event::more) {
        break;
      }
    }
    require(left.size() <= most_left + size);
  }
  const bool whole = parser.finish(left);
  require(whole == (parser.fault() == multipart_fault::none));
  out.fault = parser.fault();
  return out;
}

void check_body(std::string_view body, std::size_t size) {
  const auto whole = parse(body, body.size() + 1);
  const auto cut = parse(body, size);
  require(whole.fault == cut.fault);
  require(whole.events == cut.events);
  const auto data = form_data::parse("multipart/form-data; boundary=b", body, limits);
  require(data.has_value() == (whole.fault == multipart_fault::none));
}

void check_parameters(std::string_view text) {
  detail::parameter_list list(text);
  auto left = text.size() + 1;
  for (auto step = list.next(); step == detail::parameter_list::step::one; step = list.next()) {
    require(!list.name().empty());
    require(list.text().size() <= text.size());
    require(left-- > 0);
  }
  const auto boundary = detail::multipart_boundary(text);
  if (boundary) {
    require(!boundary->empty() && boundary->size() <= 70);
    require(boundary->find_first_of("\r\n\"\\") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] < 32) {
    check_parameters(text);
  } else {
    check_body(text, data[0] - 31U);
  }
  return 0;
}
