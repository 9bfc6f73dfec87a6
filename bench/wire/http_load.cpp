// SPDX-License-Identifier: BSL-1.0
// A server of fairlead under load on one thread: idle keep-alive connections, busy ones, and a
// swarm of clients that send their requests byte by byte. Latency of the busy ones and the server's
// memory, with and without the others.
#include "minimal_http.hpp"
#include "pairs.hpp"
#include "raw_calls.hpp"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::string_view usage =
    "usage: http-load [option ...]\n"
    "\n"
    "  --idle N      idle keep-alive connections; default 10000\n"
    "  --active N    connections that ask all the time; default 500\n"
    "  --slow N      connections that send a byte of their request every second; default 1000\n"
    "  --seconds N   how long each part is measured; default 5\n";

struct options {
  std::size_t idle = 10'000;
  std::size_t active = 500;
  std::size_t slow = 1000;
  std::size_t seconds = 5;
};

std::size_t read_number(std::string_view name, std::string_view text) {
  std::size_t n = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    throw std::invalid_argument(std::string(name) + " needs a number");
  }
  return n;
}

options read_options(const std::vector<std::string_view>& args) {
  options out;
  for (std::size_t i = 0; i + 1 < args.size(); i += 2) {
    const auto n = read_number(args[i], args[i + 1]);
    if (args[i] == "--idle") {
      out.idle = n;
    } else if (args[i] == "--active") {
      out.active = n;
    } else if (args[i] == "--slow") {
      out.slow = n;
    } else if (args[i] == "--seconds") {
      out.seconds = n;
    } else {
      throw std::invalid_argument(std::string(args[i]) + " is unknown");
    }
  }
  if (args.size() % 2 != 0) {
    throw std::invalid_argument(std::string(args.back()) + " is unknown, or needs a value");
  }
  return out;
}

void allow_files(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur < wanted) {
    throw std::runtime_error("the limit of open files is " + std::to_string(limit.rlim_cur) +
                             ", and " + std::to_string(wanted) + " are needed (ulimit -n)");
  }
}

