// SPDX-License-Identifier: BSL-1.0
// How it works: the system's resolver blocks, so Asio calls it on a helper thread of the event
// loop. It cannot be interrupted; a caller that gives up leaves at once, and the answer, when it
// comes, finds nobody and is dropped.
#include <fairlead/core/waiter.hpp>

#include "detail/system_network.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <memory>

namespace fairlead::net::detail {

namespace {

using boost::asio::ip::tcp;

struct lookup {
  explicit lookup(const boost::asio::any_io_executor& executor) : resolver(executor) {}

  tcp::resolver resolver;
  waiter* who = nullptr;
  boost::system::error_code problem;
  std::vector<endpoint> found;
};

// The caller's stake in a lookup; gone, the answer finds nobody.
class stake {
 public:
  stake(std::shared_ptr<lookup> on, waiter& w) noexcept : on_(std::move(on)) { on_->who = &w; }
  stake(const stake&) = delete;
  stake& operator=(const stake&) = delete;
  ~stake() {
    on_->who = nullptr;
    on_->resolver.cancel();
  }

 private:
  std::shared_ptr<lookup> on_;
};

void start(const std::shared_ptr<lookup>& l, std::string_view host, std::uint16_t port) {
  l->resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [l](const boost::system::error_code& ec, const tcp::resolver::results_type& results) {
        if (l->who == nullptr) {
          return;
        }
        l->problem = ec;
        for (const auto& entry : results) {
          auto found =
              endpoint::ip(entry.endpoint().address().to_string(), entry.endpoint().port());
          if (found && std::find(l->found.begin(), l->found.end(), *found) == l->found.end()) {
            l->found.push_back(std::move(*found));
          }
        }
        l->who->notify();
      });
}

error at_resolve(error e, std::string_view host) {
  e.at(error_stage::resolve);
  return e.is<errors::cancelled>() ? e : e.with_target(host);
}

error failed(const boost::system::error_code& ec, std::string_view host) {
  const auto reason = ec ? ec.message() : std::string("no address");
  error e = errors::dns_failure{host, reason};
  return e.at(error_stage::resolve);
}

// getaddrinfo would cut the name at a NUL byte and ask for another one.
bool askable(std::string_view host) {
  constexpr std::size_t longest_name = 253;  // RFC 1035
  return !host.empty() && host.size() <= longest_name + 1 && host.find('\0') == host.npos;
}

}  // namespace

task<result<std::vector<endpoint>>> system_resolve(context& cx, std::string_view host,
                                                   std::uint16_t port) {
  std::vector<endpoint> found;
  if (auto numeric = endpoint::ip(host, port)) {
    found.push_back(std::move(*numeric));
    co_return found;
  }
  auto allowed = cx.check();
  if (!allowed) {
    co_return fail(at_resolve(std::move(allowed).error(), host));
  }
  if (!askable(host)) {
    error e = errors::dns_failure{host, "not a host name"};
    co_return fail(e.at(error_stage::resolve));
  }
  const auto query = std::make_shared<lookup>(cx.executor());
  waiter w(cx, "a name to be resolved");
  const stake mine(query, w);
  start(query, host, port);
  const auto woken = co_await w.wait();
  if (woken == wake::cancelled) {
    co_return fail(at_resolve(errors::cancelled{}, host));
  }
  if (woken == wake::deadline) {
    co_return fail(at_resolve(errors::deadline{}, host));
  }
  if (query->problem || query->found.empty()) {
    co_return fail(failed(query->problem, host));
  }
  co_return std::move(query->found);
}

}  // namespace fairlead::net::detail
