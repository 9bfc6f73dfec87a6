// SPDX-License-Identifier: BSL-1.0
// What the tests of json have in common: short ways to say which text and which error are right.
#pragma once

#include <fairlead/json/json.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fairlead::json {

/// "pointer|message|expected|actual", so that one literal pins a whole error.
template <class R>
std::string facts(const R& r) {
  if (r) {
    return "no error";
  }
  if (const auto e = r.error().template get<errors::serialization_error>()) {
    return std::string(e->pointer) + '|' + std::string(e->message) + '|' +
           std::string(e->expected) + '|' + std::string(e->actual);
  }
  return r.error().message();
}

inline std::string facts(const problem& p) {
  return p.pointer + '|' + p.message + '|' + p.expected + '|' + p.actual;
}

/// The facts of decoding that must fail.
template <class T>
std::string refusal(std::string_view text, const decode_options& options = {}) {
  return facts(decode<T>(text, options));
}

/// The value, or a failed test.
template <class T>
T decoded(std::string_view text) {
  auto r = decode<T>(text);
  EXPECT_TRUE(r) << text << ": " << (r ? "" : r.error().message());
  return r ? *std::move(r) : T{};
}

template <class T>
std::string encoded(const T& value) {
  const auto r = encode(value);
  EXPECT_TRUE(r) << (r ? "" : r.error().message());
  return r ? *r : std::string();
}

}  // namespace fairlead::json
