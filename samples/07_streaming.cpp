// SPDX-License-Identifier: BSL-1.0
// Bodies larger than anybody wants in memory: made while they are sent, read while they arrive, and
// kept in a file that is whole or not there. Starts the server it talks to.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/download.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace http = fairlead::http;
namespace net = fairlead::net;

constexpr int rows = 200'000;

task<result<void>> write_rows(context& cx, http::body_writer& out) {
  for (int i = 0; i < rows; ++i) {
    const auto row = std::to_string(i) + ",item\n";
    auto sent = co_await out.write(cx, row);  // waits for a slow reader
    if (!sent) {
      co_return sent;
    }
  }
  co_return result<void>();
}

task<result<void>> call(context& cx, const std::string& base) {
  http::client shop(cx.env(), http::client_options(base));

  auto report = co_await shop.stream(cx, http::request(http::method::get, "/report"));
  if (!report) {
    co_return fairlead::fail(report.error());
  }
  std::size_t lines = 0;
  for (;;) {
    const auto piece = co_await report->read(cx);
    if (!piece) {
      co_return fairlead::fail(piece.error());
    }
    if (!*piece) {
      break;  // the end
    }
    lines += static_cast<std::size_t>(std::count((*piece)->begin(), (*piece)->end(), '\n'));
  }
  std::cout << lines << " lines read while they came\n";

  const auto path = std::filesystem::temp_directory_path() / "fairlead-report.csv";
  const auto done = co_await http::download(cx, shop, "/report", path.string());
  if (!done) {
    co_return fairlead::fail(done.error());
  }
  std::cout << done->size << " bytes in a file\n";
  std::filesystem::remove(path);

  auto upload = http::request(http::method::put, "/length").body(http::make_body(write_rows));
  const auto stored = co_await shop.request(cx, upload);
  if (!stored) {
    co_return fairlead::fail(stored.error());
  }
  std::cout << stored->body() << " bytes sent while they were made\n";
  co_return result<void>();
}

http::router routes() {
  http::router r;
  r.get("/report", [](context&, const http::request&) -> result<http::response> {
    return http::response().body(http::make_body(write_rows), "text/csv");
  });
  r.put("/length", [](context&, const http::request& q) -> result<http::response> {
    return http::response().body(std::to_string(q.body().size()));
  });
  return r;
}

int main() {
  return fairlead::run_main("07_streaming", [](context& cx) -> task<result<void>> {
    auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    if (!listener) {
      co_return fairlead::fail(listener.error());
    }
    const auto base = "http://" + (*listener)->local().to_string();
    http::server server(routes(), http::server_options().max_body(16 << 20));
    fairlead::task_scope scope(cx);
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    const auto called = co_await call(cx, base);
    (void)co_await server.drain(cx, 1s);
    (void)co_await scope.join();
    co_return called;
  });
}
