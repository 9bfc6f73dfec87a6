// SPDX-License-Identifier: BSL-1.0
#include "route_to.hpp"

namespace fairlead::cli {

namespace {

task<result<net::connection>> over_unix_socket(context& cx, net::network& net, std::string path) {
  const auto at = net::endpoint::unix_path(path);
  if (!at) {
    co_return fail(at.error());
  }
  const auto begun = cx.now();
  auto made = co_await net.connect(cx, *at);
  if (!made) {
    co_return fail(made.error());
  }
  net::connect_times times;
  times.connect = cx.now() - begun;
  co_return net::connection(std::move(*made), times);
}

}  // namespace

task<result<net::connection>> route_to::open(context& cx, net::network& net,
                                             const http::url& to) const {
  if (unix_path_) {
    return over_unix_socket(cx, net, *unix_path_);
  }
  if (proxy_) {
    return net::connect_through(cx, net, *proxy_, to.host(), to.port());
  }
  return net::connect_to(cx, net, to.host(), to.port());
}

task<result<net::connection>> route_to::connect(context& cx, net::network& net,
                                                const http::url& to) {
  auto made = co_await open(cx, net, to);
  if (made && to.scheme() == "https") {
    const auto begun = cx.now();
    auto secured = co_await net::tls_connect(cx, std::move(made->stream), trust_, to.host());
    if (!secured) {
      co_return fail(secured.error());
    }
    made->times.tls += cx.now() - begun;
    made->stream = std::move(*secured);
  }
  if (made) {
    ++opened_;
    times_.resolve += made->times.resolve;
    times_.connect += made->times.connect;
    times_.tls += made->times.tls;
  }
  co_return made;
}

result<net::tls_client> make_trust(const tls_choice& chosen) {
  net::tls_client_options options;
  options.alpn({"http/1.1"});
  if (chosen.ca_file) {
    options.ca_file(*chosen.ca_file);
  }
  if (chosen.certificate) {
    options.credentials(
        net::tls_credentials::files(*chosen.certificate, chosen.key.value_or(*chosen.certificate)));
  }
  if (chosen.insecure) {
    options.insecure_skip_verification();
  }
  return net::tls_client::make(options);
}

}  // namespace fairlead::cli
