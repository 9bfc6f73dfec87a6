// SPDX-License-Identifier: BSL-1.0
// How it works: a subscription for each operation, whose handlers run it; one that hears which
// calls are given up, and finds them by their id; and one that is asked for more items of streams.
// The service of a stream writes into a buffer, from which each request is answered.
#include <fairlead/port/broker_server.hpp>

#include "detail/broker_calls.hpp"
#include "detail/last_word.hpp"
#include "detail/open_stream.hpp"
#include "detail/random_name.hpp"
#include "detail/recent_ids.hpp"
#include "detail/served_call.hpp"
#include "detail/stream_lines.hpp"

#include <fairlead/port/hop.hpp>
#include <fairlead/port/subject.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace fairlead {

namespace {

constexpr std::size_t most_given_up = 4096;  // ids of calls that have not come, or never will
constexpr duration to_answer = std::chrono::seconds(5);  // after a handler's own limit

broker_message no_room(const broker_message& call) {
  return detail::error_message(
      errors::unavailable{call.subject(), "too many calls wait for their turn", std::nullopt});
}

}  // namespace

// What handlers share.
struct broker_server::shared {
  using stream_ptr = std::shared_ptr<detail::open_stream>;

  shared(std::shared_ptr<message_broker> b, service_table t, std::string s, broker_server_options o)
      : broker(std::move(b)), table(std::move(t)), service(std::move(s)), options(std::move(o)) {}

  // A call that others can find by its id, while its handler runs.
  struct known_call {
    known_call(shared& s, std::string_view i, cancel_scope& call) : self(s), id(i) {
      known = !id.empty() && self.running.emplace(id, &call).second;
    }
    known_call(const known_call&) = delete;
    known_call& operator=(const known_call&) = delete;
    ~known_call() {
      if (known) {
        self.running.erase(id);
      }
    }
    shared& self;
    std::string id;
    bool known = false;
  };

  // A stream that can be asked for more, while its handler runs.
  struct known_stream {
    known_stream(shared& s, message_broker& b) : self(s), token(std::to_string(++s.last_stream)) {
      const auto subject = detail::streams_subject(s.service, s.name) + "." + token;
      open = std::make_shared<detail::open_stream>(b, subject, s.options.max_ahead,
                                                   s.options.stream_patience);
      self.streams.emplace(token, open);
    }
    known_stream(const known_stream&) = delete;
    known_stream& operator=(const known_stream&) = delete;
    ~known_stream() {
      open->close();
      self.streams.erase(token);
    }
    shared& self;
    std::string token;
    stream_ptr open;
  };

  [[nodiscard]] std::vector<std::string> problems() const;
  [[nodiscard]] subscription_options how(const served_operation& which) const;

  static task<void> handle(std::shared_ptr<shared> self, context& cx, const broker_message& m,
                           const served_operation& which);
  static task<void> hear(std::shared_ptr<shared> self, const broker_message& m);
  static task<void> more(std::shared_ptr<shared> self, context& cx, const broker_message& m);
  task<void> answer(context& cx, const broker_message& m, const result<std::string>& outcome) const;
  task<void> stream(context& call, context& limited, const broker_message& m,
                    const detail::served_call& made);

  std::shared_ptr<message_broker> broker;
  service_table table;
  std::string service;
  broker_server_options options;
  std::string name;  // of this server, among those of the service
  std::unordered_map<std::string, cancel_scope*> running;
  detail::recent_ids given_up{most_given_up};
  std::unordered_map<std::string, stream_ptr> streams;
  std::uint64_t last_stream = 0;
  std::uint64_t not_started = 0;
};

