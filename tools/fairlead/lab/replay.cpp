// SPDX-License-Identifier: BSL-1.0
// How it works: a simulated world runs the production policies. At every instant the conductor lets
// callers' cancellations and timers have their effect first (the cancellations' timers are the
// oldest), then does what is done by hand, then ends the runs that are due, then lets new calls in;
// after each of these everything that is ready runs before the next. Then time moves on.
#include "lab/replay.hpp"

#include "lab/lab_layers.hpp"
#include "lab/scenario.hpp"
#include "lab/stage.hpp"

#include <fairlead/observe/policy_event.hpp>
#include <fairlead/policy/from_json.hpp>
#include <fairlead/sim/world.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace fairlead::lab {

namespace {

using boost::json::value;

using fallback_scripts = std::vector<std::shared_ptr<scripted_fallback::script>>;

policy::config_extension lab_policies(fallback_scripts& scripts) {
  return {[&scripts](std::string_view type,
                     policy::config_reader& from) -> std::optional<policy::any_layer> {
            if (type != "fallback") {
              return std::nullopt;
            }
            auto made = std::make_shared<scripted_fallback::script>();
            made->name = from.text("name", "fallback");
            if (from.has("operation")) {
              made->acts = read_acts(from, "operation");
              if (from.has("value")) {
                from.problem_at("value", "stands beside \"operation\": give one of them");
              }
            } else {
              if (!from.has("value")) {
                from.problem_at("value", "missing: a \"value\", or an \"operation\"");
              }
              act answer;
              answer.value = from.any("value");
              made->acts.push_back(std::move(answer));
            }
            from.know({"operation", "value"});
            scripts.push_back(made);
            if (from.has("operation")) {
              return policy::any_layer(scripted_fallback(std::move(made)));
            }
            return policy::any_layer(constant_fallback(std::move(made)));
          },
          {"fallback"}};
}

// The cache that `p` describes, whose runs in the background may take as long as they like. Reads
// the keys of caches again, since a cache does not tell its options.
policy::cache unhurried_cache(const policy::configured_policy& p) {
  policy::config_problems none;
  const auto shape = boost::json::parse(p.shape);
  policy::config_reader from(shape, "", none);
  policy::cache_options o;
  o.name = p.name;
  o.ttl = from.ms("ttl_ms", o.ttl);
  o.stale_while_revalidate = from.ms("stale_while_revalidate_ms", o.stale_while_revalidate);
  o.stale_if_error = from.ms("stale_if_error_ms", o.stale_if_error);
  o.refresh_limit = duration::max();
  return policy::cache(o);
}

class conductor final : observe::sink {
 public:
  conductor(scenario s, const fallback_scripts& scripts)
      : scenario_(std::move(s)),
        world_(options_for(scenario_)),
        stage_(ignored_),
        ignored_(world_.env()) {
    if (!scenario_.uniform.empty()) {
      world_.env().random().replay(scenario_.uniform);
    }
    for (const auto& one : scripts) {
      one->where = &stage_;
    }
    stack_ = with_probe(scenario_.config).observed_by(*this, "lab");
    out_.description = scenario_.config.stack.describe();
    for (const auto& c : scenario_.calls) {
      out_.calls.emplace_back().at = c.at;
    }
    scopes_.resize(scenario_.calls.size());
    raised_.resize(scenario_.calls.size());
    listen_to_breakers();
  }
  conductor(const conductor&) = delete;
  conductor& operator=(const conductor&) = delete;
  ~conductor() override = default;

  record play() {
    arm_cancellations();
    order_actions_and_calls();
    while (at_this_instant()) {
      const auto next = next_instant();
      // The end is an instant of its own, also when nobody waits for anything any more.
      if (scenario_.end && next > begin_ + *scenario_.end) {
        world_.advance(begin_ + *scenario_.end - world_.now());
        break;
      }
      if (next == no_deadline) {
        break;
      }
      world_.advance(next - world_.now());
    }
    out_.end = since_begin();
    note_who_was_told();
    write_policies();
    over_ = true;
    end_all();
    count_leaks();
    return std::move(out_);
  }

 private:
  struct cancel_timer : timer_node {
    cancel_timer(conductor& c, std::size_t n)
        : timer_node([](timer_node& node) noexcept {
            auto& self = static_cast<cancel_timer&>(node);
            self.owner.cancel(self.call);
          }),
          owner(c),
          call(n) {}
    conductor& owner;
    std::size_t call;
  };

  static sim::world_options options_for(const scenario& s) {
    sim::world_options o;
    o.seed = s.seed;
    o.order = sim::ordering::arrival;
    o.kept_trace_lines = 0;
    return o;
  }

  [[nodiscard]] duration since_begin() const { return world_.now() - begin_; }

