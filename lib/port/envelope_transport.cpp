// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/envelope_transport.hpp>

#include "detail/hop_headers.hpp"
#include "detail/http_form.hpp"

#include <fairlead/http/client.hpp>
#include <fairlead/http/handler.hpp>
#include <fairlead/http/router.hpp>
#include <fairlead/http/sealed_text.hpp>

#include <stdexcept>
#include <utility>

namespace fairlead {

namespace {

// Where an operation is POSTed to; empty when its route does not say so.
std::string envelope_path(const operation_info& what) {
  auto path = detail::path_of(what);
  return path.find('{') == std::string::npos ? path : std::string();
}

class in_envelopes final : public transport {
 public:
  in_envelopes(std::shared_ptr<http::client> client, envelope_options options) noexcept
      : client_(std::move(client)), options_(std::move(options)) {}

  task<result<std::string>> call(context& cx, const operation_info& what,
                                 std::string_view request) override;

  task<result<void>> send(context& cx, const operation_info& what,
                          std::string_view request) override {
    auto answered = co_await call(cx, what, request);
    if (!answered && !answered.error().is<errors::application>()) {
      co_return fail(std::move(answered).error());
    }
    co_return result<void>();
  }

  task<result<void>> stream(context& /*cx*/, const operation_info& what,
                            std::string_view /*request*/,
                            item_writer<std::string>& /*to*/) override {
    co_return fail(errors::invalid_argument{what.name, "a stream does not fit into an envelope"});
  }

 private:
  std::shared_ptr<http::client> client_;
  envelope_options options_;
};

task<result<std::string>> in_envelopes::call(context& cx, const operation_info& what,
                                             std::string_view request) {
  const auto path = envelope_path(what);
  if (path.empty()) {
    co_return fail(errors::invalid_argument{
        what.name, "its route has parameters in the path, which an envelope does not carry"});
  }
  const outgoing_hop hop(cx, hop_trace::apart);
  if (auto sendable = hop.check(); !sendable) {
    co_return fail(std::move(sendable).error());
  }
  auto headers = detail::hop_headers(hop, "application/json", true);
  auto answer =
      co_await client_->request(cx, http::method::post, options_.base + path, std::move(headers),
                                http::seal_request(options_.kind, request));
  if (!answer) {
    co_return fail(std::move(answer).error());
  }
  co_return http::open_reply(options_.kind, *answer);
}

struct shared_table {
  service_table table;
  envelope_options options;
};

class enveloped_operation final : public http::handler {
 public:
  enveloped_operation(std::shared_ptr<const shared_table> service,
                      const served_operation& which) noexcept
      : service_(std::move(service)), which_(which) {}

  task<result<http::response>> handle(context& cx, const http::request& r) override {
    const auto& o = service_->options;
    auto text = http::open_request(o.kind, o.dialect, r);
    if (!text) {
      co_return http::seal_failure(o.kind, o.dialect, text.error());
    }
    const auto hop = detail::hop_of(r);
    const auto call = hop.call_of(which_.what.name);
    context limited = hop.under(cx, cx.now(), call);
    auto reply = co_await service_->table.run(limited, which_, *text);
    if (!reply && which_.what.how != delivery::one_way) {
      co_return http::seal_failure(o.kind, o.dialect, reply.error());
    }
    co_return http::seal_reply(o.kind, o.dialect, r, reply ? *reply : std::string());
  }

 private:
  std::shared_ptr<const shared_table> service_;
  const served_operation& which_;  // of the table
};

}  // namespace

std::shared_ptr<transport> envelope_transport(std::shared_ptr<http::client> client,
                                              envelope_options options) {
  return std::make_shared<in_envelopes>(std::move(client), std::move(options));
}

void serve_enveloped(http::router& routes, service_table service, envelope_options options) {
  const auto shared =
      std::make_shared<const shared_table>(shared_table{std::move(service), std::move(options)});
  for (const auto& which : shared->table.operations()) {
    if (which.what.how == delivery::stream) {
      continue;
    }
    const auto path = envelope_path(which.what);
    if (path.empty()) {
      throw std::invalid_argument("serve_enveloped: the route of " + std::string(which.what.name) +
                                  " has parameters, which an envelope does not carry");
    }
    routes.add(http::method::post, path, std::make_shared<enveloped_operation>(shared, which));
  }
}

}  // namespace fairlead
