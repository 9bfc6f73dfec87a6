// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/plain_lines_server.hpp>

#include "detail/plain_text.hpp"

#include <fairlead/net/line.hpp>
#include <fairlead/port/hop.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead {

struct plain_lines_server::shared {
  service_table table;
  plain_form form;
};

namespace {

constexpr std::string_view plain_server = "plain_lines_server";

net::line framer_of(const plain_lines_server_options& o) {
  net::line_options lines;
  lines.limit = o.max_line;
  return net::line(lines);
}

net::framed_server_options server_options_of(const plain_lines_server_options& o) {
  net::framed_server_options out;
  out.max_connections = o.max_connections;
  out.max_concurrent = o.max_concurrent;
  out.read_timeout = o.read_timeout;
  out.idle_timeout = o.idle_timeout;
  out.handler_timeout = o.handler_timeout;
  out.write_timeout = o.write_timeout;
  return out;
}

bool fits(const served_operation& which) noexcept {
  return which.what.how != delivery::stream;
}

[[noreturn]] void refuse(const std::string& why) {
  throw std::invalid_argument(std::string(plain_server) + ": " + why);
}

// Throws for a form that the service cannot have.
void check_service(const service_table& table, const plain_form& form) {
  detail::check_form(form, plain_server);
  const auto check_one = [&](const served_operation& one) {
    if (!form.text_field.empty() && !one.is_text(form.text_field)) {
      refuse(std::string(one.what.name) + " has no text \"" + form.text_field + "\"");
    }
  };
  if (!form.operation.empty()) {
    const auto* only = table.find(form.operation);
    if (only == nullptr || !fits(*only)) {
      refuse("the service has no operation \"" + form.operation + "\"" +
             (only != nullptr ? " that is answered with one value" : ""));
    }
    check_one(*only);
    return;
  }
  for (const auto& one : table.operations()) {
    if (fits(one)) {
      check_one(one);
      if (one.what.name.find(' ') != std::string_view::npos) {
        refuse("the name \"" + std::string(one.what.name) + "\" has a blank in it");
      }
    }
  }
}

error no_such_line(std::string_view name) {
  error out = errors::application{"unknown_operation",
                                  "there is no operation \"" + std::string(name) + "\" for lines"};
  out.with_sent(error_sent::answered);
  return out;
}

task<result<std::string>> answer_line(const service_table& table, const plain_form& form,
                                      context& cx, std::string_view line) {
  const auto call = detail::read_plain_call(form, line);
  if (!call) {
    co_return fail(call.error());
  }
  const auto* which = table.find(call->operation);
  if (which == nullptr || !fits(*which)) {
    co_return fail(no_such_line(call->operation));
  }
  const incoming_hop nothing;
  const auto about = nothing.call_of(which->what.name);
  context limited = nothing.under(cx, cx.now(), about);
  auto reply = co_await table.run(limited, *which, call->request);
  if (!reply && which->what.how != delivery::one_way) {
    co_return reply;
  }
  co_return detail::write_plain_answer(form, reply ? *reply : std::string());
}

}  // namespace

plain_lines_server::plain_lines_server(service_table service, plain_lines_server_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(service), options.form})),
      server_(
          framer_of(options),
          [all = shared_](context& cx, std::string_view line) {
            return answer_line(all->table, all->form, cx, line);
          },
          [all = shared_](std::string_view /*line*/, const error& why) {
            return detail::write_plain_failure(all->form, why);
          },
          server_options_of(options)) {
  check_service(shared_->table, shared_->form);
}

plain_lines_server::~plain_lines_server() = default;

task<result<void>> plain_lines_server::serve(context& cx, std::unique_ptr<net::listener> from) {
  return server_.serve(cx, std::move(from));
}

task<result<void>> plain_lines_server::drain(context& cx, duration grace) {
  return server_.drain(cx, grace);
}

net::framed_server_stats plain_lines_server::stats() const noexcept {
  return server_.stats();
}

}  // namespace fairlead
