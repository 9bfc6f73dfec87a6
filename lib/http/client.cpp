// SPDX-License-Identifier: BSL-1.0
// How it works: `exchange` does everything that needs no waiting. The coroutine `run` takes a place
// in the pool, opens a connection if need be, and waits where the exchange says so. It goes round
// again only as the stale-connection rule allows.
#include <fairlead/http/client.hpp>

#include "detail/client_impl.hpp"
#include "detail/tls_connector.hpp"

#include <boost/asio/this_coro.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>

namespace fairlead::http {

namespace {

using detail::next_step;
using detail::pool_core;

class plain_connector final : public connector {
 public:
  task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override {
    return net::connect_to(cx, net, to.host(), to.port());
  }
};

pool_core::limits limits_of(const pool_options& o) {
  return {o.per_origin, o.total, o.waiters, o.idle_timeout};
}

std::string in_one_line(const std::vector<std::string>& problems) {
  std::string out;
  for (const auto& p : problems) {
    out += out.empty() ? "" : "; ";
    out += p;
  }
  return out;
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
  if (!options.connectors().contains("http")) {
    options.connector("http", std::make_shared<plain_connector>());
  }
  if (!options.connectors().contains("https")) {
    options.connector("https", std::make_shared<detail::tls_connector>(options.tls()));
  }
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
  const auto found = options.connectors().find(to.scheme());
  return found == options.connectors().end() ? nullptr : found->second.get();
}

std::unique_ptr<detail::exchange_memory> client::impl::borrow() {
  if (spare.empty()) {
    return std::make_unique<detail::exchange_memory>();
  }
  auto memory = std::move(spare.back());
  spare.pop_back();
  return memory;
}

void client::impl::give_back(std::unique_ptr<detail::exchange_memory> memory) {
  // One that grew for a huge body is not kept.
  constexpr std::size_t most_kept = 256 * 1024;
  if (spare.size() < 16 && memory->answer.body().capacity() <= most_kept) {
    spare.push_back(std::move(memory));
  }
}

// What an exchange on an idle connection has no need of: waits for a turn, opens a connection.
// Apart from `run`, whose frame is small enough to be recycled without it, and with the outcome in
// the frame of `run` for the same reason.
task<void> client::impl::obtain(detail::call& call, detail::connection_pool::turn& turn,
                                detail::lease& place, result<void>& outcome) {
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
  if (place.stream() == nullptr) {
    auto opened = co_await call.opens().connect(call.cx(), net, *call.to().to);
    if (!opened) {
      outcome = call.failed_at(error_stage::connect, opened.error());
      co_return;
    }
    place.opened(std::move(opened->stream));
  }
}

task<result<void>> client::impl::run(context& caller, outgoing& r, answer_taker take) {
  if (!r.ready) {
    co_return tl::unexpected<error>(std::move(r.ready).error());
  }
  detail::call call(*this, caller, r.request, take.rule);
  result<void> outcome = call.prepare();
  if (!outcome) {
    co_return outcome;
  }
  // A cancelled Asio coroutine ends in a typed error too, not in an exception.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto& x = call.steps();
  for (auto wish = pool_core::wish::any;; wish = pool_core::wish::fresh) {
    detail::connection_pool::turn turn(pool);
    detail::lease place;
    if (pool.try_acquire(turn, call.to().to->origin(), wish)) {
      place = pool.claim(turn);
    }
    if (place.stream() == nullptr) {
      co_await obtain(call, turn, place, outcome);
      if (!outcome) {
        break;
      }
    }
    auto& stream = *place.stream();
    x.begin();
    auto step = x.write(stream);
    while (step != next_step::finished && step != next_step::failed) {
      if (step == next_step::read) {
        step = x.read(stream);
        continue;
      }
      const bool writing = step == next_step::wait_write;
      outcome =
          co_await stream.wait(call.cx(), writing ? net::direction::write : net::direction::read);
      if (!outcome) {
        break;
      }
      step = writing ? x.write(stream) : x.read(stream);
    }
    if (!outcome) {
      outcome = call.failed(x.interrupted(outcome.error()));
    } else if (step == next_step::finished) {
      if (x.reusable()) {
        place.keep();
      }
      outcome = call.deliver(take);
    } else if (call.may_go_again(place)) {
      continue;
    } else {
      outcome = call.failed(x.failure());
    }
    break;
  }
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

client::client(environment& env, client_options options) {
  if (const auto problems = options.problems(); !problems.empty()) {
    throw std::invalid_argument("http::client: " + in_one_line(problems));
  }
  impl_ = std::make_unique<impl>(env, std::move(options));
}

client::client(std::unique_ptr<impl> made) noexcept : impl_(std::move(made)) {}
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

result<client> client::make(environment& env, client_options options) {
  if (const auto problems = options.problems(); !problems.empty()) {
    return fail(errors::invalid_argument{"http::client", in_one_line(problems)});
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
  return {core.open_count(), core.idle_count(), core.waiter_count()};
}

}  // namespace fairlead::http
