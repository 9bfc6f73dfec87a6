// SPDX-License-Identifier: BSL-1.0
// Looking at the spans of calls.
#pragma once

#include <fairlead/observe/names.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::testing {

namespace names = observe::names;

/// The value of an attribute as text; "-" when there is none.
inline std::string said(const observe::span_record& s, std::string_view key) {
  const auto* value = s.find(key);
  if (value == nullptr) {
    return "-";
  }
  std::ostringstream out;
  std::visit([&](const auto& v) { out << v; }, *value);
  return out.str();
}

/// As in the field `traceparent`.
inline std::string id_of(const observe::span_record& s) {
  const auto text = s.id.text();
  return {text.begin(), text.end()};
}

/// The names of all attributes, in order, with spaces between them.
inline std::string keys_of(const observe::span_record& s) {
  std::vector<std::string> all;
  for (const auto& a : s.attributes) {
    all.push_back(a.key);
  }
  std::sort(all.begin(), all.end());
  std::string out;
  for (const auto& k : all) {
    out += out.empty() ? "" : " ";
    out += k;
  }
  return out;
}

}  // namespace fairlead::testing
