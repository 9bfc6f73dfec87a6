// SPDX-License-Identifier: BSL-1.0
// A typed port over any transport.
#pragma once

#include <fairlead/json/codec.hpp>
#include <fairlead/port/detail/operation_limit.hpp>
#include <fairlead/port/port.hpp>
#include <fairlead/port/transport.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace fairlead {

namespace detail {

/// What is known of an operation where it is called.
struct remote_operation {
  operation_info what;
  duration timeout;
  json::codec request;
  json::codec response;  // of no type when there is none
};

template <operation R>
constexpr remote_operation remote_operation_of() noexcept {
  constexpr auto response = [] {
    if constexpr (std::is_void_v<response_t<R>>) {
      return json::codec();
    } else {
      return json::codec::of<response_t<R>>();
    }
  }();
  return {operation_info_of<R>(), operation_timeout<R>(), json::codec::of<R>(), response};
}

/// Validates and sends `request`; reads the reply into `response`.
///
/// *Errors*: `serialization_error`, not sent, for a request that must not be sent; with stage body
/// for a reply that is not what the operation promises; those of the transport.
[[nodiscard]] task<result<void>> remote_call(context& cx, transport& by, remote_operation what,
                                             const void* request, void* response);
[[nodiscard]] task<result<void>> remote_stream(context& cx, transport& by, remote_operation what,
                                               const void* request, item_writer<std::string>& to);

/// Reads an item. *Errors*: `serialization_error` with stage body.
[[nodiscard]] result<void> read_item(json::codec form, void* item, std::string_view text,
                                     std::string_view operation);

/// Reads items for somebody who takes values.
template <class T>
class value_writer final : public item_writer<std::string> {
 public:
  value_writer(item_writer<T>& to, std::string_view operation) noexcept
      : to_(to), operation_(operation) {}

  task<result<void>> write(context& cx, std::string text) override {
    T item{};
    auto read = read_item(json::codec::of<T>(), &item, text, operation_);
    if (!read) {
      co_return read;
    }
    auto taken = co_await to_.write(cx, std::move(item));
    co_return taken;
  }

 private:
  item_writer<T>& to_;
  std::string_view operation_;
};

template <class Base, class... Rs>
class remote_adapter;

template <class Base>
class remote_adapter<Base> : public Base {
 public:
  explicit remote_adapter(std::shared_ptr<transport> by) noexcept : by_(std::move(by)) {}

 protected:
  std::shared_ptr<transport> by_;
};

template <class Base, class R, class... Rs>
class remote_adapter<Base, R, Rs...> : public remote_adapter<Base, Rs...> {
 public:
  using remote_adapter<Base, Rs...>::remote_adapter;
  using Base::call;

  task<result<response_t<R>>> call(context& cx, const R& request) override {
    result<response_t<R>> answer;
    void* slot = nullptr;
    if constexpr (!std::is_void_v<response_t<R>>) {
      slot = &*answer;
    }
    auto done = co_await remote_call(cx, *this->by_, remote_operation_of<R>(), &request, slot);
    if (!done) {
      co_return tl::unexpected<error>(std::move(done).error());
    }
    co_return answer;
  }
};

template <class Base, streaming R, class... Rs>
class remote_adapter<Base, R, Rs...> : public remote_adapter<Base, Rs...> {
 public:
  using remote_adapter<Base, Rs...>::remote_adapter;
  using Base::call;

  task<result<void>> call(context& cx, const R& request, item_writer<item_t<R>>& to) override {
    value_writer<item_t<R>> items(to, wire_name<R>());
    auto done = co_await remote_stream(cx, *this->by_, remote_operation_of<R>(), &request, items);
    co_return done;
  }
};

template <class Port>
struct remote_adapter_of;
template <operation... Rs>
struct remote_adapter_of<port<Rs...>> {
  using type = remote_adapter<typename port<Rs...>::interface, Rs...>;
};

}  // namespace detail

/// A port whose calls go over `by`. Requests are validated before anything is sent, replies when
/// they have come.
///
/// *Errors*: those of the transport, and `serialization_error`. *Thread safety*: that of the
/// transport.
///
/// *Example*: `auto u = remote_port<shop::users>(http_transport(client, "/v1"));`
template <class Port>
[[nodiscard]] Port remote_port(std::shared_ptr<transport> by) {
  using adapter = typename detail::remote_adapter_of<Port>::type;
  return Port(detail::share_adapter<Port>(new adapter(std::move(by))));
}

}  // namespace fairlead
