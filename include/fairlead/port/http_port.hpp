// SPDX-License-Identifier: BSL-1.0
// The adapter for a service behind HTTP: the client's side.
#pragma once

#include <fairlead/http/client.hpp>
#include <fairlead/http/codec.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/port/detail/http_binding.hpp>
#include <fairlead/port/port.hpp>

#include <memory>
#include <string>
#include <utility>

namespace fairlead {

namespace detail {

/// What both ends of a connection share: the client and where the service lives.
struct http_peer {
  std::shared_ptr<http::client> client;
  std::string base;
};

template <class Base, operation... Rs>
class http_adapter;

template <class Base>
class http_adapter<Base> : public Base {
 public:
  explicit http_adapter(http_peer peer) : peer_(std::move(peer)) {}

 protected:
  http_peer peer_;
};

template <class Base, operation R, operation... Rs>
class http_adapter<Base, R, Rs...> : public http_adapter<Base, Rs...> {
 public:
  using http_adapter<Base, Rs...>::http_adapter;
  using Base::call;

  task<result<response_t<R>>> call(context& cx, const R& request) override {
    using value = response_t<R>;
    auto encoded = http::encode_body(request);
    if (!encoded) {
      co_return fail(encoded.error());
    }
    context known = for_operation<R>(cx);
    auto& peer = this->peer_;
    const auto answer = co_await http_call(known, *peer.client, peer.base, http_operation_of<R>(),
                                           std::move(*encoded));
    if (!answer) {
      co_return fail(answer.error());
    }
    if constexpr (std::is_void_v<value>) {
      co_return result<void>{};
    } else {
      auto decoded = json::decode<value>(answer->empty() ? std::string_view("null") : *answer);
      if (!decoded) {
        co_return fail(bad_response(decoded.error(), operation_name<R>()));
      }
      co_return decoded;
    }
  }
};

template <class Port>
struct http_adapter_of;
template <operation... Rs>
struct http_adapter_of<port<Rs...>> {
  using type = http_adapter<typename port<Rs...>::interface, Rs...>;
};

}  // namespace detail

/// A port to a service behind HTTP. Each operation goes to its route below `base`; the request is
/// validated before a byte is sent, the response when it has come. `serve` is the other side, but
/// any HTTP service with these routes will do.
///
/// Fields named in the route's path travel in the path; the others in the query (GET, DELETE) or as
/// the members of a JSON body. The caller's remaining time travels as `Fairlead-Timeout-Ms`.
///
/// *Errors*: those of the client (`http::client`), and every error of the service, of the same kind
/// and with the same data as in process; it is `answered`, and has neither stage nor cause.
/// *Cancellation* closes the connection, by which the other side learns of it.
/// *Thread safety*: that of the client.
///
/// *Example*: `auto u = http_port<shop::users>(client, "http://users:8080");`
template <class Port>
[[nodiscard]] Port http_port(std::shared_ptr<http::client> client, std::string base = {}) {
  using adapter = typename detail::http_adapter_of<Port>::type;
  return Port(std::make_shared<adapter>(detail::http_peer{std::move(client), std::move(base)}));
}

}  // namespace fairlead
