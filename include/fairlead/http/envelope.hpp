// SPDX-License-Identifier: BSL-1.0
// Values in the envelopes that generated services speak: handlers that take and give them, and
// calls.
#pragma once

#include <fairlead/http/client.hpp>
#include <fairlead/http/handler.hpp>
#include <fairlead/http/middleware.hpp>
#include <fairlead/http/route_handler.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace fairlead::http {

/// | envelope | request | answer | error |
/// |---|---|---|---|
/// | `data` | `{"data": X}` | `{"success": true, "data": Y}` | `{"success": false, "error":
/// "text"}` | | `payload` | `{"_payload": X}`, or X alone | `{"_status": "ok", "_payload": Y}` |
/// `{"_status": "error", "_error_type": "service_error", "_message": "text"}` |
enum class envelope : std::uint8_t { data, payload };

/// Which statuses go with errors. The services that are generated in other languages differ; their
/// clients look at the envelope, and some at the status first.
///
/// | dialect | errors of handlers | a body that is wrong |
/// |---|---|---|
/// | `proper` | `status_of` | 400, 422 |
/// | `go` | 200 with `data`, 400 with `payload` | the same |
/// | `python` | 400; with `payload` 500 for what `status_of` puts there | 400 |
///
/// With `go` and `python` a request without a body is one with `null`, and `go` leaves "data" out
/// when it is `null`.
enum class envelope_dialect : std::uint8_t { proper, go, python };

namespace detail {

// Named as on the wire.
template <class T>
struct data_request {
  T data{};
  BOOST_DESCRIBE_CLASS(data_request, (), (data), (), ())
};
template <class T>
struct payload_request {
  T _payload{};
  BOOST_DESCRIBE_CLASS(payload_request, (), (_payload), (), ())
};

template <class T>
using maybe = std::conditional_t<is_optional<T>, T, std::optional<T>>;

template <class T>
struct data_reply {
  bool success = false;
  maybe<T> data;
  std::optional<std::string> error;
  BOOST_DESCRIBE_CLASS(data_reply, (), (success, data, error), (), ())
};
template <>
struct data_reply<void> {
  bool success = false;
  std::optional<std::string> error;
  BOOST_DESCRIBE_CLASS(data_reply, (), (success, error), (), ())
};
template <class T>
struct payload_reply {
  std::string _status;
  maybe<T> _payload;
  std::optional<std::string> _error_type;
  std::optional<std::string> _message;
  BOOST_DESCRIBE_CLASS(payload_reply, (), (_status, _payload, _error_type, _message), (), ())
};

template <>
struct payload_reply<void> {
  std::string _status;
  std::optional<std::string> _error_type;
  std::optional<std::string> _message;
  BOOST_DESCRIBE_CLASS(payload_reply, (), (_status, _error_type, _message), (), ())
};

/// What is read from the body: `wrapped` from an envelope; if that has no payload, `bare` from the
/// whole, where it has a type.
struct envelope_input {
  json::codec wrapped;
  void* wrapped_value;
  json::codec bare;
  void* bare_value;
};
enum class found_in : std::uint8_t { envelope, whole };
[[nodiscard]] result<found_in> open_envelope(envelope_dialect d, const request& r,
                                             const envelope_input& into);

/// `value`, of the codec's type (none: null), in an envelope; an error instead when it cannot be
/// written.
[[nodiscard]] result<response> seal_envelope(envelope e, envelope_dialect d, const request& r,
                                             json::codec type, const void* value);
/// An error in an envelope.
[[nodiscard]] response seal_error(envelope e, envelope_dialect d, const error& why);

/// `value`, of the codec's type, in an envelope for a request. *Errors*: as `encode_body`.
[[nodiscard]] result<std::string> wrap_request(envelope e, json::codec type, const void* value);
/// Why an answer is no envelope: an `http_error` where its status speaks of one.
[[nodiscard]] error not_an_envelope(const response& r, const error& why);
/// The error that an envelope tells.
[[nodiscard]] error told_error(const std::optional<std::string>& type,
                               const std::optional<std::string>& text);
[[nodiscard]] error missing_data(std::string_view name);

/// What is in an answer, whatever its status.
template <class T, class Data>
[[nodiscard]] result<T> take_data(Data&& data, std::string_view name) {
  if constexpr (is_optional<T>) {
    return std::forward<Data>(data);
  } else {
    if (!data) {
      return tl::unexpected<error>(missing_data(name));
    }
    return *std::forward<Data>(data);
  }
}

template <class T>
[[nodiscard]] result<T> open_answer(envelope e, const response& r) {
  if (e == envelope::data) {
    data_reply<T> reply;
    const auto read = json::codec::of<data_reply<T>>().decode_into(&reply, r.body());
    if (!read) {
      return tl::unexpected<error>(not_an_envelope(r, read.error()));
    }
    if (!reply.success) {
      return tl::unexpected<error>(told_error({}, reply.error));
    }
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return take_data<T>(std::move(reply.data), "/data");
    }
  }
  payload_reply<T> reply;
  const auto read = json::codec::of<payload_reply<T>>().decode_into(&reply, r.body());
  if (!read) {
    return tl::unexpected<error>(not_an_envelope(r, read.error()));
  }
  if (reply._status != "ok") {
    return tl::unexpected<error>(told_error(reply._error_type, reply._message));
  }
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return take_data<T>(std::move(reply._payload), "/_payload");
  }
}

