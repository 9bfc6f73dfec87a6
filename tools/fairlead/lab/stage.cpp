// SPDX-License-Identifier: BSL-1.0
#include "lab/stage.hpp"

#include <utility>

namespace fairlead::lab {

namespace {

// Tells errors with a status that the script calls fatal from others of the same status.
constexpr std::string_view fatal_target = "lab, fatal";

}  // namespace

// A place among those who wait; also gone when the coroutine is destroyed there.
class stage::seat {
 public:
  seat(stage& s, time_point when, waiter& who)
      : stage_(s), at_(s.waiting_.emplace(place(when, s.begun_++), &who).first) {}
  seat(const seat&) = delete;
  seat& operator=(const seat&) = delete;
  ~seat() { stage_.waiting_.erase(at_); }

 private:
  stage& stage_;
  std::map<place, waiter*>::iterator at_;
};

task<ending> stage::perform(context& cx, act a) {
  const bool hangs = a.outcome == act_outcome::hang;
  if (!hangs && a.after <= duration::zero()) {
    co_return ending::as_scripted;
  }
  waiter w(a.ignores_cancel ? root_ : cx);
  const seat here(*this, hangs ? no_deadline : saturating_add(cx.now(), a.after), w);
  const auto woken = co_await w.wait();
  if (woken == wake::notified) {
    co_return ending::as_scripted;
  }
  co_return a.ignores_cancel ? ending::never : ending::told_to_stop;
}

time_point stage::next() const noexcept {
  for (const auto& [at, who] : waiting_) {
    if (!who->woken()) {
      return at.first;
    }
  }
  return no_deadline;
}

bool stage::complete_one(time_point now) {
  for (const auto& [at, who] : waiting_) {
    if (at.first > now) {
      break;
    }
    if (who->notify()) {
      return true;
    }
  }
  return false;
}

result<boost::json::value> outcome_of(const act& a) {
  if (a.outcome == act_outcome::success) {
    return a.value;
  }
  if (a.outcome == act_outcome::neutral) {
    return fail(errors::cancelled{});
  }
  const auto made = [&]() -> error {
    if (a.status) {
      const bool fatal = a.outcome == act_outcome::fatal;
      return errors::http_error{fatal ? fatal_target : "lab", *a.status, "", "", a.retry_after};
    }
    if (a.outcome == act_outcome::fatal) {
      return errors::protocol_error{"lab", "fatal"};
    }
    if (a.retry_after) {
      return errors::unavailable{"lab", "failure", a.retry_after};
    }
    if (a.sent == error_sent::not_sent) {
      return errors::connection_closed{"lab"};  // gone before anything was written
    }
    return errors::connection_reset{"lab"};
  };
  error e = made();
  const bool peer_spoke = a.status || a.retry_after || a.outcome == act_outcome::fatal;
  e.with_sent(a.sent.value_or(peer_spoke ? error_sent::answered : error_sent::unknown));
  if (a.pushback) {
    e.with_pushback(*a.pushback);
  }
  return tl::unexpected<error>(std::move(e));
}

bool scripted_as_fatal(const error& e) {
  const auto answer = e.get<errors::http_error>();
  return answer && answer->url == fatal_target;
}

std::string_view kind_in_lab(const error& e) noexcept {
  switch (e.kind()) {
    case error_kind::connection_reset:
    case error_kind::connection_closed:
    case error_kind::unavailable:
      return "failure";
    case error_kind::protocol_error:
      return "fatal";
    default:
      return to_string(e.kind());
  }
}

}  // namespace fairlead::lab
