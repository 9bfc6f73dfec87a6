// SPDX-License-Identifier: BSL-1.0
#include "detail/nats_session.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace fairlead::detail::nats {

namespace {

constexpr duration of_use = std::chrono::seconds(1);  // a connection that lasted so long

error gone(error_sent sent, std::string_view why = "the client has ended") {
  error e = errors::unavailable{session::own_name, why, std::nullopt};
  return e.with_sent(sent);
}

}  // namespace

void entry::refuse(const broker_message& answer) {
  if (const auto s = client.lock()) {
    s->publish_now(answer);
  }
}

void entry::leave() noexcept {
  if (const auto s = client.lock()) {
    s->remove_entry(*this);
  }
}

session::session(nats_options o, server_pool s, std::string where)
    : options(std::move(o)),
      servers(std::move(s)),
      inbox(std::move(where)),
      requests(options.max_requests()) {}

// ---- calls

bool session::can_send() const noexcept {
  return line != nullptr && !lame_duck && backlog() < most_unsent;
}

result<void> session::prepare(const context& cx, pending_call& o) {
  if (closing || ended) {
    return fail(gone(error_sent::not_sent, "the client is drained"));
  }
  if (auto allowed = cx.check(); !allowed) {
    return allowed;
  }
  if (o.message != nullptr) {
    if (auto ok = check_message(*o.message); !ok) {
      return ok;
    }
  }
  if (o.what == pending_call::kind::request && !o.message->reply_to().empty()) {
    return fail(errors::invalid_argument{"request", "has a reply_to of its own"});
  }
  if (o.what == pending_call::kind::request && requests.full()) {
    error e = errors::pool_exhausted{own_name, options.max_requests()};
    return fail(e.at(error_stage::pool));
  }
  const auto now = cx.now();
  o.limit = saturating_add(now, options.call_timeout());
  o.wait_limit = saturating_add(now, options.patience());
  if (line == nullptr && last_failure &&
      servers.not_before() > std::min(o.wait_limit, cx.deadline())) {
    return fail(in_pause(now));
  }
  if (!can_send() && (waiting.size() >= options.max_waiting() ||
                      waiting_bytes + o.weight() > options.max_waiting_bytes())) {
    error e = errors::pool_exhausted{own_name, options.max_waiting()};
    return fail(e.at(error_stage::pool));
  }
  return {};
}

error session::in_pause(time_point now) const {
  error e = errors::unavailable{own_name, "waits to connect again", servers.not_before() - now};
  return e.at(error_stage::connect).with_cause(*last_failure);
}

void session::enter(pending_call& o) {
  ++live;
  if (o.what == pending_call::kind::request) {
    o.token = requests.add(o);
  }
  o.at = pending_call::place::waiting;
  waiting.push_back(o);
  waiting_bytes += o.weight();
  pump();
  work.notify();
}

void session::send_at_once(pending_call& o) {
  ++live;
  if (line != nullptr) {
    send(o);
  }
}

void session::leave(pending_call& o) noexcept {
  --live;
  if (o.at == pending_call::place::waiting) {
    waiting.remove(o);
    waiting_bytes -= o.weight();
  } else if (o.at == pending_call::place::writing) {
    writing.remove(o);
  } else if (o.at == pending_call::place::out && o.is_ping()) {
    pings_out.remove(o);
  }
  if (o.what == pending_call::kind::request) {
    requests.remove(o.token);
  }
  if (live == 0) {
    enders.notify_all();
  }
}

time_point session::until(const pending_call& o) const noexcept {
  const bool waits = o.at == pending_call::place::waiting && line == nullptr;
  return waits ? std::min(o.wait_limit, o.limit) : o.limit;
}

std::optional<error> session::given_up(const context& cx, const pending_call& o, wake why) const {
  const bool waits = o.at == pending_call::place::waiting;
  const auto sent = waits ? error_sent::not_sent : error_sent::unknown;
  const auto now = cx.now();
  const std::string_view target = o.message != nullptr ? o.message->subject() : own_name;
  if (why == wake::notified) {
    return std::nullopt;
  }
  error e = errors::cancelled{};
  if (why == wake::cancelled) {
    return e.with_sent(sent);
  }
  if (cx.deadline() <= now) {
    e = errors::deadline{target, {}};
  } else if (o.limit <= now) {
    e = errors::timeout{target, options.call_timeout(), timeout_scope::total};
  } else if (waits && line == nullptr && o.wait_limit <= now) {
    e = errors::unavailable{own_name, "is not connected", std::nullopt};
    e.at(error_stage::connect);
  } else {
    return std::nullopt;
  }
  e.with_sent(sent);
  if (line == nullptr && last_failure) {
    e.with_cause(*last_failure);
  }
  return e;
}

