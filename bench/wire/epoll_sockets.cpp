// SPDX-License-Identifier: BSL-1.0
// One epoll for all connections, level-triggered, and a state of a few words for each: about the
// least that serving many at a time can cost.
#include "minimal_http.hpp"
#include "pairs.hpp"
#include "raw_calls.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <memory>
#include <stdexcept>
#include <vector>

namespace wire {

namespace {

struct connection {
  explicit connection(int of) : fd(of), buffer(16384, '\0') { send_at_once(fd); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { ::close(fd); }

  int fd;
  std::string buffer;
  std::size_t have = 0;
};

class poller {
 public:
  poller() : fd_(check(::epoll_create1(0), "epoll_create1")) {}
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  ~poller() { ::close(fd_); }

  void add(int fd, void* state) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = state;
    check(::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  /// Calls `f(state)` for everything that can be read now.
  template <class F>
  void wait(F f) {
    const int n = check(::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), -1),
                        "epoll_wait");
    for (int i = 0; i < n; ++i) {
      f(events_[static_cast<std::size_t>(i)].data.ptr);
    }
  }

 private:
  int fd_;
  std::array<epoll_event, 256> events_;
};

// Reads what is there; false at the end of the stream.
bool read_more(connection& c) {
  const auto n = ::recv(c.fd, c.buffer.data() + c.have, c.buffer.size() - c.have, 0);
  if (n <= 0) {
    return false;
  }
  c.have += static_cast<std::size_t>(n);
  return true;
}

void serve(std::size_t body_bytes, const announce& at) {
  const auto body = make_body(body_bytes);
  std::uint16_t port = 0;
  const int listener = listen_on_loopback(port);
  poller all;
  all.add(listener, nullptr);
  at(port);
  std::string head;
  for (;;) {
    all.wait([&](void* state) {
      if (state == nullptr) {
        auto made = std::make_unique<connection>(
            check(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK), "accept"));
        all.add(made->fd, made.get());
        made.release();  // until its peer ends it
        return;
      }
      auto& c = *static_cast<connection*>(state);
      if (!read_more(c)) {
        delete &c;
        return;
      }
      const auto request = std::string_view(c.buffer).substr(0, c.have);
      if (!measure(request)) {
        return;
      }
      const bool known = asks_for(request, "/items ");
      c.have = 0;
      render_head(head, known ? "200 OK" : "404 Not Found", known ? body.size() : 0);
      send_all(c.fd, head, known ? std::string_view(body) : std::string_view());
    });
  }
}

void ask(std::uint16_t port, meter& m, std::size_t connections) {
  const auto host = "127.0.0.1:" + std::to_string(port);
  std::string request;
  render_request(request, "/items", host);
  poller all;
  std::vector<std::unique_ptr<connection>> servers;
  std::size_t busy = 0;
  const auto ask_next = [&](connection& c) {
    if (m.more()) {
      render_request(request, "/items", host);
      send_all(c.fd, request, {});
    } else {
      --busy;
    }
  };
  for (std::size_t i = 0; i < connections; ++i) {
    servers.push_back(std::make_unique<connection>(connect_to(port)));
    all.add(servers.back()->fd, servers.back().get());
  }
  busy = connections;
  for (auto& s : servers) {
    ask_next(*s);
  }
  while (busy > 0) {
    all.wait([&](void* state) {
      auto& c = *static_cast<connection*>(state);
      if (!read_more(c)) {
        throw std::runtime_error("the server closed the connection");
      }
      const auto size = measure(std::string_view(c.buffer).substr(0, c.have));
      if (size && c.have >= size->head + size->body) {
        c.have = 0;
        m.answered(size->body);
        ask_next(c);
      }
    });
  }
}

}  // namespace

const pair epoll_sockets = {"epoll", "one level-triggered epoll, parsed by hand", &serve, &ask};

}  // namespace wire
