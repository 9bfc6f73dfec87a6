// SPDX-License-Identifier: BSL-1.0
// A chat room: every message that a client sends goes to all of them. The server is drained at the
// end, which closes the conversations in order.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/accept_websocket.hpp>
#include <fairlead/http/open_websocket.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace http = fairlead::http;

class room {
 public:
  // One client, until it leaves.
  task<void> talk(context& cx, http::websocket& ws) {
    members_.push_back(ws);
    for (;;) {
      auto got = co_await ws.read(cx);
      if (!got || !*got) {
        break;
      }
      const std::string text((*got)->data);
      auto present = members_;  // handles: one that leaves meanwhile stays valid
      for (auto& member : present) {
        auto sent = co_await member.send(cx, text);
        static_cast<void>(sent);  // one that has gone is noticed by its own reader
      }
    }
    std::erase(members_, ws);
  }

 private:
  std::vector<http::websocket> members_;
};

task<result<void>> chat(context& cx, const std::string& url) {
  http::client client(cx.env(), http::client_options(url));
  auto ann = co_await http::open_websocket(cx, client, "/room");
  auto bob = co_await http::open_websocket(cx, client, "/room");
  if (!ann || !bob) {
    co_return tl::unexpected(ann ? bob.error() : ann.error());
  }
  auto sent = co_await ann->send(cx, "hello, is anybody here?");
  for (auto* listener : {&*ann, &*bob}) {
    auto heard = co_await listener->read(cx);
    if (heard && *heard) {
      std::printf("heard: %s\n", std::string((*heard)->data).c_str());
    }
  }
  auto left = co_await ann->close(cx, http::close_code::normal, "bye");
  std::printf("ann left: %s\n", left ? "in order" : left.error().message().c_str());
  auto also = co_await bob->close(cx);
  co_return also;
}

}  // namespace

int main() {
  return fairlead::run_main("09_websocket", [](context& cx) -> task<result<void>> {
    room lobby;
    http::router routes;
    routes.get("/room", [&](context&, const http::request& r) -> result<http::response> {
      return http::accept_websocket(
          r, [&](context& own, http::websocket& ws) { return lobby.talk(own, ws); });
    });
    http::server app(std::move(routes));
    auto listener =
        fairlead::net::system_network().listen(cx.env(), fairlead::net::endpoint::loopback(), {});
    if (!listener) {
      co_return tl::unexpected(listener.error());
    }
    const auto url = "http://" + (*listener)->local().to_string();
    fairlead::task_scope serving(cx);
    serving.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
    auto chatted = co_await chat(cx, url);
    auto drained = co_await app.drain(cx, 5s);
    auto served = co_await serving.join();
    co_return chatted ? (drained ? served : drained) : chatted;
  });
}
