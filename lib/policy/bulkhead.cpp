// SPDX-License-Identifier: BSL-1.0
// How it works: the permits are one atomic number. Whoever finds none free and may wait takes the
// mutex, sets the lock bit of that number, which sends everybody to the mutex, and joins the line.
// The bit goes when the line is empty. A permit that comes back while it is set stays in use and
// changes hands, under the mutex.
#include <fairlead/policy/bulkhead.hpp>

#include "detail/text.hpp"

#include <fairlead/core/waiter.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <stdexcept>

namespace fairlead::policy {

namespace {

const bulkhead_options& checked(const bulkhead_options& options) {
  detail::throw_if_any("bulkhead", options.name, problems_of(options));
  return options;
}

}  // namespace

// The sleep of one that waits.
struct bulkhead::bell {
  bell(shared& s, place& p, const context& cx) noexcept
      : owner(s), mine(p), w(cx, "its turn at a bulkhead") {}
  bell(const bell&) = delete;
  bell& operator=(const bell&) = delete;
  ~bell();

  shared& owner;
  place& mine;
  waiter w;
};

struct bulkhead::shared {
  explicit shared(const bulkhead_options& o)
      : name(o.name),
        options(o),
        full_error(errors::bulkhead_full{o.name, o.max}),
        shed_error(errors::shed{o.name}),
        word(permit_word(0, o.max).bits()),
        line(line_options(o)) {
    options.name = name;
  }
  static bulkhead_options line_options(bulkhead_options o) noexcept {
    o.queue = o.max_wait > duration::zero() ? o.queue : 0;
    return o;
  }

  [[nodiscard]] std::string_view label() const noexcept {
    return name.empty() ? std::string_view("bulkhead") : name;
  }
  [[nodiscard]] error full() const {
    const auto limit = permit_word(word.load(std::memory_order_relaxed)).limit();
    return limit == options.max ? full_error : error(errors::bulkhead_full{name, limit});
  }
  [[nodiscard]] bool anybody_waits() const noexcept {
    return options.queue != 0 && options.max_wait > duration::zero();
  }

