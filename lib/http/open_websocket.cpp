// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/open_websocket.hpp>

#include "detail/annotate.hpp"
#include "detail/option_problems.hpp"
#include "detail/websocket_connection.hpp"
#include "detail/websocket_handshake.hpp"

#include <fairlead/core/errors.hpp>

#include <array>
#include <utility>

namespace fairlead::http {

namespace {

// "ws" and "wss" are "http" and "https" with an upgrade (RFC 6455, 3).
std::string http_target(std::string_view target) {
  for (const std::string_view secure : {"", "s"}) {
    const auto scheme = "ws" + std::string(secure) + "://";
    if (iequals(target.substr(0, scheme.size()), scheme)) {
      return "http" + std::string(target.substr(2));
    }
  }
  return std::string(target);
}

result<void> check(const websocket_options& options) {
  if (const auto problems = options.problems(); !problems.empty()) {
    return fail(errors::invalid_argument{"open_websocket", detail::in_one_line(problems)});
  }
  return {};
}

http::request offer(environment& env, std::string_view target, const websocket_options& options,
                    headers extra, std::string& key) {
  std::array<std::byte, 16> nonce{};
  env.unpredictable(nonce);
  key = detail::websocket_key(nonce);
  http::request r(method::get, http_target(target));
  r.headers() = std::move(extra);
  detail::add_websocket_offer(r, key, options);
  return r;
}

result<websocket> agreed(environment& env, upgraded u, std::string_view key, websocket_options o,
                         std::string_view target) {
  auto agreement = detail::check_websocket_answer(u.head, key, o);
  if (!agreement) {
    return tl::unexpected<error>(detail::with_url(agreement.error(), target));
  }
  return websocket(std::make_shared<detail::websocket_connection>(
      env, std::move(u.stream), detail::endpoint_role::client, std::move(o), agreement->deflate,
      std::move(agreement->protocol)));
}

}  // namespace

task<result<websocket>> open_websocket(context& cx, client& c, std::string_view target,
                                       websocket_options options, headers extra) {
  if (auto good = check(options); !good) {
    co_return tl::unexpected<error>(std::move(good).error());
  }
  std::string key;
  auto r = offer(c.env(), target, options, std::move(extra), key);
  auto made = co_await c.upgrade(cx, std::move(r));
  if (!made) {
    co_return tl::unexpected<error>(std::move(made).error());
  }
  co_return agreed(c.env(), std::move(*made), key, std::move(options), target);
}

}  // namespace fairlead::http
