// SPDX-License-Identifier: BSL-1.0
// How it works: a message is copied once and offered to the inbox of everybody whom the index
// finds. A request lives in the frame of its caller; answers find it by the token in their subject.
#include <fairlead/port/local_broker.hpp>

#include "detail/request_table.hpp"
#include "detail/subject_index.hpp"
#include "detail/usable.hpp"

#include <fairlead/core/in_line.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/port/message_inbox.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fairlead {

namespace {

constexpr std::string_view broker_name = "local_broker";
constexpr std::string_view inboxes = "_INBOX.local.";  // the token of a request follows

void check(const local_broker_options& o) {
  std::string text;
  const auto require = [&](bool holds, std::string_view problem) {
    if (!holds) {
      text += text.empty() ? "local_broker: " : "; ";
      text += problem;
    }
  };
  require(o.max_message >= 1, "max_message must be at least 1");
  require(o.max_requests >= 1 && o.max_requests <= 1'000'000, "max_requests must be 1 to 1000000");
  require(o.request_timeout > duration::zero(), "request_timeout must be positive");
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
}

error gone(std::string_view target, std::string_view why) {
  return errors::unavailable{target, why, std::nullopt};
}

}  // namespace

struct local_broker::impl {
  using message_ptr = std::shared_ptr<const broker_message>;

  // One subscription.
  struct member final : message_inbox::owner {
    member(std::weak_ptr<impl> b, const subscription_options& o)
        : broker(std::move(b)), pattern(o.pattern()), group(o.queue_group()) {}
    void refuse(const broker_message& answer) override {
      if (const auto b = broker.lock()) {
        b->answer(answer);
      }
    }
    void ended() noexcept override { leave(); }
    // Gets no more messages.
    void leave() noexcept {
      if (const auto b = broker.lock()) {
        b->remove(*this);
      }
    }

    std::weak_ptr<impl> broker;
    std::string pattern;
    std::string group;
    std::optional<message_inbox> inbox;
  };
  using member_ptr = std::shared_ptr<member>;
  using targets = std::vector<member_ptr>;

  // What the subscriber holds.
  struct holding final : subscription {
    explicit holding(member_ptr m) noexcept : self(std::move(m)) {}
    holding(const holding&) = delete;
    holding& operator=(const holding&) = delete;
    ~holding() override {
      self->leave();
      self->inbox->cut();
    }
    task<result<void>> drain(context& cx, duration grace) override {
      self->leave();
      return self->inbox->drain(cx, grace);
    }
    subscription_stats stats() const noexcept override { return self->inbox->stats(); }
    member_ptr self;
  };

  // A request, in the frame of its caller.
  struct pending {
    explicit pending(impl& i) : self(i), token(i.requests.add(*this)) {}
    pending(const pending&) = delete;
    pending& operator=(const pending&) = delete;
    ~pending() {
      self.requests.remove(token);
      if (self.requests.size() == 0) {
        self.enders.notify_all();
      }
    }
    void complete(result<broker_message> with) {
      outcome.emplace(std::move(with));
      if (who != nullptr) {
        who->notify();
      }
    }
    impl& self;
    std::uint64_t token;
    waiter* who = nullptr;
    std::optional<result<broker_message>> outcome;
  };

  explicit impl(const local_broker_options& o) : options(o), requests(o.max_requests) {}

  void remove(member& m) noexcept {
    const auto same = [&](const member_ptr& one) { return one.get() == &m; };
    const auto found = std::find_if(members.begin(), members.end(), same);
    if (found != members.end()) {
      const member_ptr kept = *found;
      index.remove(m.pattern, kept);
      members.erase(found);
    }
  }

  [[nodiscard]] result<void> accepts(const context& cx, const broker_message& m) const;
  [[nodiscard]] static bool worth_resting(const targets& to, std::size_t bytes) noexcept;
  [[nodiscard]] member* best_of(const targets& to, std::size_t first, std::size_t bytes) noexcept;
  std::size_t offer(const targets& to, const message_ptr& m);
  bool answer(const broker_message& m);
  task<targets> find(context& cx, const broker_message& m);
  void end_requests(const error& why);

  static task<result<void>> publish(std::shared_ptr<impl> self, context& cx,
                                    const broker_message& m);
  static task<result<broker_message>> request(std::shared_ptr<impl> self, context& cx,
                                              const broker_message& m);
  task<result<broker_message>> answer_to(context& cx, pending& call, std::string_view subject);
  static task<result<void>> drain(std::shared_ptr<impl> self, context& cx, duration grace);

