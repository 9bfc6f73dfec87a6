// SPDX-License-Identifier: BSL-1.0
// A port with one operation of each shape, and a service that does as it is told.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/json/constraints.hpp>
#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/trace_context.hpp>
#include <fairlead/port/port.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "every_error.hpp"

namespace fairlead::testing {

BOOST_DEFINE_ENUM_CLASS(rank, novice, master)

struct user {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> email;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name, email))

struct get_user {
  std::int64_t id = 0;
  using response = user;
  static constexpr auto route = fairlead::route::get("/users/{id}");
};
BOOST_DESCRIBE_STRUCT(get_user, (), (id))

struct find_users {
  std::string text;
  std::optional<int> limit;
  std::optional<rank> at_least;
  using response = std::vector<user>;
  static constexpr auto route = fairlead::route::get("/users");
};
BOOST_DESCRIBE_STRUCT(find_users, (), (text, limit, at_least))

struct create_user {
  std::string name;
  std::string email;
  using response = user;
  static constexpr auto route = fairlead::route::post("/users");
};
BOOST_DESCRIBE_STRUCT(create_user, (), (name, email))
constexpr auto describe_constraints(json::of<create_user>) {
  return json::constraints(json::field<&create_user::name>(json::non_empty),
                           json::field<&create_user::email>(json::email));
}

struct rename_user {
  std::string id;  // any text, in the path
  std::string name;
  using response = void;
  static constexpr auto route = fairlead::route::put("/users/{id}/name");
};
BOOST_DESCRIBE_STRUCT(rename_user, (), (id, name))

struct delete_user {
  std::int64_t id = 0;
  using response = void;
  static constexpr auto route = fairlead::route::del("/users/{id}");
};
BOOST_DESCRIBE_STRUCT(delete_user, (), (id))

/// Fails with the n-th of `every_error`.
struct fail_with {
  std::size_t which = 0;
  using response = void;
};
BOOST_DESCRIBE_STRUCT(fail_with, (), (which))

/// Waits, then gives what was left of the caller's time when it began, in milliseconds; -1 without
/// limit.
struct wait_for {
  std::chrono::milliseconds time{0};
  using response = std::int64_t;
};
BOOST_DESCRIBE_STRUCT(wait_for, (), (time))

/// Users 1 to `count`, then an error if `fails`.
struct list_users {
  int count = 0;
  bool fails = false;
  using response = stream_of<user>;
};
BOOST_DESCRIBE_STRUCT(list_users, (), (count, fails))

/// Writes down who the caller says that he is; fails when `fails`.
struct note {
  std::string text;
  bool fails = false;
  using response = one_way;
};
BOOST_DESCRIBE_STRUCT(note, (), (text, fails))
constexpr auto describe_constraints(json::of<note>) {
  return json::constraints(json::field<&note::text>(json::non_empty));
}

/// Waits longer than its own limit allows.
struct never_in_time {
  bool for_ever = false;
  using response = int;
  static constexpr auto timeout = std::chrono::milliseconds(250);
};
BOOST_DESCRIBE_STRUCT(never_in_time, (), (for_ever))

/// Beside the first version of it.
struct wait_for_v2 {
  using response = std::string;
  static constexpr std::string_view operation_name = "wait_for";
  static constexpr std::uint32_t version = 2;
};
BOOST_DESCRIBE_STRUCT(wait_for_v2, (), ())

/// What the service is told of the call: operation, key, attempt, criticality.
struct who_calls {
  using response = std::string;
  static constexpr bool idempotent = true;
};
BOOST_DESCRIBE_STRUCT(who_calls, (), ())

using shop_port = port<get_user, find_users, create_user, rename_user, delete_user, fail_with,
                       wait_for, list_users, note, never_in_time, wait_for_v2, who_calls>;

class shop_service {
 public:
  /// What the service saw, for the tests.
  struct record {
    std::vector<std::string> calls;
    int started = 0;
    int cancelled = 0;
    int items = 0;
    observe::trace_id trace;  // of the last `who_calls`
    std::string tenant;       // in its baggage
  };
  explicit shop_service(std::shared_ptr<record> seen) : seen_(std::move(seen)) {}

