// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/tracestate.hpp>

#include "detail/fields.hpp"

#include <algorithm>

namespace fairlead::observe {

namespace {

using detail::take_until;

constexpr std::size_t large_entry = 128;

bool starts_key(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// One part of a key: `longest` characters at most.
bool is_name(std::string_view s, std::size_t longest) noexcept {
  return !s.empty() && s.size() <= longest && starts_key(s[0]) &&
         std::all_of(s.begin(), s.end(), [](char c) {
           return starts_key(c) || c == '_' || c == '-' || c == '*' || c == '/';
         });
}

bool is_key(std::string_view s) noexcept {
  const auto at = s.find('@');
  if (at == std::string_view::npos) {
    return is_name(s, 256);
  }
  const auto system = s.substr(at + 1);
  return is_name(s.substr(0, at), 241) && is_name(system, 14) && system[0] >= 'a';
}

bool is_state_value(std::string_view s) noexcept {
  return !s.empty() && s.size() <= 256 && s.back() != ' ' &&
         std::all_of(s.begin(), s.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

std::string_view key_of(std::string_view entry) noexcept {
  return entry.substr(0, entry.find('='));
}

}  // namespace

std::optional<tracestate> tracestate::parse(std::string_view field) {
  tracestate out;
  std::size_t entries = 0;
  while (!field.empty()) {
    const auto entry = detail::trimmed(take_until(field, ','));
    if (entry.empty()) {
      continue;
    }
    const auto key = key_of(entry);
    if (++entries > most_entries || !is_key(key) || key.size() == entry.size() ||
        !is_state_value(entry.substr(key.size() + 1)) || out.get(key)) {
      return std::nullopt;
    }
    if (!out.text_.empty()) {
      out.text_ += ',';
    }
    out.text_ += entry;
  }
  out.limit(most_entries, most_characters);
  return out;
}

std::size_t tracestate::size() const noexcept {
  return text_.empty() ? 0
                       : static_cast<std::size_t>(std::count(text_.begin(), text_.end(), ',')) + 1;
}

std::optional<std::string_view> tracestate::get(std::string_view key) const noexcept {
  for (std::string_view rest = text_; !rest.empty();) {
    const auto entry = take_until(rest, ',');
    if (key_of(entry) == key) {
      return entry.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

bool tracestate::set(std::string_view key, std::string_view value) {
  if (!is_key(key) || !is_state_value(value)) {
    return false;
  }
  std::string first(key);
  first += '=';
  first += value;
  erase(key);
  limit(most_entries - 1, most_characters - first.size() - 1);
  if (!text_.empty()) {
    first += ',';
    first += text_;
  }
  text_ = std::move(first);
  return true;
}

bool tracestate::erase(std::string_view key) {
  for (std::string_view rest = text_; !rest.empty();) {
    const auto entry = take_until(rest, ',');
    if (key_of(entry) == key) {
      const auto at = static_cast<std::size_t>(entry.data() - text_.data());
      // With the comma behind it; of the last, with the one before.
      const bool last = at + entry.size() == text_.size();
      text_.erase(at - (last && at != 0 ? 1 : 0), entry.size() + 1);
      return true;
    }
  }
  return false;
}

void tracestate::limit(std::size_t entries, std::size_t characters) {
  while (size() > entries) {
    const auto comma = text_.rfind(',');
    text_.erase(comma == std::string::npos ? 0 : comma);
  }
  for (const std::size_t larger_than : {large_entry, std::size_t{0}}) {
    std::size_t end = text_.size();
    while (end != 0 && text_.size() > characters) {
      const auto comma = text_.rfind(',', end - 1);
      const auto begin = comma == std::string::npos ? 0 : comma + 1;
      if (end - begin > larger_than) {
        // With the comma before it; of the first, with the one behind.
        text_.erase(begin == 0 ? 0 : comma, end - begin + 1);
      }
      end = begin == 0 ? 0 : comma;
    }
  }
}

}  // namespace fairlead::observe