  local_broker_options options;
  detail::subject_index<member_ptr> index;
  std::vector<member_ptr> members;
  detail::request_table<pending> requests;
  waiter_queue enders;  // who waits for the last request
  std::size_t turn = 0;
  local_broker_stats counts;
  bool draining = false;
  bool closed = false;
};

result<void> local_broker::impl::accepts(const context& cx, const broker_message& m) const {
  if (closed) {
    return fail(gone(broker_name, "the broker is drained"));
  }
  if (auto allowed = cx.check(); !allowed) {
    return allowed;
  }
  if (auto ok = check_message(m); !ok) {
    return ok;
  }
  if (m.size() > options.max_message) {
    return fail(errors::too_large{"message", options.max_message, m.size()});
  }
  return {};
}

// Whether somebody has no room who will have it without our waiting for anything.
bool local_broker::impl::worth_resting(const targets& to, std::size_t bytes) noexcept {
  return std::any_of(to.begin(), to.end(), [&](const member_ptr& m) {
    return m->inbox->full_for(bytes) && m->inbox->makes_room();
  });
}

// Everybody who gets the message.
auto local_broker::impl::find(context& cx, const broker_message& m) -> task<targets> {
  auto to = index.find(m.subject());
  while (worth_resting(to, m.size())) {
    auto rested = co_await yield(cx);
    if (!rested) {
      break;
    }
    to = index.find(m.subject());
  }
  co_return to;
}

// Of the group that `to[first]` belongs to, the member with the fewest to do; the turn decides
// between equals.
auto local_broker::impl::best_of(const targets& to, std::size_t first, std::size_t bytes) noexcept
    -> member* {
  const auto worse = [&](const member& a, const member& b) {
    const bool a_full = a.inbox->full_for(bytes);
    const bool b_full = b.inbox->full_for(bytes);
    return a_full != b_full ? a_full : a.inbox->load() > b.inbox->load();
  };
  member* best = nullptr;
  ++turn;
  for (std::size_t i = 0; i < to.size(); ++i) {
    member& one = *to[(i + turn) % to.size()];
    if (one.group == to[first]->group && (best == nullptr || worse(*best, one))) {
      best = &one;
    }
  }
  return best;
}

// How many inboxes took it.
std::size_t local_broker::impl::offer(const targets& to, const message_ptr& m) {
  std::size_t taken = 0;
  const auto give = [&](member& one) {
    taken += one.inbox->offer(m) == message_inbox::fate::taken ? 1U : 0U;
  };
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto& group = to[i]->group;
    if (group.empty()) {
      give(*to[i]);
      continue;
    }
    const auto same = [&](const member_ptr& m2) { return m2->group == group; };
    const auto here = to.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::none_of(to.begin(), here, same)) {
      give(*best_of(to, i, m->size()));
    }
  }
  counts.delivered += taken;
  return taken;
}

// Whether a request waits for it, or has waited.
bool local_broker::impl::answer(const broker_message& m) {
  const std::string_view subject = m.subject();
  if (!subject.starts_with(inboxes)) {
    return false;
  }
  pending* const call = requests.find(subject.substr(inboxes.size()));
  if (call == nullptr || call->outcome) {
    ++counts.late;
  } else {
    ++counts.delivered;
    call->complete(m);
  }
  return true;
}

task<result<void>> local_broker::impl::publish(std::shared_ptr<impl> self, context& cx,
                                               const broker_message& m) {
  auto ok = self->accepts(cx, m);
  if (!ok) {
    co_return ok;
  }
  const auto to = co_await self->find(cx, m);
  ok = cx.check();
  if (!ok) {
    co_return ok;
  }
  ++self->counts.published;
  const bool answered = self->answer(m);
  if (!to.empty()) {
    self->offer(to, std::make_shared<const broker_message>(m));
  } else if (!answered) {
    ++self->counts.unheard;
  }
  co_return result<void>{};
}

