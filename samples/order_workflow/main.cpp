// SPDX-License-Identifier: BSL-1.0
// One order after the other through four services: as function calls, then over HTTP, with the same
// business code and the same faults.
#include "report.hpp"

#include <fairlead/core/run.hpp>

#include <iostream>
#include <string>

namespace {

fairlead::task<fairlead::result<void>> demonstrate(fairlead::context& cx,
                                                   const std::string& orders_path,
                                                   const std::string& faults_path) {
  const auto orders = shop::read_orders(orders_path);
  if (!orders) {
    co_return fairlead::fail(orders.error());
  }
  const auto faults = shop::read_faults(faults_path);
  if (!faults) {
    co_return fairlead::fail(faults.error());
  }
  const auto local = co_await shop::run_in_process(cx, *orders, *faults);
  if (!local) {
    co_return fairlead::fail(local.error());
  }
  const auto remote = co_await shop::run_over_http(cx, *orders, *faults);
  if (!remote) {
    co_return fairlead::fail(remote.error());
  }
  shop::print_report(std::cout, *local, *remote);
  if (!shop::same_outcomes(*local, *remote)) {
    co_return fairlead::fail(fairlead::errors::application{"disagreement", "see the report"});
  }
  co_return fairlead::result<void>{};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 3) {
    std::cerr << "usage: order_workflow [ORDERS.jsonl [FAULTS.json]]\n";
    return 2;
  }
  const std::string data = FAIRLEAD_SAMPLE_DATA;
  const std::string orders = argc > 1 ? argv[1] : data + "/orders.jsonl";
  const std::string faults = argc > 2 ? argv[2] : data + "/faults.json";
  return fairlead::run_main("order_workflow",
                            [&](fairlead::context& cx) { return demonstrate(cx, orders, faults); });
}
