// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/json_lines_client.hpp>

#include "detail/call_lines.hpp"

#include <fairlead/port/hop.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fairlead {

namespace {

constexpr std::string_view own_name = "json_lines_client";

net::json_lines framer_of(const json_lines_client_options& o) {
  net::json_lines_options lines;
  lines.limit = o.max_line;
  return net::json_lines(lines);
}

net::framed_client_options client_options_of(const json_lines_client_options& o) {
  net::framed_client_options out;
  out.max_in_flight = o.peer == lines_peer::simple ? 1 : o.max_in_flight;
  out.max_waiting = o.max_waiting;
  // Told that a call is given up, the service answers it soon.
  out.max_given_up = std::max<std::size_t>(8, o.max_in_flight / 2);
  out.call_timeout = o.call_timeout;
  out.connect_timeout = o.connect_timeout;
  out.idle_timeout = o.idle_timeout;
  out.first_pause = o.first_pause;
  out.longest_pause = o.longest_pause;
  out.max_untaken = o.max_ahead;
  return out;
}

bool more_follow(std::string_view line) {
  const auto said = detail::read_line(line);
  return said && said->status == "item";
}

// The rules of the protocol. A simple peer's errors have no id: with one call at a time they belong
// to that.
net::reply_rules rules_of(const json_lines_client_options& o) {
  net::reply_rules out;
  out.id_of = &detail::id_of_line;
  if (o.peer == lines_peer::multiplexed) {
    out.more = &more_follow;
    out.give_up = &detail::write_cancel;
  }
  return out;
}

error unreadable(const error& e) {
  error out = errors::protocol_error{own_name, e.message()};
  out.at(error_stage::body).with_sent(error_sent::answered);
  return out;
}

// The payload of a reply, or the error that it tells of.
result<std::string> payload_of(std::string_view text) {
  const auto line = detail::read_line(text);
  if (!line) {
    return fail(unreadable(line.error()));
  }
  if (line->status == "error") {
    return fail(detail::failure_of(*line, own_name));
  }
  if (!line->status.empty() && line->status != "ok" && line->status != "item") {
    return fail(unreadable(errors::application{"status", "a reply is neither ok nor an error"}));
  }
  return std::string(line->payload == "null" ? std::string_view() : line->payload);
}

}  // namespace

json_lines_client::json_lines_client(task_scope& scope, net::open_stream open,
                                     json_lines_client_options options)
    : options_(options),
      client_(scope, std::move(open), framer_of(options), rules_of(options),
              client_options_of(options)) {
  if (options.max_ahead == 0) {
    throw std::invalid_argument("json_lines_client: max_ahead must be at least 1");
  }
}

json_lines_client::~json_lines_client() = default;

std::string json_lines_client::next_id() {
  return std::to_string(++last_id_);
}

result<std::string> json_lines_client::write(const outgoing_hop& hop, const operation_info& what,
                                             std::string_view id, std::string_view request,
                                             std::uint32_t credit) const {
  if (auto sendable = hop.check(); !sendable) {
    return fail(std::move(sendable).error());
  }
  if (options_.peer == lines_peer::simple) {
    return detail::write_call({id, {}, {}, request, 0});
  }
  return detail::write_call({id, what.name, hop.fields(), request, credit});
}

task<result<std::string>> json_lines_client::call(context& cx, const operation_info& what,
                                                  std::string_view request) {
  const auto id = next_id();
  const outgoing_hop hop(cx);
  auto text = write(hop, what, id, request, 0);
  if (!text) {
    co_return text;
  }
  auto reply = co_await client_.call(cx, *text);
  if (!reply) {
    co_return reply;
  }
  co_return payload_of(*reply);
}

task<result<void>> json_lines_client::send(context& cx, const operation_info& what,
                                           std::string_view request) {
  if (options_.peer == lines_peer::simple) {
    auto answered = co_await call(cx, what, request);  // it answers every line
    if (!answered && answered.error().sent() != error_sent::answered) {
      co_return fail(std::move(answered).error());
    }
    co_return result<void>();
  }
  const outgoing_hop hop(cx);
  auto text = write(hop, what, {}, request, 0);
  if (!text) {
    co_return fail(std::move(text).error());
  }
  auto sent = co_await client_.post(cx, *text);
  co_return sent;
}

task<result<void>> json_lines_client::stream(context& cx, const operation_info& what,
                                             std::string_view request,
                                             item_writer<std::string>& to) {
  if (options_.peer == lines_peer::simple) {
    co_return fail(errors::invalid_argument{what.name, "a simple peer cannot serve a stream"});
  }
  const auto id = next_id();
  const outgoing_hop hop(cx);
  auto text = write(hop, what, id, request, options_.max_ahead);
  if (!text) {
    co_return fail(std::move(text).error());
  }
  std::uint32_t taken = 0;
  const net::framed_client::take_reply take = [&](context& own,
                                                  std::string line) -> task<result<void>> {
    const bool item = more_follow(line);
    auto payload = payload_of(line);
    if (!payload) {
      co_return fail(std::move(payload).error());
    }
    if (!item) {
      co_return result<void>();
    }
    auto done = co_await to.write(own, std::move(*payload));
    if (done && ++taken >= std::max(options_.max_ahead / 2, 1U)) {
      const auto credit = detail::write_credit(id, std::exchange(taken, 0U));
      done = co_await client_.post(own, credit);
    }
    co_return done;
  };
  auto outcome = co_await client_.call_each(cx, *text, take);
  co_return outcome;
}

task<result<void>> json_lines_client::drain(context& cx, duration grace) {
  return client_.drain(cx, grace);
}

net::framed_client_stats json_lines_client::stats() const noexcept {
  return client_.stats();
}

}  // namespace fairlead
