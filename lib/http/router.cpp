// SPDX-License-Identifier: BSL-1.0
#include "detail/message_access.hpp"
#include "detail/route_tree.hpp"

#include <fairlead/http/router.hpp>

#include <stdexcept>

namespace fairlead::http {

struct router::table {
  detail::route_tree tree;
};

router::router() : table_(std::make_unique<table>()) {}
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;
router::~router() = default;

router& router::add(method m, std::string_view pattern, const route_options& options,
                    std::shared_ptr<handler> h) {
  if (options.deadline && *options.deadline <= duration::zero()) {
    throw std::invalid_argument("http::router: \"" + std::string(pattern) +
                                "\": the deadline must be positive");
  }
  table_->tree.add(m, pattern, options, std::move(h));
  return *this;
}

void router::check_parameters(std::string_view pattern, std::size_t wanted) {
  std::size_t there = 0;
  for (const auto& s : detail::parse_pattern(pattern)) {
    there += s.what == detail::pattern_segment::kind::literal ? 0U : 1U;
  }
  if (wanted > there) {
    throw std::invalid_argument("http::router: \"" + std::string(pattern) + "\" has " +
                                std::to_string(there) + " parameters, its handler takes " +
                                std::to_string(wanted));
  }
}

router::match_result router::match(request& r) const {
  detail::decoded_path path(r, table_->tree.segments_needed());
  if (!path.assign(r.path())) {
    return {outcome::bad_path, nullptr, nullptr, {}, {}};
  }
  const auto found = table_->tree.find(r.method(), path);
  if (found.at == nullptr) {
    return {outcome::not_found, nullptr, nullptr, {}, {}};
  }
  if (found.with == nullptr) {
    const bool options = r.method() == method::options;
    return {options ? outcome::options : outcome::method_not_allowed,
            nullptr,
            nullptr,
            {},
            found.at->allow};
  }
  path.keep_parameters(found.with->segments);
  return {outcome::found, found.with->target.get(), &found.with->options, found.with->pattern,
          found.at->allow};
}

std::vector<std::string> router::routes() const {
  std::vector<std::string> out;
  for (const auto& r : table_->tree.routes()) {
    out.push_back(std::string(to_string(r->m)) + " " + r->pattern);
  }
  return out;
}

namespace detail {

void no_stream() {
  throw std::logic_error(
      "http::route_handler: the request has no body to read as it arrives; only a server's has");
}

error bad_parameter(std::string_view name, std::string_view wanted, std::string_view got) {
  std::string what = "path parameter ";
  what += name;
  std::string reason = "expected ";
  reason.append(wanted).append(", got \"").append(got.substr(0, 60)).append("\"");
  return errors::invalid_argument{what, reason};
}

}  // namespace detail
}  // namespace fairlead::http
