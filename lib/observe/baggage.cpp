// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/baggage.hpp>

#include "detail/fields.hpp"
#include "detail/hex.hpp"
#include "detail/utf8.hpp"

#include <algorithm>

namespace fairlead::observe {

namespace {

using detail::take_until;
using detail::trimmed;

// RFC 9110, 5.6.2.
bool is_token(std::string_view s) noexcept {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_baggage_value(std::string_view s) noexcept {
  return std::all_of(s.begin(), s.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

bool is_property(std::string_view s) noexcept {
  const auto key = trimmed(s.substr(0, s.find('=')));
  const auto equals = s.find('=');
  return is_token(key) &&
         (equals == std::string_view::npos || is_baggage_value(trimmed(s.substr(equals + 1))));
}

// Without the spaces; nothing when one is malformed.
std::optional<std::string> properties_of(std::string_view text) {
  std::string out;
  if (trimmed(text).empty()) {
    return out;
  }
  for (bool more = true; more;) {
    more = text.find(';') != std::string_view::npos;
    auto value = take_until(text, ';');
    if (!is_property(value)) {
      return std::nullopt;
    }
    const bool has_value = value.find('=') != std::string_view::npos;
    out += out.empty() ? "" : ";";
    out += trimmed(take_until(value, '='));
    if (has_value) {
      out += '=';
      out += trimmed(value);
    }
  }
  return out;
}

baggage::member split(std::string_view m) noexcept {
  const auto equals = m.find('=');
  const auto semicolon = std::min(m.find(';', equals), m.size());
  return {m.substr(0, equals), m.substr(equals + 1, semicolon - equals - 1),
          semicolon == m.size() ? std::string_view() : m.substr(semicolon + 1)};
}

std::string encoded(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (is_baggage_value({&c, 1}) && c != '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4U];
    out += "0123456789ABCDEF"[byte & 15U];
  }
  return out;
}

int digit(char c) noexcept {
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
  const auto value = detail::read_hex({&lower, 1});
  return value ? static_cast<int>(*value) : -1;
}

std::string decoded(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '%' && i + 2 < value.size() && digit(value[i + 1]) >= 0 &&
        digit(value[i + 2]) >= 0) {
      out += static_cast<char>(digit(value[i + 1]) * 16 + digit(value[i + 2]));
      i += 2;
    } else {
      out += value[i];
    }
  }
  return detail::valid_utf8(out);
}

}  // namespace

baggage baggage::parse(std::string_view field) {
  baggage out;
  while (!field.empty()) {
    auto text = take_until(field, ',');
    const bool complete = text.find('=') < text.find(';');
    const auto key = trimmed(take_until(text, '='));
    const bool with_properties = text.find(';') != std::string_view::npos;
    const auto value = trimmed(take_until(text, ';'));
    const auto properties = properties_of(text);
    if (complete && is_token(key) && is_baggage_value(value) && properties &&
        !(with_properties && properties->empty())) {
      static_cast<void>(out.add({key, value, *properties}));
    }
  }
  return out;
}

bool baggage::add(const member& m) {
  const auto bytes = m.key.size() + 1 + m.value.size() +
                     (m.properties.empty() ? 0 : m.properties.size() + 1) + (text_.empty() ? 0 : 1);
  if (bytes > most_bytes - text_.size() || size() == most_members) {
    return false;
  }
  if (!text_.empty()) {
    text_ += ',';
  }
  text_ += m.key;
  text_ += '=';
  text_ += m.value;
  if (!m.properties.empty()) {
    text_ += ';';
    text_ += m.properties;
  }
  return true;
}

std::size_t baggage::size() const noexcept {
  return text_.empty() ? 0
                       : static_cast<std::size_t>(std::count(text_.begin(), text_.end(), ',')) + 1;
}

std::vector<baggage::member> baggage::members() const {
  std::vector<member> all;
  for (std::string_view rest = text_; !rest.empty();) {
    all.push_back(split(take_until(rest, ',')));
  }
  return all;
}

std::optional<std::string> baggage::get(std::string_view key) const {
  std::optional<std::string_view> last;
  for (std::string_view rest = text_; !rest.empty();) {
    const auto m = split(take_until(rest, ','));
    if (m.key == key) {
      last = m.value;
    }
  }
  return last ? std::optional(decoded(*last)) : std::nullopt;
}

bool baggage::set(std::string_view key, std::string_view value, std::string_view properties) {
  const auto text = encoded(value);
  const auto normal = properties_of(properties);
  if (!is_token(key) || !normal) {
    return false;
  }
  baggage changed = *this;
  changed.erase(key);
  if (!changed.add({key, text, *normal})) {
    return false;
  }
  text_ = std::move(changed.text_);
  return true;
}

bool baggage::erase(std::string_view key) {
  baggage kept;
  for (const auto& m : members()) {
    if (m.key != key) {
      static_cast<void>(kept.add(m));
    }
  }
  const bool any = kept.text_.size() != text_.size();
  text_ = std::move(kept.text_);
  return any;
}

}  // namespace fairlead::observe
