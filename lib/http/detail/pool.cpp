// SPDX-License-Identifier: BSL-1.0
#include "pool.hpp"

#include <array>

namespace fairlead::http::detail {

namespace {

using namespace std::chrono_literals;

// A connection from which nothing was left to read so short a time ago is taken for silent. What
// comes meanwhile is missed as it would be right after a look, which costs a system call.
constexpr duration just_now = 20us;

// An idle connection is good as long as its peer is silent: an end, an error and bytes that nobody
// asked for all mean that it must not be used again.
bool is_silent(net::stream& s) {
  std::array<std::byte, 1> probe{};
  return !s.try_read(probe).has_value();
}

}  // namespace

net::stream* lease::stream() const noexcept {
  return pool_ == nullptr ? nullptr : pool_->streams_[id_].get();
}

void lease::opened(std::unique_ptr<net::stream> s) const noexcept {
  pool_->streams_[id_] = std::move(s);
  pool_->core_.opened(id_, pool_->env_.now());
  ++pool_->past_.opened;
}

void lease::keep() noexcept {
  if (auto* pool = std::exchange(pool_, nullptr)) {
    pool->give_back(id_);
  }
}

void lease::drop() noexcept {
  if (auto* pool = std::exchange(pool_, nullptr)) {
    pool->forget(id_);
  }
}

std::unique_ptr<net::stream> lease::take() noexcept {
  auto out = std::move(pool_->streams_[id_]);
  drop();
  return out;
}

connection_pool::expiry::expiry(connection_pool& p) noexcept
    : timer_node([](timer_node& n) noexcept { static_cast<expiry&>(n).self.on_expiry(); }),
      self(p) {}

connection_pool::connection_pool(environment& env, const pool_core::limits& limits)
    : env_(env), core_(limits), expiry_(*this) {}

connection_pool::~connection_pool() {
  env_.timers().disarm(expiry_);
}

connection_pool::turn::~turn() {
  if (!pending_) {
    return;
  }
  if (what() == pool_core::verdict::wait) {
    pool_.core_.abandon(*this);
  } else {
    auto given = pool_.claim(*this);  // and gives it back
    if (given.reused()) {
      given.keep();
    }
  }
}

bool connection_pool::try_acquire(turn& t, std::string_view origin, pool_core::wish w) {
  core_.acquire(t, origin, w);
  close(t.evict());
  t.pending_ = t.what() != pool_core::verdict::refuse;
  past_.waited += t.what() == pool_core::verdict::wait ? 1 : 0;
  past_.refused += t.pending_ ? 0 : 1;
  return t.pending_ && t.what() != pool_core::verdict::wait;
}

task<result<void>> connection_pool::wait(context& cx, turn& t) {
  waiter w(cx, "a connection of the pool");
  t.waiting_ = &w;
  const auto woken = co_await w.wait();
  t.waiting_ = nullptr;
  if (woken == wake::notified) {
    co_return result<void>{};
  }
  core_.abandon(t);
  t.pending_ = t.what() != pool_core::verdict::refuse;
  if (woken == wake::cancelled) {
    co_return fail(errors::cancelled{});
  }
  co_return fail(errors::deadline{});
}

lease connection_pool::claim(turn& t) {
  t.pending_ = false;
  if (streams_.size() <= t.id()) {
    streams_.resize(t.id() + std::size_t{1});
  }
  auto& s = streams_[t.id()];
  const auto known_silent = [&] {
    return !s->worth_trying(net::direction::read) &&
           env_.now() - core_.idle_since(t.id()) < just_now;
  };
  if (s && !known_silent() && !is_silent(*s)) {
    close(t.id());
  }
  const bool reused = streams_[t.id()] != nullptr;
  past_.reused += reused ? 1 : 0;
  return {*this, t.id(), reused};
}

void connection_pool::hand_over(const pool_core::handover& h) noexcept {
  if (h.granted != nullptr) {
    auto& t = static_cast<turn&>(*h.granted);
    close(t.evict());
    if (t.waiting_ != nullptr) {
      t.waiting_->notify();
    }
  }
  arm();
}

void connection_pool::give_back(pool_core::connection_id id) noexcept {
  const auto h = core_.give_back(id, env_.now());
  if (h.close) {
    close(id);
  }
  if (expiry_.linked() && core_.expiry_of(id) < armed_) {
    env_.timers().disarm(expiry_);
  }
  hand_over(h);
}

void connection_pool::forget(pool_core::connection_id id) noexcept {
  close(id);
  hand_over(core_.forget(id));
}

void connection_pool::close(pool_core::connection_id id) noexcept {
  if (id < streams_.size() && streams_[id]) {
    streams_[id]->close();
    streams_[id].reset();
  }
}

void connection_pool::on_expiry() noexcept {
  for (const auto id : core_.expired(env_.now())) {
    forget(id);
  }
  arm();
}

void connection_pool::close_idle() noexcept {
  for (const auto id : core_.idle_ones()) {
    forget(id);
  }
}

// The timer stays armed while something idles; one that fires early finds nothing to do.
void connection_pool::arm() noexcept {
  if (!expiry_.linked() && core_.idle_count() > 0) {
    armed_ = core_.next_expiry();
    env_.timers().arm(expiry_, armed_);
  }
}

}  // namespace fairlead::http::detail
