// SPDX-License-Identifier: BSL-1.0
// A real nats-server for a test: started on a port that was free, stopped with it.
#pragma once

#include <fairlead/core/context.hpp>

#include <gtest/gtest.h>

#include "support/child_process.hpp"
#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::testing {

/// Listens on loopback. What is in `config` goes into its configuration file.
class nats_process {
 public:
  static std::string program() { return find_program("nats-server"); }

  explicit nats_process(const std::string& config = {}) : port_(free_port()) {
    std::ofstream(dir_.file("conf")) << "listen: \"127.0.0.1:" << port_ << "\"\n" << config;
    start();
  }

  void start() {
    ::unlink(dir_.file("pid").c_str());
    running_.emplace(
        std::vector<std::string>{program(), "-c", dir_.file("conf"), "-P", dir_.file("pid")},
        dir_.file("log"));
  }
  /// In order, as SIGTERM does.
  void stop() { running_.reset(); }
  /// In the middle of whatever it does.
  void kill() {
    signal(SIGKILL);
    running_.reset();
  }
  void signal(int number) {
    int pid = 0;
    std::ifstream(dir_.file("pid")) >> pid;
    EXPECT_GT(pid, 0) << output();
    if (pid > 0) {
      ::kill(pid, number);
    }
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string output() const { return running_ ? running_->output() : "not running"; }
  /// Completes when it listens.
  task<void> ready(context& cx) const {
    const bool up = co_await listens(cx, port_, std::chrono::seconds(60));
    EXPECT_TRUE(up) << output();
  }

 private:
  scratch_dir dir_;
  std::uint16_t port_;
  std::optional<child_process> running_;
};

/// Skips the test, loudly, where there is none.
#define FAIRLEAD_NEEDS_NATS_SERVER()                                                         \
  if (::fairlead::testing::nats_process::program().empty()) {                                \
    GTEST_SKIP() << "nats-server is not installed: nothing was tested (scripts/setup --ci)"; \
  }                                                                                          \
  static_assert(true)

}  // namespace fairlead::testing
