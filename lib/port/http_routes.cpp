// SPDX-License-Identifier: BSL-1.0
// How it works: one handler per operation; it puts the request's JSON together, runs the operation
// of the table, and says what came of it with a status.
#include <fairlead/port/serve.hpp>

#include "detail/hop_headers.hpp"
#include "detail/http_form.hpp"
#include "detail/stream_lines.hpp"

#include <fairlead/core/background.hpp>
#include <fairlead/http/body_source.hpp>
#include <fairlead/http/error_response.hpp>
#include <fairlead/http/handler.hpp>
#include <fairlead/http/router.hpp>
#include <fairlead/port/hop.hpp>
#include <fairlead/port/wire_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace fairlead {

namespace {

// What the handlers of one table share.
struct shared_service {
  shared_service(service_table t, std::size_t most) : table(std::move(t)), most_one_way(most) {}
  service_table table;
  std::size_t most_one_way;
  std::size_t one_way = 0;  // in progress
};

// An error of a service as a response: `to_wire` with the status that fits. A reply that the
// service must not send is its own fault.
http::response error_answer(const error& e) {
  auto answer = http::response(http::status_of(e)).body(to_wire(e), "application/json");
  if (e.is<errors::serialization_error>() && e.stage() == error_stage::body) {
    answer.status(http::status::internal_server_error);
  }
  if (const auto wait = e.retry_after()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
    answer.header("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 0)));
  }
  return answer;
}

class operation_handler : public http::handler {
 public:
  operation_handler(std::shared_ptr<shared_service> service, const served_operation& which) noexcept
      : service_(std::move(service)), which_(which) {}

 protected:
  std::shared_ptr<shared_service> service_;
  const served_operation& which_;  // of the table
};

class reply_handler final : public operation_handler {
 public:
  using operation_handler::operation_handler;

  task<result<http::response>> handle(context& cx, const http::request& r) override {
    const auto hop = detail::hop_of(r);
    const auto call = hop.call_of(which_.what.name);
    context limited = hop.under(cx, cx.now(), call);
    const auto text = detail::request_text(r, which_.is_text);
    auto reply = co_await service_->table.run(limited, which_, text);
    if (!reply) {
      co_return error_answer(reply.error());
    }
    if (reply->empty()) {
      co_return r.reply(http::status::no_content);
    }
    auto answer = r.reply();
    answer.body_text() = std::move(*reply);
    answer.headers().add("Content-Type", "application/json");
    co_return answer;
  }
};

// An operation without a reply, from when it was accepted to its end. Its texts are its own.
class accepted_call {
 public:
  accepted_call(std::shared_ptr<shared_service> service, const served_operation& which,
                std::string text, incoming_hop hop, time_point arrived)
      : service_(std::move(service)),
        which_(&which),
        text_(std::move(text)),
        hop_(std::move(hop)),
        arrived_(arrived) {}

  static task<void> run(std::shared_ptr<const accepted_call> self, context& cx) {
    const counted here(*self->service_);
    const auto call = self->hop_.call_of(self->which_->what.name);
    context limited = self->hop_.under(cx, self->arrived_, call);
    auto outcome = co_await self->service_->table.run(limited, *self->which_, self->text_);
    static_cast<void>(outcome);  // nobody is told
  }

 private:
  struct counted {
    explicit counted(shared_service& s) noexcept : service(s) { ++service.one_way; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --service.one_way; }
    shared_service& service;
  };

  std::shared_ptr<shared_service> service_;
  const served_operation* which_;
  std::string text_;
  incoming_hop hop_;
  time_point arrived_;
};

class one_way_handler final : public operation_handler {
 public:
  using operation_handler::operation_handler;

  task<result<http::response>> handle(context& cx, const http::request& r) override {
    if (service_->one_way >= service_->most_one_way) {
      co_return error_answer(errors::unavailable{
          which_.what.name, "too many operations without a reply are in progress", std::nullopt});
    }
    auto text = detail::request_text(r, which_.is_text);
    if (auto readable = which_.check(text); !readable) {
      co_return error_answer(readable.error());
    }
    auto call = std::make_shared<const accepted_call>(service_, which_, std::move(text),
                                                      detail::hop_of(r), cx.now());
    cx.env().background().spawn(
        [call = std::move(call)](context& own) { return accepted_call::run(call, own); });
    co_return r.reply(http::status::accepted);
  }
};

// Items as lines of the body.
class line_writer final : public item_writer<std::string> {
 public:
  explicit line_writer(http::body_writer& out) noexcept : out_(out) {}

  task<result<void>> write(context& cx, std::string item) override {
    const auto line = detail::item_line(item);
    auto sent = co_await out_.write(cx, line);
    if (sent) {
      sent = co_await out_.flush(cx);
    }
    if (!sent) {
      broken_ = sent;
    }
    co_return sent;
  }

  /// Why the caller cannot be told anything more.
  [[nodiscard]] const result<void>& sent() const noexcept { return broken_; }

 private:
  http::body_writer& out_;
  result<void> broken_;
};

class item_source final : public http::body_source {
 public:
  item_source(std::shared_ptr<shared_service> service, const served_operation& which,
              std::string text, incoming_hop hop, time_point arrived)
      : service_(std::move(service)),
        which_(which),
        text_(std::move(text)),
        hop_(std::move(hop)),
        arrived_(arrived) {}

  task<result<void>> write_to(context& cx, http::body_writer& out) override {
    const auto call = hop_.call_of(which_.what.name);
    context limited = hop_.under(cx, arrived_, call);
    line_writer items(out);
    auto done = co_await service_->table.run(limited, which_, text_, &items);
    if (!items.sent()) {
      co_return items.sent();
    }
    const auto last = done ? detail::end_line() : detail::error_line(done.error());
    auto sent = co_await out.write(cx, last);
    co_return sent;
  }

 private:
  std::shared_ptr<shared_service> service_;
  const served_operation& which_;
  std::string text_;
  incoming_hop hop_;
  time_point arrived_;
};

class stream_handler final : public operation_handler {
 public:
  using operation_handler::operation_handler;

  task<result<http::response>> handle(context& cx, const http::request& r) override {
    auto text = detail::request_text(r, which_.is_text);
    if (auto readable = which_.check(text); !readable) {
      co_return error_answer(readable.error());
    }
    co_return r.reply().body(std::make_shared<item_source>(service_, which_, std::move(text),
                                                           detail::hop_of(r), cx.now()),
                             detail::stream_type);
  }
};

std::shared_ptr<http::handler> handler_of(const std::shared_ptr<shared_service>& service,
                                          const served_operation& which) {
  switch (which.what.how) {
    case delivery::reply:
      return std::make_shared<reply_handler>(service, which);
    case delivery::one_way:
      return std::make_shared<one_way_handler>(service, which);
    case delivery::stream:
      return std::make_shared<stream_handler>(service, which);
  }
  __builtin_unreachable();
}

}  // namespace

void serve(http::router& routes, service_table service, std::size_t one_way) {
  const auto shared = std::make_shared<shared_service>(std::move(service), one_way);
  for (const auto& which : shared->table.operations()) {
    routes.add(detail::method_of(which.what), detail::path_of(which.what),
               handler_of(shared, which));
  }
}

}  // namespace fairlead
