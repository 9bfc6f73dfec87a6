// SPDX-License-Identifier: BSL-1.0
// How it works: the first who asks for a name that is not known looks it up in its own coroutine;
// those who come meanwhile wait, and find the answer in the cache. When the first gives up without
// one, the next of them takes over.
#include <fairlead/net/caching_resolver.hpp>

#include "detail/resolver_cache.hpp"

#include <fairlead/core/in_line.hpp>

#include <map>
#include <stdexcept>
#include <utility>

namespace fairlead::net {

namespace {

void check(const resolver_cache_options& o) {
  std::string text;
  const auto require = [&](bool holds, std::string_view problem) {
    if (!holds) {
      text += text.empty() ? "net::caching_resolver: " : "; ";
      text += problem;
    }
  };
  require(o.max_entries >= 1, "max_entries must be at least 1");
  require(o.usual_ttl >= duration::zero(), "usual_ttl must not be negative");
  require(o.least_ttl >= duration::zero(), "least_ttl must not be negative");
  require(o.most_ttl >= o.least_ttl, "most_ttl must not be below least_ttl");
  require(o.failure_ttl >= duration::zero(), "failure_ttl must not be negative");
  require(o.stale_ttl >= duration::zero(), "stale_ttl must not be negative");
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
}

// The answer to a look-up, for those who waited for it, whether or not it is remembered.
struct flight {
  waiter_queue waiting;
  std::optional<result<resolved>> outcome;
};

}  // namespace

struct caching_resolver::impl {
  impl(resolver& n, const resolver_cache_options& o) : next(n), cache(o) {}

  // A look-up in progress, in the coroutine that makes it.
  struct leading {
    leading(impl& i, std::string n)
        : self(i), name(std::move(n)), shared(std::make_shared<flight>()) {
      self.flights.emplace(name, shared);
    }
    leading(const leading&) = delete;
    leading& operator=(const leading&) = delete;
    ~leading() {
      self.flights.erase(name);
      shared->waiting.notify_all();
    }
    impl& self;
    std::string name;
    std::shared_ptr<flight> shared;
  };

  task<result<resolved>> look_up(context& cx, std::string_view host, std::string name);
  task<result<void>> follow(context& cx, flight& f);

  resolver& next;
  detail::resolver_cache cache;
  std::map<std::string, std::shared_ptr<flight>> flights;
  resolver_cache_stats counts;
};

task<result<resolved>> caching_resolver::impl::look_up(context& cx, std::string_view host,
                                                       std::string name) {
  ++counts.lookups;
  const leading here(*this, name);
  auto answer = co_await next.resolve(cx, host);
  const bool of_the_name = answer || answer.error().is<errors::dns_failure>();
  auto told = cache.answered(name, std::move(answer), cx.env().now());
  if (of_the_name) {
    here.shared->outcome.emplace(told);
  }
  co_return told;
}

task<result<void>> caching_resolver::impl::follow(context& cx, flight& f) {
  waiter w(cx, "a name to be resolved");
  const fairlead::detail::in_line here(f.waiting, w);
  const auto woken = co_await w.wait();
  if (woken == wake::notified || f.outcome) {
    co_return result<void>{};
  }
  error e = errors::cancelled{};
  if (woken == wake::deadline) {
    e = errors::deadline{};
  }
  co_return fail(e.at(error_stage::resolve));
}

caching_resolver::caching_resolver(resolver& next, resolver_cache_options options) {
  check(options);
  impl_ = std::make_unique<impl>(next, options);
}

caching_resolver::~caching_resolver() = default;

task<result<resolved>> caching_resolver::resolve(context& cx, std::string_view host) {
  auto& self = *impl_;
  if (endpoint::ip(host, 0)) {
    auto numeric = co_await self.next.resolve(cx, host);
    co_return numeric;
  }
  const auto name = detail::asked_name(host);
  for (;;) {
    if (auto known = self.cache.find(name, cx.now())) {
      ++self.counts.hits;
      co_return std::move(*known);
    }
    const auto found = self.flights.find(name);
    if (found == self.flights.end()) {
      auto answer = co_await self.look_up(cx, host, name);
      co_return answer;
    }
    const auto under_way = found->second;
    ++self.counts.shared;
    auto waited = co_await self.follow(cx, *under_way);
    if (!waited) {
      error e = std::move(waited).error();
      co_return fail(e.is<errors::cancelled>() ? e : e.with_target(host));
    }
    if (under_way->outcome) {
      co_return *under_way->outcome;
    }
  }
}

void caching_resolver::forget(std::string_view host) {
  impl_->cache.forget(detail::asked_name(host));
}

void caching_resolver::forget_all() {
  impl_->cache.clear();
}

resolver_cache_stats caching_resolver::stats() const noexcept {
  auto out = impl_->counts;
  out.entries = impl_->cache.size();
  out.stale = impl_->cache.stale();
  return out;
}

}  // namespace fairlead::net
