// SPDX-License-Identifier: BSL-1.0
// The type-erased tables that a translation unit instantiates for its types. Everything that reads
// them is compiled once, in the library.
#pragma once

#include <fairlead/json/rule.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::json::detail {

enum class type_kind : std::uint8_t {
  null,
  boolean,
  integer,
  floating,
  string,
  enumeration,
  timestamp,
  object,
  sequence,
  map,
  optional,
  variant,
  raw
};

struct type_desc;

/// One member of a described struct.
struct field_desc {
  std::string_view name;
  std::string_view key;  // `,"name":`, ready to be written
  const type_desc* type = nullptr;
  void* (*member)(void* object) noexcept = nullptr;
  void (*set_default)(void* object) = nullptr;  // only when the member may be missing
  const rule* rules = nullptr;
  std::size_t rule_count = 0;
};

struct object_desc {
  std::string_view type_name;
  const field_desc* fields = nullptr;
  std::size_t count = 0;
};

struct enumerator_desc {
  std::string_view name;
  std::int64_t value = 0;
};
struct enumeration_desc {
  const enumerator_desc* values = nullptr;
  std::size_t count = 0;
};

/// `std::vector`, `std::array` and `std::vector<bool>`, whose elements have no address: `set_bit`.
struct sequence_desc {
  const type_desc* element = nullptr;
  std::size_t stride = 0;
  std::size_t fixed = SIZE_MAX;  // the length of a std::array
  std::size_t (*size)(const void* sequence) noexcept = nullptr;
  const void* (*data)(const void* sequence) noexcept = nullptr;
  void* (*slot)(void* sequence, std::size_t index) = nullptr;  // existing or new; null when full
  void (*truncate)(void* sequence, std::size_t size) = nullptr;
  bool (*bit)(const void* sequence, std::size_t index) noexcept = nullptr;
  void (*set_bit)(void* sequence, std::size_t index, bool value) = nullptr;
};

struct map_slot {
  void* value = nullptr;
  const std::string* key = nullptr;
  bool inserted = false;
};
struct map_desc {
  const type_desc* element = nullptr;
  std::size_t (*size)(const void* map) noexcept = nullptr;
  void (*clear)(void* map) noexcept = nullptr;
  map_slot (*slot)(void* map, std::string_view key) = nullptr;
  // Calls `f` for every entry until it answers false.
  void (*for_each)(const void* map, void* state,
                   bool (*f)(void* state, const std::string& key, const void* value)) = nullptr;
};

struct optional_desc {
  const type_desc* element = nullptr;
  const void* (*get)(const void* optional) noexcept = nullptr;
  void* (*emplace)(void* optional) = nullptr;  // keeps a value that is there
  void (*reset)(void* optional) noexcept = nullptr;
};

struct alternative_desc {
  std::string_view tag;
  const type_desc* type = nullptr;
  const void* (*get)(const void* variant) noexcept = nullptr;
  void* (*emplace)(void* variant) = nullptr;  // keeps a value that is there
};
struct variant_desc {
  std::string_view tag_member;
  const alternative_desc* alternatives = nullptr;
  std::size_t count = 0;
  std::size_t (*index)(const void* variant) noexcept = nullptr;
};

/// A type as the engine sees it. Numbers are read and written by size, without a function per type.
struct type_desc {
  type_kind kind;
  std::uint8_t size = 0;    // integer, floating, enumeration, timestamp: bytes
  bool is_signed = false;   // integer, enumeration
  std::uint32_t ticks = 0;  // timestamp: ticks in a second
  std::string_view unit;    // durations: what one tick is
  union {
    const void* none = nullptr;
    const object_desc* object;
    const enumeration_desc* enumeration;
    const sequence_desc* sequence;
    const map_desc* map;
    const optional_desc* optional;
    const variant_desc* variant;
  };

  constexpr explicit type_desc(type_kind k) : kind(k) {}
  constexpr type_desc(type_kind k, std::size_t bytes, bool with_sign)
      : kind(k), size(static_cast<std::uint8_t>(bytes)), is_signed(with_sign) {}
  constexpr explicit type_desc(const object_desc& d) : kind(type_kind::object), object(&d) {}
  constexpr explicit type_desc(const sequence_desc& d) : kind(type_kind::sequence), sequence(&d) {}
  constexpr explicit type_desc(const map_desc& d) : kind(type_kind::map), map(&d) {}
  constexpr explicit type_desc(const optional_desc& d) : kind(type_kind::optional), optional(&d) {}
  constexpr explicit type_desc(const variant_desc& d) : kind(type_kind::variant), variant(&d) {}
  constexpr type_desc(const enumeration_desc& d, std::size_t bytes, bool with_sign)
      : kind(type_kind::enumeration),
        size(static_cast<std::uint8_t>(bytes)),
        is_signed(with_sign),
        enumeration(&d) {}
};

}  // namespace fairlead::json::detail
