// SPDX-License-Identifier: BSL-1.0
// TLS with a CA of your own: a server, a client that verifies it, and what the wrong name gives.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_info.hpp>
#include <fairlead/net/tls_listener.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace http = fairlead::http;
namespace net = fairlead::net;

// A CA, and a certificate for "localhost" that it signed, as files in `dir`.
bool make_certificates(const std::string& dir) {
  const std::string make =
      "cd " + dir +
      " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
      " -subj '/CN=my own CA' -keyout ca.key -out ca.pem 2>log"
      " && openssl req -x509 -CA ca.pem -CAkey ca.key -newkey ec -pkeyopt"
      " ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=shop -addext basicConstraints=CA:FALSE"
      " -addext subjectAltName=DNS:localhost -keyout shop.key -out shop.pem 2>>log";
  return std::system(make.c_str()) == 0;
}

task<result<void>> call(context& cx, std::uint16_t port, const net::tls_client& trust) {
  http::client client(cx.env(), http::client_options().tls(trust));
  const auto at = ":" + std::to_string(port) + "/hello";

  const auto hello = co_await client.get<std::string>(cx, "https://localhost" + at);
  if (!hello) {
    co_return fairlead::fail(hello.error());
  }
  std::cout << "localhost says " << *hello << "\n";

  // The same server, under a name that its certificate does not have.
  const auto wrong = co_await client.get<std::string>(cx, "https://127.0.0.1" + at);
  std::cout << (wrong ? "it was believed" : wrong.error().message()) << "\n";

  auto tcp = co_await net::connect_to(cx, net::system_network(), "localhost", port);
  auto tls = co_await net::tls_connect(cx, std::move(tcp->stream), trust, "localhost");
  const auto& info = *(*tls)->tls();
  std::cout << info.version << ", resumed: " << (info.resumed ? "yes" : "no") << ", "
            << info.chain.front().subject << " by " << info.chain.front().issuer << "\n";
  co_return result<void>{};
}

int main() {
  std::string dir = (std::filesystem::temp_directory_path() / "fairlead-tls-XXXXXX").string();
  if (::mkdtemp(dir.data()) == nullptr || !make_certificates(dir)) {
    std::cerr << "05_tls: this needs the program openssl\n";
    return 1;
  }
  const int status = fairlead::run_main("05_tls", [&](context& cx) -> task<result<void>> {
    const auto own = net::tls_credentials::files(dir + "/shop.pem", dir + "/shop.key");
    const net::tls_server identity{net::tls_server_options(own).alpn({"http/1.1"})};
    const net::tls_client trust{net::tls_client_options().ca_file(dir + "/ca.pem")};
    auto plain = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    const auto port = (*plain)->local().port();
    http::router routes;
    routes.get("/hello", [](context&) -> result<std::string> { return "hello"; });
    http::server server(std::move(routes));
    fairlead::task_scope scope(cx);
    scope.spawn(
        [&](context& c) { return server.serve(c, net::tls_listen(std::move(*plain), identity)); });
    const auto called = co_await call(cx, port, trust);
    (void)co_await server.drain(cx, 1s);
    (void)co_await scope.join();
    co_return called;
  });
  std::filesystem::remove_all(dir);
  return status;
}
