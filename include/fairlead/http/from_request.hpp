// SPDX-License-Identifier: BSL-1.0
// Arguments of handlers that are read from the query, a form, a header, or what a middleware left.
#pragma once

#include <fairlead/http/attached.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/json/codec.hpp>
#include <fairlead/json/schema.hpp>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fairlead::http {

/// A type that says itself how it is read from a request, by a static member
/// `result<T> from_request(const request&)`: a handler may take it as an argument. An error is
/// answered as one of the handler's own. With `static constexpr bool reads_body = true` it stands
/// for the body; with `static constexpr bool reads_stream = true` it reads the body as it arrives
/// from `request::incoming()`. It must have a default constructor.
template <class T>
concept from_request = requires(const request& r) {
  { T::from_request(r) } -> std::same_as<result<T>>;
};

namespace detail {

/// `invalid_argument`: "`what` `name`: expected `wanted`, got ...".
[[nodiscard]] error bad_argument(std::string_view what, std::string_view name,
                                 std::string_view wanted, std::string_view got);

/// Reads a number, a bool or a text.
template <class T>
[[nodiscard]] result<void> read_text(T& out, std::string_view text, std::string_view what,
                                     std::string_view name) {
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    out = text;
  } else if constexpr (std::is_same_v<T, bool>) {
    out = text == "true";
    if (!out && text != "false") {
      return tl::unexpected<error>(bad_argument(what, name, "true or false", text));
    }
  } else {
    static_assert(std::is_arithmetic_v<T>, "a number, a bool, a string or an optional of these");
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, out);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
      return tl::unexpected<error>(
          bad_argument(what, name, std::is_integral_v<T> ? "an integer" : "a number", text));
    }
  }
  return {};
}

/// Which fields of a form a type has, and how each is written in JSON.
class form_plan {
 public:
  /// From the schema of a described struct.
  explicit form_plan(const std::string& schema);

  /// Those of the fields ("a=1&b=x+y") that the type has, as a JSON object; the rest is ignored.
  /// *Errors*: `invalid_argument` for broken encoding and texts that are not UTF-8.
  [[nodiscard]] result<std::string> to_json(std::string_view fields) const;

 private:
  enum class kind : std::uint8_t { text, number, boolean };
  struct member {
    std::string name;
    kind what;
    bool list;
    std::string written;  // JSON so far, in one call
  };
  static void append(std::string& out, kind what, std::string_view text);

  std::vector<member> members_;
};

template <class T>
[[nodiscard]] const form_plan& form_plan_of() {
  static const form_plan plan(json::schema<T>());
  return plan;
}

/// Reads `value`, which is of the codec's type, from the query. *Errors*: `invalid_argument`.
[[nodiscard]] result<void> read_query(const form_plan& plan, json::codec type, void* value,
                                      const request& r);
/// The same from a body that is a form. *Errors*: `invalid_argument` when it is none;
/// `serialization_error` when it is not what is wanted.
[[nodiscard]] result<void> read_form(const form_plan& plan, json::codec type, void* value,
                                     const request& r);

/// For what a middleware was to attach and did not.
[[noreturn]] void nothing_attached();

/// A header's name as a template argument.
template <std::size_t N>
struct literal_name {
  consteval literal_name(const char (&text)[N]) { std::copy_n(text, N, value); }  // NOLINT
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {value, N - 1}; }
  char value[N]{};
};

/// A value out of a request, as a handler sees it.
template <class T>
class extracted {
 public:
  [[nodiscard]] const T& operator*() const& noexcept { return value_; }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(value_); }
  [[nodiscard]] const T* operator->() const noexcept { return &value_; }

 protected:
  T value_{};
};

template <class T>
inline constexpr bool is_optional_text = false;
template <class T>
inline constexpr bool is_optional_text<std::optional<T>> = true;

}  // namespace detail

/// The query as a described struct, by the names that the struct has in JSON: strings, numbers,
/// bools, enums and times, optionals of these, and vectors of these for names that are repeated.
/// Constraints are checked. What the struct does not have is ignored; a name that is given twice
/// for one value is refused, since two readers would take different ones.
///
/// *Errors*: `invalid_argument` that names the parameter: 400.
/// *Example*:
/// ```cpp
/// struct page { int from = 0; std::optional<std::string> order; };
/// BOOST_DESCRIBE_STRUCT(page, (), (from, order))
/// routes.get("/users", [&](context& cx, http::from_query<page> q) {
///   return users.list(cx, q->from, q->order);
/// });
/// ```
template <class T>
class from_query : public detail::extracted<T> {
 public:
  [[nodiscard]] static result<from_query> from_request(const request& r) {
    from_query out;
    auto done = detail::read_query(detail::form_plan_of<T>(), json::codec::of<T>(), &out.value_, r);
    if (!done) {
      return tl::unexpected<error>(std::move(done).error());
    }
    return out;
  }
};

/// The same for a body of the type application/x-www-form-urlencoded or multipart/form-data; of the
/// latter the fields, and not the files (see `form_data`).
///
/// *Errors*: `invalid_argument` for another Content-Type or broken encoding: 400;
/// `serialization_error` as for a JSON body: 422.
template <class T>
class from_form : public detail::extracted<T> {
 public:
  static constexpr bool reads_body = true;

  [[nodiscard]] static result<from_form> from_request(const request& r) {
    from_form out;
    auto done = detail::read_form(detail::form_plan_of<T>(), json::codec::of<T>(), &out.value_, r);
    if (!done) {
      return tl::unexpected<error>(std::move(done).error());
    }
    return out;
  }
};

/// A header as text, number or bool; an optional of these where it may be missing.
///
/// *Errors*: `invalid_argument` that names it: 400.
/// *Example*:
/// ```cpp
/// routes.put("/doc", [&](context& cx, http::from_header<"If-Match"> tag,
///                        http::from_header<"X-Depth", std::optional<int>> depth, doc body) {...});
/// ```
template <detail::literal_name Name, class T = std::string>
class from_header : public detail::extracted<T> {
 public:
  [[nodiscard]] static result<from_header> from_request(const request& r) {
    from_header out;
    const auto text = r.headers().get(Name.view());
    result<void> done;
    if constexpr (detail::is_optional_text<T>) {
      if (text) {
        done = detail::read_text(out.value_.emplace(), *text, "header", Name.view());
      }
    } else if (text) {
      done = detail::read_text(out.value_, *text, "header", Name.view());
    } else {
      done = fail(errors::invalid_argument{"header " + std::string(Name.view()), "it is missing"});
    }
    if (!done) {
      return tl::unexpected<error>(std::move(done).error());
    }
    return out;
  }
};

/// What a middleware has attached; see `attached`. Valid while the handler runs. Where nothing of
/// that type is attached, that is a mistake in the program: an exception, so a 500.
template <class T>
class from_middleware {
 public:
  [[nodiscard]] static result<from_middleware> from_request(const request& r) {
    from_middleware out;
    out.value_ = attached<T>::find(r);
    if (out.value_ == nullptr) {
      detail::nothing_attached();
    }
    return out;
  }

  [[nodiscard]] const T& operator*() const noexcept { return *value_; }
  [[nodiscard]] const T* operator->() const noexcept { return value_; }

 private:
  const T* value_ = nullptr;
};

}  // namespace fairlead::http
