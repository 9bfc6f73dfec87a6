// SPDX-License-Identifier: BSL-1.0
// How it works: whenever something changes, every route gets the handler that a request is given to
// anew: its own, or its own within a chain. So matching knows nothing of middlewares.
#include "route_table.hpp"

#include "chained_handler.hpp"
#include "standard_answers.hpp"

#include <stdexcept>

namespace fairlead::http::detail {

namespace {

// Answers as the server does where there is no route, inside of middlewares.
class standard_handler final : public handler {
 public:
  explicit standard_handler(router::outcome what, const std::string* allow = nullptr) noexcept
      : what_(what), allow_(allow) {}

  [[nodiscard]] task<result<response>> handle(context& /*cx*/, const request& r) override {
    co_return standard_answer(r, what_, allow_ == nullptr ? std::string_view() : *allow_);
  }

 private:
  router::outcome what_;
  const std::string* allow_;
};

void check(const route_options& options, std::string_view where) {
  if (options.deadline && *options.deadline <= duration::zero()) {
    throw std::invalid_argument("http::router: \"" + std::string(where) +
                                "\": the deadline must be positive");
  }
  if (options.min_body_rate && (options.min_body_rate->grace < duration::zero() ||
                                options.min_body_rate->bytes_per_second > 1'000'000'000)) {
    throw std::invalid_argument("http::router: \"" + std::string(where) +
                                "\": min_body_rate has at most 1,000,000,000 bytes per second, "
                                "and no negative grace");
  }
}

void check_parameters(std::string_view pattern, std::size_t wanted) {
  std::size_t there = 0;
  for (const auto& s : parse_pattern(pattern)) {
    there += s.what == pattern_segment::kind::literal ? 0U : 1U;
  }
  if (wanted > there) {
    throw std::invalid_argument("http::router: \"" + std::string(pattern) + "\" has " +
                                std::to_string(there) + " parameters, its handler takes " +
                                std::to_string(wanted));
  }
}

}  // namespace

route_table::route_table() {
  groups_.push_back({{}, 0, {}, {}});
}

void route_table::add(std::size_t group, method m, std::string_view pattern,
                      const route_options& options, std::shared_ptr<handler> h,
                      std::size_t parameters) {
  const auto whole = groups_[group].prefix + std::string(pattern);
  check(options, whole);
  check_parameters(whole, parameters);
  const auto place = tree_.add(m, whole, h);
  entries_.push_back({place, group, options, std::move(h)});
  compose(entries_.back());
}

void route_table::use(std::size_t group, std::shared_ptr<middleware> m) {
  if (!m) {
    throw std::invalid_argument("http::router: the middleware is null");
  }
  groups_[group].layers.push_back(std::move(m));
  compose();
}

void route_table::limit(std::size_t group, const route_options& options) {
  check(options, groups_[group].prefix);
  groups_[group].limits = options;
  compose();
}

std::size_t route_table::add_group(std::size_t within, std::string_view prefix) {
  if (!prefix.empty() && (!prefix.starts_with('/') || prefix.ends_with('/'))) {
    throw std::invalid_argument("http::router: \"" + std::string(prefix) +
                                "\": the prefix of a group begins with \"/\", and does not end so");
  }
  groups_.push_back({groups_[within].prefix + std::string(prefix), within, {}, {}});
  return groups_.size() - 1;
}

void route_table::compose() {
  for (const auto& e : entries_) {
    e.place.at->refused.reset();
  }
  for (const auto& e : entries_) {
    compose(e);
  }
  if (!bare(0)) {
    not_found_ = around(0, std::make_shared<standard_handler>(router::outcome::not_found));
    bad_path_ = around(0, std::make_shared<standard_handler>(router::outcome::bad_path));
  }
}

void route_table::compose(const entry& e) {
  auto& route = *e.place.route;
  route.target = around(e.group, e.target);
  route.options = e.options;
  for (auto g = e.group;; g = groups_[g].within) {
    const auto& limits = groups_[g].limits;
    route.options.deadline = route.options.deadline ? route.options.deadline : limits.deadline;
    route.options.max_body = route.options.max_body ? route.options.max_body : limits.max_body;
    if (!route.options.min_body_rate) {
      route.options.min_body_rate = limits.min_body_rate;
    }
    if (g == 0) {
      break;
    }
  }
  // The path's first route decides who sees what the server answers for the path.
  auto& at = *e.place.at;
  if (!at.refused && !bare(e.group) && &route == at.first) {
    constexpr auto method_not_allowed = router::outcome::method_not_allowed;
    constexpr auto options = router::outcome::options;
    at.refused = around(e.group, std::make_shared<standard_handler>(method_not_allowed, &at.allow));
    at.asked = around(e.group, std::make_shared<standard_handler>(options, &at.allow));
  }
}

bool route_table::bare(std::size_t group) const noexcept {
  for (; group != 0; group = groups_[group].within) {
    if (!groups_[group].layers.empty()) {
      return false;
    }
  }
  return groups_[0].layers.empty();
}

std::shared_ptr<handler> route_table::around(std::size_t group, std::shared_ptr<handler> h) const {
  std::vector<std::shared_ptr<middleware>> layers;
  for (auto g = group;; g = groups_[g].within) {
    layers.insert(layers.begin(), groups_[g].layers.begin(), groups_[g].layers.end());
    if (g == 0) {
      break;
    }
  }
  if (layers.empty()) {
    return h;
  }
  return std::make_shared<chained_handler>(std::move(layers), std::move(h));
}

}  // namespace fairlead::http::detail
