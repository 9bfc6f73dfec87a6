// SPDX-License-Identifier: BSL-1.0
#include "echo_replies.hpp"
#include "echo_servers.hpp"
#include "serve_until_stopped.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/http/event_stream.hpp>
#include <fairlead/http/server.hpp>

#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::cli {

namespace {

constexpr duration tick = std::chrono::seconds(1);

// Where a client that lost its connection goes on.
std::uint64_t seen_before(const http::request& r) {
  const auto text = http::last_event_id(r);
  std::uint64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

// Sends each text as an event, or counts seconds when there are none.
class event_echo {
 public:
  event_echo(std::vector<std::string> texts, std::uint64_t seen, echo_behaviour& behaviour)
      : texts_(std::move(texts)), sent_(seen), behaviour_(behaviour) {}

  task<result<void>> operator()(context& cx, http::event_writer& out) {
    while (texts_.empty() || sent_ < texts_.size()) {
      const auto begun = co_await behaviour_.begin(cx);
      if (!begun) {
        co_return begun;  // breaks the stream off: clients come again
      }
      const auto data =
          texts_.empty() ? std::to_string(sent_ + 1) : texts_[static_cast<std::size_t>(sent_)];
      const auto id = std::to_string(++sent_);
      const auto sent = co_await out.send(cx, {"message", data, id});
      if (!sent) {
        co_return sent;
      }
      if (texts_.empty()) {
        const auto waited = co_await sleep_for(cx, tick);
        if (!waited) {
          co_return waited;
        }
      }
    }
    co_return result<void>();
  }

 private:
  std::vector<std::string> texts_;
  std::uint64_t sent_;
  echo_behaviour& behaviour_;
};

}  // namespace

task<result<void>> echo_events(context& cx, const echo_plan& plan,
                               std::unique_ptr<net::listener> from) {
  echo_behaviour behaviour(plan);
  const auto answer = [&](context&, const http::request& r) -> result<http::response> {
    return http::event_stream(event_echo(texts_to_send(r), seen_before(r), behaviour));
  };
  http::router routes;
  routes.get("/{rest...}", answer);
  routes.post("/{rest...}", answer);
  http::server_options options;
  options.idle_timeout(plan.idle_timeout).max_body(plan.max_frame);
  http::server server(std::move(routes), options);
  auto outcome = co_await serve_until_stopped(cx, server, std::move(from), drain_grace(plan));
  co_return outcome;
}

}  // namespace fairlead::cli
