// SPDX-License-Identifier: BSL-1.0
// Between bodies and C++ values: JSON for described types, text and bytes as they are.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/json/codec.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fairlead::http {

/// Whether the body of a response outside 2xx is a value or an `http_error`.
enum class answer_rule : std::uint8_t { any_status, success_only };

/// Where a response goes: `take(slot, r)` is called once, with the complete response.
struct answer_taker {
  answer_rule rule;
  void* slot;
  result<void> (*take)(void* slot, response& r);
};

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// True when there is nothing to decode.
[[nodiscard]] bool is_bodyless(const response& r) noexcept;
/// Reads the body into `value`, which is of the codec's type. *Errors*: `serialization_error` whose
/// message starts "Response validation failed: ", also for a response without a body.
[[nodiscard]] result<void> decode_body(json::codec type, void* value, const response& r);

/// True for types that travel as they are instead of as JSON.
template <class T>
inline constexpr bool is_text = std::is_convertible_v<const T&, std::string_view>;

}  // namespace detail

/// `body`, which is of the codec's type, as JSON.
///
/// *Errors*: `serialization_error` whose message starts "Request validation failed: ", not sent.
[[nodiscard]] result<std::string> encode_body(json::codec type, const void* body);

/// `body` as it is sent: JSON for described types, `std::string` and literals as they are.
///
/// *Errors*: as above.
template <class Body>
[[nodiscard]] result<std::string> encode_body(const Body& body) {
  if constexpr (detail::is_text<Body>) {
    return std::string(std::string_view(body));
  } else {
    return encode_body(json::codec::of<Body>(), &body);
  }
}

/// The Content-Type that goes with `encode_body`.
template <class Body>
[[nodiscard]] constexpr std::string_view content_type_of() noexcept {
  return detail::is_text<Body> ? "text/plain; charset=utf-8" : "application/json";
}

/// Where a typed response is decoded to.
template <class T>
class answer_slot {
 public:
  [[nodiscard]] answer_taker taker() noexcept { return {answer_rule::success_only, this, &fill}; }
  [[nodiscard]] result<T> take() { return std::move(*value_); }

 private:
  static result<void> fill(void* slot, response& r) {
    auto& value = static_cast<answer_slot*>(slot)->value_;
    value.emplace();
    if constexpr (detail::is_optional<T>) {
      if (detail::is_bodyless(r)) {
        return {};
      }
    }
    return detail::decode_body(json::codec::of<T>(), &*value, r);
  }

  std::optional<T> value_;
};

template <>
class answer_slot<void> {
 public:
  [[nodiscard]] answer_taker taker() noexcept;
  [[nodiscard]] result<void> take();
};

/// The whole response, when it is a success.
template <>
class answer_slot<response> {
 public:
  [[nodiscard]] answer_taker taker() noexcept { return taker(answer_rule::success_only); }
  [[nodiscard]] answer_taker taker(answer_rule rule) noexcept;
  [[nodiscard]] result<response> take();

 private:
  response value_;
};

/// The body as text, when it is a success.
template <>
class answer_slot<std::string> {
 public:
  [[nodiscard]] answer_taker taker() noexcept;
  [[nodiscard]] result<std::string> take();

 private:
  std::string value_;
};

}  // namespace fairlead::http
