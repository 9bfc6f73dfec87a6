// SPDX-License-Identifier: BSL-1.0
// Processes a file of orders with one wiring of the shop, and keeps what happened.
#pragma once

#include "faults.hpp"
#include "workflow.hpp"

#include <fairlead/observe/recorder.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace shop {

/// One line of the order file: a request, or what is wrong with it.
struct order_line {
  int number = 0;
  std::variant<create_order, fairlead::error> content;
};

/// Reads a file of orders, one JSON document per line; empty lines are skipped, malformed ones
/// kept.
[[nodiscard]] fairlead::result<std::vector<order_line>> read_orders(const std::string& path);

/// Reads the fault script.
[[nodiscard]] fairlead::result<std::vector<fault>> read_faults(const std::string& path);

/// What became of one line.
struct line_report {
  int number = 0;
  order_report report;
  std::uint64_t calls = 0;  ///< that reached a service, retries and hedges included
  fairlead::duration time{};
  double spare = 0;  ///< tokens left in the budget of the users port, afterwards
};

/// What became of all of them, over one transport.
struct run_report {
  std::string transport;
  std::vector<line_report> lines;
  fairlead::time_point begin{};
  std::shared_ptr<fairlead::observe::recorder> seen =
      std::make_shared<fairlead::observe::recorder>();
};

/// With plain function calls.
[[nodiscard]] fairlead::task<fairlead::result<run_report>> run_in_process(
    fairlead::context& cx, const std::vector<order_line>& orders, const std::vector<fault>& faults);

/// With four HTTP servers on loopback ports, and a client for each.
[[nodiscard]] fairlead::task<fairlead::result<run_report>> run_over_http(
    fairlead::context& cx, const std::vector<order_line>& orders, const std::vector<fault>& faults);

}  // namespace shop
