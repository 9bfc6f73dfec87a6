// SPDX-License-Identifier: BSL-1.0
// How it works: a call is a request of the broker with an id of its own. When it ends before its
// answer, a task in the background publishes the id, together with those that have come meanwhile.
#include <fairlead/port/broker_transport.hpp>

#include "detail/broker_calls.hpp"
#include "detail/random_name.hpp"
#include "detail/stream_lines.hpp"

#include <fairlead/core/background.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/port/broker.hpp>
#include <fairlead/port/hop.hpp>
#include <fairlead/port/subject.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <utility>
#include <vector>

namespace fairlead {

namespace {

constexpr std::size_t most_ids_at_once = 200;
constexpr duration word_may_take = std::chrono::seconds(5);
constexpr duration until_said_again = std::chrono::seconds(2);
constexpr int times_when_broken = 4;

// Tells those who serve of calls that have ended before their answer. When a connection has broken,
// theirs may have too, and not be there again: then it is said several times.
class giver_up {
 public:
  giver_up(std::shared_ptr<message_broker> broker, std::string subject, int times) noexcept
      : broker_(std::move(broker)), subject_(std::move(subject)), times_(times) {}

  static void give_up(const std::shared_ptr<giver_up>& self, environment& env, std::string id) {
    self->words_.push_back({std::move(id), self->times_});
    if (!self->telling_) {
      env.background().spawn([self](context& own) { return tell(self, own); });
    }
  }

 private:
  struct word {
    std::string id;
    int times;  // that it is still to be said
  };
  struct telling {
    explicit telling(bool& t) noexcept : flag(t) { flag = true; }
    telling(const telling&) = delete;
    telling& operator=(const telling&) = delete;
    ~telling() { flag = false; }
    bool& flag;
  };

  static task<void> tell(std::shared_ptr<giver_up> self, context& cx) {
    const telling here(self->telling_);
    while (!self->words_.empty()) {
      auto said = co_await self->say_all(cx);
      if (said && !self->words_.empty()) {
        said = co_await sleep_for(cx, until_said_again);
      }
      if (!said) {
        self->words_.clear();  // the services end at their own limits
      }
    }
  }

  // Each once. Fails when there is no point in going on.
  task<result<void>> say_all(context& cx) {
    for (auto left = words_.size(); left > 0;) {
      const auto n = std::min(left, most_ids_at_once);
      left -= n;
      const broker_message told(subject_, detail::write_ids(take(n)));
      context limited = cx.with_timeout(word_may_take);
      auto said = co_await broker_->publish(limited, told);
      if (!said && (said.error().is<errors::unavailable>() || cx.cancelled())) {
        co_return said;
      }
    }
    co_return result<void>();
  }

  // The first so many; those that are to be said again stand behind the others then.
  std::vector<std::string> take(std::size_t n) {
    std::vector<std::string> out;
    for (; n > 0 && !words_.empty(); --n) {
      word w = std::move(words_.front());
      words_.pop_front();
      out.push_back(w.id);
      if (--w.times > 0) {
        words_.push_back(std::move(w));
      }
    }
    return out;
  }

  std::shared_ptr<message_broker> broker_;
  std::string subject_;
  int times_;
  std::deque<word> words_;
  bool telling_ = false;
};

// Asks for the lines of one stream until it is over.
class line_reader {
 public:
  line_reader(message_broker& broker, const std::string& subject)
      : broker_(broker), peer_(subject), lines_(subject) {}

  task<result<void>> read(context& cx, broker_message ask, item_writer<std::string>& to);
  /// Whether the service goes on with it.
  [[nodiscard]] bool goes_on() const noexcept { return goes_on_; }

 private:
  task<result<broker_message>> more(context& cx, const broker_message& ask);
  task<result<void>> hand_over(context& cx, item_writer<std::string>& to);

