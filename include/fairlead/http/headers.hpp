// SPDX-License-Identifier: BSL-1.0
// The header fields of a message: one flat buffer in wire form, order kept, names case-insensitive.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// One header field; views into the `headers` it came from.
struct header_field {
  std::string_view name;
  std::string_view value;
};

/// Header fields in the order in which they were added; several may have the same name.
///
/// Names compare without regard to ASCII case and keep the spelling that they were given. All text
/// lives in one buffer that is already in wire form, so sending copies it once.
///
/// What could break out of a header line is never stored: a name that is not an RFC 9110 token, or
/// a value with CR, LF, NUL or another control character. `add` and `set` then remember the first
/// such field, `check` reports it, and every client call and server response checks before a byte
/// is sent. White space around a value is removed.
///
/// *Thread safety*: a value.
///
/// *Example*:
/// ```cpp
/// auto extra = http::headers().add("Authorization", "Bearer " + token).add("Accept", "text/csv");
/// ```
class headers {
 public:
  headers() noexcept;
  headers(const headers& other);
  headers(headers&& other) noexcept;
  headers& operator=(const headers& other);
  headers& operator=(headers&& other) noexcept;
  ~headers();

  /// Appends a field.
  headers& add(std::string_view name, std::string_view value) &;
  headers&& add(std::string_view name, std::string_view value) && {
    return std::move(this->add(name, value));
  }

  /// Replaces all fields of that name with one, at the place of the first.
  headers& set(std::string_view name, std::string_view value) &;
  headers&& set(std::string_view name, std::string_view value) && {
    return std::move(this->set(name, value));
  }

  /// Removes all fields of that name; returns how many there were.
  std::size_t remove(std::string_view name);

  /// The value of the first field of that name. Valid until the headers change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    return may_contain(name) && get(name).has_value();
  }
  /// How many fields have that name.
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
  [[nodiscard]] bool empty() const noexcept { return index_.empty(); }
  [[nodiscard]] header_field operator[](std::size_t i) const noexcept;

  /// Forgets all fields, and a refused one; keeps the memory.
  void clear() noexcept;

  /// All fields in wire form: "Name: value" and CR LF for each.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  /// `invalid_argument` naming the first field that was refused since the last `clear`.
  [[nodiscard]] result<void> check() const;

  /// Appends all fields of `other`.
  headers& append(const headers& other);

  /// Iterates over `header_field`s.
  class iterator;
  [[nodiscard]] iterator begin() const noexcept;
  [[nodiscard]] iterator end() const noexcept;

 private:
  struct entry {
    std::uint32_t offset;
    std::uint32_t name;
    std::uint32_t value;
  };

  friend struct headers_access;

  // One of 64 bits by the length of a name and its ends, in any case: what is not there is mostly
  // known without a comparison.
  static constexpr std::uint64_t mark_of(std::string_view name) noexcept {
    constexpr unsigned letter_case = 0x20;
    const unsigned first = static_cast<unsigned char>(name.front()) | letter_case;
    const unsigned last = static_cast<unsigned char>(name.back()) | letter_case;
    return std::uint64_t{1} << ((name.size() + first * 5 + last * 3) % 64);
  }
  void mark(std::string_view name) noexcept { marks_ |= mark_of(name); }
  [[nodiscard]] bool may_contain(std::string_view name) const noexcept {
    return !name.empty() && (marks_ & mark_of(name)) != 0;
  }

  [[nodiscard]] bool refuse(std::string_view name, std::string_view value);
  void note_refused(std::string_view name, std::string_view value);
  void insert(std::size_t at, std::string_view name, std::string_view value);
  void erase(std::size_t i);

  std::string text_;
  std::vector<entry> index_;
  std::uint64_t marks_ = 0;                     // of all names; and maybe of some that were removed
  std::shared_ptr<const std::string> problem_;  // why the first refused field was; mostly null
};

class headers::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = header_field;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = header_field;

  iterator() = default;
  iterator(const headers& of, std::size_t i) noexcept : of_(&of), i_(i) {}
  header_field operator*() const noexcept { return (*of_)[i_]; }
  iterator& operator++() noexcept {
    ++i_;
    return *this;
  }
  iterator operator++(int) noexcept {
    auto before = *this;
    ++i_;
    return before;
  }
  friend bool operator==(const iterator&, const iterator&) = default;

 private:
  const headers* of_ = nullptr;
  std::size_t i_ = 0;
};

inline headers::iterator headers::begin() const noexcept {
  return {*this, 0};
}
inline headers::iterator headers::end() const noexcept {
  return {*this, size()};
}

/// ASCII case-insensitive equality, as names, schemes and host names compare.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b) noexcept;

/// True when the comma-separated list in `value` has `token`, in any case: "keep-alive, Upgrade".
[[nodiscard]] bool has_token(std::string_view value, std::string_view token) noexcept;

}  // namespace fairlead::http
