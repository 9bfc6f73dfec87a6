// SPDX-License-Identifier: BSL-1.0
#include "plain_connectors.hpp"

namespace fairlead::http::detail {

task<result<net::connection>> plain_connector::connect(context& cx, net::network& net,
                                                       const url& to) {
  return net::connect_to(cx, net, to.host(), to.port());
}

task<result<net::connection>> unix_connector::connect(context& cx, net::network& net,
                                                      const url& /*to*/) {
  const auto begin = cx.now();
  auto stream = co_await net.connect(cx, at_);
  if (!stream) {
    co_return tl::unexpected<error>(std::move(stream).error());
  }
  net::connect_times times;
  times.connect = cx.now() - begin;
  co_return net::connection(std::move(*stream), times);
}

}  // namespace fairlead::http::detail