  // The probe that counts attempts stands just inside the outermost retry. Runs in the background
  // have no limit that the scenario does not name.
  policy::any_stack with_probe(const policy::configuration& config) {
    auto layers = config.stack.layers();
    for (std::size_t i = 0; i < config.policies.size(); ++i) {
      if (std::holds_alternative<policy::cache>(config.policies[i].state)) {
        layers[i] = policy::any_layer(unhurried_cache(config.policies[i]));
      }
    }
    for (std::size_t i = 0; i < config.policies.size(); ++i) {
      if (config.policies[i].type == "retry") {
        layers.insert(layers.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                      policy::any_layer(attempt_probe(attempts_)));
        break;
      }
    }
    layers.emplace_back(script_verdict());
    return policy::any_stack(std::move(layers));
  }

  void listen_to_breakers() {
    for (const auto& p : scenario_.config.policies) {
      if (const auto* breaker = std::get_if<policy::circuit_breaker>(&p.state)) {
        breaker->on_transition([this, name = p.name](const policy::breaker_change& change) {
          if (!over_) {
            out_.events.push_back({.at = since_begin(),
                                   .policy = name,
                                   .event = "state",
                                   .from = to_string(change.from),
                                   .to = to_string(change.to)});
          }
        });
      }
    }
  }

  void arm_cancellations() {
    for (std::size_t i = 0; i < scenario_.calls.size(); ++i) {
      const auto& c = scenario_.calls[i];
      if (c.cancel_at && *c.cancel_at > c.at) {
        timers_.push_back(std::make_unique<cancel_timer>(*this, i));
        world_.env().timers().arm(*timers_.back(), begin_ + *c.cancel_at);
      }
    }
  }

  void order_actions_and_calls() {
    for (std::size_t i = 0; i < scenario_.calls.size(); ++i) {
      to_start_.push_back(i);
    }
    std::stable_sort(to_start_.begin(), to_start_.end(), [&](std::size_t a, std::size_t b) {
      return scenario_.calls[a].at < scenario_.calls[b].at;
    });
    std::stable_sort(scenario_.actions.begin(), scenario_.actions.end(),
                     [](const action& a, const action& b) { return a.at < b.at; });
  }

  // Everything that happens now. False when the end has come.
  bool at_this_instant() {
    for (;;) {
      world_.run_ready();
      if (done_actions_ < scenario_.actions.size() &&
          begin_ + scenario_.actions[done_actions_].at <= world_.now()) {
        act_by_hand(scenario_.actions[done_actions_++]);
      } else if (stage_.complete_one(world_.now())) {
        continue;
      } else if (started_ < to_start_.size() &&
                 begin_ + scenario_.calls[to_start_[started_]].at <= world_.now()) {
        start(to_start_[started_++]);
      } else {
        break;
      }
    }
    return !scenario_.end || since_begin() < *scenario_.end;
  }

  [[nodiscard]] time_point next_instant() const {
    auto next = std::min(world_.next_timer(), stage_.next());
    if (done_actions_ < scenario_.actions.size()) {
      next = std::min(next, begin_ + scenario_.actions[done_actions_].at);
    }
    if (started_ < to_start_.size()) {
      next = std::min(next, begin_ + scenario_.calls[to_start_[started_]].at);
    }
    return next != no_deadline && next - begin_ > latest ? no_deadline : next;
  }

  void act_by_hand(const action& a) {
    const auto& state = scenario_.config.find(a.policy)->state;
    const auto now = world_.now();
    if (a.what == deed::resize) {
      std::get<policy::bulkhead>(state).resize(a.max);
      return;
    }
    const auto& breaker = std::get<policy::circuit_breaker>(state);
    switch (a.what) {
      case deed::isolate:
        return breaker.isolate(now);
      case deed::force_closed:
        return breaker.force_closed(now);
      case deed::metrics_only:
        return breaker.metrics_only(now);
      case deed::reset:
        return breaker.reset(now);
      default:
        return breaker.open_until(saturating_add(now, a.length), now);
    }
  }

  void start(std::size_t i) {
    world_.spawn("call " + std::to_string(i), [this, i](context& cx) { return one_call(cx, i); });
  }

  void cancel(std::size_t i) noexcept {
    if (scopes_[i] != nullptr) {
      scopes_[i]->cancel();
    }
  }

  // Makes the scope of a call reachable while it lives.
  struct reachable {
    reachable(cancel_scope*& slot, cancel_scope& scope) : at(slot) { at = &scope; }
    reachable(const reachable&) = delete;
    reachable& operator=(const reachable&) = delete;
    ~reachable() { at = nullptr; }
    cancel_scope*& at;
  };

