// SPDX-License-Identifier: BSL-1.0
#include "detail/multipart_parser.hpp"

#include <fairlead/http/form_data.hpp>

#include <algorithm>

namespace fairlead::http {

using detail::multipart_parser;

result<form_data> form_data::parse(std::string_view content_type, std::string_view body,
                                   const multipart_limits& limits) {
  const auto boundary = detail::multipart_boundary(content_type);
  if (!boundary) {
    return tl::unexpected<error>(boundary.error());
  }
  multipart_parser parser(*boundary, limits);
  form_data out;
  for (;;) {
    const auto step = parser.feed(body);
    body.remove_prefix(step.taken);
    switch (step.now) {
      case multipart_parser::event::part:
        out.parts_.push_back({parser.part(), {}});
        break;
      case multipart_parser::event::data:  // all of it, for all is there
        out.parts_.back().content = step.data;
        break;
      case multipart_parser::event::part_end:
        break;
      case multipart_parser::event::more:
        if (parser.finish(body)) {
          return out;
        }
        [[fallthrough]];
      case multipart_parser::event::failed:
        return tl::unexpected<error>(parser.failure());
    }
  }
}

result<form_data> form_data::from_request(const request& r) {
  return parse(r.headers().get("Content-Type").value_or(""), r.body());
}

std::optional<std::string_view> form_data::value(std::string_view name) const noexcept {
  const auto at = std::find_if(parts_.begin(), parts_.end(), [&](const part& p) {
    return !p.head.is_file() && p.head.name() == name;
  });
  return at == parts_.end() ? std::nullopt : std::optional(at->content);
}

const form_data::part* form_data::file(std::string_view name) const noexcept {
  const auto at = std::find_if(parts_.begin(), parts_.end(), [&](const part& p) {
    return p.head.is_file() && p.head.name() == name;
  });
  return at == parts_.end() ? nullptr : &*at;
}

}  // namespace fairlead::http
