// SPDX-License-Identifier: BSL-1.0
#include "tls_connector.hpp"

namespace fairlead::http::detail {

result<void> tls_connector::make_trust() {
  if (!trust_) {
    auto made = net::tls_client::make(net::tls_client_options().alpn({"http/1.1"}));
    if (!made) {
      error why = std::move(made).error();
      return fail(why.at(error_stage::tls));
    }
    trust_ = std::move(*made);
  }
  return {};
}

task<result<net::connection>> tls_connector::connect(context& cx, net::network& net,
                                                     const url& to) {
  auto ready = make_trust();
  if (!ready) {
    co_return fail(std::move(ready).error());
  }
  auto plain = co_await net::connect_to(cx, net, to.host(), to.port());
  if (!plain) {
    co_return fail(std::move(plain).error());
  }
  auto times = plain->times;
  const auto begin = cx.now();
  auto secured = co_await net::tls_connect(cx, std::move(plain->stream), *trust_, to.host());
  if (!secured) {
    co_return fail(std::move(secured).error());
  }
  times.tls = cx.now() - begin;
  co_return net::connection(std::move(*secured), times);
}

}  // namespace fairlead::http::detail