  message_broker& broker_;
  const std::string& peer_;
  detail::stream_lines lines_;
  bool begun_ = false;
  bool goes_on_ = true;
};

// After the first reply the service has seen the request, whatever becomes of the next.
task<result<broker_message>> line_reader::more(context& cx, const broker_message& ask) {
  auto reply = co_await broker_.request(cx, ask);
  if (!reply) {
    if (begun_ && reply.error().sent() == error_sent::not_sent) {
      reply.error().with_sent(error_sent::unknown);
    }
    goes_on_ = reply.error().sent() == error_sent::unknown;
  }
  begun_ = true;
  co_return reply;
}

// The items that are here.
task<result<void>> line_reader::hand_over(context& cx, item_writer<std::string>& to) {
  for (auto next = lines_.next(); next.what != detail::stream_lines::part::more;
       next = lines_.next()) {
    if (next.what != detail::stream_lines::part::item) {
      goes_on_ = false;
      if (next.why) {
        co_return fail(std::move(*next.why));
      }
      break;
    }
    auto taken = co_await to.write(cx, std::move(next.item));
    if (!taken) {
      co_return taken;
    }
  }
  co_return result<void>();
}

task<result<void>> line_reader::read(context& cx, broker_message ask,
                                     item_writer<std::string>& to) {
  for (;;) {
    auto reply = co_await more(cx, ask);
    if (!reply) {
      co_return fail(std::move(reply).error());
    }
    auto failure = detail::failure_of(*reply, peer_);
    if (failure) {
      goes_on_ = false;
      co_return fail(std::move(*failure));
    }
    lines_.add(reply->payload());
    auto taken = co_await hand_over(cx, to);
    if (!taken || !goes_on_) {
      co_return taken;
    }
    if (reply->reply_to().empty()) {
      goes_on_ = false;
      co_return fail(lines_.cut_off());
    }
    ask = broker_message(reply->reply_to());
  }
}

// The service has found the caller's deadline to be over before the caller did.
void as_own_deadline(const context& cx, const std::string& subject, error& e) {
  if (e.is<errors::timeout>() && cx.deadline() <= cx.now()) {
    e = errors::deadline{subject, {}};
    e.with_sent(error_sent::answered);
  }
}

class over_broker final : public transport {
 public:
  over_broker(std::shared_ptr<message_broker> broker, std::string service)
      : broker_(std::move(broker)),
        service_(std::move(service)),
        given_up_(std::make_shared<giver_up>(broker_, detail::given_up_subject(service_), 1)),
        broken_off_(std::make_shared<giver_up>(broker_, detail::given_up_subject(service_),
                                               times_when_broken)) {}

  task<result<std::string>> call(context& cx, const operation_info& what,
                                 std::string_view request) override {
    auto id = next_id(cx.env());
    auto m = message(cx, what, id, request);
    if (!m) {
      co_return fail(std::move(m).error());
    }
    auto reply = co_await broker_->request(cx, *m);
    if (!reply) {
      if (reply.error().sent() == error_sent::unknown) {
        give_up(cx.env(), std::move(id), reply.error());
      }
      co_return fail(std::move(reply).error());
    }
    auto text = detail::reply_of(*reply, m->subject());
    if (!text) {
      as_own_deadline(cx, m->subject(), text.error());
    }
    co_return text;
  }

  task<result<void>> send(context& cx, const operation_info& what,
                          std::string_view request) override {
    auto m = message(cx, what, {}, request);
    if (!m) {
      co_return fail(std::move(m).error());
    }
    auto sent = co_await broker_->publish(cx, *m);
    co_return sent;
  }

  task<result<void>> stream(context& cx, const operation_info& what, std::string_view request,
                            item_writer<std::string>& to) override {
    auto id = next_id(cx.env());
    auto m = message(cx, what, id, request);
    if (!m) {
      co_return fail(std::move(m).error());
    }
    const std::string subject = m->subject();
    line_reader lines(*broker_, subject);
    auto done = co_await lines.read(cx, std::move(*m), to);
    if (!done) {
      if (lines.goes_on()) {
        give_up(cx.env(), std::move(id), done.error());
      }
      as_own_deadline(cx, subject, done.error());
    }
    co_return done;
  }

 private:
  [[nodiscard]] result<broker_message> message(const context& cx, const operation_info& what,
                                               std::string_view id,
                                               std::string_view request) const {
    if (auto named = detail::check_call_subject(service_, what.name); !named) {
      return fail(std::move(named).error());
    }
    const outgoing_hop hop(cx);
    if (auto sendable = hop.check(); !sendable) {
      return fail(std::move(sendable).error());
    }
    return detail::call_message(detail::call_subject(service_, what.name), hop, id, request);
  }

  void give_up(environment& env, std::string id, const error& why) {
    const bool broken = why.is<errors::connection_reset>() || why.is<errors::connection_closed>() ||
                        why.is<errors::protocol_error>() || why.is<errors::unavailable>();
    giver_up::give_up(broken ? broken_off_ : given_up_, env, std::move(id));
  }

  std::string next_id(environment& env) {
    if (name_.empty()) {
      name_ = detail::random_name(env);
    }
    return name_ + "." + std::to_string(++calls_);
  }

  std::shared_ptr<message_broker> broker_;
  std::string service_;
  std::shared_ptr<giver_up> given_up_;
  std::shared_ptr<giver_up> broken_off_;
  std::string name_;  // of this caller, for the ids of its calls
  std::uint64_t calls_ = 0;
};

}  // namespace

std::shared_ptr<transport> broker_transport(std::shared_ptr<message_broker> broker,
                                            std::string service) {
  if (broker == nullptr) {
    throw std::invalid_argument("broker_transport: there is no broker");
  }
  if (auto usable = check_subject(service); !usable) {
    throw std::invalid_argument("broker_transport: " + usable.error().message());
  }
  return std::make_shared<over_broker>(std::move(broker), std::move(service));
}

}  // namespace fairlead
