// SPDX-License-Identifier: BSL-1.0
#include "detail/message_access.hpp"
#include "detail/route_table.hpp"

#include <fairlead/http/router.hpp>

#include <stdexcept>

namespace fairlead::http {

router::router() : table_(std::make_unique<detail::route_table>()) {}
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;
router::~router() = default;

void router::add_route(method m, std::string_view pattern, const route_options& options,
                       std::shared_ptr<handler> h, std::size_t parameters) {
  table_->add(0, m, pattern, options, std::move(h), parameters);
}
void router::add_middleware(std::shared_ptr<middleware> m) {
  table_->use(0, std::move(m));
}
void router::set_limits(const route_options& options) {
  table_->limit(0, options);
}
route_group router::make_group(std::string_view prefix) {
  return route_group(*table_, 0).group(prefix);
}

void route_group::add_route(method m, std::string_view pattern, const route_options& options,
                            std::shared_ptr<handler> h, std::size_t parameters) {
  table_->add(index_, m, pattern, options, std::move(h), parameters);
}
void route_group::add_middleware(std::shared_ptr<middleware> m) {
  table_->use(index_, std::move(m));
}
void route_group::set_limits(const route_options& options) {
  table_->limit(index_, options);
}
route_group route_group::make_group(std::string_view prefix) {
  return {*table_, table_->add_group(index_, prefix)};
}

router::match_result router::match(request& r) const {
  const auto& tree = table_->tree();
  detail::decoded_path path(r, tree.segments_needed());
  if (!path.assign(r.path())) {
    return {outcome::bad_path, table_->bad_path(), nullptr, {}, {}};
  }
  const auto found = tree.find(r.method(), path);
  if (found.at == nullptr) {
    return {outcome::not_found, table_->not_found(), nullptr, {}, {}};
  }
  if (found.with == nullptr) {
    const bool options = r.method() == method::options;
    return {options ? outcome::options : outcome::method_not_allowed,
            options ? found.at->asked.get() : found.at->refused.get(),
            nullptr,
            {},
            found.at->allow};
  }
  path.keep_parameters(found.with->segments);
  request_access{r}.set_route(found.with->pattern);
  return {outcome::found, found.with->target.get(), &found.with->options, found.with->pattern,
          found.at->allow};
}

std::vector<std::string> router::routes() const {
  std::vector<std::string> out;
  for (const auto& r : table_->tree().routes()) {
    out.push_back(std::string(to_string(r->m)) + " " + r->pattern);
  }
  return out;
}

namespace detail {

void no_stream() {
  throw std::logic_error(
      "http::route_handler: the request has no body to read as it arrives; only a server's has");
}

}  // namespace detail
}  // namespace fairlead::http
