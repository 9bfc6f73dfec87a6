// SPDX-License-Identifier: BSL-1.0
// How it works: attempts are tasks of a scope; one loop starts them when the rules of the race say
// so, and ends with the first that succeeds or the last that fails. The scope cancels and joins the
// others.
#include <fairlead/net/network.hpp>

#include "detail/connect_race.hpp"

#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace fairlead::net {

namespace {

using namespace std::chrono_literals;

constexpr duration least_delay = 10ms;  // RFC 8305, section 5

std::string target_of(std::string_view host, std::uint16_t port) {
  const bool bare_ip6 = host.find(':') != host.npos;
  std::string text(bare_ip6 ? "[" : "");
  text += host;
  text += bare_ip6 ? "]:" : ":";
  return text + std::to_string(port);
}

// The same failure, named after what the caller asked for.
error named(const error& e, std::string_view target) {
  error out = e.visit(overloaded{
      [&](const errors::connection_refused&) -> error {
        return errors::connection_refused{target};
      },
      [&](const errors::connection_reset&) -> error { return errors::connection_reset{target}; },
      [&](const errors::unreachable&) -> error { return errors::unreachable{target}; },
      [&](const errors::timeout& x) -> error { return errors::timeout{target, x.limit, x.scope}; },
      [&](const errors::deadline& x) -> error { return errors::deadline{target, x.limit}; },
      [&](const auto&) -> error { return e; },
  });
  if (const auto* cause = e.cause(); cause != nullptr && out.cause() == nullptr) {
    out.with_cause(*cause);
  }
  return out.at(e.stage()).with_sent(e.sent());
}

// Why attempts failed. One that no way led to says less than one that was refused: it may only be
// of a family that is not spoken here.
class failures {
 public:
  void add(error e) {
    if (e.is<errors::unreachable>()) {
      unreachable_ = std::move(e);
    } else {
      if (last_ && last_->kind() != e.kind()) {
        before_ = std::move(last_);
      }
      last_ = std::move(e);
    }
  }
  // That of the last one, caused by one of another kind, if there was any.
  [[nodiscard]] error summary() const {
    error out = last_ ? *last_ : *unreachable_;
    if (last_ && (before_ || unreachable_)) {
      out.with_cause(before_ ? *before_ : *unreachable_);
    }
    return out;
  }
  [[nodiscard]] bool any() const noexcept { return last_ || unreachable_; }

 private:
  std::optional<error> last_;
  std::optional<error> before_;
  std::optional<error> unreachable_;
};

// Attempts at several addresses, side by side.
class race {
 public:
  race(network& net, std::vector<endpoint> addresses, const connect_options& options)
      : net_(net),
        addresses_(detail::interleaved(std::move(addresses))),
        options_(options),
        rules_(addresses_.size(), std::max(options.attempt_delay, least_delay)) {}

  task<result<std::unique_ptr<stream>>> run(context& cx) {
    if (addresses_.size() == 1) {
      auto only = co_await attempt(cx, 0);
      co_return only;
    }
    const auto body = [this, &cx](task_scope& attempts) { return drive(cx, attempts); };
    auto ended = co_await with_scope(cx, body);
    if (won_) {
      co_return std::move(won_);
    }
    if (!ended) {
      error e = std::move(ended).error();
      if (e.is<errors::deadline>() && failed_.any()) {
        e.with_cause(failed_.summary());
      }
      co_return fail(e.at(error_stage::connect).with_sent(error_sent::not_sent));
    }
    co_return fail(failed_.summary());
  }

 private:
  // Starts what is to be started until one has won or all have failed.
  task<result<void>> drive(context& cx, task_scope& attempts) {
    while (!won_ && !rules_.lost()) {
      if (const auto next = rules_.start(cx.now())) {
        attempts.spawn([this, i = *next](context& own) { return take_part(own, i); });
        continue;
      }
      auto limited = cx.with_deadline(rules_.next_start());
      auto waited = co_await changed_.wait(limited);
      if (!waited && !won_) {
        auto allowed = cx.check();
        if (allowed && waited.error().is<errors::deadline>()) {
          continue;  // the next one's turn
        }
        if (!allowed) {
          co_return allowed;
        }
        co_return waited;
      }
    }
    attempts.cancel();
    co_return result<void>{};
  }

  task<void> take_part(context& cx, std::size_t i) {
    auto made = co_await attempt(cx, i);
    if (made && !won_) {
      won_ = std::move(*made);
    }
    if (!made) {
      failed_.add(std::move(made).error());
      rules_.failed();
    }
    changed_.notify();
  }

  task<result<std::unique_ptr<stream>>> attempt(context& cx, std::size_t i) {
    auto limited = cx.with_timeout(options_.attempt_timeout);
    auto made = co_await net_.connect(limited, addresses_[i]);
    if (!made && made.error().is<errors::deadline>() && limited.deadline() < cx.deadline()) {
      const auto where = addresses_[i].to_string();
      error e = errors::timeout{where, options_.attempt_timeout, timeout_scope::connect};
      co_return fail(e.at(error_stage::connect).with_sent(error_sent::not_sent));
    }
    co_return made;
  }

  network& net_;
  std::vector<endpoint> addresses_;
  const connect_options& options_;
  detail::connect_race rules_;
  wait_slot changed_;
  std::unique_ptr<stream> won_;
  failures failed_;
};

}  // namespace

task<result<connection>> connect_to(context& cx, network& net, std::string_view host,
                                    std::uint16_t port, connect_options options) {
  const auto asked = cx.now();
  auto addresses = co_await net.resolve(cx, host, port);
  if (!addresses) {
    co_return fail(std::move(addresses).error());
  }
  if (addresses->empty()) {
    error e = errors::dns_failure{host, "no address"};
    co_return fail(e.at(error_stage::resolve));
  }
  const auto begun = cx.env().now();
  race attempts(net, std::move(*addresses), options);
  auto made = co_await attempts.run(cx);
  if (!made) {
    co_return fail(named(made.error(), target_of(host, port)));
  }
  if (auto set = (*made)->set_options(options.stream); !set) {
    error e = std::move(set).error();
    co_return fail(e.at(error_stage::connect));
  }
  const connect_times times{begun - asked, cx.env().now() - begun, {}};
  co_return connection(std::move(*made), times);
}

}  // namespace fairlead::net
