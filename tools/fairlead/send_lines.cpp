// SPDX-License-Identifier: BSL-1.0
// How it works: one task reads lines and starts a call for each, another waits for the calls in the
// order in which they began.
#include "send_lines.hpp"

#include <fairlead/core/channel.hpp>
#include <fairlead/core/event.hpp>
#include <fairlead/core/semaphore.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/line.hpp>

#include <boost/json/value.hpp>

#include <memory>
#include <utility>

namespace fairlead::cli {

namespace {

net::any_framer replies_of(const send_plan& plan) {
  // Peers that just close end their last reply, too.
  if (plan.protocol == send_protocol::jsonl) {
    return net::json_lines({.last = net::unfinished::message});
  }
  return net::line(
      {.empty = plan.skip_empty ? net::empty_messages::skip : net::empty_messages::keep,
       .last = net::unfinished::message});
}

net::framed_client_options options_of(const send_plan& plan) {
  net::framed_client_options out;
  out.max_in_flight = plan.pipeline;
  out.call_timeout = plan.timeout;
  out.connect_timeout = plan.timeout;
  out.write_timeout = plan.timeout;
  return out;
}

class conversation {
 public:
  conversation(net::framed_client& client, const send_plan& plan, line_input& from,
               reply_sink& reply)
      : client_(client),
        from_(from),
        reply_(reply),
        skips_(plan.protocol == send_protocol::jsonl),
        turns_(plan.pipeline),
        begun_(plan.pipeline) {}

  // Reads, and starts the calls in `calls`.
  task<result<void>> ask(context& cx, task_scope& calls) {
    for (;;) {
      auto line = co_await from_.next(cx);
      if (!line) {
        co_return fail(line.error());
      }
      if (!*line) {
        begun_.close();
        co_return result<void>();
      }
      if (skips_ && (*line)->empty()) {
        continue;  // no JSON text is empty
      }
      auto turn = co_await turns_.acquire(cx);
      if (!turn) {
        co_return fail(turn.error());
      }
      const auto one = std::make_shared<call>(std::move(**line), *std::move(turn));
      const auto room = co_await begun_.send(cx, one);
      if (!room) {
        co_return room;
      }
      calls.spawn([this, one](context& inner) { return run(inner, *one); });
    }
  }

  task<result<void>> hand_on(context& cx) {
    for (;;) {
      auto one = co_await begun_.receive(cx);
      if (!one && one.error().is<errors::unavailable>()) {
        co_return result<void>();  // closed, and all were handed on
      }
      if (!one) {
        co_return fail(one.error());
      }
      auto& c = **one;
      const auto ended = co_await c.ended.wait(cx);
      if (!ended) {
        co_return ended;
      }
      if (!c.reply) {
        co_return fail(c.reply.error());
      }
      reply_(*c.reply);
    }
  }

 private:
  struct call {
    call(std::string text, semaphore::permit p) : request(std::move(text)), turn(std::move(p)) {}
    std::string request;
    semaphore::permit turn;  // until it is answered, so that its time begins when it is sent
    result<std::string> reply;
    event ended;
  };

  task<void> run(context& cx, call& c) {
    auto reply = co_await client_.call(cx, c.request);
    c.reply = std::move(reply);
    c.turn = semaphore::permit();
    c.ended.set();
  }

  net::framed_client& client_;
  line_input& from_;
  reply_sink& reply_;
  bool skips_;
  semaphore turns_;
  channel<std::shared_ptr<call>> begun_;
};

}  // namespace

task<result<void>> send_lines(context& cx, net::network& net, const send_plan& plan,
                              line_input& from, reply_sink reply) {
  const auto at = co_await plan.to.resolve(cx, net);
  if (!at) {
    co_return fail(at.error());
  }
  auto with_client = [&](task_scope& scope) -> task<result<void>> {
    net::framed_client client(scope, net::connects_to(net, *at), replies_of(plan),
                              options_of(plan));
    conversation talk(client, plan, from, reply);
    auto both = [&](task_scope& calls) -> task<result<void>> {
      calls.spawn([&](context& inner) { return talk.ask(inner, calls); });
      calls.spawn([&](context& inner) { return talk.hand_on(inner); });
      co_return result<void>();
    };
    auto said = co_await with_scope(cx, both);
    if (said) {
      said = cx.check();  // what ends because of a cancellation has not failed
    }
    const auto drained = co_await client.drain(cx, std::chrono::seconds(1));
    static_cast<void>(drained);  // nothing is in flight that anybody waits for
    co_return said;
  };
  auto outcome = co_await with_scope(cx, with_client);
  co_return outcome;
}

std::optional<error> told_error(std::string_view reply) {
  const auto read = json::decode<boost::json::value>(reply);
  const auto* object = read ? read->if_object() : nullptr;
  const auto text = [&](std::string_view key) -> std::string_view {
    const auto* value = object == nullptr ? nullptr : object->if_contains(key);
    const auto* string = value == nullptr ? nullptr : value->if_string();
    return string == nullptr ? std::string_view() : std::string_view(*string);
  };
  if (text("_status") != "error") {
    return std::nullopt;
  }
  error e(errors::application{text("_error_type"), text("_message")});
  e.at(error_stage::body).with_sent(error_sent::answered);
  return e;
}

}  // namespace fairlead::cli
