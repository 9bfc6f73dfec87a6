// SPDX-License-Identifier: BSL-1.0
// How it works: addresses are tried in order. With a deadline, each but the last gets an even share
// of the time that is left, as Go's dialer does, so that one that swallows packets does not use up
// the time of all.
#include <fairlead/net/network.hpp>

#include <algorithm>

namespace fairlead::net {

namespace {

using namespace std::chrono_literals;

constexpr duration least_share = 2s;  // unless less is left; Go's value

time_point share(const context& cx, std::size_t addresses_left) {
  const auto now = cx.now();
  const auto left = cx.remaining(now);
  if (left == duration::max() || addresses_left < 2) {
    return cx.deadline();
  }
  const auto even = left / static_cast<duration::rep>(addresses_left);
  return saturating_add(now, std::min(left, std::max(even, least_share)));
}

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
  return out.at(e.stage()).with_sent(e.sent());
}

}  // namespace

task<result<connection>> connect_to(context& cx, network& net, std::string_view host,
                                    std::uint16_t port) {
  const auto asked = cx.now();
  auto addresses = co_await net.resolve(cx, host, port);
  if (!addresses) {
    co_return fail(std::move(addresses).error());
  }
  const auto begun = cx.env().now();
  result<std::unique_ptr<stream>> last = fail(errors::dns_failure{host, "no address"});
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    auto part = cx.with_deadline(share(cx, addresses->size() - i));
    last = co_await net.connect(part, (*addresses)[i]);
    if (last || !cx.check()) {
      break;
    }
  }
  if (!last) {
    co_return fail(named(last.error(), target_of(host, port)));
  }
  const connect_times times{begun - asked, cx.env().now() - begun, {}};
  co_return connection(std::move(*last), times);
}

}  // namespace fairlead::net
