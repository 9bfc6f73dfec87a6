// SPDX-License-Identifier: BSL-1.0
// How it works: one task sends lines, another reads messages. At the end of the lines the close
// frame is sent and the other task reads on, so that answers to the last lines are not lost.
#include "websocket_talk.hpp"

#include "exchange_plan.hpp"
#include "given_values.hpp"

#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/open_websocket.hpp>

#include <memory>
#include <utility>

namespace fairlead::cli {

namespace {

class websocket_conversation {
 public:
  websocket_conversation(http::websocket& ws, const websocket_plan& plan, line_input& from,
                         message_sink& show)
      : ws_(ws), plan_(plan), from_(from), show_(show) {}

  task<result<void>> send_lines(context& cx) {
    const auto kind = plan_.binary ? http::message_kind::binary : http::message_kind::text;
    for (;;) {
      auto line = co_await from_.next(cx);
      if (!line) {
        co_return fail(line.error());
      }
      if (!*line) {
        auto closed = co_await ws_.close(cx);
        co_return closed;
      }
      const auto text = std::move(**line);
      const auto sent = co_await ws_.send(cx, kind, text);
      if (!sent) {
        co_return sent;
      }
    }
  }

  // Ends the other task with itself: the peer has closed.
  task<result<void>> read_messages(context& cx, task_scope& both) {
    for (;;) {
      auto got = co_await ws_.read(cx);
      if (!got) {
        co_return fail(got.error());
      }
      if (!*got) {
        both.cancel();
        co_return ended_well();
      }
      show_((*got)->data);
    }
  }

 private:
  result<void> ended_well() const {
    const auto& end = ws_.end();
    const auto code = end ? end->code : http::close_code::none;
    if (code == http::close_code::normal || code == http::close_code::going_away ||
        code == http::close_code::none) {
      return {};
    }
    const auto number = std::to_string(static_cast<unsigned>(code));
    error e(errors::application{number, end->reason});
    return fail(e.at(error_stage::body).with_sent(error_sent::answered));
  }

  http::websocket& ws_;
  const websocket_plan& plan_;
  line_input& from_;
  message_sink& show_;
};

}  // namespace

const std::vector<option>& websocket_options_known() {
  static const std::vector<option> all = with_connection_options(
      {
          {"--binary", "", "send lines as binary messages"},
          {"--ping", "MS", "ask for a sign of life when nothing came for so long; default 20000"},
          {"--header", "'K: V'",
           "a header of the request that opens it; may be given several times"},
          {"--timeout", "MS", "how long opening and closing may take; default 5000"},
      },
      {
          {"--errors", "text|json", "how a failure is told; default: json unless on a terminal"},
          {"--help", "", "print this text"},
      });
  return all;
}

tl::expected<websocket_plan, std::string> plan_websocket(const arguments& from) {
  given_values given(from);
  websocket_plan plan;
  if (given.operands().size() != 1) {
    given.complain("give one URL: ws://HOST/PATH or wss://HOST/PATH");
  } else {
    plan.url = given.operands().front();
  }
  for (const auto& line : given.texts("--header")) {
    if (!add_header(plan.headers, line)) {
      given.complain("--header needs 'Name: value', not \"" + line + "\"");
    }
  }
  plan.binary = given.has("--binary");
  plan.ping = given.milliseconds("--ping");
  plan.timeout = given.milliseconds("--timeout").value_or(plan.timeout);
  plan.connections = connections_chosen(given);
  plan.errors = given.errors();
  if (given.problem()) {
    return tl::unexpected(*given.problem());
  }
  return plan;
}

task<result<void>> talk(context& cx, const websocket_plan& plan,
                        const connection_setup& connections, line_input& from, message_sink show) {
  http::client_options options;
  options.timeout(plan.timeout);
  connections.apply_to(options);
  auto client = http::client::make(cx.env(), std::move(options));
  if (!client) {
    co_return fail(client.error());
  }
  http::websocket_options knobs;
  knobs.close_timeout(plan.timeout);
  if (plan.ping) {
    knobs.ping_after(*plan.ping);
  }
  auto ws = co_await http::open_websocket(cx, *client, plan.url, knobs, plan.headers);
  if (!ws) {
    co_return fail(ws.error());
  }
  websocket_conversation both_ways(*ws, plan, from, show);
  auto both = [&](task_scope& tasks) -> task<result<void>> {
    tasks.spawn([&](context& inner) { return both_ways.read_messages(inner, tasks); });
    tasks.spawn([&](context& inner) { return both_ways.send_lines(inner); });
    co_return result<void>();
  };
  auto said = co_await with_scope(cx, both);
  if (said) {
    said = cx.check();
  }
  if (!said) {
    cancel_scope calm(cx.env());  // to say goodbye also when interrupted
    auto brief = calm.with_timeout(std::chrono::seconds(1));
    const auto closed = co_await ws->close(brief, http::close_code::going_away);
    static_cast<void>(closed);
  }
  co_return said;
}

}  // namespace fairlead::cli
