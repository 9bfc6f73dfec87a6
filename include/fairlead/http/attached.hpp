// SPDX-License-Identifier: BSL-1.0
// Typed values that a middleware hands to what runs inside it.
#pragma once

#include <fairlead/http/request.hpp>

#include <utility>

namespace fairlead::http {

namespace detail {

/// One object per type: its address tells types apart.
template <class T>
inline constexpr char type_tag = 0;

/// Stands in the list of its request while it lives.
class attachment_node {
 public:
  attachment_node(const request& r, const void* tag) noexcept : of_(r), tag_(tag) {
    next_ = of_.attachments_.first;
    of_.attachments_.first = this;
  }
  attachment_node(const attachment_node&) = delete;
  attachment_node& operator=(const attachment_node&) = delete;

  /// The innermost with that tag, or nullptr.
  [[nodiscard]] static const attachment_node* find(const request& r, const void* tag) noexcept {
    const auto* at = r.attachments_.first;
    while (at != nullptr && at->tag_ != tag) {
      at = at->next_;
    }
    return at;
  }

 protected:
  ~attachment_node() {
    const auto** at = &of_.attachments_.first;
    while (*at != this) {
      at = &(*at)->next_;
    }
    *at = next_;
  }

 private:
  const request& of_;
  const void* tag_;
  mutable const attachment_node* next_;
};

}  // namespace detail

/// A value of type `T` that belongs to a request while this lives: make it in a middleware, as a
/// local variable around `co_await next(cx)`, and what runs inside finds it by its type. No
/// allocation, and nothing to forget: it is gone with the frame that made it. So the source of a
/// streamed answer, which runs after the middlewares have ended, has to be given what it needs.
///
/// Of several of a type the innermost is found.
///
/// *Thread safety*: none.
///
/// *Example*:
/// ```cpp
/// routes.use([&](context& cx, const http::request& r, http::next inner)
///                -> task<result<http::response>> {
///   http::attached<principal> who(r, tokens.owner_of(r));
///   auto answer = co_await inner(cx);
///   co_return answer;
/// });
/// routes.get("/me", [](context&, http::from_middleware<principal> who) -> result<std::string> {
///   return who->name;
/// });
/// ```
template <class T>
class attached : private detail::attachment_node {
 public:
  attached(const request& r, T value)
      : attachment_node(r, &detail::type_tag<T>), value_(std::move(value)) {}

  [[nodiscard]] const T& value() const noexcept { return value_; }

  /// The value of that type that is attached to `r`, or nullptr. Valid while what made it lives.
  [[nodiscard]] static const T* find(const request& r) noexcept {
    const auto* at = attachment_node::find(r, &detail::type_tag<T>);
    return at == nullptr ? nullptr : &static_cast<const attached*>(at)->value_;
  }

 private:
  T value_;
};

}  // namespace fairlead::http