std::vector<std::string> broker_server::shared::problems() const {
  std::vector<std::string> out;
  const auto check = [&](const result<void>& ok) {
    if (!ok) {
      out.push_back(ok.error().message());
    }
  };
  if (broker == nullptr) {
    out.emplace_back("there is no broker");
  }
  check(check_subject(service));
  for (const auto& one : table.operations()) {
    check(detail::check_call_subject(service, one.what.name));
  }
  // Of the options, which are the same for all.
  auto any = subscription_options("any").queue_group(options.queue_group);
  any.max_concurrent(options.max_concurrent).max_waiting(options.max_waiting);
  any.max_waiting_bytes(options.max_waiting_bytes).handler_timeout(options.handler_timeout);
  const auto wrong = any.problems();
  out.insert(out.end(), wrong.begin(), wrong.end());
  if (options.queue_group.empty()) {
    out.emplace_back("without a queue group every server would answer every call");
  }
  if (options.max_ahead == 0) {
    out.emplace_back("max_ahead must be at least 1");
  }
  if (options.stream_patience <= duration::zero()) {
    out.emplace_back("stream_patience must be positive");
  }
  return out;
}

subscription_options broker_server::shared::how(const served_operation& which) const {
  subscription_options out(detail::call_subject(service, which.what.name));
  out.queue_group(options.queue_group).max_concurrent(options.max_concurrent);
  out.max_waiting(options.max_waiting).max_waiting_bytes(options.max_waiting_bytes);
  out.handler_timeout(std::min(options.handler_timeout, duration::max() - to_answer) + to_answer);
  out.refusal([](const broker_message& call) { return std::optional(no_room(call)); });
  return out;
}

// ---- calls

task<void> broker_server::shared::handle(std::shared_ptr<shared> self, context& cx,
                                         const broker_message& m, const served_operation& which) {
  const auto id = detail::call_id_of(m);
  if (self->given_up.knows(std::string(id))) {
    ++self->not_started;
    co_return;
  }
  cancel_scope call(cx);
  const known_call here(*self, id, call);
  const incoming_hop hop = detail::hop_of(m);
  const auto about = hop.call_of(which.what.name);
  const auto arrived = call.now();
  context limited = hop.under(call.with_timeout(self->options.handler_timeout), arrived, about);
  const auto from = hop.trace();
  const detail::served_call made{self->table, which, self->options.tracer, from};
  if (which.what.how == delivery::stream) {
    if (!m.reply_to().empty()) {
      co_await self->stream(call, limited, m, made);
    }
    co_return;
  }
  auto outcome = co_await detail::run_served(limited, made, m.payload(), nullptr);
  const bool given_up_now = call.cancelled() && !cx.cancelled();
  if (!m.reply_to().empty() && !given_up_now) {
    co_await self->answer(cx, m, outcome);
  }
}

// What the broker does not carry is answered with that.
task<void> broker_server::shared::answer(context& cx, const broker_message& m,
                                         const result<std::string>& outcome) const {
  const detail::last_word by(cx);
  auto reply = outcome ? broker_message({}, *outcome) : detail::error_message(outcome.error());
  auto sent = co_await respond(by.cx(), *broker, m, reply);
  if (!sent && sent.error().is<errors::too_large>()) {
    auto instead = detail::error_message(sent.error());
    sent = co_await respond(by.cx(), *broker, m, instead);
  }
  static_cast<void>(sent);  // the caller has his own limit
}

// ---- streams

// The request that opens it is the first that asks for items.
task<void> broker_server::shared::stream(context& call, context& limited, const broker_message& m,
                                         const detail::served_call& made) {
  const known_stream here(*this, *broker);
  auto& open = *here.open;
  const auto body = [&](task_scope& beside) -> task<result<void>> {
    beside.spawn([&](context& own) { return open.give(own, m.reply_to()); });
    auto done = co_await detail::run_served(limited, made, m.payload(), &open);
    open.end(done ? detail::end_line() : detail::error_line(done.error()));
    co_await open.all_taken(call);
    beside.cancel();
    co_return result<void>();
  };
  auto joined = co_await with_scope(call, body);
  static_cast<void>(joined);  // neither gives an error
}