  // The context of a run, while it runs.
  struct running {
    running(std::map<std::size_t, const context*>& all, std::size_t n, const context& cx)
        : at(all), number(n) {
      at.emplace(n, &cx);
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    ~running() { at.erase(number); }
    std::map<std::size_t, const context*>& at;
    std::size_t number;
  };

  task<void> one_call(context& cx, std::size_t i) {
    const auto& c = scenario_.calls[i];
    cancel_scope scope(cx);
    const reachable here(scopes_[i], scope);
    if (c.cancel_at && *c.cancel_at <= c.at) {
      scope.cancel();
    }
    const auto number = std::to_string(i);
    context mine =
        scope.with_idempotency_key(number).with_key(c.key).with_cost(c.cost).with_idempotency(
            c.idempotent ? idempotency::idempotent : idempotency::not_idempotent);
    if (c.deadline) {
      mine = mine.with_timeout(*c.deadline);
    }
    const auto op = policy::detachable([this](context& own) { return operation(own); });
    auto outcome = co_await stack_.run(mine, op);
    if (!over_) {
      note_end(i, outcome);
    }
  }

  task<result<value>> operation(context& cx) {
    const auto n = out_.executions.size();
    const act todo = scenario_.operation[std::min(n, scenario_.operation.size() - 1)];
    execution_record e;
    e.call = call_of(cx);
    e.attempt = cx.attempt();
    e.start = since_begin();
    if (cx.deadline() != no_deadline) {
      e.deadline = cx.deadline() - cx.now();
    }
    out_.executions.push_back(std::move(e));
    const running here(running_, n, cx);
    const auto how = co_await stage_.perform(cx, todo);
    const auto ended = cx.check();
    if (!over_) {
      auto& now = out_.executions[n];
      now.end = since_begin();
      // What has no time at all and needs none was not told to stop.
      const bool at_once = how == ending::as_scripted && now.end == now.start && !cx.cancelled();
      now.cancelled = !ended && !at_once;
      now.outcome = how == ending::told_to_stop ? "cancelled" : to_string(todo.outcome);
    }
    if (how == ending::as_scripted) {
      auto outcome = outcome_of(todo);
      co_return outcome;
    }
    error why = ended ? error(errors::cancelled{}) : ended.error();
    why.with_sent(error_sent::unknown);
    co_return tl::unexpected<error>(std::move(why));
  }

  void note_who_was_told() {
    for (const auto& [n, cx] : running_) {
      out_.executions[n].cancelled = !cx->check();
    }
  }

  static std::size_t call_of(const context& cx) {
    return static_cast<std::size_t>(std::stoul(std::string(cx.idempotency_key())));
  }

  void note_end(std::size_t i, const result<value>& outcome) {
    auto& c = out_.calls[i];
    c.done = since_begin();
    const auto counted = attempts_->highest.find(std::to_string(i));
    c.attempts = counted == attempts_->highest.end() ? 1 : counted->second;
    if (outcome) {
      c.value = *outcome;
      return;
    }
    const auto& e = outcome.error();
    error_record failure{.kind = std::string(kind_in_lab(e)), .retry_after = e.retry_after()};
    const bool made_by_policy = e.is_rejection() || e.kind() == error_kind::timeout;
    if (made_by_policy) {
      failure.policy = who_raised(i);
    }
    if (e.cause() != nullptr) {
      failure.cause = kind_in_lab(*e.cause());
    }
    if (e.suppressed_by() == retry_stop::deadline || e.suppressed_by() == retry_stop::budget) {
      failure.suppressed_by = to_string(e.suppressed_by());
    }
    c.failure = std::move(failure);
  }

  // What a shared flight meets is reported for its first caller only.
  [[nodiscard]] std::optional<std::string> who_raised(std::size_t i) const {
    if (!raised_[i].empty()) {
      return raised_[i];
    }
    const auto& key = scenario_.calls[i].key;
    const auto shared = key.empty() ? raised_for_.end() : raised_for_.find(key);
    return shared == raised_for_.end() ? std::nullopt : std::optional(shared->second);
  }

  void on_event(const observe::policy_event& event) noexcept override {
    using observe::policy_action;
    if (over_ || event.cx == nullptr || event.action == policy_action::state) {
      return;  // changes of state come from the breakers themselves, whoever caused them
    }
    switch (event.action) {
      case policy_action::retry:
      case policy_action::rejected:
      case policy_action::timeout:
      case policy_action::late:
      case policy_action::hedge:
      case policy_action::hedge_cancelled:
      case policy_action::fallback:
      case policy_action::hit:
      case policy_action::stale:
      case policy_action::joined:
      case policy_action::limit:
        break;
      default:
        return;
    }
    event_record e{.at = since_begin(),
                   .policy = std::string(event.name),
                   .event = to_string(event.action),
                   .call = call_of(*event.cx),
                   .attempt = event.attempt};
    if (event.action == policy_action::retry) {
      e.delay = event.delay;
    }
    if (event.action == policy_action::limit) {
      e.value = event.value;
    }
    if (event.action == policy_action::rejected || event.action == policy_action::timeout) {
      raised_[*e.call] = e.policy;
      raised_for_[scenario_.calls[*e.call].key] = e.policy;
    }
    out_.events.push_back(std::move(e));
  }

