// SPDX-License-Identifier: BSL-1.0
#include "echo_servers.hpp"

#include <fairlead/core/semaphore.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/datagram.hpp>
#include <fairlead/net/network.hpp>

#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::cli {

namespace {

// What a datagram can hold at most.
constexpr std::size_t largest_datagram = 65536;
// Answers that may be waited for at a time; more requests wait in the system, which drops them.
constexpr std::size_t most_waiting = 1024;

class datagram_echo {
 public:
  datagram_echo(const echo_plan& plan, net::datagram_socket& socket)
      : behaviour_(plan),
        limit_(plan.max_frame),
        socket_(socket),
        turns_(most_waiting),
        sending_(1) {}

  // Receives until `cx` is cancelled; answers run on in `answers`.
  task<result<void>> receive(context& cx, task_scope& answers) {
    std::array<std::byte, largest_datagram> buffer;
    for (;;) {
      auto turn = co_await turns_.acquire(cx);
      if (!turn) {
        co_return result<void>();
      }
      auto got = co_await net::receive(cx, socket_, buffer);
      if (!got && cx.cancelled()) {
        co_return result<void>();
      }
      if (!got) {
        co_return fail(got.error());
      }
      if (got->sent_size > limit_) {
        continue;  // as if it had been lost
      }
      std::string text(reinterpret_cast<const char*>(buffer.data()), got->size);
      answers.spawn([this, text = std::move(text), to = got->from,
                     p = std::make_shared<semaphore::permit>(*std::move(turn))](context& inner) {
        return answer(inner, text, to);
      });
    }
  }

  // Waits for the answers that are under way: until nobody else holds a turn. A join would not do:
  // it cancels what it waits for when the program was told to stop.
  task<void> finish(context& cx) {
    std::vector<semaphore::permit> all;
    while (all.size() < most_waiting) {
      auto turn = co_await turns_.acquire(cx);
      if (!turn) {
        co_return;
      }
      all.push_back(*std::move(turn));
    }
  }

 private:
  // A request that is to fail gets no answer: that is how datagrams fail.
  task<void> answer(context& cx, const std::string& text, const net::endpoint& to) {
    const auto begun = co_await behaviour_.begin(cx);
    if (!begun) {
      co_return;
    }
    const auto alone = co_await sending_.acquire(cx);
    if (!alone) {
      co_return;
    }
    const auto sent = co_await net::send_to(cx, socket_, text, to);
    static_cast<void>(sent);  // whoever asked may be gone
  }

  echo_behaviour behaviour_;
  std::size_t limit_;
  net::datagram_socket& socket_;
  semaphore turns_;
  semaphore sending_;
};

}  // namespace

task<result<void>> echo_datagrams(context& cx, const echo_plan& plan, const net::endpoint& at) {
  auto socket = net::system_network().open_datagrams(cx.env(), at, {});
  if (!socket) {
    co_return fail(socket.error());
  }
  std::cout << "listening on " << (*socket)->local().to_string() << std::endl;
  datagram_echo server(plan, **socket);
  cancel_scope alive(cx.env());  // answers in progress are given also when told to stop
  auto all = [&](task_scope& answers) -> task<result<void>> {
    auto received = co_await server.receive(cx, answers);
    co_await server.finish(alive);
    co_return received;
  };
  auto outcome = co_await with_scope(alive, all);
  co_return outcome;
}

}  // namespace fairlead::cli
