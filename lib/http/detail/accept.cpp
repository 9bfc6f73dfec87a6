// SPDX-License-Identifier: BSL-1.0
#include "accept.hpp"

#include "parameters.hpp"
#include "weight.hpp"

#include <optional>

namespace fairlead::http::detail {

namespace {

using range = welcome::range;

// Cuts the first element off a list; commas in quotes belong to it.
std::string_view take_element(std::string_view& list) noexcept {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end) {
    if (list[end] == '"') {
      quoted = !quoted;
    } else if (list[end] == '\\' && quoted) {
      ++end;
    }
  }
  end = std::min(end, list.size());
  const auto out = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return out;
}

range fit(std::string_view asked, std::string_view type) noexcept {
  if (iequals(asked, type)) {
    return range::name;
  }
  if (asked == "*/*") {
    return range::anything;
  }
  const auto family = type.substr(0, type.find('/') + 1);
  return asked.size() == family.size() + 1 && asked.ends_with('*') &&
                 iequals(asked.substr(0, family.size()), family)
             ? range::type
             : range::none;
}

// Nothing when it does not fit, or is malformed.
std::optional<welcome> read_element(std::string_view element, std::string_view type,
                                    std::string_view version) {
  parameter_list parameters(element);
  welcome out{fit(parameters.value(), type), 1000};
  auto step = parameters.next();
  for (; step == parameter_list::step::one; step = parameters.next()) {
    if (iequals(parameters.name(), "q")) {
      const auto weight = parse_weight(parameters.text());
      if (!weight) {
        return std::nullopt;
      }
      out.weight = *weight;
    } else if (iequals(parameters.name(), "version") && out.by == range::name) {
      out.by = parameters.text() == version ? range::version : range::none;
    }
  }
  if (step == parameter_list::step::malformed || out.by == range::none) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

welcome welcome_of(const headers& asked, std::string_view type, std::string_view version) {
  if (!asked.contains("Accept")) {
    return {range::anything, 1000};
  }
  welcome best;
  for (const auto field : asked) {
    if (!iequals(field.name, "Accept")) {
      continue;
    }
    auto list = field.value;
    while (!list.empty()) {
      const auto one = read_element(take_element(list), type, version);
      if (one && (one->by > best.by || (one->by == best.by && one->weight > best.weight))) {
        best = *one;
      }
    }
  }
  return best;
}

}  // namespace fairlead::http::detail
