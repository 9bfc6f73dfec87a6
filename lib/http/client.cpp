// SPDX-License-Identifier: BSL-1.0
// How it works: `exchange` does everything that needs no waiting. The coroutine `run` takes a place
// in the pool, opens a connection if need be, and waits where the exchange says so. It goes round
// again only as the stale-connection rule allows.
#include <fairlead/http/client.hpp>

#include "detail/client_impl.hpp"
#include "detail/open_response.hpp"
#include "detail/option_problems.hpp"
#include "detail/plain_connectors.hpp"
#include "detail/proxy_connectors.hpp"
#include "detail/request_body.hpp"
#include "detail/tls_connector.hpp"

#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/with_prefix.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>

namespace fairlead::http {

namespace {

using detail::next_step;
using detail::pool_core;

pool_core::limits limits_of(const pool_options& o) {
  return {o.per_origin, o.total, o.waiters, o.idle_timeout, o.life};
}

// For those who look at the response where the call has it.
constexpr answer_taker ignored{answer_rule::any_status, nullptr,
                               [](void*, response&) { return result<void>(); }};

task<result<void>> refused(result<void> why) {
  co_return why;
}

}  // namespace

client::impl::impl(environment& e, client_options o)
    : env(e),
      options(std::move(o)),
      net(options.network() != nullptr ? *options.network() : net::system_network()),
      pool(env, limits_of(options.pool())) {
  if (!options.base_url().empty()) {
    base = *url::parse(options.base_url());
  }
  defaults = options.headers();
  if (!defaults.contains("User-Agent") && !options.user_agent().empty()) {
    defaults.add("User-Agent", options.user_agent());
  }
  if (!defaults.contains("Accept")) {
    defaults.add("Accept", "application/json");
  }
  decodes = options.decode() == decoding::automatic && !defaults.contains("Accept-Encoding");
  if (decodes) {
    defaults.add("Accept-Encoding", detail::content_decoder::accepted());
  }
  add_connectors();
}

// Those of the caller stay.
void client::impl::add_connectors() {
  own_http = options.connector("http") != nullptr;
  own_https = options.connector("https") != nullptr;
  const auto trust = std::make_shared<detail::client_trust>(options.tls());
  std::shared_ptr<http::connector> plain;
  if (!options.proxies().empty()) {
    const auto plan = std::make_shared<detail::proxy_plan>(options, trust);
    plain = std::make_shared<detail::tunnel_connector>(plan);
    to_proxy = std::make_shared<detail::proxy_connector>(plan);
    const auto* of_http = options.proxies().of_http();
    proxy_key = "proxy " + (of_http == nullptr ? std::string() : of_http->name());
  } else if (!options.unix_socket().empty()) {
    const auto at = net::endpoint::unix_path(options.unix_socket());
    plain = std::make_shared<detail::unix_connector>(*at);
  } else {
    plain = std::make_shared<detail::plain_connector>();
  }
  if (!own_http) {
    options.connector("http", plain);
  }
  if (!own_https) {
    options.connector("https", std::make_shared<detail::tls_connector>(trust, std::move(plain)));
  }
}

const proxy* client::impl::proxy_of(const url& to) const {
  const bool own = to.scheme() == "https" ? own_https : own_http;
  return own ? nullptr : options.proxies().find(to);
}

client::impl::~impl() {
  if (calls > 0 && !env.closing()) {
    std::fprintf(
        stderr,
        "fairlead: an http::client was destroyed with %zu calls in flight; await them first\n",
        calls);
    std::terminate();
  }
}

result<detail::destination> client::impl::resolve(detail::exchange_memory& memory,
                                                  const std::string& target) const {
  const bool simple = target.starts_with('/') && target.find("/.") == std::string::npos &&
                      target.find('#') == std::string::npos;
  if (base && simple && base->path() == "/") {
    if (auto good = check_target(target); !good) {
      return tl::unexpected<error>(std::move(good).error());
    }
    return detail::destination{&*base, target};
  }
  auto joined = base ? base->join(target) : url::parse(target);
  if (!joined) {
    if (!base && target.find("//") == std::string::npos) {
      return fail(errors::invalid_url{target, "a relative target needs client_options::base_url"});
    }
    return tl::unexpected<error>(std::move(joined).error());
  }
  memory.elsewhere = std::move(*joined);
  return detail::destination{&*memory.elsewhere, memory.elsewhere->target()};
}

http::connector* client::impl::connector_of(const url& to) const noexcept {
  return options.connector(to.scheme());
}

std::unique_ptr<detail::call_slot> client::impl::borrow() {
  if (spare.empty()) {
    return std::make_unique<detail::call_slot>();
  }
  auto slot = std::move(spare.back());
  spare.pop_back();
  return slot;
}

void client::impl::give_back(std::unique_ptr<detail::call_slot> slot) {
  // One that grew for a huge body is not kept.
  constexpr std::size_t most_kept = 256 * 1024;
  if (spare.size() < 16 && slot->memory.answer.body().capacity() <= most_kept &&
      slot->memory.decoded.capacity() <= most_kept) {
    spare.push_back(std::move(slot));
  }
}

// What an exchange on an idle connection has no need of: waits for a turn, opens a connection.
// Apart from `run`, whose frame is small enough to be recycled without it, and with the outcome in
// the frame of `run` for the same reason.
task<void> client::impl::obtain(detail::call& call, detail::connection_pool::turn& turn,
                                result<void>& outcome) {
  auto& place = call.place();
  if (turn.what() == pool_core::verdict::refuse) {
    outcome = call.pool_exhausted();
    co_return;
  }
  if (turn.what() == pool_core::verdict::wait) {
    outcome = co_await pool.wait(call.cx(), turn);
    if (!outcome) {
      outcome = call.failed_at(error_stage::pool, outcome.error());
      co_return;
    }
    place = pool.claim(turn);
  }
  call.note(detail::call::phase::placed);
  if (place.stream() == nullptr) {
    auto opened = co_await call.opens().connect(call.cx(), net, *call.to().to);
    if (!opened) {
      outcome = call.failed_at(error_stage::connect, opened.error());
      co_return;
    }
    place.opened(std::move(opened->stream));
    call.note(opened->times);
  }
}

// Sends what did not go out at once: `step` is `wait_write` or `body` before, and after it what the
// exchange wants next.
task<void> client::impl::send(detail::call& call, next_step& step, result<void>& outcome) {
  auto& x = call.steps();
  auto& stream = *call.place().stream();
  while (step == next_step::wait_write) {
    step = x.listen(stream);
    if (step != next_step::body) {
      co_return;
    }
    if (x.may_listen()) {
      outcome = co_await detail::wait_for_either(call.cx(), stream);
    } else {
      outcome = co_await stream.wait(call.cx(), net::direction::write);
    }
    if (!outcome) {
      co_return;
    }
    step = x.write(stream);
  }
  if (step == next_step::body && x.expects()) {
    co_await ask_for_consent(call, step, outcome);
  }
  if (step == next_step::body && outcome) {
    co_await send_body(call, step, outcome);
  }
}

// Waits for 100, for an answer instead of it, or until the wait for it has lasted long enough.
task<void> client::impl::ask_for_consent(detail::call& call, next_step& step,
                                         result<void>& outcome) {
  auto& x = call.steps();
  auto& stream = *call.place().stream();
  auto patience = call.cx().with_timeout(options.expect_continue_wait());
  for (;;) {
    step = x.listen(stream);
    if (step == next_step::body && x.head_is_in()) {
      step = x.may_listen() ? next_step::read : x.early_step();
    }
    if (step != next_step::body || x.consented()) {
      co_return;
    }
    outcome = co_await stream.wait(patience, net::direction::read);
    if (!outcome) {
      if (outcome.error().is<errors::deadline>() && call.cx().check()) {
        outcome = {};
      }
      co_return;
    }
  }
}

task<void> client::impl::send_body(detail::call& call, next_step& step, result<void>& outcome) {
  const auto source = call.begin_body();
  const auto& text = call.request().body();
  auto& x = call.steps();
  detail::request_body out(x, *call.place().stream(), source ? source->size() : text.size());
  result<void> made;
  if (source) {
    made = co_await source->write_to(call.cx(), out);
  } else {
    made = co_await out.write(call.cx(), text);
  }
  if (made && !out.stopped()) {
    made = co_await out.finish(call.cx());
  }
  if (out.step()) {
    step = *out.step();
  } else if (out.failure()) {
    outcome = tl::unexpected<error>(*out.failure());
  } else if (!made) {
    outcome = std::move(made);
    call.source_failed();
  } else {
    step = x.sent_all();
  }
}

task<result<void>> client::impl::run(context& caller, outgoing& r, answer_taker take) {
  if (!r.ready) {
    return refused(std::move(r.ready));
  }
  detail::held_call own(*this, caller, r.request, take.rule, options.timeout());
  auto& call = *own;
  return run(call, std::move(own), take);
}

// `own` is in the parameters, which die with the frame: when the caller goes on.
task<result<void>> client::impl::run(detail::call& call, detail::held_call own, answer_taker take) {
  static_cast<void>(own);
  result<void> outcome = call.prepare();
  if (!outcome) {
    co_return outcome;
  }
  // A cancelled Asio coroutine ends in a typed error too, not in an exception.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto& place = call.place();
  for (auto wish = pool_core::wish::any;;) {
    auto& x = call.steps();
    place.drop();
    call.note(detail::call::phase::began);
    call.begin_trace();
    detail::connection_pool::turn turn(pool);
    if (pool.try_acquire(turn, call.pool_key(), wish)) {
      place = pool.claim(turn);
    }
    if (place.stream() == nullptr) {
      co_await obtain(call, turn, outcome);
      if (!outcome) {
        call.report(&outcome.error());
        break;
      }
    }
    auto& stream = *place.stream();
    x.begin();
    call.note(detail::call::phase::ready);
    auto step = x.write(stream);
    if (step == next_step::read) {
      call.note(detail::call::phase::written);
    }
    while (step < next_step::head) {
      if (step == next_step::wait_read) {
        outcome = co_await stream.wait(call.cx(), net::direction::read);
      } else if (step != next_step::read) {
        co_await send(call, step, outcome);
        call.note(detail::call::phase::written);
      }
      if (!outcome) {
        break;
      }
      if (step <= next_step::read) {
        step = x.read(stream);
        call.note(detail::call::phase::heard);
      }
    }
    if (!outcome) {
      outcome = call.failed(x.interrupted(outcome.error()));
      call.report(&outcome.error());
    } else if (step == next_step::finished) {
      call.report(nullptr);
      if (x.reusable()) {
        place.keep();
      }
      const auto follows = call.follow(outcome);
      if (follows == detail::call::follows::yes) {
        wish = pool_core::wish::any;
        continue;
      }
      if (follows == detail::call::follows::no) {
        outcome = call.hand_over(take);
      }
    } else if (step == next_step::head) {
      if (x.switched()) {
        call.report(nullptr);
      }
      co_await boost::asio::this_coro::throw_if_cancelled(throws);
      co_return outcome;  // the connection stays with the call
    } else if (call.may_go_again()) {
      call.report(&x.failure());
      wish = pool_core::wish::fresh;
      continue;
    } else {
      outcome = call.failed(x.failure());
      call.report(&outcome.error());
    }
    break;
  }
  place.drop();
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

task<result<response_stream>> client::stream(context& cx, http::request r, stream_options how) {
  auto open = std::make_unique<detail::open_response>(*impl_, cx, std::move(r), how);
  detail::held_call elsewhere;
  auto done = co_await impl_->run(open->of(), std::move(elsewhere), ignored);
  if (!done) {
    co_return tl::unexpected<error>(std::move(done).error());
  }
  open->opened();
  co_return response_stream(std::move(open));
}

result<void> client::impl::check_upgrade(http::request& r) {
  if (!r.headers().contains("Upgrade")) {
    return fail(errors::invalid_argument{"http::client", "upgrade needs an Upgrade header"});
  }
  if (!r.headers().contains("Connection")) {
    r.header("Connection", "Upgrade");
  }
  return {};
}

result<upgraded> client::impl::switched(detail::call& call, const http::request& r) {
  auto& head = call.answer();
  if (head.status() != status::switching_protocols) {
    return tl::unexpected<error>(call.status_error(head));
  }
  const auto asked = r.headers().get("Upgrade").value_or("");
  const auto got = head.headers().get("Upgrade");
  if (!got || !has_token(asked, *got)) {
    return call.failed(call.steps().interrupted(
        errors::protocol_error{"", "the server switched to a protocol that was not asked for"}));
  }
  std::string behind(call.steps().left_over());
  auto stream = net::with_prefix(call.place().take(), std::move(behind));
  return upgraded(std::move(head), std::move(stream));
}

task<result<upgraded>> client::upgrade(context& cx, http::request r) {
  if (auto good = impl::check_upgrade(r); !good) {
    co_return tl::unexpected<error>(std::move(good).error());
  }
  detail::held_call call(*impl_, cx, r, answer_rule::success_only, impl_->options.timeout());
  call->deliver(detail::delivery::switched, impl_->options.max_body());
  detail::held_call elsewhere;
  auto done = co_await impl_->run(*call, std::move(elsewhere), ignored);
  if (!done) {
    co_return tl::unexpected<error>(std::move(done).error());
  }
  co_return impl_->switched(*call, r);
}

client::client(environment& env, client_options options) {
  if (const auto problems = options.problems(); !problems.empty()) {
    throw std::invalid_argument("http::client: " + detail::in_one_line(problems));
  }
  impl_ = std::make_unique<impl>(env, std::move(options));
}

client::client(std::unique_ptr<impl> made) noexcept : impl_(std::move(made)) {}
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

result<client> client::make(environment& env, client_options options) {
  if (const auto problems = options.problems(); !problems.empty()) {
    return fail(errors::invalid_argument{"http::client", detail::in_one_line(problems)});
  }
  return client(std::make_unique<impl>(env, std::move(options)));
}

client::outgoing client::make_request(method m, std::string_view target, headers extra) {
  http::request r(m, std::string(target));
  r.headers() = std::move(extra);
  return outgoing(std::move(r));
}

client::outgoing client::make_request(method m, std::string_view target, headers extra,
                                      result<std::string> body, std::string_view type) {
  auto r = make_request(m, target, std::move(extra));
  if (!body) {
    r.ready = tl::unexpected<error>(std::move(body).error());
    return r;
  }
  if (!r.request.headers().contains("Content-Type")) {
    r.request.header("Content-Type", type);
  }
  r.request.body(std::move(*body));
  return r;
}

task<result<void>> client::exchange(context& cx, outgoing& r, const answer_taker& take) {
  return impl_->run(cx, r, take);
}

task<result<response>> client::request(context& cx, http::request r) {
  answer_slot<response> out;
  const auto take = out.taker(answer_rule::any_status);
  outgoing sent(std::move(r));
  auto done = co_await impl_->run(cx, sent, take);
  if (!done) {
    co_return tl::unexpected<error>(std::move(done).error());
  }
  co_return out.take();
}

task<result<response>> client::request(http::request r) {
  cancel_scope root(impl_->env);
  auto outcome = co_await request(root, std::move(r));
  co_return outcome;
}

task<result<response>> client::request(context& cx, method m, std::string target, headers extra,
                                       std::string body) {
  http::request r(m, std::move(target));
  r.headers() = std::move(extra);
  r.body(std::move(body));
  return request(cx, std::move(r));
}

environment& client::env() const noexcept {
  return impl_->env;
}

const client_options& client::options() const noexcept {
  return impl_->options;
}

client_stats client::stats() const noexcept {
  const auto& core = impl_->pool.core();
  const auto& past = impl_->pool.past();
  client_stats out;
  out.connections = core.open_count();
  out.idle = core.idle_count();
  out.waiting = core.waiter_count();
  out.opened = past.opened;
  out.reused = past.reused;
  out.waited = past.waited;
  out.refused = past.refused;
  out.stale_retries = impl_->stale_retries;
  return out;
}

void client::close_idle() noexcept {
  impl_->pool.close_idle();
}

task<result<std::size_t>> client::warm_up(context& cx, std::string target, std::size_t n) {
  http::request nothing(method::get, std::move(target));
  detail::held_call call(*impl_, cx, nothing, answer_rule::any_status, impl_->options.timeout());
  if (auto good = call->prepare(); !good) {
    co_return tl::unexpected<error>(std::move(good).error());
  }
  const std::string origin(call->pool_key());
  const auto& core = impl_->pool.core();
  const auto have = core.places_of(origin);
  const auto more = std::min(n - std::min(n, have), core.room_for(origin));
  std::optional<error> failure;
  task_scope opening(call->cx(), on_failure::keep_going);
  for (std::size_t i = 0; i < more; ++i) {
    opening.spawn([&](context& own) { return impl_->open_one(own, *call, failure); });
  }
  auto joined = co_await opening.join();
  static_cast<void>(joined);
  const auto now = core.places_of(origin);
  if (now == 0 && failure) {
    co_return call->failed_at(error_stage::connect, *failure);
  }
  co_return now;
}

// A connection that idles from its first moment on.
task<void> client::impl::open_one(context& cx, detail::call& call, std::optional<error>& failure) {
  detail::connection_pool::turn turn(pool);
  if (!pool.try_acquire(turn, call.pool_key(), pool_core::wish::fresh)) {
    co_return;
  }
  auto place = pool.claim(turn);
  auto opened = co_await call.opens().connect(cx, net, *call.to().to);
  if (opened) {
    place.opened(std::move(opened->stream));
    place.keep();
  } else if (!failure) {
    failure = opened.error();
  }
}

}  // namespace fairlead::http
