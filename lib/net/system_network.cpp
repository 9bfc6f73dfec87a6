// SPDX-License-Identifier: BSL-1.0
#include "detail/system_network.hpp"

namespace fairlead::net {

namespace {

class real_network final : public network {
 public:
  task<result<std::vector<endpoint>>> resolve(context& cx, std::string_view host,
                                              std::uint16_t port) override {
    return detail::system_resolve(cx, host, port);
  }
  task<result<std::unique_ptr<stream>>> connect(context& cx, const endpoint& to) override {
    return detail::system_connect(cx, to);
  }
  result<std::unique_ptr<listener>> listen(environment& env, const endpoint& at,
                                           const listen_options& options) override {
    return detail::system_listen(env, at, options);
  }
  result<std::unique_ptr<datagram_socket>> open_datagrams(
      environment& env, const endpoint& at, const datagram_options& options) override {
    return detail::system_datagram_socket(env, at, options);
  }
};

}  // namespace

result<std::unique_ptr<datagram_socket>> network::open_datagrams(
    environment& /*env*/, const endpoint& at, const datagram_options& /*options*/) {
  return fail(errors::invalid_argument{at.to_string(), "this network has no datagrams"});
}

network& system_network() noexcept {
  static real_network the_network;  // has no state
  return the_network;
}

}  // namespace fairlead::net
