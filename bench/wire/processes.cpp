// SPDX-License-Identifier: BSL-1.0
// How it works: both children and this process share one page: the server leaves its port there,
// the client its measurement. The children are forked before anything else runs in them, so nothing
// of an earlier round is left in their memory.
#include "processes.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace wire {

namespace {

struct shared_page {
  std::atomic<std::uint16_t> port{0};
  allocation_counts allocations;
  measurement outcome;
};

class page {
 public:
  page() {
    void* at = ::mmap(nullptr, sizeof(shared_page), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
      throw std::system_error(errno, std::generic_category(), "mmap");
    }
    shared_ = ::new (at) shared_page;
  }
  page(const page&) = delete;
  page& operator=(const page&) = delete;
  ~page() { ::munmap(shared_, sizeof(shared_page)); }
  shared_page* operator->() const noexcept { return shared_; }
  shared_page& operator*() const noexcept { return *shared_; }

 private:
  shared_page* shared_;
};

// The cores that this process may use.
std::vector<int> cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<int> out;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) {
      out.push_back(i);
    }
  }
  return out;
}

void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
  }
}

// A child process that runs `body`; ends with it.
class process {
 public:
  template <class Body>
  process(std::string_view name, int core, const Body& body) : name_(name), id_(::fork()) {
    if (id_ < 0) {
      throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (id_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::prctl(PR_SET_NAME, name_.c_str());  // for profilers; the first 15 characters
      int status = 0;
      try {
        pin_to(core);
        body();
      } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", name_.c_str(), e.what());
        status = 1;
      }
      ::_exit(status);
    }
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process() {
    if (id_ > 0) {
      ::kill(id_, SIGTERM);
      ::waitpid(id_, nullptr, 0);
    }
  }

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  [[nodiscard]] bool ended() noexcept {
    int status = 0;
    if (id_ > 0 && ::waitpid(id_, &status, WNOHANG) == id_) {
      id_ = -1;
    }
    return id_ < 0;
  }
  void join() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    if (status != 0) {
      throw std::runtime_error(name_ + " failed");
    }
  }

 private:
  std::string name_;
  pid_t id_;
};

}  // namespace

measurement run_pair(const pair& asking, const pair& serving, const workload& w) {
  const auto usable = cores();
  if (w.where == placement::two_cores && usable.size() < 2) {
    throw std::runtime_error("two cores were asked for, and there is one");
  }
  const int client_core = usable.back();
  const int server_core = w.where == placement::one_core ? client_core : usable[usable.size() - 2];
  const page shared;
  process server(std::string(serving.name) + " server", server_core, [&] {
    count_allocations_in(shared->allocations.server);
    serving.serve(w.body_bytes, [&](std::uint16_t port) { shared->port = port; });
  });
  while (shared->port == 0) {
    if (server.ended()) {
      throw std::runtime_error(std::string(serving.name) + " server: did not start");
    }
    ::usleep(200);
  }
  const auto body_bytes = make_body(w.body_bytes).size();
  process client(std::string(asking.name) + " client", client_core, [&] {
    count_allocations_in(shared->allocations.client);
    meter m(server.id(), w.warm_up, w.requests, body_bytes, shared->allocations);
    asking.ask(shared->port, m, w.connections);
    shared->outcome = m.outcome();
  });
  client.join();
  return shared->outcome;
}

}  // namespace wire
