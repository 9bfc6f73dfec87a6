// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"
#include "detail/message_access.hpp"

#include <fairlead/http/headers.hpp>

namespace fairlead::http {

namespace {

constexpr auto separator = headers_access::separator;
constexpr auto line_end = headers_access::line_end;

constexpr std::size_t line_size(std::size_t name, std::size_t value) noexcept {
  return name + separator.size() + value + line_end.size();
}

// Text from outside inside an error message: only what cannot confuse a reader.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 60)) {
    out += detail::is_print(c) ? c : '?';
  }
  return out + "\"";
}

}  // namespace

headers::headers() noexcept = default;
headers::headers(const headers& other) = default;
headers::headers(headers&& other) noexcept = default;
headers& headers::operator=(const headers& other) = default;
headers& headers::operator=(headers&& other) noexcept = default;
headers::~headers() = default;

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (detail::to_lower(a[i]) != detail::to_lower(b[i])) {
      return false;
    }
  }
  return true;
}

bool has_token(std::string_view value, std::string_view token) noexcept {
  while (!value.empty()) {
    const auto comma = value.find(',');
    if (iequals(detail::trim(value.substr(0, comma)), token)) {
      return true;
    }
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
  }
  return false;
}

bool headers::refuse(std::string_view name, std::string_view value) {
  if (detail::is_token(name) && detail::find_control(value) == std::string_view::npos) {
    return false;
  }
  note_refused(name, value);
  return true;
}

void headers::note_refused(std::string_view name, std::string_view value) {
  if (problem_) {
    return;
  }
  std::string why;
  if (name.empty()) {
    why = "a header name is empty";
  } else if (!detail::is_token(name)) {
    why = "header name " + quoted(name) + " has a character that is not allowed in a name";
  } else {
    const auto at = detail::find_control(value);
    why = "header " + std::string(name) + ": " + std::string(detail::name_of_control(value[at])) +
          " at byte " + std::to_string(at) + " of the value";
  }
  problem_ = std::make_shared<const std::string>(std::move(why));
}

void headers::insert(std::size_t at, std::string_view name, std::string_view value) {
  mark(name);
  const auto size = line_size(name.size(), value.size());
  const auto offset = at == index_.size() ? text_.size() : index_[at].offset;
  const entry made{static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(name.size()),
                   static_cast<std::uint32_t>(value.size())};
  if (at == index_.size()) {
    if (text_.capacity() - text_.size() < size) {
      // Name and value may be views into what is about to be let go of.
      std::string longer;
      longer.reserve(2 * (text_.size() + size));
      longer.append(text_).append(name).append(separator).append(value).append(line_end);
      text_.swap(longer);
    } else {
      text_.append(name).append(separator).append(value).append(line_end);
    }
    index_.push_back(made);
    return;
  }
  std::string line;
  line.reserve(size);
  line.append(name).append(separator).append(value).append(line_end);
  text_.insert(offset, line);
  for (auto i = at; i < index_.size(); ++i) {
    index_[i].offset += static_cast<std::uint32_t>(size);
  }
  index_.insert(index_.begin() + static_cast<std::ptrdiff_t>(at), made);
}

void headers::erase(std::size_t i) {
  const auto gone = index_[i];
  const auto size = line_size(gone.name, gone.value);
  text_.erase(gone.offset, size);
  index_.erase(index_.begin() + static_cast<std::ptrdiff_t>(i));
  for (; i < index_.size(); ++i) {
    index_[i].offset -= static_cast<std::uint32_t>(size);
  }
}

headers& headers::add(std::string_view name, std::string_view value) & {
  value = detail::trim(value);
  if (!refuse(name, value)) {
    insert(index_.size(), name, value);
  }
  return *this;
}

headers& headers::set(std::string_view name, std::string_view value) & {
  value = detail::trim(value);
  if (refuse(name, value)) {
    return *this;
  }
  if (!contains(name)) {
    insert(index_.size(), name, value);
    return *this;
  }
  // The arguments may be views into this buffer.
  const std::string own_name(name);
  const std::string own_value(value);
  auto place = index_.size();
  for (auto i = index_.size(); i-- > 0;) {
    if (iequals((*this)[i].name, own_name)) {
      erase(i);
      place = i;
    }
  }
  insert(std::min(place, index_.size()), own_name, own_value);
  return *this;
}

std::size_t headers::remove(std::string_view name) {
  const std::string own_name(name);
  std::size_t n = 0;
  for (auto i = index_.size(); i-- > 0;) {
    if (iequals((*this)[i].name, own_name)) {
      erase(i);
      ++n;
    }
  }
  return n;
}

std::optional<std::string_view> headers::get(std::string_view name) const noexcept {
  if (!may_contain(name)) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < index_.size(); ++i) {
    if (index_[i].name == name.size()) {
      const auto field = (*this)[i];
      if (iequals(field.name, name)) {
        return field.value;
      }
    }
  }
  return std::nullopt;
}

std::size_t headers::count(std::string_view name) const noexcept {
  std::size_t n = 0;
  for (std::size_t i = 0; i < index_.size(); ++i) {
    n += iequals((*this)[i].name, name) ? 1U : 0U;
  }
  return n;
}

header_field headers::operator[](std::size_t i) const noexcept {
  const auto& e = index_[i];
  const std::string_view all = text_;
  return {all.substr(e.offset, e.name), all.substr(e.offset + e.name + separator.size(), e.value)};
}

void headers::clear() noexcept {
  text_.clear();
  index_.clear();
  marks_ = 0;
  problem_.reset();
}

result<void> headers::check() const {
  if (problem_) {
    return fail(errors::invalid_argument{"headers", *problem_});
  }
  return {};
}

headers& headers::append(const headers& other) {
  const auto n = other.index_.size();
  const auto shift = static_cast<std::uint32_t>(text_.size());
  text_.append(other.text_);
  for (std::size_t i = 0; i < n; ++i) {
    auto e = other.index_[i];
    e.offset += shift;
    index_.push_back(e);
  }
  marks_ |= other.marks_;
  if (!problem_) {
    problem_ = other.problem_;
  }
  return *this;
}

}  // namespace fairlead::http
