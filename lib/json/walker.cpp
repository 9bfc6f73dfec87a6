// SPDX-License-Identifier: BSL-1.0
#include "walker.hpp"

#include "rules.hpp"
#include "scalar.hpp"
#include "timestamp.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace fairlead::json::detail {

namespace {

// An optional without a value: left out as a member.
bool is_absent(const type_desc& type, const void* at) noexcept {
  return type.kind == type_kind::optional && type.optional->get(at) == nullptr;
}

const void* member(const field_desc& field, const void* object) noexcept {
  return field.member(const_cast<void*>(object));  // one accessor serves reading and writing
}

}  // namespace

bool walker::value(const type_desc& type, const void* at, const rule_set& rules,
                   const place& here) {
  if (type.kind == type_kind::optional) {
    const void* held = type.optional->get(at);
    if (held == nullptr) {
      put("null");
      return true;
    }
    return value(*type.optional->element, held, rules, here);
  }
  if (!rules.all.empty()) {
    if (const auto* broken = broken_rule(rules, type, at); broken != nullptr) {
      if (!report(here, "constraint not met", describe(*broken, type),
                  shown_for(*broken, type, at))) {
        return false;
      }
    }
  }
  switch (type.kind) {
    case type_kind::null:
      put("null");
      return true;
    case type_kind::boolean:
      put(*static_cast<const bool*>(at) ? std::string_view("true") : std::string_view("false"));
      return true;
    case type_kind::integer:
      return integer(type, at);
    case type_kind::floating:
      return floating(type, at, here);
    case type_kind::string:
      return string(as_string(at), here);
    case type_kind::enumeration:
      return enumeration(type, at, here);
    case type_kind::timestamp:
      return timestamp(type, at, here);
    case type_kind::object:
      return object(type, at, here, nullptr, {});
    case type_kind::sequence:
      return sequence(type, at, rules, here);
    case type_kind::map:
      return map(type, at, rules, here);
    case type_kind::variant:
      return variant(type, at, rules, here);
    case type_kind::raw:
      return raw(*static_cast<const boost::json::value*>(at), here);
    case type_kind::optional:
      break;
  }
  return true;
}

bool walker::integer(const type_desc& type, const void* at) {
  if (out_ != nullptr) {
    if (type.is_signed) {
      out_->put(load_signed(type, at));
    } else {
      out_->put(load_unsigned(type, at));
    }
  }
  return true;
}

bool walker::floating(const type_desc& type, const void* at, const place& here) {
  const double x = load_floating(type, at);
  if (!std::isfinite(x)) {
    return report(here, "not a finite number", "finite number",
                  std::isnan(x) ? "NaN"
                  : x < 0       ? "-Infinity"
                                : "Infinity");
  }
  if (out_ != nullptr) {
    if (type.size == sizeof(float)) {
      out_->put(static_cast<float>(x));
    } else {
      out_->put(x);
    }
  }
  return true;
}

bool walker::string(std::string_view text, const place& here) {
  const bool good = out_ != nullptr ? out_->string(text) : is_utf8(text);
  return good || report(here, "not UTF-8", "UTF-8 text",
                        "string of " + std::to_string(text.size()) + " bytes");
}

bool walker::enumeration(const type_desc& type, const void* at, const place& here) {
  const auto name = load_enumeration(type, at);
  if (name.data() == nullptr) {
    return report(here, "enum value without a name", describe(type), shown(load_number(type, at)));
  }
  return out_ == nullptr || out_->string(name);
}

bool walker::timestamp(const type_desc& type, const void* at, const place& here) {
  char buffer[timestamp_size];
  const auto ticks = load_signed(type, at);
  char* const end = format_timestamp(buffer, ticks, type.ticks);
  if (end == nullptr) {
    return report(here, "out of range", "time in the years 0 to 9999",
                  std::to_string(ticks) + " ticks");
  }
  put('"');
  put(std::string_view(buffer, static_cast<std::size_t>(end - buffer)));
  put('"');
  return true;
}

bool walker::object(const type_desc& type, const void* at, const place& here,
                    const variant_desc* tagged, std::string_view tag) {
  const auto& desc = *type.object;
  if (too_deep(here)) {
    return refuse_depth(here);
  }
  bool first = true;
  put('{');
  if (tagged != nullptr) {
    if (!string(tagged->tag_member, here)) {
      return false;
    }
    put(':');
    if (!string(tag, here)) {
      return false;
    }
    first = false;
  }
  for (std::size_t i = 0; i < desc.count; ++i) {
    const auto& field = desc.fields[i];
    const void* const inner = member(field, at);
    if (is_absent(*field.type, inner)) {
      continue;
    }
    const place there{.up = &here, .name = field.name, .depth = here.depth + 1};
    put(first ? field.key.substr(1) : field.key);
    first = false;
    if (!value(*field.type, inner, {{field.rules, field.rule_count}, 0}, there)) {
      return false;
    }
  }
  put('}');
  return true;
}

