// SPDX-License-Identifier: BSL-1.0
#include "detail/config_text.hpp"

#include <boost/json/parse.hpp>

#include <cstddef>
#include <string>

namespace fairlead::policy::detail {

namespace {
constexpr std::size_t max_depth = 32;
}  // namespace

result<boost::json::value> parse_config(std::string_view text) {
  boost::system::error_code ec;
  boost::json::parse_options limits;
  limits.max_depth = max_depth;
  auto document = boost::json::parse(text, ec, {}, limits);
  if (ec) {
    const auto message = "policies: the text is not JSON: " + ec.message();
    return fail(errors::serialization_error{message, "", "a JSON object", ""});
  }
  return document;
}

error error_of(const config_problems& found) {
  std::string all;
  for (const auto& p : found) {
    all += (all.empty() ? "" : "; ") + (p.pointer.empty() ? std::string("(document)") : p.pointer) +
           ": " + p.text;
  }
  const auto& first = found.front();
  return errors::serialization_error{all, first.pointer, first.text, ""};
}

}  // namespace fairlead::policy::detail
