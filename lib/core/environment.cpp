// SPDX-License-Identifier: BSL-1.0
// How it works: `environment::of` keeps its environment as a service of the execution context, so
// it is found again there and dies with it. Asio shuts services down before it destroys any, the
// newest first; at that moment the alarm lets go of the loop, and coroutines parked here are
// dropped.
#include <fairlead/core/environment.hpp>

#include <fairlead/core/background.hpp>

#include "asio_alarm.hpp"
#include "loop_work.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <cerrno>
#include <mutex>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include <sys/random.h>

namespace fairlead {

namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

boost::asio::execution_context& context_of(const boost::asio::any_io_executor& executor) {
  return boost::asio::query(executor, boost::asio::execution::context);
}

}  // namespace

// What users of the header need not see.
struct environment::parts {
  explicit parts(const boost::asio::any_io_executor& executor) : parked_work(executor) {}

  std::optional<detail::asio_alarm> own_alarm;
  detail::loop_work parked_work;
  std::unique_ptr<fairlead::background> background;
};

class environment::service final : public boost::asio::execution_context::service {
 public:
  using key_type = environment::service;
  static boost::asio::execution_context::id id;  // how Asio finds a service; never written

  explicit service(boost::asio::execution_context& owner)
      : boost::asio::execution_context::service(owner) {}

  environment& get(const boost::asio::any_io_executor& executor) {
    std::call_once(made, [&] { found = &env.emplace(executor); });
    return *found;
  }

  void provide(environment& provided) {
    std::call_once(made, [&] { found = &provided; });
  }

  void shutdown() override {
    if (env) {
      env->close();
    }
  }

  std::once_flag made;
  std::optional<environment> env;
  environment* found = nullptr;
};

boost::asio::execution_context::id environment::service::id;

environment::environment(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)),
      clock_(system_clock()),
      parts_(std::make_unique<parts>(executor_)),
      timers_(clock_, parts_->own_alarm.emplace(executor_)),
      random_(random_seed()) {}

environment::environment(boost::asio::any_io_executor executor, clock& time, alarm& wake,
                         std::uint64_t seed)
    : executor_(std::move(executor)),
      clock_(time),
      parts_(std::make_unique<parts>(executor_)),
      timers_(clock_, wake),
      random_(seed),
      simulated_(true) {}

environment::~environment() {
  close();
  parts_->background.reset();
}

void environment::close() noexcept {
  closing_ = true;
  if (parts_->own_alarm) {
    parts_->own_alarm->detach();
  }
  while (parked_ != nullptr) {
    auto& one = *parked_;
    unpark(one);
    one.kind_->drop(one);
  }
}

void environment::unpredictable(std::span<std::byte> into) {
  if (simulated_) {
    for (auto& b : into) {
      b = static_cast<std::byte>(random_() & 0xffU);
    }
    return;
  }
  while (!into.empty()) {
    const auto got = ::getrandom(into.data(), into.size(), 0);
    if (got > 0) {
      into = into.subspan(static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
  }
}

background& environment::background() {
  if (!parts_->background) {
    parts_->background = std::make_unique<fairlead::background>(*this);
  }
  return *parts_->background;
}

std::size_t environment::running_in_background() const noexcept {
  return parts_->background ? parts_->background->running() : 0;
}

void environment::cancel_background() noexcept {
  if (parts_->background) {
    parts_->background->cancel();
  }
}

void environment::park(waiting_link& l) noexcept {
  if (parked_ == nullptr) {
    parts_->parked_work.begin();
  }
  l.link(parked_);
}

void environment::unpark(waiting_link& l) noexcept {
  l.unlink();
  if (parked_ == nullptr) {
    parts_->parked_work.end();
  }
}

void environment::each_waiting(const std::function<void(const waiting_task&)>& f) const {
  for (const auto* first : {parked_, shown_}) {
    for (const auto* l = first; l != nullptr; l = l->next_) {
      f(l->kind_->tell(*l));
    }
  }
}

void environment::provide() {
  boost::asio::use_service<service>(context_of(executor_)).provide(*this);
}

environment& environment::of(const boost::asio::any_io_executor& executor) {
  return boost::asio::use_service<service>(context_of(executor)).get(executor);
}

}  // namespace fairlead