task<void> broker_server::shared::more(std::shared_ptr<shared> self, context& cx,
                                       const broker_message& m) {
  if (m.reply_to().empty()) {
    co_return;
  }
  const auto found = self->streams.find(m.subject().substr(m.subject().rfind('.') + 1));
  if (found != self->streams.end()) {
    const auto open = found->second;
    co_await open->give(cx, m.reply_to());
    co_return;
  }
  auto reply = detail::error_message(
      errors::unavailable{m.subject(), "the stream is over, or was given up", std::nullopt});
  auto sent = co_await respond(cx, *self->broker, m, reply);
  static_cast<void>(sent);
}

// ---- word of calls

task<void> broker_server::shared::hear(std::shared_ptr<shared> self, const broker_message& m) {
  for (const auto id : detail::read_ids(m.payload())) {
    const auto found = self->running.find(std::string(id));
    if (found != self->running.end()) {
      found->second->cancel();
    } else {
      self->given_up.remember(id);
    }
  }
  co_return;
}

// ---- the server

broker_server::broker_server(std::shared_ptr<message_broker> broker, service_table table,
                             std::string service, broker_server_options options)
    : shared_(std::make_shared<shared>(std::move(broker), std::move(table), std::move(service),
                                       std::move(options))) {
  std::string text;
  for (const auto& one : shared_->problems()) {
    text.append(text.empty() ? "broker_server: " : "; ").append(one);
  }
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
}

broker_server::~broker_server() = default;

// Who can be called can be told, and asked for more: calls come last.
task<result<void>> broker_server::start(context& cx, task_scope& scope) {
  if (!shared_->name.empty()) {
    co_return fail(errors::invalid_argument{"broker_server", "was started before"});
  }
  shared_->name = detail::random_name(cx.env());
  auto& broker = *shared_->broker;
  constexpr std::size_t many = 65536;
  std::vector<std::unique_ptr<subscription>> made;
  broker_handler act = [self = shared_](context&, const broker_message& m) {
    return shared::hear(self, m);
  };
  auto how = subscription_options(detail::given_up_subject(shared_->service)).max_waiting(many);
  auto one = co_await broker.subscribe(cx, scope, how, act);
  if (one) {
    words_ = std::move(*one);
    act = [self = shared_](context& own, const broker_message& m) {
      return shared::more(self, own, m);
    };
    how = subscription_options(detail::streams_subject(shared_->service, shared_->name) + ".*");
    how.max_concurrent(many).max_waiting(many);
    one = co_await broker.subscribe(cx, scope, how, act);
  }
  if (one) {
    asked_ = std::move(*one);
  }
  for (const auto& which : shared_->table.operations()) {
    if (!one) {
      break;
    }
    act = [self = shared_, &which](context& own, const broker_message& m) {
      return shared::handle(self, own, m, which);
    };
    how = shared_->how(which);
    one = co_await broker.subscribe(cx, scope, how, act);
    if (one) {
      made.push_back(std::move(*one));
    }
  }
  if (!one) {
    words_.reset();
    asked_.reset();
    shared_->name.clear();
    co_return fail(std::move(one).error());
  }
  calls_ = std::move(made);
  co_return result<void>();
}

task<result<void>> broker_server::drain(context& cx, duration grace) {
  const auto until = saturating_add(cx.now(), grace);
  task_scope all(cx, on_failure::keep_going);
  for (const auto& one : calls_) {
    all.spawn([&one, grace](context& own) { return one->drain(own, grace); });
  }
  auto outcome = co_await all.join();
  const std::array others = {words_.get(), asked_.get()};
  for (auto* const one : others) {
    if (one != nullptr) {
      auto ended = co_await one->drain(cx, std::max(until - cx.now(), duration::zero()));
      if (!ended && outcome) {
        outcome = std::move(ended);
      }
    }
  }
  co_return outcome;
}

broker_server_stats broker_server::stats() const noexcept {
  broker_server_stats out;
  for (const auto& one : calls_) {
    const auto s = one->stats();
    out.waiting += s.waiting;
    out.running += s.running;
    out.handled += s.handled;
    out.refused += s.dropped;
  }
  out.streams = shared_->streams.size();
  out.not_started = shared_->not_started;
  return out;
}

}  // namespace fairlead
