// SPDX-License-Identifier: BSL-1.0
// Between bodies and C++ values: JSON for described types, text and bytes as they are.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/json/encode.hpp>

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

/// The same error, as one of a request that was never sent.
[[nodiscard]] error refused_request(const error& e);
/// The same error, as one of a response that was received; names its content type when that is not
/// JSON.
[[nodiscard]] error refused_response(const error& e, const response& r);
/// For a response without a body where a value was due.
[[nodiscard]] error absent_body();

/// True for types that travel as they are instead of as JSON.
template <class T>
inline constexpr bool is_text = std::is_convertible_v<const T&, std::string_view>;

}  // namespace detail

/// `body` as it is sent: JSON for described types, `std::string` and literals as they are.
///
/// *Errors*: `serialization_error` whose message starts "Request validation failed: ", not sent.
template <class Body>
[[nodiscard]] result<std::string> encode_body(const Body& body) {
  if constexpr (detail::is_text<Body>) {
    return std::string(std::string_view(body));
  } else {
    auto text = json::encode(body);
    if (!text) {
      return tl::unexpected<error>(detail::refused_request(text.error()));
    }
    return text;
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
  [[nodiscard]] answer_taker taker() noexcept {
    return {answer_rule::success_only, this,
            [](void* slot, response& r) { return static_cast<answer_slot*>(slot)->fill(r); }};
  }
  [[nodiscard]] result<T> take() { return std::move(*value_); }

 private:
  result<void> fill(response& r) {
    if (r.body().empty() || is_bodyless(r.status())) {
      if constexpr (detail::is_optional<T>) {
        value_.emplace();
        return {};
      } else {
        return tl::unexpected<error>(detail::absent_body());
      }
    }
    value_.emplace();
    auto done = json::decode_into(*value_, r.body());
    if (!done) {
      return tl::unexpected<error>(detail::refused_response(done.error(), r));
    }
    return {};
  }

  std::optional<T> value_;
};

template <>
class answer_slot<void> {
 public:
  [[nodiscard]] answer_taker taker() noexcept {
    return {answer_rule::success_only, this, [](void*, response&) { return result<void>{}; }};
  }
  [[nodiscard]] result<void> take() { return {}; }
};

/// The whole response, when it is a success.
template <>
class answer_slot<response> {
 public:
  [[nodiscard]] answer_taker taker() noexcept { return taker(answer_rule::success_only); }
  [[nodiscard]] answer_taker taker(answer_rule rule) noexcept {
    return {rule, this, [](void* slot, response& r) {
              static_cast<answer_slot*>(slot)->value_ = std::move(r);
              return result<void>{};
            }};
  }
  [[nodiscard]] result<response> take() { return std::move(value_); }

 private:
  response value_;
};

/// The body as text, when it is a success.
template <>
class answer_slot<std::string> {
 public:
  [[nodiscard]] answer_taker taker() noexcept {
    return {answer_rule::success_only, this, [](void* slot, response& r) {
              static_cast<answer_slot*>(slot)->value_ = std::move(r.body_text());
              return result<void>{};
            }};
  }
  [[nodiscard]] result<std::string> take() { return std::move(value_); }

 private:
  std::string value_;
};

}  // namespace fairlead::http
