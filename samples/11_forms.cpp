// SPDX-License-Identifier: BSL-1.0
// A form with files, as browsers send it, and neither side ever has a file in memory: the client
// reads it while it sends, and the server counts it while it comes.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/file_body.hpp>
#include <fairlead/http/form.hpp>
#include <fairlead/http/multipart_reader.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace http = fairlead::http;
namespace net = fairlead::net;

// Reads to the end of a part: what a service would write to its storage.
task<result<std::uint64_t>> size_of(context& cx, http::body_reader& content) {
  std::uint64_t size = 0;
  for (;;) {
    const auto piece = co_await content.read(cx);
    if (!piece) {
      co_return fairlead::fail(piece.error());
    }
    if (!*piece) {
      co_return size;
    }
    size += (*piece)->size();
  }
}

task<result<std::string>> take(context& cx, http::multipart_reader form) {
  std::string said;
  for (;;) {
    const auto part = co_await form.next(cx);
    if (!part) {
      co_return fairlead::fail(part.error());
    }
    if (*part == nullptr) {
      co_return said;
    }
    said += (*part)->name();
    if ((*part)->is_file()) {  // its name is the client's: to show, not to write to
      said += " \"" + std::string((*part)->file_name()) + "\"";
    }
    const auto size = co_await size_of(cx, form.content());
    if (!size) {
      co_return fairlead::fail(size.error());
    }
    said += ": " + std::to_string(*size) + " bytes\n";
  }
}

task<result<void>> send(context& cx, const std::string& base, const std::string& path) {
  auto photo = http::file_body(path);
  if (!photo) {
    co_return fairlead::fail(photo.error());
  }
  http::multipart form(cx.env().random());
  form.field("title", "harbour at night").file("photo", "harbour.raw", *photo);
  http::client client(cx.env(), http::client_options(base));
  auto upload = http::request(http::method::post, "/photos").body(form.body(), form.content_type());
  const auto answer = co_await client.request(cx, upload);
  if (!answer) {
    co_return fairlead::fail(answer.error());
  }
  std::printf("%s", std::string(answer->body()).c_str());
  co_return result<void>();
}

}  // namespace

int main() {
  return fairlead::run_main("11_forms", [](context& cx) -> task<result<void>> {
    const auto path = std::filesystem::temp_directory_path() / "fairlead-harbour.raw";
    std::ofstream(path) << std::string(5'000'000, 'x');
    auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    if (!listener) {
      co_return fairlead::fail(listener.error());
    }
    const auto base = "http://" + (*listener)->local().to_string();
    http::router routes;
    const http::route_options photos{.deadline = 10min, .max_body = 1U << 30U};
    routes.post("/photos", photos, take);
    http::server server(std::move(routes));
    fairlead::task_scope scope(cx);
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    const auto sent = co_await send(cx, base, path.string());
    (void)co_await server.drain(cx, 1s);
    (void)co_await scope.join();
    std::filesystem::remove(path);
    co_return sent;
  });
}
