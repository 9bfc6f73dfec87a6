// SPDX-License-Identifier: BSL-1.0
// Our HTTP server with something behind it for every case of the interoperability tests. It prints
// a line per port that it listens on ("http 40123"), then serves until SIGTERM or POST /drain.
//
//     peer-server FILES [--tls DIRECTORY] [--unix PATH]
//
// FILES is a directory to serve below /files. With --tls it makes a CA, leaves its certificate as
// DIRECTORY/ca.pem, and serves HTTPS as well.
#include <fairlead/core/event.hpp>
#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/accept_websocket.hpp>
#include <fairlead/http/basic_auth.hpp>
#include <fairlead/http/compression.hpp>
#include <fairlead/http/cors.hpp>
#include <fairlead/http/event_stream.hpp>
#include <fairlead/http/health.hpp>
#include <fairlead/http/multipart_reader.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/http/static_files.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_listener.hpp>

#include <boost/describe.hpp>

#include "support/test_ca.hpp"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace fairlead;
using namespace std::chrono_literals;

namespace peer {

// What came of a request.
struct seen {
  std::string method;
  std::string target;
  int minor_version = 0;
  std::vector<std::string> headers;
  std::string body;
  std::vector<std::string> trailers;
};
BOOST_DESCRIBE_STRUCT(seen, (), (method, target, minor_version, headers, body, trailers))

struct taken {
  std::int64_t size = 0;
  std::int64_t announced = -1;
  std::uint64_t sum = 0;
  std::vector<std::string> trailers;
};
BOOST_DESCRIBE_STRUCT(taken, (), (size, announced, sum, trailers))

// A part of a form.
struct entry {
  std::string name;
  std::optional<std::string> file;
  std::string type;
  std::int64_t size = 0;
  std::uint64_t sum = 0;
  std::string text;  // when it is short
};
BOOST_DESCRIBE_STRUCT(entry, (), (name, file, type, size, sum, text))

struct person {
  std::string name;
  int age = 0;
};
BOOST_DESCRIBE_STRUCT(person, (), (name, age))

struct counts {
  std::uint64_t accepted = 0;
  std::uint64_t requests = 0;
  std::uint64_t connections = 0;
  std::uint64_t upgraded = 0;
  std::vector<std::string> failures;
};
BOOST_DESCRIBE_STRUCT(counts, (), (accepted, requests, connections, upgraded, failures))

std::vector<std::string> lines(const http::headers& from) {
  std::vector<std::string> out;
  for (const auto field : from) {
    out.push_back(std::string(field.name) + ": " + std::string(field.value));
  }
  return out;
}

result<seen> inspect(context& /*cx*/, const http::request& r) {
  seen out;
  out.method = to_string(r.method());
  out.target = r.target();
  out.minor_version = r.minor_version();
  out.headers = lines(r.headers());
  out.body = r.body();
  out.trailers = lines(r.trailers());
  return out;
}

// Reads a body piece by piece, and keeps nothing of it but its sum.
task<result<taken>> take(context& cx, http::body_reader& body) {
  taken out;
  if (const auto size = body.announced()) {
    out.announced = static_cast<std::int64_t>(*size);
  }
  for (;;) {
    auto piece = co_await body.read(cx);
    if (!piece) {
      co_return tl::unexpected<error>(std::move(piece).error());
    }
    if (!*piece) {
      break;
    }
    out.size += static_cast<std::int64_t>((*piece)->size());
    for (const char c : **piece) {
      out.sum += static_cast<unsigned char>(c);
    }
  }
  out.trailers = lines(body.trailers());
  co_return out;
}

task<result<entry>> take_part(context& cx, const http::form_part& part,
                              http::body_reader& content) {
  entry out;
  out.name = part.name();
  if (part.is_file()) {
    out.file.emplace(part.file_name());
  }
  out.type = part.content_type();
  for (;;) {
    auto piece = co_await content.read(cx);
    if (!piece) {
      co_return tl::unexpected<error>(std::move(piece).error());
    }
    if (!*piece) {
      co_return out;
    }
    out.size += static_cast<std::int64_t>((*piece)->size());
    for (const char c : **piece) {
      out.sum += static_cast<unsigned char>(c);
    }
    if (out.size <= 1000) {
      out.text += **piece;
    }
  }
}

// What is in a form, file by file as it arrives.
task<result<std::vector<entry>>> take_parts(context& cx, http::multipart_reader form) {
  std::vector<entry> out;
  for (;;) {
    auto part = co_await form.next(cx);
    if (!part) {
      co_return tl::unexpected<error>(std::move(part).error());
    }
    if (*part == nullptr) {
      co_return out;
    }
    auto one = co_await take_part(cx, **part, form.content());
    if (!one) {
      co_return tl::unexpected<error>(std::move(one).error());
    }
    out.push_back(std::move(*one));
  }
}

http::response refuse(context& /*cx*/) {
  return http::response(http::status::forbidden).body("no\n", "text/plain");
}

// Five pieces 50 ms apart, each on its way at once, and a trailer.
task<result<void>> drip(context& cx, http::body_writer& out) {
  for (int i = 0; i < 5; ++i) {
    const std::string piece = "piece " + std::to_string(i) + "\n";
    auto sent = co_await out.write(cx, piece);
    if (sent) {
      sent = co_await out.flush(cx);
    }
    if (sent) {
      sent = co_await sleep_for(cx, 50ms);
    }
    if (!sent) {
      co_return sent;
    }
  }
  out.trailer("X-Pieces", "5");
  co_return result<void>();
}

// 'a' to 'z' over and over.
class letters final : public http::body_source {
 public:
  explicit letters(std::uint64_t size) : size_(size) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_; }
  [[nodiscard]] task<result<void>> write_to(context& cx, http::body_writer& out) override {
    std::string block;
    for (int i = 0; i < 26 * 1000; ++i) {
      block += static_cast<char>('a' + i % 26);
    }
    for (std::uint64_t left = size_; left > 0;) {
      const auto n = std::min<std::uint64_t>(left, block.size());
      auto sent = co_await out.write(cx, std::string_view(block).substr(0, n));
      if (!sent) {
        co_return sent;
      }
      left -= n;
    }
    co_return result<void>();
  }

