// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/plain_lines_client.hpp>

#include "detail/plain_text.hpp"

#include <fairlead/net/line.hpp>
#include <fairlead/net/one_read.hpp>

#include <utility>

namespace fairlead {

namespace {

constexpr std::string_view plain_client = "plain_lines_client";

net::any_framer framer_of(const plain_lines_client_options& o) {
  if (o.peer == plain_peer::unterminated) {
    net::one_read_options one;
    one.limit = o.max_line;
    return net::one_read(one);
  }
  net::line_options lines;
  lines.limit = o.max_line;
  lines.empty =
      o.peer == plain_peer::doubled_ends ? net::empty_messages::skip : net::empty_messages::keep;
  return net::line(lines);
}

net::framed_client_options client_options_of(const plain_lines_client_options& o) {
  detail::check_form(o.form, plain_client);
  net::framed_client_options out;
  out.max_in_flight = o.max_in_flight;
  out.max_waiting = o.max_waiting;
  out.call_timeout = o.call_timeout;
  out.connect_timeout = o.connect_timeout;
  out.idle_timeout = o.idle_timeout;
  out.first_pause = o.first_pause;
  out.longest_pause = o.longest_pause;
  return out;
}

}  // namespace

plain_lines_client::plain_lines_client(task_scope& scope, net::open_stream open,
                                       plain_lines_client_options options)
    : form_(options.form),
      client_(scope, std::move(open), framer_of(options), client_options_of(options)) {}

plain_lines_client::~plain_lines_client() = default;

task<result<std::string>> plain_lines_client::call(context& cx, const operation_info& what,
                                                   std::string_view request) {
  auto text = detail::write_plain_call(form_, what.name, request);
  if (!text) {
    co_return text;
  }
  auto answer = co_await client_.call(cx, *text);
  if (!answer) {
    co_return answer;
  }
  co_return detail::read_plain_answer(form_, *answer, plain_client);
}

task<result<void>> plain_lines_client::send(context& cx, const operation_info& what,
                                            std::string_view request) {
  auto answered = co_await call(cx, what, request);
  if (!answered && answered.error().sent() != error_sent::answered) {
    co_return fail(std::move(answered).error());
  }
  co_return result<void>();
}

task<result<void>> plain_lines_client::stream(context& /*cx*/, const operation_info& what,
                                              std::string_view /*request*/,
                                              item_writer<std::string>& /*to*/) {
  co_return fail(errors::invalid_argument{what.name, "a stream does not fit into one line"});
}

task<result<void>> plain_lines_client::drain(context& cx, duration grace) {
  return client_.drain(cx, grace);
}

net::framed_client_stats plain_lines_client::stats() const noexcept {
  return client_.stats();
}

}  // namespace fairlead
