// SPDX-License-Identifier: BSL-1.0
#include "tls_connector.hpp"

namespace fairlead::http::detail {

task<result<net::connection>> tls_connector::connect(context& cx, net::network& net,
                                                     const url& to) {
  const auto trust = trust_->get();
  if (!trust) {
    co_return fail(trust.error());
  }
  auto plain = co_await under_->connect(cx, net, to);
  if (!plain) {
    co_return fail(std::move(plain).error());
  }
  auto times = plain->times;
  const auto begin = cx.now();
  auto secured = co_await net::tls_connect(cx, std::move(plain->stream), **trust, to.host());
  if (!secured) {
    co_return fail(std::move(secured).error());
  }
  times.tls += cx.now() - begin;
  co_return net::connection(std::move(*secured), times);
}

}  // namespace fairlead::http::detail
