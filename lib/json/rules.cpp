// SPDX-License-Identifier: BSL-1.0
#include "rules.hpp"

#include "scalar.hpp"

#include <algorithm>
#include <cmath>

namespace fairlead::json::detail {

namespace {

bool within(const rule& r, bound x) noexcept {
  return (r.above ? x > r.low : x >= r.low) && (r.below ? x < r.high : x <= r.high);
}

bool holds(const rule& r, const type_desc& type, const void* at) {
  switch (r.kind) {
    case rule_kind::range:
      return within(r, load_number(type, at));
    case rule_kind::length: {
      const std::string_view text = as_string(at);
      // A code point has one to four bytes: mostly nothing needs to be counted.
      if (static_cast<bound>(text.size()) <= r.high &&
          static_cast<bound>(text.size() / 4) >= r.low) {
        return true;
      }
      return within(r, static_cast<bound>(code_points(text)));
    }
    case rule_kind::items:
      return within(r, static_cast<bound>(entry_count(type, at)));
    case rule_kind::non_empty:
      return type.kind == type_kind::string ? !as_string(at).empty() : entry_count(type, at) > 0;
    case rule_kind::pattern:
      return matches(*r.program, as_string(at));
    case rule_kind::texts:
      return std::find(r.texts, r.texts + r.count, as_string(at)) != r.texts + r.count;
    case rule_kind::numbers: {
      const auto* end = r.numbers + r.count;
      return std::find(r.numbers, end, load_number(type, at)) != end;
    }
    case rule_kind::email:
      return is_email(as_string(at));
    case rule_kind::url:
      return is_url(as_string(at));
    case rule_kind::integral: {
      const auto x = load_floating(type, at);
      return std::trunc(x) == x;
    }
    case rule_kind::has_default:
    case rule_kind::named:
      break;
  }
  return true;
}

}  // namespace

std::size_t code_points(std::string_view text) noexcept {
  std::size_t n = 0;
  for (const char c : text) {
    n += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }
  return n;
}

std::size_t entry_count(const type_desc& type, const void* at) noexcept {
  return type.kind == type_kind::map ? type.map->size(at) : type.sequence->size(at);
}

const rule* broken_rule(const rule_set& rules, const type_desc& type, const void* at) {
  for (const auto& r : rules.all) {
    if (r.level == rules.level && !holds(r, type, at)) {
      return &r;
    }
  }
  return nullptr;
}

}  // namespace fairlead::json::detail