 private:
  std::uint64_t size_;
};

// Events from the one after `since` to the tenth, three per connection.
task<result<void>> count_events(context& cx, http::event_writer& out, int since) {
  auto sent = co_await out.retry(cx, 50ms);
  for (int i = since + 1; sent && i <= std::min(since + 3, 10); ++i) {
    const std::string id = std::to_string(i);
    const std::string data = "event " + id + "\nsecond line";
    http::server_event e;
    e.type = "count";
    e.data = data;
    e.id = id;
    sent = co_await out.send(cx, e);
  }
  co_return sent;
}

result<http::response> events(context& /*cx*/, const http::request& r) {
  const auto id = http::last_event_id(r);
  int since = 0;
  std::from_chars(id.data(), id.data() + id.size(), since);
  if (since >= 10) {
    return http::response(http::status::no_content);
  }
  return http::event_stream(
      [since](context& cx, http::event_writer& out) { return count_events(cx, out, since); });
}

task<void> echo(context& cx, http::websocket& ws) {
  for (;;) {
    auto got = co_await ws.read(cx);
    if (!got || !*got) {
      co_return;
    }
    auto sent = co_await ws.send(cx, (*got)->kind, (*got)->data);
    if (!sent) {
      co_return;
    }
  }
}

// A message in three frames, with a ping between, then the end of our own accord.
task<void> talk(context& cx, http::websocket& ws) {
  auto writer = co_await ws.begin(cx, http::message_kind::text);
  if (!writer) {
    co_return;
  }
  for (const std::string_view piece : {"one ", "two ", "three"}) {
    auto sent = co_await writer->write(cx, piece);
    auto asked = co_await ws.ping(cx);
    if (!sent || !asked) {
      co_return;
    }
  }
  auto done = co_await writer->finish(cx);
  if (done) {
    auto closed = co_await ws.close(cx, static_cast<http::close_code>(4001), "said it all");
  }
}

