// SPDX-License-Identifier: BSL-1.0
// Numbers and enumerators are copied by size, so that no code is instantiated per type.
#include "scalar.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

namespace fairlead::json::detail {

namespace {

template <class T>
T load(const void* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// The low bytes of two's complement are the same for signed and unsigned.
void store_bits(std::size_t size, void* at, std::uint64_t bits) noexcept {
  const auto store = [at](auto value) { std::memcpy(at, &value, sizeof value); };
  switch (size) {
    case 1:
      return store(static_cast<std::uint8_t>(bits));
    case 2:
      return store(static_cast<std::uint16_t>(bits));
    case 4:
      return store(static_cast<std::uint32_t>(bits));
    default:
      return store(bits);
  }
}

constexpr double exact_integers = 9007199254740992.0;  // 2^53: doubles skip integers beyond

template <class T>
bool parse(std::string_view text, T& value) noexcept {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size();
}

// The nearest T. What is too small to be told from zero is zero; false when it is too large.
template <class T>
bool nearest(const number& n, T& value) noexcept {
  if (n.is == number::form::unsigned_integer) {
    value = static_cast<T>(n.u);
    return true;
  }
  if (n.is == number::form::signed_integer && n.i != 0) {
    value = static_cast<T>(n.i);
    return true;
  }
  if (parse(n.text, value)) {  // exact, and it knows -0
    return true;
  }
  value = std::copysign(T{0}, n.text.starts_with('-') ? T{-1} : T{1});
  return std::fabs(n.d) < 1;
}

}  // namespace

std::int64_t load_signed(const type_desc& type, const void* at) noexcept {
  switch (type.size) {
    case 1:
      return load<std::int8_t>(at);
    case 2:
      return load<std::int16_t>(at);
    case 4:
      return load<std::int32_t>(at);
    default:
      return load<std::int64_t>(at);
  }
}

std::uint64_t load_unsigned(const type_desc& type, const void* at) noexcept {
  switch (type.size) {
    case 1:
      return load<std::uint8_t>(at);
    case 2:
      return load<std::uint16_t>(at);
    case 4:
      return load<std::uint32_t>(at);
    default:
      return load<std::uint64_t>(at);
  }
}

double load_floating(const type_desc& type, const void* at) noexcept {
  return type.size == sizeof(float) ? static_cast<double>(load<float>(at)) : load<double>(at);
}

bound load_number(const type_desc& type, const void* at) noexcept {
  if (type.kind == type_kind::floating) {
    return static_cast<bound>(load_floating(type, at));
  }
  return type.is_signed ? static_cast<bound>(load_signed(type, at))
                        : static_cast<bound>(load_unsigned(type, at));
}

bound highest(const type_desc& type) noexcept {
  const int bits = type.size * 8 - (type.is_signed ? 1 : 0);
  return std::ldexp(bound{1}, bits) - 1;
}

bound lowest(const type_desc& type) noexcept {
  return type.is_signed ? -highest(type) - 1 : bound{0};
}

void store_signed(const type_desc& type, void* at, std::int64_t value) noexcept {
  store_bits(type.size, at, static_cast<std::uint64_t>(value));
}

store_result store_integer(const type_desc& type, void* at, const number& n) noexcept {
  std::int64_t value = n.i;
  switch (n.is) {
    case number::form::unsigned_integer:  // beyond the signed ones
      if (type.is_signed || type.size < 8) {
        return store_result::out_of_range;
      }
      store_bits(type.size, at, n.u);
      return store_result::stored;
    case number::form::floating:
      if (std::trunc(n.d) != n.d) {
        return store_result::wrong_type;
      }
      if (!(std::fabs(n.d) <= exact_integers)) {
        return store_result::out_of_range;
      }
      value = static_cast<std::int64_t>(n.d);
      break;
    case number::form::signed_integer:
      break;
  }
  const unsigned bits = type.size * 8U;
  bool fits = true;
  if (!type.is_signed) {
    fits = value >= 0 && (bits == 64 || (value >> bits) == 0);
  } else if (bits < 64) {
    const auto limit = std::int64_t{1} << (bits - 1);
    fits = value >= -limit && value < limit;
  }
  if (!fits) {
    return store_result::out_of_range;
  }
  store_signed(type, at, value);
  return store_result::stored;
}

store_result store_floating(const type_desc& type, void* at, const number& n) noexcept {
  const auto store = [&]<class T>(T value) {
    if (!nearest(n, value)) {
      return store_result::out_of_range;
    }
    std::memcpy(at, &value, sizeof value);
    return store_result::stored;
  };
  return type.size == sizeof(float) ? store(float{}) : store(double{});
}

bool store_enumeration(const type_desc& type, void* at, std::string_view name) noexcept {
  for (std::size_t i = 0; i < type.enumeration->count; ++i) {
    if (same_text(type.enumeration->values[i].name, name)) {
      store_signed(type, at, type.enumeration->values[i].value);
      return true;
    }
  }
  return false;
}

std::string_view load_enumeration(const type_desc& type, const void* at) noexcept {
  const auto value =
      type.is_signed ? load_signed(type, at) : static_cast<std::int64_t>(load_unsigned(type, at));
  for (std::size_t i = 0; i < type.enumeration->count; ++i) {
    if (type.enumeration->values[i].value == value) {
      return type.enumeration->values[i].name;
    }
  }
  return {};
}

}  // namespace fairlead::json::detail
