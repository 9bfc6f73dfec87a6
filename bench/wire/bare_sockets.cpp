// SPDX-License-Identifier: BSL-1.0
// Blocking system calls and nothing else: what the machine charges for the exchange itself.
#include "minimal_http.hpp"
#include "pairs.hpp"
#include "raw_calls.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <optional>
#include <stdexcept>

namespace wire {

namespace {

// A connected socket with what has been read from it.
class connection {
 public:
  explicit connection(int fd) : fd_(fd), buffer_(65536, '\0') { send_at_once(fd_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { ::close(fd_); }

  /// A whole message, which stays until the next call; nothing at the end of the stream.
  std::optional<std::string_view> read_message(std::size_t& body) {
    std::size_t have = 0;
    for (std::optional<message_size> size; !size || have < size->head + size->body;) {
      const auto n = ::recv(fd_, buffer_.data() + have, buffer_.size() - have, 0);
      if (n <= 0) {
        return std::nullopt;
      }
      have += static_cast<std::size_t>(n);
      if (!size) {
        size = measure(std::string_view(buffer_).substr(0, have));
      }
      body = size ? size->body : 0;
    }
    return std::string_view(buffer_).substr(0, have);
  }

  void write(std::string_view head, std::string_view body) const { send_all(fd_, head, body); }

 private:
  int fd_;
  std::string buffer_;
};

void serve(std::size_t body_bytes, const announce& at) {
  const auto body = make_body(body_bytes);
  std::uint16_t port = 0;
  const int listener = listen_on_loopback(port);
  at(port);
  std::string head;
  for (;;) {
    connection peer(check(::accept(listener, nullptr, nullptr), "accept"));
    std::size_t ignored = 0;
    while (const auto request = peer.read_message(ignored)) {
      const bool known = asks_for(*request, "/items ");
      render_head(head, known ? "200 OK" : "404 Not Found", known ? body.size() : 0);
      peer.write(head, known ? std::string_view(body) : std::string_view());
    }
  }
}

void ask(std::uint16_t port, meter& m, std::size_t connections) {
  if (connections != 1) {
    throw std::runtime_error("blocking sockets ask over one connection");
  }
  connection server(connect_to(port));
  const auto host = "127.0.0.1:" + std::to_string(port);
  std::string request;
  while (m.more()) {
    render_request(request, "/items", host);
    server.write(request, {});
    std::size_t body = 0;
    if (!server.read_message(body)) {
      throw std::runtime_error("the server closed the connection");
    }
    m.answered(body);
  }
}

}  // namespace

const pair blocking_sockets = {"sockets", "blocking system calls, parsed by hand", &serve, &ask};

}  // namespace wire