template <class T>
[[nodiscard]] task<result<T>> call_envelope(context& cx, client& c, envelope e, request r,
                                            result<void> ready) {
  if (!ready) {
    co_return tl::unexpected<error>(std::move(ready).error());
  }
  auto answer = co_await c.request(cx, std::move(r));
  if (!answer) {
    co_return tl::unexpected<error>(std::move(answer).error());
  }
  co_return open_answer<T>(e, *answer);
}

template <class F>
class envelope_handler final : public handler {
  using sig = signature<F>;
  using answer = handler_result<typename sig::result>;
  static constexpr std::size_t arguments = std::tuple_size_v<typename sig::arguments>;
  static_assert(arguments == 1 || arguments == 2,
                "a handler of an envelope takes context& and, as needed, the value within");

 public:
  envelope_handler(F f, envelope e, envelope_dialect d) : f_(std::move(f)), e_(e), d_(d) {}

  task<result<response>> handle(context& cx, const request& r) override {
    if constexpr (arguments == 1) {
      if constexpr (answer::waits) {
        auto out = co_await f_(cx);
        co_return seal(std::move(out), r);
      } else {
        co_return seal(f_(cx), r);
      }
    } else {
      using value = std::remove_cvref_t<std::tuple_element_t<1, typename sig::arguments>>;
      auto input = open<value>(r);
      if (!input) {
        co_return seal_error(e_, d_, input.error());
      }
      if constexpr (answer::waits) {
        auto out = co_await f_(cx, std::move(*input));
        co_return seal(std::move(out), r);
      } else {
        co_return seal(f_(cx, std::move(*input)), r);
      }
    }
  }

 private:
  template <class T>
  [[nodiscard]] result<T> open(const request& r) const {
    if (e_ == envelope::data) {
      data_request<T> wrapped;
      const auto found = open_envelope(
          d_, r, {json::codec::of<data_request<T>>(), &wrapped, json::codec(), nullptr});
      if (!found) {
        return tl::unexpected<error>(found.error());
      }
      return std::move(wrapped.data);
    }
    payload_request<T> wrapped;
    T whole{};
    const auto found = open_envelope(
        d_, r, {json::codec::of<payload_request<T>>(), &wrapped, json::codec::of<T>(), &whole});
    if (!found) {
      return tl::unexpected<error>(found.error());
    }
    return *found == found_in::whole ? std::move(whole) : std::move(wrapped._payload);
  }

  template <class T>
  [[nodiscard]] result<response> seal(result<T>&& out, const request& r) const {
    if (!out) {
      return seal_error(e_, d_, out.error());
    }
    if constexpr (std::is_void_v<T>) {
      return seal_envelope(e_, d_, r, json::codec(), nullptr);
    } else {
      return seal_envelope(e_, d_, r, json::codec::of<T>(), &*out);
    }
  }

  F f_;
  envelope e_;
  envelope_dialect d_;
};

}  // namespace detail

/// A handler that takes and gives values in an envelope: `f` takes `context&` and, if it needs one,
/// the value in the request, and gives `task<result<T>>` or `result<T>`.
///
/// *Example*:
/// ```cpp
/// routes.post("/transform", http::enveloped(http::envelope::data,
///     [&](context& cx, order o) { return shop.price(cx, std::move(o)); }));
/// ```
template <class F>
[[nodiscard]] std::shared_ptr<handler> enveloped(envelope e, envelope_dialect d, F f) {
  return std::make_shared<detail::envelope_handler<F>>(std::move(f), e, d);
}
/// With proper statuses.
template <class F>
[[nodiscard]] std::shared_ptr<handler> enveloped(envelope e, F f) {
  return enveloped(e, envelope_dialect::proper, std::move(f));
}

/// Puts what the server answers by itself (404, 405, malformed paths) and other errors in JSON into
/// an envelope too, with the same status; answers that are envelopes already stay as they are.
[[nodiscard]] std::shared_ptr<middleware> enveloped_errors(envelope e);

/// POSTs `value` in an envelope and opens the one that comes back, whatever its status. Data that
/// is missing or `null` is an empty `T` where that is an optional, and ignored where it is `void`.
///
/// *Errors*: `application` with the text that the envelope tells (its code is the type of the
/// error, or "service_error"); `http_error` for an answer outside 2xx that is no envelope;
/// `serialization_error` for another one; those of the client.
///
/// *Example*:
/// ```cpp
/// auto price = co_await http::call_enveloped<receipt>(cx, c, http::envelope::data, "/transform",
/// o);
/// ```
template <class T, class Value>
[[nodiscard]] task<result<T>> call_enveloped(context& cx, client& c, envelope e,
                                             std::string_view target, const Value& value) {
  request r(method::post, std::string(target));
  r.header("Content-Type", "application/json");
  result<void> ready;
  auto text = detail::wrap_request(e, json::codec::of<Value>(), &value);
  if (text) {
    r.body(std::move(*text));
  } else {
    ready = tl::unexpected<error>(std::move(text).error());
  }
  return detail::call_envelope<T>(cx, c, e, std::move(r), std::move(ready));
}

}  // namespace fairlead::http
