// SPDX-License-Identifier: BSL-1.0
// Connections to proxies, and through them.
#pragma once

#include "client_trust.hpp"
#include "connect_dialogue.hpp"

#include <fairlead/http/client_options.hpp>
#include <fairlead/http/connector.hpp>
#include <fairlead/http/proxy_rules.hpp>

#include <memory>
#include <utility>

namespace fairlead::http::detail {

/// What the connectors of one client share.
struct proxy_plan {
  proxy_plan(const client_options& o, std::shared_ptr<client_trust> t)
      : rules(o.proxies()),
        terms{o.max_head(), o.max_fields(), o.max_error_body(), o.user_agent()},
        trust(std::move(t)) {}

  proxy_rules rules;
  connect_terms terms;
  std::shared_ptr<client_trust> trust;
};

/// To the proxy of the URL and no further, for requests in absolute-form; only for URLs that have
/// one, which speaks HTTP.
class proxy_connector final : public connector {
 public:
  explicit proxy_connector(std::shared_ptr<proxy_plan> plan) : plan_(std::move(plan)) {}
  task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override;

 private:
  std::shared_ptr<proxy_plan> plan_;
};

/// To the host and port of the URL, through its proxy if it has one.
class tunnel_connector final : public connector {
 public:
  explicit tunnel_connector(std::shared_ptr<proxy_plan> plan) : plan_(std::move(plan)) {}
  task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override;

 private:
  std::shared_ptr<proxy_plan> plan_;
};

}  // namespace fairlead::http::detail