  // The short ways. Nothing when the lock has to be taken; false when it would be of no use.
  [[nodiscard]] std::optional<bool> enter_quickly() noexcept {
    permit_word seen(word.load(std::memory_order_relaxed));
    while (!seen.locked()) {
      if (seen.full()) {
        return anybody_waits() ? std::optional<bool>() : false;
      }
      auto bits = seen.bits();
      if (word.compare_exchange_weak(bits, seen.one_more().bits(), std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
        return true;
      }
      seen = permit_word(bits);
    }
    return std::nullopt;
  }

  [[nodiscard]] bool leave_quickly() noexcept {
    permit_word seen(word.load(std::memory_order_relaxed));
    while (!seen.locked()) {
      auto bits = seen.bits();
      if (word.compare_exchange_weak(bits, seen.one_less().bits(), std::memory_order_release,
                                     std::memory_order_relaxed)) {
        return true;
      }
      seen = permit_word(bits);
    }
    return false;
  }

  // Holds the mutex and the lock bit: nobody else touches the number.
  class section {
   public:
    explicit section(shared& s) noexcept : s_(s), hold_(s.lock) {
      s_.word.fetch_or(permit_word::lock_bit, std::memory_order_acq_rel);
    }
    section(const section&) = delete;
    section& operator=(const section&) = delete;
    ~section() {
      if (s_.line.size() == 0) {
        set(get().unlocked());
      }
    }
    [[nodiscard]] permit_word get() const noexcept {
      return permit_word(s_.word.load(std::memory_order_relaxed));
    }
    void set(permit_word w) const noexcept { s_.word.store(w.bits(), std::memory_order_release); }

   private:
    shared& s_;
    std::lock_guard<std::mutex> hold_;
  };

  // Tells one that left the line what became of it. False when it had given up already.
  static bool settle(place& p, place::fate became) noexcept;

  // Gives what is free to those that wait.
  void serve(const section& held, time_point now) noexcept {
    while (!held.get().full()) {
      const auto next = line.pop(now);
      if (next.who == nullptr) {
        return;
      }
      auto& p = static_cast<place&>(*next.who);
      if (next.what == waiting_line::verb::drop) {
        settle(p, place::fate::dropped);
      } else if (settle(p, place::fate::given)) {
        held.set(held.get().one_more());
      }
    }
  }

  void release(time_point now) noexcept {
    if (leave_quickly()) {
      return;
    }
    const section held(*this);
    told = std::max(told, now);
    held.set(held.get().one_less());
    serve(held, told);
  }

  [[nodiscard]] bool try_enter() noexcept {
    const auto quick = enter_quickly();
    if (quick) {
      return *quick;
    }
    const section held(*this);
    if (held.get().full() || line.size() > 0) {
      return false;
    }
    held.set(held.get().one_more());
    return true;
  }

  enum class answer : std::uint8_t { in, wait, full };
  answer ask(place& p, criticality rank, time_point now) noexcept {
    const section held(*this);
    told = std::max(told, now);
    if (!held.get().full() && line.size() == 0) {
      held.set(held.get().one_more());
      return answer::in;
    }
    const auto joined = line.join(p, rank, now);
    if (!joined.in) {
      return answer::full;
    }
    if (joined.displaced != nullptr) {
      settle(static_cast<place&>(*joined.displaced), place::fate::displaced);
    }
    p.owner = this;
    p.became = place::fate::waiting;
    return answer::wait;
  }

  // True when there is something to sleep for.
  bool look(place& p, bell& b) noexcept {
    const std::lock_guard hold(lock);
    if (p.became != place::fate::waiting) {
      return false;
    }
    p.sleeper = &b;
    return true;
  }

  // Ends the wait, and says how it had ended.
  place::fate end(place& p) noexcept {
    const section held(*this);
    line.leave(p);
    p.owner = nullptr;
    return std::exchange(p.became, place::fate::none);
  }

  const std::string name;
  bulkhead_options options;
  const error full_error;
  const error shed_error;

  alignas(64) std::atomic<std::uint64_t> word;

  std::mutex lock;
  waiting_line line;
  time_point told = time_point::min();
};

bool bulkhead::shared::settle(place& p, place::fate became) noexcept {
  if (p.sleeper != nullptr && !p.sleeper->w.notify()) {
    return false;
  }
  p.became = became;
  return true;
}

bulkhead::bell::~bell() {
  const std::lock_guard hold(owner.lock);
  mine.sleeper = nullptr;
}

void bulkhead::place::abandon() noexcept {
  auto& s = *owner;
  if (s.end(*this) == fate::given) {
    s.release(time_point::min());
  }
}

void bulkhead::permit::give_back() noexcept {
  auto& s = *std::exchange(owner_, nullptr);
  s.release(time_point::min());
}

bulkhead::bulkhead(const bulkhead_options& options)
    : shared_(std::make_shared<shared>(checked(options))) {}

result<bulkhead> bulkhead::make(const bulkhead_options& options) {
  const auto problems = problems_of(options);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"bulkhead", detail::joined(problems)});
  }
  return bulkhead(std::make_shared<shared>(options));
}

result<bulkhead::permit> bulkhead::try_acquire() const {
  auto& s = *shared_;
  if (s.try_enter()) {
    return permit(s);
  }
  return tl::unexpected<error>(s.full());
}

task<result<void>> bulkhead::wait_turn(shared& s, place& mine, context& cx, time_point give_up) {
  const auto until = cx.with_deadline(give_up);
  auto woken = wake::notified;
  {
    bell b(s, mine, until);
    if (s.look(mine, b)) {
      woken = co_await b.w.wait();
    }
  }
  const auto became = s.end(mine);
  if (woken == wake::cancelled || cx.cancelled()) {
    if (became == place::fate::given) {
      s.release(time_point::min());
    }
    error gone = errors::cancelled{};
    gone.at(error_stage::pool);
    co_return tl::unexpected<error>(std::move(gone));
  }
  switch (became) {
    case place::fate::given:
      co_return result<void>{};
    case place::fate::dropped:
      co_return tl::unexpected<error>(s.shed_error);
    case place::fate::waiting:
      if (cx.deadline() <= give_up) {
        error late = errors::deadline{};
        late.at(error_stage::pool);
        co_return tl::unexpected<error>(std::move(late));
      }
      break;
    case place::fate::displaced:
    case place::fate::none:
      break;
  }
  co_return tl::unexpected<error>(s.full());
}

