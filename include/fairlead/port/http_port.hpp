// SPDX-License-Identifier: BSL-1.0
// The adapter for a service behind HTTP: the client's side.
#pragma once

#include <fairlead/http/client.hpp>
#include <fairlead/port/detail/http_binding.hpp>
#include <fairlead/port/port.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace fairlead {

namespace detail {

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
    result<response_t<R>> answer;
    void* slot = nullptr;
    if constexpr (!std::is_void_v<response_t<R>>) {
      slot = &*answer;
    }
    auto done = co_await http_call(cx, this->peer_, http_operation_of<R>(), http_forms_of<R>(),
                                   &request, slot);
    if (!done) {
      co_return tl::unexpected<error>(std::move(done).error());
    }
    co_return answer;
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
  return Port(detail::share_adapter<Port>(
      new adapter(detail::http_peer(std::move(client), std::move(base)))));
}

}  // namespace fairlead
