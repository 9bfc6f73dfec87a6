// SPDX-License-Identifier: BSL-1.0
// Members of request and response that are more than an accessor.
#include <fairlead/http/percent.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>

#include <utility>

namespace fairlead::http {

namespace {

const headers& no_trailers() noexcept {
  static const headers none;
  return none;
}

}  // namespace

const headers& request::trailers() const noexcept {
  return trailers_ ? *trailers_ : no_trailers();
}

const headers& response::trailers() const noexcept {
  return extras_.get() != nullptr ? extras_.get()->trailers : no_trailers();
}

request::request() noexcept = default;
request::request(const request& other) = default;
request::request(request&& other) noexcept = default;
request& request::operator=(const request& other) = default;
request& request::operator=(request&& other) noexcept = default;
request::~request() = default;

request::request(http::method m, std::string target) : method_(m), target_(std::move(target)) {}

std::string_view request::path() const noexcept {
  const std::string_view all = target_;
  return all.substr(0, all.find('?'));
}

std::string_view request::query() const noexcept {
  const std::string_view all = target_;
  const auto mark = all.find('?');
  return mark == std::string_view::npos ? std::string_view{} : all.substr(mark + 1);
}

std::optional<std::string> request::query_value(std::string_view name) const {
  auto rest = query();
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = pair.find('=');
    const auto key = form_decode(pair.substr(0, equals));
    if (key && *key == name) {
      return equals == std::string_view::npos ? std::string()
                                              : form_decode(pair.substr(equals + 1));
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> request::param(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (params_[i].name == name) {
      return param(i);
    }
  }
  return std::nullopt;
}

std::string_view request::param(std::size_t n) const noexcept {
  return std::string_view(param_text_).substr(params_[n].offset, params_[n].size);
}

response request::reply(http::status s) const {
  if (spare_ == nullptr) {
    return response(s);
  }
  response out(std::move(*spare_));
  out.clear();
  out.status(s);
  return out;
}

void response::own_body() {
  body_ = *shared_;
  shared_.reset();
}

void response::clear() noexcept {
  status_ = http::status::ok;
  minor_version_ = 1;
  headers_.clear();
  body_.clear();
  shared_.reset();
  source_.reset();
  extras_.reset();
}

}  // namespace fairlead::http
