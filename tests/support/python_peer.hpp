// SPDX-License-Identifier: BSL-1.0
// A peer in Python: a script that runs beside the test and tells the port on which it listens.
#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace fairlead::testing {

/// Runs `python3 -c script [argument]` until it is destroyed. The first line that the script prints
/// is its port.
class python_peer {
 public:
  explicit python_peer(const std::string& script, const std::string& argument = {}) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
      return;
    }
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execlp("python3", "python3", "-c", script.c_str(), argument.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ends[0];
    port_ = static_cast<std::uint16_t>(std::atoi(line().c_str()));
  }
  python_peer(const python_peer&) = delete;
  python_peer& operator=(const python_peer&) = delete;
  ~python_peer() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    if (out_ >= 0) {
      ::close(out_);
    }
  }

  /// 0 when Python or its script did not start.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// The next line that it prints, without its LF; waits for it. Empty at the end.
  [[nodiscard]] std::string line() {
    std::string text;
    char c = 0;
    while (out_ >= 0 && ::read(out_, &c, 1) == 1 && c != '\n') {
      text += c;
    }
    return text;
  }

 private:
  pid_t child_ = -1;
  int out_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace fairlead::testing
