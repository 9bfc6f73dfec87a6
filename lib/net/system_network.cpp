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
};

}  // namespace

network& system_network() noexcept {
  static real_network the_network;  // has no state
  return the_network;
}

}  // namespace fairlead::net