task<result<bulkhead::permit>> bulkhead::acquire(context& cx) const {
  const auto self = shared_;
  auto& s = *self;
  if (const auto ok = cx.check(); !ok) {
    co_return fail(ok.error());
  }
  const auto quick = s.enter_quickly();
  if (quick == true) {
    co_return permit(s);
  }
  place mine;
  const auto now = cx.now();
  if (quick.has_value()) {
    co_return fail(s.full());
  }
  const auto answer = s.ask(mine, cx.criticality(), now);
  if (answer == shared::answer::full) {
    co_return fail(s.full());
  }
  if (answer == shared::answer::wait) {
    const auto waited = co_await wait_turn(s, mine, cx, saturating_add(now, s.options.max_wait));
    if (!waited) {
      co_return fail(waited.error());
    }
  }
  co_return permit(s);
}

void bulkhead::resize(std::uint32_t max) const {
  if (max == 0 || max > permit_word::most) {
    throw std::invalid_argument("bulkhead: max must be between 1 and 2147483647");
  }
  auto& s = *shared_;
  const shared::section held(s);
  held.set(held.get().with_limit(max));
  s.serve(held, s.told);
}

bulkhead_metrics bulkhead::metrics() const noexcept {
  auto& s = *shared_;
  const std::lock_guard hold(s.lock);
  const permit_word seen(s.word.load(std::memory_order_relaxed));
  return {seen.limit(), seen.in_use(), seen.full() ? 0 : seen.limit() - seen.in_use(),
          s.line.size()};
}

bool bulkhead::idle(time_point /*now*/) const noexcept {
  const auto m = metrics();
  return m.in_use == 0 && m.waiting == 0 && m.max == shared_->options.max;
}

std::string_view bulkhead::name() const noexcept {
  return shared_->name;
}

step bulkhead::refuse(call& c, error e) const {
  c.fail(std::move(e));
  if (c.observed()) {
    c.report({.policy = observe::policy_kind::bulkhead,
              .action = observe::policy_action::rejected,
              .name = shared_->label(),
              .attempt = c.attempt(),
              .cause = c.failure()});
  }
  return step::outward;
}

step bulkhead::enter(layer_state& state, call& c) const {
  auto& s = *shared_;
  const auto quick = s.enter_quickly();
  if (quick == true) {
    state.held = permit(s);
    return step::inward;
  }
  const auto now = c.now();
  if ((quick ? c.caller().deadline() : c.deadline()) <= now) {
    error late = errors::deadline{};
    late.at(error_stage::pool);
    c.fail(std::move(late));
    return step::outward;
  }
  if (quick) {
    return refuse(c, s.full());
  }
  switch (s.ask(state.mine, c.caller().criticality(), now)) {
    case shared::answer::in:
      state.held = permit(s);
      return step::inward;
    case shared::answer::wait:
      state.mine.give_up = saturating_add(now, s.options.max_wait);
      c.begin_wait();
      return step::wait;
    case shared::answer::full:
      break;
  }
  return refuse(c, s.full());
}

task<result<void>> bulkhead::pause(layer_state& state, call& c) const {
  return wait_turn(*shared_, state.mine, c.surroundings(), state.mine.give_up);
}

step bulkhead::resume(layer_state& state, call& c, const result<void>& waited) const {
  c.end_wait(observe::policy_kind::bulkhead, shared_->label());
  if (waited) {
    state.held = permit(*shared_);
    return step::inward;
  }
  const auto kind = waited.error().kind();
  if (kind == error_kind::cancelled || kind == error_kind::deadline) {
    c.fail(waited.error());
    return step::outward;
  }
  return refuse(c, waited.error());
}

step bulkhead::leave(layer_state& state, call& c) const {
  auto& s = *shared_;
  state.held.owner_ = nullptr;
  s.release(s.line.needs_time() ? c.now() : time_point::min());
  return step::outward;
}

std::string bulkhead::describe() const {
  auto o = shared_->options;
  o.max = metrics().max;
  return detail::describe_bulkhead(o);
}

}  // namespace fairlead::policy
