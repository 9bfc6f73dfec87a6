// SPDX-License-Identifier: BSL-1.0
// The part of the HTTP adapter that does not depend on request types: compiled once, in the
// library.
#pragma once

#include <fairlead/core/task.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/json/codec.hpp>
#include <fairlead/port/operation.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace fairlead::detail {

/// What the transport knows of an operation.
struct http_operation {
  std::string_view name;
  fairlead::route at;
  idempotency nature;

  [[nodiscard]] http::method method() const noexcept;
  /// The pattern of its path: the route's, or "/" and its name.
  [[nodiscard]] std::string path() const;
};

template <operation R>
constexpr http_operation http_operation_of() noexcept {
  return {operation_name<R>(), operation_route<R>(), nature_of<R>};
}

/// The header by which the remaining time of the caller travels, in milliseconds, rounded up.
inline constexpr std::string_view timeout_header = "Fairlead-Timeout-Ms";

/// What the calls of one port share: the client and where the service lives.
struct http_peer {
  http_peer(std::shared_ptr<http::client> to, std::string below) noexcept;
  http_peer(http_peer&&) noexcept;
  http_peer& operator=(http_peer&&) = delete;
  ~http_peer();

  std::shared_ptr<http::client> client;
  std::string base;
};

/// How the two sides of an operation are written and read.
struct http_forms {
  json::codec request;
  json::codec response;  // of no type when there is none
};

template <operation R>
constexpr http_forms http_forms_of() noexcept {
  if constexpr (std::is_void_v<response_t<R>>) {
    return {json::codec::of<R>(), json::codec()};
  } else {
    return {json::codec::of<R>(), json::codec::of<response_t<R>>()};
  }
}

/// Sends `request`: fields named in the path go there, the rest into the query or the body. Reads
/// the body of a success into `response`.
///
/// *Errors*: those of the client; an error that the other side wrote with `to_wire` is that error;
/// `serialization_error` for a request that must not be sent, and for a response that is not what
/// the operation promises.
[[nodiscard]] task<result<void>> http_call(context& cx, const http_peer& peer, http_operation what,
                                           http_forms forms, const void* request, void* response);

/// True for the fields of a request whose JSON form is a string.
using is_text_field = bool (*)(std::string_view name);

/// The JSON of the request in `r`: its body, the query of methods without one, and the path
/// parameters, which win.
[[nodiscard]] std::string request_text(const http::request& r, is_text_field is_text);

/// The caller's remaining time, or `cx` itself when it said nothing.
[[nodiscard]] context with_remote_deadline(const context& cx, const http::request& r);

/// An error of a service as a response: `to_wire` with the status that fits.
[[nodiscard]] http::response error_answer(const error& e);

/// The same for a response that the service cannot send: its own fault, so a 500.
[[nodiscard]] http::response bad_answer(const error& e, std::string_view operation);

}  // namespace fairlead::detail
