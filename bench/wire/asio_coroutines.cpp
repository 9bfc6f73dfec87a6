// SPDX-License-Identifier: BSL-1.0
// The exchange as somebody writes it who has Asio, coroutines and an afternoon: one buffer for a
// connection, head and body in one write, a parser by hand, no time limits, no cancellation.
#include "minimal_http.hpp"
#include "pairs.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

namespace wire {

namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;

asio::awaitable<void> serve_connection(tcp::socket peer, const std::string& body) {
  std::string buffer(65536, '\0');
  std::size_t have = 0;
  std::string head;
  for (;;) {
    const auto size = measure(std::string_view(buffer).substr(0, have));
    if (!size) {
      boost::system::error_code ec;
      const auto n =
          co_await peer.async_read_some(asio::buffer(buffer.data() + have, buffer.size() - have),
                                        asio::redirect_error(use_awaitable, ec));
      if (ec) {
        co_return;
      }
      have += n;
      continue;
    }
    const bool known = asks_for(buffer, "/items ");
    have -= size->head;
    std::memmove(buffer.data(), buffer.data() + size->head, have);
    render_head(head, known ? "200 OK" : "404 Not Found", known ? body.size() : 0);
    const std::array<asio::const_buffer, 2> pieces = {
        asio::buffer(head), known ? asio::buffer(body) : asio::const_buffer()};
    co_await asio::async_write(peer, pieces, use_awaitable);
  }
}

asio::awaitable<void> accept(tcp::acceptor& from, const std::string& body) {
  for (;;) {
    auto peer = co_await from.async_accept(use_awaitable);
    peer.set_option(tcp::no_delay(true));
    asio::co_spawn(from.get_executor(), serve_connection(std::move(peer), body), asio::detached);
  }
}

void serve(std::size_t body_bytes, const announce& at) {
  const auto body = make_body(body_bytes);
  asio::io_context loop(1);
  tcp::acceptor from(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  at(from.local_endpoint().port());
  asio::co_spawn(loop, accept(from, body), asio::detached);
  loop.run();
}

// A connection to one server, and the memory that its requests use in turn.
class http_connection {
 public:
  http_connection(const asio::any_io_executor& executor, std::uint16_t port)
      : socket_(executor), to_(asio::ip::address_v4::loopback(), port) {
    host_ = "127.0.0.1:" + std::to_string(port);
  }

  asio::awaitable<void> connect() {
    co_await socket_.async_connect(to_, use_awaitable);
    socket_.set_option(tcp::no_delay(true));
  }

  asio::awaitable<std::string> get(std::string_view target) {
    render_request(request_, target, host_);
    co_await asio::async_write(socket_, asio::buffer(request_), use_awaitable);
    std::size_t have = 0;
    message_size size;
    while (have == 0 || have < size.head + size.body) {
      have += co_await socket_.async_read_some(
          asio::buffer(buffer_.data() + have, buffer_.size() - have), use_awaitable);
      if (size.head == 0) {
        size = measure(std::string_view(buffer_).substr(0, have)).value_or(message_size{0, 65536});
      }
    }
    co_return buffer_.substr(size.head, size.body);
  }

 private:
  tcp::socket socket_;
  tcp::endpoint to_;
  std::string host_;
  std::string request_;
  std::string buffer_ = std::string(65536, '\0');
};

asio::awaitable<void> ask_all(http_connection& server, meter& m) {
  co_await server.connect();
  while (m.more()) {
    const auto body = co_await server.get("/items");
    m.answered(body.size());
  }
}

void ask(std::uint16_t port, meter& m, std::size_t connections) {
  asio::io_context loop(1);
  std::vector<std::unique_ptr<http_connection>> servers;
  std::exception_ptr failed;
  for (std::size_t i = 0; i < connections; ++i) {
    servers.push_back(std::make_unique<http_connection>(loop.get_executor(), port));
    asio::co_spawn(loop, ask_all(*servers.back(), m), [&](std::exception_ptr e) {
      if (e) {
        failed = std::move(e);
      }
    });
  }
  loop.run();
  if (failed) {
    std::rethrow_exception(failed);
  }
}

}  // namespace

const pair asio_coroutines = {"Asio", "ip::tcp::socket with use_awaitable, parsed by hand", &serve,
                              &ask};

}  // namespace wire
