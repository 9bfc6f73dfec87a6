// SPDX-License-Identifier: BSL-1.0
// The four services of the shop. Each serves its port, wherever it is put.
#pragma once

#include "faults.hpp"
#include "model.hpp"

#include <fairlead/core/task.hpp>

#include <cstdint>
#include <map>
#include <memory>

namespace shop {

using fairlead::context;
using fairlead::result;
using fairlead::task;

class users_service {
 public:
  explicit users_service(std::shared_ptr<fault_injector> faults) : faults_(std::move(faults)) {}
  task<result<user>> operator()(context& cx, const get_user& request);

 private:
  std::shared_ptr<fault_injector> faults_;
};

class orders_service {
 public:
  explicit orders_service(std::shared_ptr<fault_injector> faults) : faults_(std::move(faults)) {}
  task<result<order>> operator()(context& cx, const create_order& request);
  task<result<void>> operator()(context& cx, const cancel_order& request);

 private:
  std::shared_ptr<fault_injector> faults_;
  std::map<std::int64_t, order> orders_;
  std::int64_t next_id_ = 1001;
};

class payments_service {
 public:
  explicit payments_service(std::shared_ptr<fault_injector> faults) : faults_(std::move(faults)) {}
  task<result<receipt>> operator()(context& cx, const pay& request);

 private:
  std::shared_ptr<fault_injector> faults_;
  std::int64_t next_transaction_ = 1;
};

class shipping_service {
 public:
  explicit shipping_service(std::shared_ptr<fault_injector> faults) : faults_(std::move(faults)) {}
  task<result<shipment>> operator()(context& cx, const schedule_shipping& request);

 private:
  std::shared_ptr<fault_injector> faults_;
};

}  // namespace shop
