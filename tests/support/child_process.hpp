// SPDX-License-Identifier: BSL-1.0
// A foreign program that a test starts, talks to over sockets, and stops.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/endpoint.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead::testing {

/// Where `program` is, empty when it is not installed.
inline std::string find_program(const std::string& program) {
  std::stringstream path(std::string(std::getenv("PATH")) + ":/usr/sbin:/sbin");
  for (std::string directory; std::getline(path, directory, ':');) {
    const auto full = directory + "/" + program;
    if (::access(full.c_str(), X_OK) == 0) {
      return full;
    }
  }
  return {};
}

/// A port on loopback that was free a moment ago, for programs that cannot choose one themselves.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(a);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&a), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(fd);
  return ntohs(a.sin_port);
}

/// Runs from construction until it ends or is destroyed.
class child_process {
 public:
  /// `arguments` begins with the program's path. What it says, on both outputs, goes to the file
  /// `log`; what it hears is `input`, and then nothing more.
  child_process(const std::vector<std::string>& arguments, std::string log,
                const std::string& input = {})
      : log_(std::move(log)) {
    std::ofstream(log_ + ".in", std::ios::binary) << input;
    std::vector<char*> argv;
    for (const auto& a : arguments) {
      argv.push_back(const_cast<char*>(a.c_str()));
    }
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int in = ::open((log_ + ".in").c_str(), O_RDONLY);
      const int out = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(in, 0);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process() { stop(); }

  void stop() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      int status = 0;
      ::waitpid(pid_, &status, 0);
      pid_ = -1;
    }
  }

  /// Its exit status once it has ended, within `limit`; -1 else.
  task<int> ended(context& cx, duration limit = std::chrono::seconds(20)) {
    const auto until = saturating_add(cx.now(), limit);
    while (pid_ > 0 && cx.now() < until) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      }
      auto slept = co_await sleep_for(cx, std::chrono::milliseconds(5));
      if (!slept) {
        break;
      }
    }
    co_return -1;
  }

  [[nodiscard]] std::string output() const {
    std::ifstream in(log_, std::ios::binary);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }

 private:
  std::string log_;
  pid_t pid_ = -1;
};

/// Completes when somebody listens on that port of loopback; false after `limit`.
inline task<bool> listens(context& cx, std::uint16_t port,
                          duration limit = std::chrono::seconds(10)) {
  const auto until = saturating_add(cx.now(), limit);
  while (cx.now() < until) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(port);
    const bool there = ::connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof(a)) == 0;
    ::close(fd);
    if (there) {
      co_return true;
    }
    auto slept = co_await sleep_for(cx, std::chrono::milliseconds(10));
    if (!slept) {
      break;
    }
  }
  co_return false;
}

}  // namespace fairlead::testing
