// SPDX-License-Identifier: BSL-1.0
#include "proxy_connectors.hpp"

#include "annotate.hpp"

#include <fairlead/net/socks5.hpp>

namespace fairlead::http::detail {

namespace {

// How long a proxy that has refused may take to give its reasons.
constexpr auto patience_for_reasons = std::chrono::seconds(1);

// A name that cannot be resolved keeps the name; the rest gets the proxy's.
error at_proxy(const error& e, const proxy& via) {
  error out = e.is<errors::deadline>() ? e : with_url(e, via.name());
  if (out.stage() != error_stage::resolve) {
    out.at(error_stage::connect);
  }
  return out.with_sent(error_sent::not_sent);
}

task<result<net::connection>> open_proxy(context& cx, net::network& net, const proxy& via,
                                         client_trust& trust) {
  auto made = co_await net::connect_to(cx, net, via.host(), via.port());
  if (!made) {
    co_return fail(at_proxy(made.error(), via));
  }
  if (via.speaks() != proxy::protocol::https) {
    co_return made;
  }
  const auto known = trust.get();
  if (!known) {
    co_return fail(known.error());
  }
  auto times = made->times;
  const auto begin = cx.now();
  auto secured = co_await net::tls_connect(cx, std::move(made->stream), **known, via.host());
  if (!secured) {
    co_return fail(at_proxy(secured.error(), via));
  }
  times.tls = cx.now() - begin;
  co_return net::connection(std::move(*secured), times);
}

task<result<void>> ask_for_tunnel(context& cx, net::stream& s, connect_dialogue& talk) {
  auto sent = co_await net::write_all(cx, s, std::string_view(talk.request()));
  if (!sent) {
    co_return fail(talk.broken(sent.error()));
  }
  auto step = connect_dialogue::step::read;
  while (step == connect_dialogue::step::read) {
    const auto n = co_await net::read_some(cx, s, talk.room());
    if (!n) {
      co_return fail(talk.broken(n.error()));
    }
    step = talk.received(*n);
  }
  if (step == connect_dialogue::step::tunnel) {
    co_return result<void>{};
  }
  auto patience = cx.with_timeout(patience_for_reasons);
  while (step == connect_dialogue::step::refused) {
    const auto n = co_await net::read_some(patience, s, talk.room());
    if (!n && n.error().is<errors::cancelled>()) {
      co_return fail(talk.broken(n.error()));
    }
    // The status says more than the trouble with its reasons.
    step = n ? talk.received(*n) : connect_dialogue::step::failed;
  }
  co_return fail(talk.failure(cx.env().time().wall_now()));
}

task<result<net::connection>> open_tunnel(context& cx, net::network& net, const proxy& via,
                                          const url& to, proxy_plan& plan) {
  auto made = co_await open_proxy(cx, net, via, *plan.trust);
  if (!made) {
    co_return made;
  }
  const auto begin = cx.now();
  connect_dialogue talk(via, to, plan.terms);
  auto done = co_await ask_for_tunnel(cx, **made, talk);
  if (!done) {
    co_return fail(std::move(done).error());
  }
  made->times.connect += cx.now() - begin;
  co_return made;
}

// What the proxy says of the origin keeps the origin's name; what happens to the connection with it
// gets the proxy's.
error of_socks5(const error& e, const proxy& via) {
  if (e.is<errors::connection_refused>() || e.is<errors::unreachable>()) {
    return e;
  }
  if (e.is<errors::connection_closed>()) {
    return at_proxy(errors::connection_closed{via.name()}, via);
  }
  return at_proxy(e, via);
}

net::socks5_proxy as_socks5(const proxy& p) {
  std::optional<net::socks5_credentials> who;
  if (p.has_credentials()) {
    who.emplace(p.user(), p.password());
  }
  return {p.host(), p.port(), std::move(who)};
}

task<result<net::connection>> through_socks5(context& cx, net::network& net, const proxy& via,
                                             const url& to) {
  const auto at = as_socks5(via);
  auto made = co_await net::connect_through(cx, net, at, to.host(), to.port());
  if (!made) {
    co_return fail(of_socks5(made.error(), via));
  }
  co_return made;
}

}  // namespace

task<result<net::connection>> proxy_connector::connect(context& cx, net::network& net,
                                                       const url& to) {
  return open_proxy(cx, net, *plan_->rules.find(to), *plan_->trust);
}

task<result<net::connection>> tunnel_connector::connect(context& cx, net::network& net,
                                                        const url& to) {
  const auto* via = plan_->rules.find(to);
  if (via == nullptr) {
    return net::connect_to(cx, net, to.host(), to.port());
  }
  if (via->speaks() == proxy::protocol::socks5) {
    return through_socks5(cx, net, *via, to);
  }
  return open_tunnel(cx, net, *via, to, *plan_);
}

}  // namespace fairlead::http::detail
