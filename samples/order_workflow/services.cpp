// SPDX-License-Identifier: BSL-1.0
#include "services.hpp"

#include <cmath>

namespace shop {

namespace errors = fairlead::errors;
using fairlead::fail;

task<result<user>> users_service::operator()(context& cx, const get_user& request) {
  if (auto ok = co_await faults_->arrive(cx, "users"); !ok) {
    co_return fail(ok.error());
  }
  static const std::map<std::int64_t, user> known = {
      {1, {1, "Alice", "alice@example.com"}},
      {2, {2, "Bob", "bob@example.com"}},
      {3, {3, "Carol", "carol@example.com"}},
  };
  const auto found = known.find(request.id);
  if (found == known.end()) {
    co_return fail(
        errors::application{"unknown_user", "there is no user " + std::to_string(request.id)});
  }
  co_return found->second;
}

task<result<order>> orders_service::operator()(context& cx, const create_order& request) {
  if (auto ok = co_await faults_->arrive(cx, "orders"); !ok) {
    co_return fail(ok.error());
  }
  order made;
  made.id = next_id_++;
  made.user_id = request.user_id;
  made.items = request.items;
  for (const auto& i : request.items) {
    made.total += i.quantity * i.price;
  }
  made.total = std::round(made.total * 100) / 100;
  orders_[made.id] = made;
  co_return made;
}

// Cancelling twice is fine, so that a caller who got no answer may ask again.
task<result<void>> orders_service::operator()(context& cx, const cancel_order& request) {
  if (auto ok = co_await faults_->arrive(cx, "orders"); !ok) {
    co_return ok;
  }
  const auto found = orders_.find(request.id);
  if (found == orders_.end()) {
    co_return fail(
        errors::application{"unknown_order", "there is no order " + std::to_string(request.id)});
  }
  found->second.status = order_status::cancelled;
  co_return result<void>{};
}

task<result<receipt>> payments_service::operator()(context& cx, const pay& request) {
  if (auto ok = co_await faults_->arrive(cx, "payments"); !ok) {
    co_return fail(ok.error());
  }
  receipt done;
  done.transaction_id = "tx-" + std::to_string(next_transaction_++);
  done.amount = request.amount;
  co_return done;
}

task<result<shipment>> shipping_service::operator()(context& cx, const schedule_shipping& request) {
  if (auto ok = co_await faults_->arrive(cx, "shipping"); !ok) {
    co_return fail(ok.error());
  }
  shipment arranged;
  arranged.scheduled = true;
  arranged.tracking = "FL" + std::to_string(request.order_id);
  co_return arranged;
}

}  // namespace shop