  void write_policies() {
    const auto now = world_.now();
    for (const auto& p : scenario_.config.policies) {
      boost::json::object facts{{"type", p.type}};
      if (const auto* b = std::get_if<policy::circuit_breaker>(&p.state)) {
        const auto m = b->metrics(now);
        facts["state"] = to_string(m.state);
        facts["recorded"] = m.recorded;
        facts["failures"] = m.failures;
      } else if (const auto* k = std::get_if<policy::bulkhead>(&p.state)) {
        facts["in_use"] = k->metrics().in_use;
        facts["waiting"] = k->metrics().waiting;
      } else if (const auto* r = std::get_if<policy::rate_limit>(&p.state)) {
        facts["available"] = r->metrics(now).available;
      } else if (const auto* a = std::get_if<policy::adaptive_limit>(&p.state)) {
        facts["limit"] = a->metrics().limit;
        facts["in_use"] = a->metrics().in_use;
      } else if (const auto* t = std::get_if<policy::throttle>(&p.state)) {
        facts["requests"] = t->metrics(now).requests;
        facts["accepts"] = t->metrics(now).accepts;
      } else {
        continue;
      }
      out_.policies.push_back({p.name, std::move(facts)});
    }
    for (const auto& b : scenario_.config.budgets) {
      const auto m = b.budget.metrics(now);
      boost::json::object facts{{"type", "budget"}};
      if (b.kind == "token") {
        facts["tokens"] = m.tokens;
      } else {
        facts["in_use"] = m.in_use;
      }
      out_.policies.push_back({b.name, std::move(facts)});
    }
  }

  void end_all() {
    world_.cancel();
    world_.env().cancel_background();
    ignored_.cancel();
    world_.run_ready();
    for (auto& t : timers_) {
      world_.env().timers().disarm(*t);
    }
  }

  void count_leaks() {
    auto& l = out_.leaks;
    const auto now = world_.now();
    l.timers = world_.env().timers().size();
    for (const auto& p : scenario_.config.policies) {
      if (const auto* b = std::get_if<policy::circuit_breaker>(&p.state)) {
        l.permits += b->metrics(now).probes_in_flight;
      } else if (const auto* k = std::get_if<policy::bulkhead>(&p.state)) {
        l.permits += k->metrics().in_use;
      } else if (const auto* a = std::get_if<policy::adaptive_limit>(&p.state)) {
        l.permits += a->metrics().in_use;
      } else if (const auto* c = std::get_if<policy::coalesce>(&p.state)) {
        l.flights += c->flights();
      }
    }
    for (const auto& b : scenario_.config.budgets) {
      l.reservations += b.budget.metrics(now).in_use;
    }
    l.tasks = world_.env().running_in_background() +
              static_cast<std::size_t>(std::count_if(scopes_.begin(), scopes_.end(),
                                                     [](const auto* s) { return s != nullptr; }));
  }

  scenario scenario_;
  sim::world world_;
  stage stage_;
  cancel_scope ignored_;  // what runs that ignore their cancellation live under
  const time_point begin_ = world_.now();
  policy::any_stack stack_;
  std::shared_ptr<attempt_log> attempts_ = std::make_shared<attempt_log>();
  record out_;
  std::vector<cancel_scope*> scopes_;              // of the calls that run
  std::map<std::size_t, const context*> running_;  // by the number of the execution
  std::vector<std::string> raised_;  // per call: the policy that refused it, or timed it out, last
  std::map<std::string, std::string> raised_for_;  // the same by the key of the call
  std::vector<std::unique_ptr<cancel_timer>> timers_;
  std::vector<std::size_t> to_start_;
  std::size_t started_ = 0;
  std::size_t done_actions_ = 0;
  bool over_ = false;  // what happens now is the end of the world
};

}  // namespace

tl::expected<record, policy::config_problems> replay(const value& document,
                                                     policy::config_problems found) {
  fallback_scripts scripts;
  const auto origin = sim::world(1).now();
  auto s = read_scenario(document, lab_policies(scripts), origin, found);
  if (!s || !found.empty()) {
    return tl::unexpected<policy::config_problems>(std::move(found));
  }
  return conductor(std::move(*s), scripts).play();
}

}  // namespace fairlead::lab