// ---- subscriptions

std::shared_ptr<entry> session::add_entry(const std::shared_ptr<session>& self,
                                          const subscription_options& o) {
  auto made = std::make_shared<entry>(self, next_id++, o);
  entries.emplace(made->id, made);
  if (line != nullptr && !lame_duck) {
    std::string text;
    append_subscribe(text, made->pattern, made->group, made->id);
    say(text);
  }
  return made;
}

void session::unsubscribe(entry& e) {
  if (!std::exchange(e.off, true)) {
    say_unsubscribe(e);
  }
}

void session::say_unsubscribe(const entry& e) {
  if (line != nullptr) {
    std::string text;
    append_unsubscribe(text, e.id);
    say(text);
  }
}

void session::say_farewell() {
  for (const auto& [id, one] : entries) {
    if (!one->off) {
      say_unsubscribe(*one);
    }
  }
}

void session::remove_entry(entry& e) {
  const auto found = entries.find(e.id);
  if (found != entries.end()) {
    const auto kept = found->second;
    unsubscribe(e);
    entries.erase(found);
  }
}

// ---- the end of a connection

void session::end_line(time_point now, random_source& random) {
  line = nullptr;
  error why = broken ? *broken : gone(error_sent::unknown);
  std::vector<pending_call*> again;
  const auto end = [&](pending_call& o) {
    const bool untouched = o.begin >= written;
    if ((untouched && o.what != pending_call::kind::flush) ||
        o.what == pending_call::kind::confirm) {
      again.push_back(&o);
    } else {
      error e = why;
      o.complete(fail(e.with_sent(untouched ? error_sent::not_sent : error_sent::unknown)));
    }
  };
  while (!writing.empty()) {
    end(writing.pop_front());
  }
  while (!pings_out.empty()) {
    end(pings_out.pop_front());
  }
  requests.for_each([&](pending_call& o) {
    if (o.at == pending_call::place::out) {
      end(o);
    }
  });
  const auto later = [](const pending_call* a, const pending_call* b) {
    return a->begin > b->begin;
  };
  std::sort(again.begin(), again.end(), later);
  for (auto* const o : again) {
    o->at = pending_call::place::waiting;
    waiting.push_front(*o);
    waiting_bytes += o->weight();
  }
  waiting.for_each([&](pending_call& o) {
    o.wait_limit = saturating_add(now, options.patience());
    o.wake_caller();
  });
  if (useful || now - begun >= of_use) {
    servers.succeeded();
    servers.left();
  } else {
    servers.failed(now, random);
  }
  last_failure = why;
}

void session::connect_failed(error why, time_point now, random_source& random) {
  servers.failed(now, random);
  last_failure = why;
  const bool for_good = why.is<errors::application>() || why.is<errors::tls_failure>();
  if (servers.all_failed() && for_good) {
    end_waiting(why);  // nobody lets us in, or is to be trusted, and waiting does not help
  }
  end_impatient(now);
}

// Those whose patience does not last until the next attempt.
void session::end_impatient(time_point now) {
  std::vector<pending_call*> ended;
  waiting.for_each([&](pending_call& o) {
    if (o.wait_limit < servers.not_before()) {
      ended.push_back(&o);
    }
  });
  for (auto* const o : ended) {
    waiting.remove(*o);
    waiting_bytes -= o->weight();
    o->complete(fail(in_pause(now)));
  }
}

void session::end_waiting(const error& why) {
  while (!waiting.empty()) {
    pending_call& o = waiting.pop_front();
    waiting_bytes -= o.weight();
    o.complete(fail(why));
  }
}

void session::end_all() noexcept {
  line = nullptr;
  const auto ends = [](pending_call& o, error_sent sent) { o.complete(fail(gone(sent))); };
  end_waiting(gone(error_sent::not_sent));
  while (!writing.empty()) {
    ends(writing.pop_front(), error_sent::unknown);
  }
  while (!pings_out.empty()) {
    ends(pings_out.pop_front(), error_sent::unknown);
  }
  requests.for_each([&](pending_call& o) {
    if (o.at == pending_call::place::out) {
      ends(o, error_sent::unknown);
    }
  });
}

}  // namespace fairlead::detail::nats