task<result<broker_message>> local_broker::impl::request(std::shared_ptr<impl> self, context& cx,
                                                         const broker_message& m) {
  auto ok = self->accepts(cx, m);
  if (ok && !m.reply_to().empty()) {
    ok = fail(errors::invalid_argument{"request", "has a reply_to of its own"});
  }
  if (ok && self->requests.full()) {
    error e = errors::pool_exhausted{broker_name, self->options.max_requests};
    ok = fail(e.at(error_stage::pool));
  }
  if (!ok) {
    co_return fail(std::move(ok).error());
  }
  context limited = cx.with_timeout(self->options.request_timeout);
  pending call(*self);
  const auto to = co_await self->find(cx, m);
  ok = cx.check();
  if (!ok) {
    co_return fail(std::move(ok).error());
  }
  ++self->counts.published;
  if (to.empty()) {
    ++self->counts.unheard;
    co_return fail(gone(m.subject(), "nobody has subscribed to it"));
  }
  auto sent = std::make_shared<broker_message>(m);
  sent->reply_to(std::string(inboxes).append(detail::token_text(call.token).view()));
  const auto taken = self->offer(to, std::move(sent));
  if (taken == 0 && !call.outcome) {
    co_return fail(gone(m.subject(), "every inbox is full"));
  }
  auto got = co_await self->answer_to(limited, call, m.subject());
  if (!got && got.error().is<errors::deadline>() && limited.deadline() < cx.deadline()) {
    error e = errors::timeout{m.subject(), self->options.request_timeout, timeout_scope::total};
    got = fail(e.with_sent(error_sent::unknown));
  }
  co_return got;
}

task<result<broker_message>> local_broker::impl::answer_to(context& cx, pending& call,
                                                           std::string_view subject) {
  if (!call.outcome) {
    waiter w(cx);
    call.who = &w;
    const auto woken = co_await w.wait();
    call.who = nullptr;
    if (!call.outcome) {
      error e = errors::cancelled{};
      if (woken == wake::deadline) {
        e = errors::deadline{subject, {}};
      }
      co_return fail(e.with_sent(error_sent::unknown));
    }
  }
  co_return std::move(*call.outcome);
}

void local_broker::impl::end_requests(const error& why) {
  requests.for_each([&](pending& call) {
    if (!call.outcome) {
      call.complete(fail(why));
    }
  });
}

task<result<void>> local_broker::impl::drain(std::shared_ptr<impl> self, context& cx,
                                             duration grace) {
  self->draining = true;
  const auto until = saturating_add(cx.now(), grace);
  const auto left = [&] { return std::max(until - cx.now(), duration::zero()); };
  result<void> outcome;
  const auto all = self->members;
  for (const auto& one : all) {
    one->leave();
    one->inbox->close();
  }
  for (const auto& one : all) {
    auto drained = co_await one->inbox->drain(cx, left());
    if (!drained && outcome) {
      outcome = std::move(drained);
    }
  }
  const auto over = [&] { return self->requests.size() == 0; };
  auto answered = co_await detail::wait_out(cx, left(), broker_name, self->enders, over);
  self->closed = true;
  error why = gone(broker_name, "the broker is drained");
  self->end_requests(why.with_sent(error_sent::unknown));
  if (!answered && outcome) {
    outcome = std::move(answered);
  }
  co_return outcome;
}

local_broker::local_broker(local_broker_options options) {
  check(options);
  impl_ = std::make_shared<impl>(options);
}

local_broker::~local_broker() {
  impl_->closed = true;
  error why = gone(broker_name, "the broker is gone");
  impl_->end_requests(why.with_sent(error_sent::unknown));
  const auto all = std::move(impl_->members);
  impl_->members.clear();
  for (const auto& one : all) {
    impl_->index.remove(one->pattern, one);
    one->inbox->close();
  }
}

task<result<void>> local_broker::publish(context& cx, const broker_message& m) {
  return impl::publish(impl_, cx, m);
}

task<result<broker_message>> local_broker::request(context& cx, const broker_message& m) {
  return impl::request(impl_, cx, m);
}

task<result<std::unique_ptr<subscription>>> local_broker::subscribe(context& cx, task_scope& scope,
                                                                    subscription_options options,
                                                                    broker_handler handler) {
  using outcome = result<std::unique_ptr<subscription>>;
  auto ok = detail::usable(options, handler);
  if (ok && (impl_->draining || impl_->closed)) {
    ok = fail(gone(broker_name, "the broker is drained"));
  }
  if (ok) {
    ok = cx.check();
  }
  if (!ok) {
    co_return outcome(fail(std::move(ok).error()));
  }
  auto made = std::make_shared<impl::member>(impl_, options);
  impl_->members.push_back(made);
  impl_->index.add(made->pattern, made);
  made->inbox.emplace(scope, std::move(options), std::move(handler), *made);
  co_return outcome(std::make_unique<impl::holding>(std::move(made)));
}

task<result<void>> local_broker::drain(context& cx, duration grace) {
  return impl::drain(impl_, cx, grace);
}

local_broker_stats local_broker::stats() const noexcept {
  auto out = impl_->counts;
  out.subscriptions = impl_->members.size();
  out.requests = impl_->requests.size();
  return out;
}

}  // namespace fairlead