  result<user> operator()(context&, const get_user& r) {
    if (r.id == 404) {
      return fail(errors::application{"not_found", "no such user"});
    }
    return user{r.id, "user " + std::to_string(r.id), std::nullopt};
  }
  result<std::vector<user>> operator()(context&, const find_users& r) {
    seen_->calls.push_back(r.text + "/" + std::to_string(r.limit.value_or(-1)) + "/" +
                           (r.at_least == rank::master ? "master" : "any"));
    return std::vector<user>{{1, r.text, "a@b.de"}, {2, "two", std::nullopt}};
  }
  task<result<user>> operator()(context& cx, const create_user& r) {
    (void)co_await yield(cx);
    seen_->calls.push_back("create " + r.name);
    co_return user{7, r.name, r.email};
  }
  result<void> operator()(context&, const rename_user& r) {
    seen_->calls.push_back("rename " + r.id + " to " + r.name);
    return {};
  }
  result<void> operator()(context& cx, const delete_user&) {
    const bool inherited =
        cx.idempotency() != idempotency::by_operation || !cx.idempotency_key().empty();
    seen_->calls.push_back(inherited ? "delete, inherited" : "delete, by operation");
    return {};
  }
  result<void> operator()(context&, const fail_with& r) { return fail(every_error().at(r.which)); }
  task<result<std::int64_t>> operator()(context& cx, const wait_for& r) {
    ++seen_->started;
    const auto left = cx.remaining(cx.now());
    const auto slept = co_await sleep_for(cx, r.time);
    if (!slept) {
      ++seen_->cancelled;
      co_return fail(slept.error());
    }
    co_return left == duration::max()
        ? -1
        : std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  }
  task<result<void>> operator()(context& cx, const list_users& r, item_writer<user>& out) {
    for (int id = 1; id <= r.count; ++id) {
      user next{id, "user " + std::to_string(id), std::nullopt};
      auto taken = co_await out.write(cx, std::move(next));
      if (!taken) {
        seen_->cancelled += taken.error().is<errors::cancelled>() ? 1 : 0;
        co_return taken;
      }
      ++seen_->items;
    }
    if (r.fails) {
      co_return fail(errors::application{"spoiled", "no more users"});
    }
    co_return result<void>();
  }
  result<void> operator()(context&, const note& r) {
    seen_->calls.push_back("note " + r.text);
    return r.fails ? result<void>(fail(errors::application{"no", "not that"})) : result<void>();
  }
  task<result<int>> operator()(context& cx, const never_in_time& r) {
    const auto slept = co_await sleep_for(cx, std::chrono::hours(1));
    if (!slept) {
      ++seen_->cancelled;
      co_return fail(slept.error());
    }
    co_return r.for_ever ? 1 : 2;
  }
  result<std::string> operator()(context&, const wait_for_v2&) { return "no longer"; }
  task<result<std::string>> operator()(context& cx, const who_calls&) {
    (void)co_await yield(cx);
    if (cx.trace() != nullptr) {
      seen_->trace = cx.trace()->parent().trace;
      seen_->tenant = cx.trace()->facts().get("tenant").value_or("");
    }
    const auto* call = cx.received();
    std::string out(call == nullptr ? "nobody" : call->operation);
    if (call != nullptr && (call->attempt != 1 || !call->idempotency_key.empty())) {
      out.append("/").append(call->idempotency_key).append("/");
      out.append(std::to_string(call->attempt));
    }
    const bool own = cx.attempt() == 1 && cx.idempotency_key().empty() &&
                     cx.idempotency() == idempotency::by_operation;
    out.append(own ? "" : ", inherited");
    co_return out.append(cx.criticality() == criticality::sheddable ? ", sheddable" : "");
  }

 private:
  std::shared_ptr<record> seen_;
};

}  // namespace fairlead::testing