auto websocket_route(http::websocket_handler f, const http::websocket_options& how) {
  return
      [f = std::move(f), how](context& /*cx*/, const http::request& r) -> result<http::response> {
        return http::accept_websocket(r, f, how);
      };
}

void add_websockets(http::router& routes) {
  const auto large = http::websocket_options().max_message(4 * 1024 * 1024).protocol("echo");
  auto each = large;
  auto shared = large;
  each.compression(http::websocket_compression::per_message);
  shared.compression(http::websocket_compression::shared);
  routes.get("/ws", websocket_route(echo, large));
  routes.get("/ws/each", websocket_route(echo, each));
  routes.get("/ws/shared", websocket_route(echo, shared));
  routes.get("/ws/small", websocket_route(echo, http::websocket_options().max_message(1000)));
  routes.get("/ws/talk", websocket_route(talk, large));
  routes.get("/ws/pings",
             websocket_route(echo, http::websocket_options().ping_after(100ms).pong_within(5s)));
}

http::response redirect(int status, std::string_view to) {
  return http::response(http::status(static_cast<std::uint16_t>(status))).header("Location", to);
}

void add_routes(http::router& routes, const std::string& files, event& drain) {
  routes.get("/hello", [](context&) -> result<std::string> { return "hello\n"; });
  routes.get("/inspect", inspect);
  routes.post("/inspect", inspect);
  routes.put("/inspect", inspect);
  routes.patch("/inspect", inspect);
  routes.del("/inspect", inspect);
  routes.post("/take", {.max_body = 64 << 20}, take);
  routes.put("/take", {.max_body = 64 << 20}, take);
  routes.post("/refuse", {.max_body = 64 << 20},
              [](context& cx, http::body_reader&) -> result<http::response> {
                return refuse(cx);  // without reading the body
              });
  routes.post("/form", [](context&, http::from_form<person> p) -> result<person> { return *p; });
  routes.post("/parts", {.max_body = 64 << 20}, take_parts);
  routes.get("/codings", [](context&) -> result<std::vector<std::string>> {
    return http::compression_codings();
  });
  routes.get("/drip", [](context&) -> result<http::response> {
    return http::response().body(http::make_body(drip), "text/plain");
  });
  routes.get("/letters/{size}", [](context&, std::int64_t size) -> result<http::response> {
    return http::response().body(std::make_shared<letters>(static_cast<std::uint64_t>(size)),
                                 "text/plain");
  });
  routes.group("/compressed")
      .use(http::compression())
      .get("/text",
           [](context&) -> result<std::string> { return std::string(100'000, 'z') + "\n"; })
      .get("/drip", [](context&) -> result<http::response> {
        return http::response().body(http::make_body(drip), "text/plain");
      });
  routes.get("/redirect/{status}/{to...}",
             [](context&, int status, const std::string& to) -> result<http::response> {
               return redirect(status, "/" + to);
             });
  routes.post("/redirect/{status}/{to...}",
              [](context&, int status, const std::string& to) -> result<http::response> {
                return redirect(status, "/" + to);
              });
  routes.get("/status/{status}", [](context&, int status) -> result<http::response> {
    return http::response(http::status(static_cast<std::uint16_t>(status)));
  });
  routes.get("/slow/{ms}", [](context& cx, std::int64_t ms) -> task<result<std::string>> {
    auto slept = co_await sleep_for(cx, std::chrono::milliseconds(ms));
    if (!slept) {
      co_return tl::unexpected<error>(std::move(slept).error());
    }
    co_return "slept\n";
  });
  routes.get("/cookies/set", [](context&) -> result<http::response> {
    http::response out;
    out.headers().add("Set-Cookie", "a=1; Path=/");
    out.headers().add("Set-Cookie", "b=\"two words\"; Path=/; HttpOnly; Max-Age=60");
    return out;
  });
  routes.group("/private")
      .use(http::basic_auth("interop",
                            [](std::string_view user, std::string_view password) {
                              return user == "ann" &&
                                     http::equal_in_constant_time(password, "s3cret:\xc3\xbc");
                            }))
      .get("/hello", [](context&) -> result<std::string> { return "hello ann\n"; });
  routes.group("/cors")
      .use(http::cors(http::cors_options().origin("https://app.example")))
      .get("/hello", [](context&) -> result<std::string> { return "hello\n"; });
  routes.get("/events", events);
  routes.get("/livez", http::liveness());
  routes.get("/readyz", http::readiness());
  routes.get("/files/{path...}",
             http::static_files(files, http::static_files_options().precompressed()));
  routes.post("/drain", [&drain](context&) -> result<void> {
    drain.set();
    return {};
  });
  add_websockets(routes);
}

// Where to listen, and with what.
struct places {
  std::string files;
  std::string tls;
  std::string unix_path;
};

// Over TLS, with a certificate of a CA that it leaves in `directory`.
result<std::unique_ptr<net::listener>> listen_for_tls(context& cx, const net::endpoint& at,
                                                      const std::string& directory) {
  const testing::test_ca ca;
  std::ofstream(directory + "/ca.pem") << ca.pem();
  const auto own = ca.issue(testing::certificate_request("DNS:localhost,IP:127.0.0.1"));
  auto under = net::system_network().listen(cx.env(), at, {});
  if (!under) {
    return under;
  }
  const net::tls_server trust(
      net::tls_server_options(net::tls_credentials::text(own.chain, own.key)).alpn({"http/1.1"}));
  return net::tls_listen(std::move(*under), trust);
}

task<result<void>> serve(context& cx, const places& at) {
  event drain;
  counts seen_so_far;
  http::server* running = nullptr;
  http::router routes;
  add_routes(routes, at.files, drain);
  routes.get("/stats", [&](context&) -> result<counts> {
    counts out = seen_so_far;
    const auto s = running->stats();
    out.accepted = s.accepted;
    out.requests = s.requests;
    out.connections = s.connections;
    out.upgraded = s.upgraded;
    return out;
  });
  routes.post("/withdraw", [&](context&) -> result<void> {
    running->withdraw();
    return {};
  });
  http::server app(std::move(routes), http::server_options().on_failure([&](const http::request& r,
                                                                            std::string_view what) {
    seen_so_far.failures.push_back(r.target() + ": " + std::string(what));
  }));
  running = &app;
  const net::endpoint loopback = net::endpoint::loopback();
  auto plain = net::system_network().listen(cx.env(), loopback, {});
  if (!plain) {
    co_return tl::unexpected<error>(std::move(plain).error());
  }
  std::cout << "http " << (*plain)->local().port() << std::endl;
  result<std::unique_ptr<net::listener>> secured;
  if (!at.tls.empty()) {
    secured = listen_for_tls(cx, loopback, at.tls);
    if (!secured) {
      co_return tl::unexpected<error>(std::move(secured).error());
    }
    std::cout << "https " << (*secured)->local().port() << std::endl;
  }
  result<std::unique_ptr<net::listener>> local;
  if (!at.unix_path.empty()) {
    const auto path = net::endpoint::unix_path(at.unix_path);
    if (path) {
      local = net::system_network().listen(cx.env(), *path, {});
    }
    if (!path || !local) {
      co_return fail(errors::invalid_argument{"--unix", at.unix_path});
    }
  }
  task_scope scope(cx);
  for (auto* from : {&plain, &secured, &local}) {
    if (*from && **from) {
      scope.spawn([&app, from](context& own) { return app.serve(own, std::move(**from)); });
    }
  }
  std::cout << "ready 0" << std::endl;
  auto asked = co_await drain.wait(cx);
  if (asked) {
    auto drained = co_await app.drain(cx, 5s);
    std::cout << (drained ? "drained 0" : "cut 0") << std::endl;
  }
  auto joined = co_await scope.join();
  co_return joined;
}

}  // namespace peer

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments.size() % 2 == 0) {
    std::cerr << "usage: peer-server FILES [--tls DIRECTORY] [--unix PATH]\n";
    return 2;
  }
  peer::places at;
  at.files = arguments[0];
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    (arguments[i] == "--tls" ? at.tls : at.unix_path) = arguments[i + 1];
  }
  return fairlead::run_main("peer-server",
                            [&](fairlead::context& cx) { return peer::serve(cx, at); });
}
