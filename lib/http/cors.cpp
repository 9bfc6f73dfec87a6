// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"
#include "detail/vary.hpp"

#include <fairlead/http/cors.hpp>
#include <fairlead/http/error_response.hpp>

#include <algorithm>
#include <stdexcept>

namespace fairlead::http {

namespace {

template <class List, class Text>
std::string joined(const List& list, Text text) {
  std::string out;
  for (const auto& one : list) {
    out.append(out.empty() ? "" : ", ").append(text(one));
  }
  return out;
}

class cross_origin final : public middleware {
 public:
  explicit cross_origin(cors_options o)
      : options_(std::move(o)),
        methods_(joined(options_.methods(), [](method m) { return to_string(m); })),
        headers_(joined(options_.headers(), [](const std::string& h) { return h; })),
        exposed_(joined(options_.exposed(), [](const std::string& h) { return h; })),
        max_age_(std::to_string(
            std::chrono::duration_cast<std::chrono::seconds>(options_.max_age()).count())) {}

  task<result<response>> handle(context& cx, const request& r, next inner) override {
    const auto origin = r.headers().get("Origin");
    const bool asks = r.method() == method::options && origin &&
                      r.headers().contains("Access-Control-Request-Method");
    if (asks) {
      co_return preflight(r, *origin);
    }
    auto answer = co_await inner(cx);
    if (!origin && options_.allows_any_origin()) {
      co_return answer;
    }
    if (!answer) {
      answer = error_response(answer.error());
    }
    if (allow_origin(*answer, origin.value_or("")) && !exposed_.empty()) {
      answer->header("Access-Control-Expose-Headers", exposed_);
    }
    co_return answer;
  }

 private:
  // Whether the origin may read the answer, which says so.
  bool allow_origin(response& a, std::string_view origin) const {
    if (options_.allows_any_origin()) {
      a.header("Access-Control-Allow-Origin", "*");
      return true;
    }
    detail::add_vary(a.headers(), "Origin");
    const auto& known = options_.origins();
    if (std::find(known.begin(), known.end(), origin) == known.end()) {
      return false;
    }
    a.header("Access-Control-Allow-Origin", origin);
    if (options_.allows_credentials()) {
      a.header("Access-Control-Allow-Credentials", "true");
    }
    return true;
  }

  [[nodiscard]] response preflight(const request& r, std::string_view origin) const {
    auto out = r.reply(status::no_content);
    std::string_view refused;
    if (!allow_origin(out, origin)) {
      refused = "this origin is not allowed";
    } else if (!method_allowed(*r.headers().get("Access-Control-Request-Method"))) {
      refused = "this method is not allowed from other origins";
    } else if (!headers_allowed(r.headers().get("Access-Control-Request-Headers").value_or(""))) {
      refused = "one of these headers is not allowed from other origins";
    }
    if (!refused.empty()) {
      out = error_response(status::forbidden, "cors_refused", refused);
      if (!options_.allows_any_origin()) {
        detail::add_vary(out.headers(), "Origin");
      }
    } else {
      out.header("Access-Control-Allow-Methods", methods_);
      out.header("Access-Control-Allow-Headers", headers_);
      out.header("Access-Control-Max-Age", max_age_);
    }
    detail::add_vary(out.headers(), "Access-Control-Request-Method");
    detail::add_vary(out.headers(), "Access-Control-Request-Headers");
    return out;
  }

  [[nodiscard]] bool method_allowed(std::string_view name) const {
    const auto& known = options_.methods();
    return std::any_of(known.begin(), known.end(), [&](method m) { return to_string(m) == name; });
  }

  [[nodiscard]] bool headers_allowed(std::string_view list) const {
    while (!list.empty()) {
      const auto comma = list.find(',');
      const auto name = detail::trim(list.substr(0, comma));
      list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
      const auto& known = options_.headers();
      if (!name.empty() && std::none_of(known.begin(), known.end(),
                                        [&](const std::string& h) { return iequals(h, name); })) {
        return false;
      }
    }
    return true;
  }

  cors_options options_;
  std::string methods_;
  std::string headers_;
  std::string exposed_;
  std::string max_age_;
};

}  // namespace

std::vector<std::string> cors_options::problems() const {
  std::vector<std::string> out;
  if (any_origin_ && credentials_) {
    out.emplace_back("credentials are never allowed for any origin: name the origins");
  }
  if (any_origin_ && !origins_.empty()) {
    out.emplace_back("any origin includes those that are named");
  }
  if (!any_origin_ && origins_.empty()) {
    out.emplace_back("no origin is allowed");
  }
  for (const auto& o : origins_) {
    const auto mark = o.find("://");
    const bool whole = mark != std::string::npos && mark > 0 && mark + 3 < o.size() &&
                       o.find_first_of("/?#@*, \r\n", mark + 3) == std::string::npos;
    const bool lower =
        std::none_of(o.begin(), o.end(), [](char c) { return c != detail::to_lower(c); });
    if (o != "null" && (!whole || !lower)) {
      out.push_back("\"" + o +
                    "\" is no origin: it is scheme, host and port in small letters, without a "
                    "path, as \"https://app.example\"");
    }
  }
  for (const auto* names : {&headers_, &exposed_}) {
    for (const auto& name : *names) {
      if (!detail::is_token(name) || name == "*") {
        out.push_back("\"" + name + "\" is no header's name");
      }
    }
  }
  if (max_age_ < duration::zero()) {
    out.emplace_back("max_age must not be negative");
  }
  return out;
}

std::shared_ptr<middleware> cors(cors_options options) {
  std::string text;
  for (const auto& p : options.problems()) {
    text += text.empty() ? "http::cors: " : "; ";
    text += p;
  }
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
  return std::make_shared<cross_origin>(std::move(options));
}

}  // namespace fairlead::http