// The server, in a process of its own.
class server_process {
 public:
  explicit server_process(const pair& who) {
    void* at = ::mmap(nullptr, sizeof(std::atomic<std::uint16_t>), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* shared = ::new (at) std::atomic<std::uint16_t>(0);
    id_ = check(::fork(), "fork");
    if (id_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      try {
        who.serve(100, [&](std::uint16_t p) { *shared = p; });
      } catch (const std::exception& e) {
        std::fprintf(stderr, "server: %s\n", e.what());
      }
      ::_exit(1);
    }
    while (*shared == 0) {
      ::usleep(200);
    }
    port_ = *shared;
  }
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;
  ~server_process() {
    ::kill(id_, SIGTERM);
    ::waitpid(id_, nullptr, 0);
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  // Bytes of its own memory that are in use.
  [[nodiscard]] std::size_t memory() const {
    std::ifstream file("/proc/" + std::to_string(id_) + "/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    std::size_t shared = 0;
    file >> all >> resident >> shared;
    return (resident - shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  }

 private:
  pid_t id_ = 0;
  std::uint16_t port_ = 0;
};

class client {
 public:
  explicit client(std::uint16_t port) : fd_(connect_to(port)) { send_at_once(fd_); }
  client(client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), begun_(other.begun_) {}
  client& operator=(client&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(begun_, other.begun_);
    return *this;
  }
  ~client() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  [[nodiscard]] int fd() const noexcept { return fd_; }

  void ask(std::string_view request) {
    begun_ = clock::now();
    send_all(fd_, request, {});
  }
  // Answers of this size come in one piece.
  [[nodiscard]] bool answered() const {
    char room[1024];
    const auto n = ::recv(fd_, room, sizeof room, 0);
    return n > 0 && std::string_view(room, static_cast<std::size_t>(n)).starts_with("HTTP/1.1 200");
  }
  [[nodiscard]] std::uint32_t microseconds() const {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begun_);
    return static_cast<std::uint32_t>(took.count());
  }
  // One byte; false when the server has ended the connection.
  [[nodiscard]] bool dribble() const {
    char room[1024];
    const auto n = ::recv(fd_, room, sizeof room, MSG_DONTWAIT);
    return n != 0 && ::send(fd_, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
  }

 private:
  int fd_;
  clock::time_point begun_;
};

struct outcome {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  std::vector<std::uint32_t> microseconds;
};

// All of `active` ask as fast as they are answered; `slow` send a byte each second.
outcome run_load(std::vector<client>& active, std::vector<client>& slow, std::size_t seconds,
                 std::string_view request) {
  outcome out;
  const int poll = check(::epoll_create1(0), "epoll_create1");
  for (auto& c : active) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &c;
    check(::epoll_ctl(poll, EPOLL_CTL_ADD, c.fd(), &event), "epoll_ctl");
    c.ask(request);
  }
  const auto end = clock::now() + std::chrono::seconds(seconds);
  auto next_byte = clock::now();
  std::array<epoll_event, 256> events;
  while (clock::now() < end) {
    if (clock::now() >= next_byte) {
      next_byte += std::chrono::seconds(1);
      std::erase_if(slow, [](const client& c) { return !c.dribble(); });
    }
    const int n = check(::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100),
                        "epoll_wait");
    for (int i = 0; i < n; ++i) {
      auto& c = *static_cast<client*>(events[static_cast<std::size_t>(i)].data.ptr);
      ++out.requests;
      out.failed += c.answered() ? 0 : 1;
      out.microseconds.push_back(c.microseconds());
      c.ask(request);
    }
  }
  // Every answer that is due comes before the connections are used again.
  for (auto& c : active) {
    out.failed += c.answered() ? 0 : 1;
  }
  ::close(poll);
  return out;
}

void print_row(std::string_view what, outcome& o, std::size_t seconds) {
  std::sort(o.microseconds.begin(), o.microseconds.end());
  const auto at = [&](double part) {
    return o.microseconds.empty() ? 0U
                                  : o.microseconds[static_cast<std::size_t>(
                                        part * static_cast<double>(o.microseconds.size() - 1))];
  };
  std::printf("| %.*s | %llu | %llu | %u | %u | %u | %u |\n", static_cast<int>(what.size()),
              what.data(), static_cast<unsigned long long>(o.requests / seconds),
              static_cast<unsigned long long>(o.failed), at(0.5), at(0.99), at(0.999), at(1.0));
}

std::vector<client> connect_all(std::uint16_t port, std::size_t n, std::string_view request) {
  std::vector<client> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    auto& c = out.emplace_back(port);
    if (!request.empty()) {
      c.ask(request);
      if (!c.answered()) {
        throw std::runtime_error("a connection was not answered");
      }
    }
  }
  return out;
}

int run(const options& o) {
  allow_files(o.idle + o.active + o.slow + 100);
  const server_process server(fairlead_text);
  std::string request;
  render_request(request, "/items", "127.0.0.1:" + std::to_string(server.port()));

  auto active = connect_all(server.port(), o.active, request);
  std::vector<client> slow;
  std::printf(
      "| | requests/s | failed | p50 us | p99 us | p99.9 us | max us |\n"
      "|---|---|---|---|---|---|---|\n");
  auto alone = run_load(active, slow, o.seconds, request);
  print_row(std::to_string(o.active) + " active", alone, o.seconds);

  const auto before = server.memory();
  auto idle = connect_all(server.port(), o.idle, request);
  ::sleep(2);  // what an idle connection gives back, it gives back within a second
  const auto with_idle = server.memory();
  auto beside_idle = run_load(active, slow, o.seconds, request);
  print_row("+ " + std::to_string(o.idle) + " idle", beside_idle, o.seconds);

  slow = connect_all(server.port(), o.slow, {});
  for (auto& c : slow) {
    c.ask("GET /items HTTP/1.1\r\nX-Slow: ");
  }
  auto beside_slow = run_load(active, slow, o.seconds, request);
  print_row("+ " + std::to_string(o.slow) + " slow", beside_slow, o.seconds);
  const auto with_slow = server.memory();

  std::printf(
      "\nmemory: %.1f MB before the idle connections, %.0f bytes for each of them; "
      "%.1f MB at the end\n",
      static_cast<double>(before) / 1e6,
      o.idle == 0 ? 0.0 : static_cast<double>(with_idle - before) / static_cast<double>(o.idle),
      static_cast<double>(with_slow) / 1e6);
  const auto failed = alone.failed + beside_idle.failed + beside_slow.failed;
  return failed == 0 ? 0 : 1;
}

}  // namespace

}  // namespace wire

int main(int argc, char** argv) {
  const std::vector<std::string_view> args(argv + 1, argv + argc);
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    std::fputs(wire::usage.data(), stdout);
    return 0;
  }
  try {
    return wire::run(wire::read_options(args));
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "http-load: %s\n%s", e.what(), wire::usage.data());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "http-load: %s\n", e.what());
    return 1;
  }
}