bool walker::sequence(const type_desc& type, const void* at, const rule_set& rules,
                      const place& here) {
  const auto& desc = *type.sequence;
  if (too_deep(here)) {
    return refuse_depth(here);
  }
  const auto n = desc.size(at);
  const auto* data = desc.data != nullptr ? static_cast<const char*>(desc.data(at)) : nullptr;
  put('[');
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0) {
      put(',');
    }
    if (data == nullptr) {  // std::vector<bool>
      put(desc.bit(at, i) ? std::string_view("true") : std::string_view("false"));
      continue;
    }
    const place there{.up = &here, .index = i, .is_index = true, .depth = here.depth + 1};
    if (!value(*desc.element, data + i * desc.stride, rules.of_elements(), there)) {
      return false;
    }
  }
  put(']');
  return true;
}

bool walker::map(const type_desc& type, const void* at, const rule_set& rules, const place& here) {
  if (too_deep(here)) {
    return refuse_depth(here);
  }
  struct state {
    walker& self;
    const type_desc& element;
    rule_set rules;
    const place& here;
    bool first = true;
    bool go_on = true;
  } all{*this, *type.map->element, rules.of_elements(), here};
  put('{');
  type.map->for_each(at, &all, [](void* p, const std::string& key, const void* inner) {
    auto& s = *static_cast<state*>(p);
    const place there{.up = &s.here, .name = key, .depth = s.here.depth + 1};
    if (!s.first) {
      s.self.put(',');
    }
    s.first = false;
    s.go_on = s.self.string(key, there);
    if (s.go_on) {
      s.self.put(':');
      s.go_on = s.self.value(s.element, inner, s.rules, there);
    }
    return s.go_on;
  });
  put('}');
  return all.go_on;
}

bool walker::variant(const type_desc& type, const void* at, const rule_set& rules,
                     const place& here) {
  const auto index = type.variant->index(at);
  if (index >= type.variant->count) {
    return report(here, "variant without a value", describe(type), "nothing");
  }
  const auto& alternative = type.variant->alternatives[index];
  const void* held = alternative.get(at);
  if (alternative.type->kind == type_kind::object) {
    return object(*alternative.type, held, here, type.variant, alternative.tag);
  }
  return value(*alternative.type, held, rules, here);
}

bool walker::raw(const boost::json::value& value, const place& here) {
  if (value.is_structured() && too_deep(here)) {
    return refuse_depth(here);
  }
  switch (value.kind()) {
    case boost::json::kind::null:
      put("null");
      return true;
    case boost::json::kind::bool_:
      put(value.get_bool() ? std::string_view("true") : std::string_view("false"));
      return true;
    case boost::json::kind::int64: {
      const std::int64_t x = value.get_int64();
      return integer(type_desc(type_kind::integer, 8, true), &x);
    }
    case boost::json::kind::uint64: {
      const std::uint64_t x = value.get_uint64();
      return integer(type_desc(type_kind::integer, 8, false), &x);
    }
    case boost::json::kind::double_: {
      const double x = value.get_double();
      return floating(type_desc(type_kind::floating, 8, true), &x, here);
    }
    case boost::json::kind::string:
      return string({value.get_string().data(), value.get_string().size()}, here);
    case boost::json::kind::array: {
      put('[');
      std::size_t i = 0;
      for (const auto& inner : value.get_array()) {
        if (i > 0) {
          put(',');
        }
        if (!raw(inner, {.up = &here, .index = i, .is_index = true, .depth = here.depth + 1})) {
          return false;
        }
        ++i;
      }
      put(']');
      return true;
    }
    case boost::json::kind::object: {
      put('{');
      bool first = true;
      for (const auto& entry : value.get_object()) {
        const std::string_view key(entry.key().data(), entry.key().size());
        const place there{.up = &here, .name = key, .depth = here.depth + 1};
        if (!first) {
          put(',');
        }
        first = false;
        if (!string(key, there)) {
          return false;
        }
        put(':');
        if (!raw(entry.value(), there)) {
          return false;
        }
      }
      put('}');
      return true;
    }
  }
  return true;
}

bool walker::refuse_depth(const place& here) {
  const auto limit = std::to_string(max_value_depth);
  return report(here, "nested too deeply", "at most " + limit + " levels", "more");
}

bool walker::report(const place& here, std::string message, std::string expected,
                    std::string actual) {
  std::vector<const place*> way;
  for (const place* p = &here; p->up != nullptr; p = p->up) {
    way.push_back(p);
  }
  std::string pointer;
  for (auto p = way.rbegin(); p != way.rend(); ++p) {
    if ((*p)->is_index) {
      append_token(pointer, (*p)->index);
    } else {
      append_token(pointer, (*p)->name);
    }
  }
  problems_.push_back(
      {std::move(message), std::move(pointer), std::move(expected), std::move(actual)});
  return problems_.size() < limit_;
}

}  // namespace fairlead::json::detail
