// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/http_transport.hpp>

#include "detail/hop_headers.hpp"
#include "detail/http_form.hpp"
#include "detail/stream_lines.hpp"
#include "detail/told_error.hpp"

#include <fairlead/http/client.hpp>
#include <fairlead/http/response_stream.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/port/hop.hpp>

#include <utility>

namespace fairlead {

namespace {

task<result<std::string>> fetch(context& cx, http::client& client, route_method method,
                                std::string target, http::headers h, std::string body) {
  switch (method) {
    case route_method::get:
      return client.get<std::string>(cx, target, std::move(h));
    case route_method::post:
      return client.post<std::string>(cx, target, body, std::move(h));
    case route_method::put:
      return client.put<std::string>(cx, target, body, std::move(h));
    case route_method::patch:
      return client.patch<std::string>(cx, target, body, std::move(h));
    case route_method::del:
      return client.del<std::string>(cx, target, std::move(h));
  }
  __builtin_unreachable();
}

// The service's own error when the response carries one.
error remote_error(error e) {
  const auto answer = e.get<errors::http_error>();
  if (!answer) {
    return e;
  }
  auto told = detail::told_error(answer->body, answer->url, answer->retry_after);
  return told ? std::move(*told) : std::move(e);
}

class over_http final : public transport {
 public:
  over_http(std::shared_ptr<http::client> client, std::string base) noexcept
      : client_(std::move(client)), base_(std::move(base)) {}

  task<result<std::string>> call(context& cx, const operation_info& what,
                                 std::string_view request) override {
    auto answer = co_await exchange(cx, what, request);
    co_return answer;
  }

  task<result<void>> send(context& cx, const operation_info& what,
                          std::string_view request) override {
    auto answer = co_await exchange(cx, what, request);
    if (!answer) {
      co_return fail(std::move(answer).error());
    }
    co_return result<void>();
  }

  task<result<void>> stream(context& cx, const operation_info& what, std::string_view request,
                            item_writer<std::string>& to) override;

 private:
  task<result<std::string>> exchange(context& cx, const operation_info& what,
                                     std::string_view request);
  static task<result<void>> read_items(context& cx, http::response_stream& from,
                                       detail::stream_lines& lines, item_writer<std::string>& to);

  std::shared_ptr<http::client> client_;
  std::string base_;
};

task<result<std::string>> over_http::exchange(context& cx, const operation_info& what,
                                              std::string_view request) {
  auto placed = detail::place(base_, what, request);
  if (!placed) {
    co_return fail(std::move(placed).error());
  }
  const outgoing_hop hop(cx, hop_trace::apart);
  if (auto sendable = hop.check(); !sendable) {
    co_return fail(std::move(sendable).error());
  }
  auto headers = detail::hop_headers(hop, "application/json", !placed->body.empty());
  auto answer = co_await fetch(cx, *client_, what.at.method, std::move(placed->target),
                               std::move(headers), std::move(placed->body));
  if (!answer) {
    co_return fail(remote_error(std::move(answer).error()));
  }
  co_return answer;
}

task<result<void>> over_http::stream(context& cx, const operation_info& what,
                                     std::string_view request, item_writer<std::string>& to) {
  auto placed = detail::place(base_, what, request);
  if (!placed) {
    co_return fail(std::move(placed).error());
  }
  const outgoing_hop hop(cx, hop_trace::apart);
  if (auto sendable = hop.check(); !sendable) {
    co_return fail(std::move(sendable).error());
  }
  http::request r(detail::method_of(what), placed->target);
  r.headers() = detail::hop_headers(hop, detail::stream_type, !placed->body.empty());
  r.body(std::move(placed->body));
  // As long as the caller's deadline lets it: items may be far apart.
  http::stream_options unlimited;
  unlimited.timeout = duration::max();
  unlimited.read_timeout = duration::max();
  auto got = co_await client_->stream(cx, std::move(r), unlimited);
  if (!got) {
    co_return fail(remote_error(std::move(got).error()));
  }
  if (to_int(got->status()) != 200) {
    auto text = co_await http::read_all(cx, got->body(), detail::most_error_text);
    if (!text) {
      co_return fail(std::move(text).error());
    }
    co_return fail(remote_error(errors::http_error{placed->target, to_int(got->status()), *text,
                                                   got->headers().text(), std::nullopt}));
  }
  detail::stream_lines lines(placed->target);
  auto outcome = co_await read_items(cx, *got, lines, to);
  co_return outcome;
}

task<result<void>> over_http::read_items(context& cx, http::response_stream& from,
                                         detail::stream_lines& lines,
                                         item_writer<std::string>& to) {
  for (;;) {
    auto piece = co_await from.read(cx);
    if (!piece) {
      co_return fail(std::move(piece).error());
    }
    if (!*piece) {
      co_return fail(lines.cut_off());
    }
    lines.add(**piece);
    for (auto next = lines.next(); next.what != detail::stream_lines::part::more;
         next = lines.next()) {
      if (next.what == detail::stream_lines::part::end) {
        co_return result<void>();
      }
      if (next.what == detail::stream_lines::part::failed) {
        co_return fail(std::move(*next.why));
      }
      auto taken = co_await to.write(cx, std::move(next.item));
      if (!taken) {
        co_return taken;
      }
    }
  }
}

}  // namespace

std::shared_ptr<transport> http_transport(std::shared_ptr<http::client> client, std::string base) {
  return std::make_shared<over_http>(std::move(client), std::move(base));
}

}  // namespace fairlead
