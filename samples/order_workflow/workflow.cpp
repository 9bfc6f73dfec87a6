// SPDX-License-Identifier: BSL-1.0
#include "workflow.hpp"

#include <chrono>

namespace shop {

namespace {

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::task;

// No answer came, so it may have happened all the same.
bool in_doubt(const fairlead::error& e) {
  return e.sent() == fairlead::error_sent::unknown;
}

// A clean-up must happen also when the caller has no time left or went away, so it has a root of
// its own.
task<fairlead::result<void>> take_back(context& cx, orders& order_port, std::int64_t order_id) {
  fairlead::cancel_scope clean_up(cx.env());
  context limited = clean_up.with_timeout(5s);
  auto done = co_await order_port(limited, cancel_order{order_id});
  co_return done;
}

}  // namespace

task<order_report> process_order(context& cx, users& user_port, orders& order_port,
                                 payments& payment_port, shipping& shipping_port,
                                 const create_order& request) {
  order_report report;
  const auto customer = co_await user_port(cx, get_user{request.user_id});
  if (!customer) {
    report.reason = customer.error();
    co_return report;
  }
  const auto placed = co_await order_port(cx, request);
  if (!placed) {
    report.reason = placed.error();
    report.result = in_doubt(placed.error()) ? outcome::needs_attention : outcome::rejected;
    co_return report;
  }
  report.placed = *placed;
  const auto paid = co_await payment_port(cx, pay{placed->id, placed->total});
  if (!paid) {
    report.reason = paid.error();
    const auto undone = co_await take_back(cx, order_port, placed->id);
    const bool clean = undone && !in_doubt(paid.error());
    report.result = clean ? outcome::cancelled : outcome::needs_attention;
    if (!undone) {
      report.compensation = undone.error();
    }
    co_return report;
  }
  report.placed->status = order_status::paid;
  const auto sent = co_await shipping_port(cx, schedule_shipping{placed->id});
  if (sent && sent->scheduled) {
    report.result = outcome::shipped;
    report.shipped = *sent;
  } else {
    report.result = outcome::manual_shipping;
    if (!sent) {
      report.reason = sent.error();
    }
  }
  co_return report;
}

std::string_view to_string(outcome o) {
  switch (o) {
    case outcome::shipped:
      return "shipped";
    case outcome::manual_shipping:
      return "manual shipping";
    case outcome::rejected:
      return "rejected";
    case outcome::cancelled:
      return "cancelled";
    case outcome::needs_attention:
      return "NEEDS ATTENTION";
  }
  return "?";
}

}  // namespace shop
