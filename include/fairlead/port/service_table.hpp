// SPDX-License-Identifier: BSL-1.0
// A service as transports see it: operations by name, requests and replies as text.
#pragma once

#include <fairlead/json/codec.hpp>
#include <fairlead/port/detail/served.hpp>
#include <fairlead/port/detail/text_members.hpp>
#include <fairlead/port/port.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fairlead {

namespace detail {

/// True for the fields of a request whose JSON form is a string.
using is_text_field = bool (*)(std::string_view name);

/// Runs one operation: reads the request, calls the service, writes the reply.
using run_operation = task<result<void>> (*)(void* service, context& cx, std::string_view request,
                                             std::string& reply, item_writer<std::string>* items);

/// Reads a request. *Errors*: `serialization_error`, answered.
[[nodiscard]] result<void> read_request(json::codec form, void* request, std::string_view text);
/// Writes a reply or an item. *Errors*: `serialization_error` with stage body: the service's fault.
[[nodiscard]] result<void> write_reply(json::codec form, const void* reply,
                                       std::string_view operation, std::string& out);
/// `e` as that of a reply that is not what the operation promises.
[[nodiscard]] error bad_reply(const error& e, std::string_view operation);

}  // namespace detail

/// One operation of a service.
struct served_operation {
  operation_info what;
  json::codec request;
  json::codec response;  ///< of an item, when it is answered with a stream; else maybe of no type
  detail::is_text_field is_text = nullptr;
  /// Whether a text is a valid request. *Errors*: `serialization_error`.
  result<void> (*check)(std::string_view request) = nullptr;
  detail::run_operation run = nullptr;
};

/// The operations of a port on a service object: what every server adapter serves from.
///
/// *Thread safety*: looking up is free; calling is that of the service.
class service_table {
 public:
  /// Of all operations of `Port`. Throws `std::invalid_argument` when two have the same name on the
  /// wire.
  template <class Port, class S>
  [[nodiscard]] static service_table of(std::shared_ptr<S> service);

  [[nodiscard]] std::span<const served_operation> operations() const noexcept { return all_; }
  /// Null when there is none of that name.
  [[nodiscard]] const served_operation* find(std::string_view name) const noexcept;

  /// Runs one of `operations()`: the request is validated, the service called under `cx`, the reply
  /// validated and written. Gives its JSON text; empty when there is no value. Items of a stream go
  /// to `items`, which is null for the others.
  ///
  /// *Errors*: `deadline` and `cancelled` of `cx`, without a call of the service when that is so at
  /// once; `serialization_error` for the request, and with stage body for the reply; the service's.
  /// What the service throws comes through.
  [[nodiscard]] task<result<std::string>> run(context& cx, const served_operation& which,
                                              std::string_view request,
                                              item_writer<std::string>* items = nullptr) const;

 private:
  service_table(std::shared_ptr<void> service, std::vector<served_operation> all);

  std::shared_ptr<void> service_;
  std::vector<served_operation> all_;  // by name
};

namespace detail {

template <class T>
constexpr json::codec codec_of() noexcept {
  if constexpr (std::is_void_v<T>) {
    return json::codec();
  } else {
    return json::codec::of<T>();
  }
}

/// Writes items as text. (Its own class, since the writer's frame holds one of them.)
template <class T>
class text_writer final : public item_writer<T> {
 public:
  text_writer(item_writer<std::string>& to, std::string_view operation) noexcept
      : to_(to), operation_(operation) {}

  task<result<void>> write(context& cx, T item) override {
    std::string text;
    auto written = write_reply(json::codec::of<T>(), &item, operation_, text);
    if (!written) {
      co_return written;
    }
    auto taken = co_await to_.write(cx, std::move(text));
    co_return taken;
  }

 private:
  item_writer<std::string>& to_;
  std::string_view operation_;
};

template <operation R>
result<void> check_request(std::string_view text) {
  R request{};
  return read_request(json::codec::of<R>(), &request, text);
}

template <class S, operation R>
struct text_operation {
  static task<result<void>> run(void* service, context& cx, std::string_view text,
                                std::string& reply, item_writer<std::string>* items) {
    R request{};
    auto read = read_request(json::codec::of<R>(), &request, text);
    if (!read) {
      co_return read;
    }
    if constexpr (streaming<R>) {
      text_writer<item_t<R>> out(*items, wire_name<R>());
      auto outcome = co_await served<S, R>::once(*static_cast<S*>(service), cx, request, out);
      co_return outcome;
    } else {
      auto outcome = co_await served<S, R>::once(*static_cast<S*>(service), cx, request);
      static_cast<void>(items);
      if (!outcome) {
        co_return fail(std::move(outcome).error());
      }
      if constexpr (!std::is_void_v<response_t<R>>) {
        auto written =
            write_reply(json::codec::of<response_t<R>>(), &*outcome, wire_name<R>(), reply);
        co_return written;
      } else {
        co_return result<void>();
      }
    }
  }
};

template <operation R>
struct reply_form {
  static constexpr json::codec value = codec_of<response_t<R>>();
};
template <streaming R>
struct reply_form<R> {
  static constexpr json::codec value = json::codec::of<item_t<R>>();
};

template <class S, operation... Rs>
std::vector<served_operation> all_operations(const port<Rs...>* /*which*/) {
  static_assert(
      (serves<S, Rs> && ...),
      "the service needs operator()(context&, const Request&) for every request of the port");
  return {served_operation{operation_info_of<Rs>(), json::codec::of<Rs>(), reply_form<Rs>::value,
                           &has_text_member<Rs>, &check_request<Rs>,
                           &text_operation<S, Rs>::run}...};
}

}  // namespace detail

template <class Port, class S>
service_table service_table::of(std::shared_ptr<S> service) {
  return service_table(std::move(service),
                       detail::all_operations<S>(static_cast<const Port*>(nullptr)));
}

}  // namespace fairlead
