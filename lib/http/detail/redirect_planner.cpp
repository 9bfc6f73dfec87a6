// SPDX-License-Identifier: BSL-1.0
#include "redirect_planner.hpp"

#include "message_access.hpp"

#include <algorithm>

namespace fairlead::http::detail {

namespace {

bool is_redirect(status s) noexcept {
  switch (to_int(s)) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return true;
    default:
      return false;
  }
}

method method_after(status s, method m) noexcept {
  const auto code = to_int(s);
  if ((code == 301 || code == 302) && m == method::post) {
    return method::get;
  }
  return code == 303 && m != method::head ? method::get : m;
}

std::string visit(method m, const url& at) {
  std::string out(to_string(m));
  out += ' ';
  out += at.to_string();
  return out;
}

tl::unexpected<error> refused(const url& at, std::string_view why) {
  return fail(errors::protocol_error{at.to_string(), why});
}

}  // namespace

std::string encode_location(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  constexpr std::string_view forbidden = "\"<>\\^`{|} ";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || forbidden.find(c) != std::string_view::npos) {
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

result<std::optional<redirect_hop>> redirect_planner::plan(const response& answer, const asked& q) {
  const auto location = answer.headers().get("Location");
  if (!is_redirect(answer.status()) || !location) {
    return std::nullopt;
  }
  const auto as = method_after(answer.status(), q.as);
  if (as == q.as && !q.can_repeat_body) {
    return std::nullopt;
  }
  auto to = q.at.resolve(encode_location(*location));
  if (!to) {
    const auto bad = to.error().get<errors::invalid_url>();
    return refused(q.at, "the redirect leads nowhere: " + std::string(bad ? bad->reason : ""));
  }
  if (visited_.size() >= limit_) {
    return refused(q.at, "more than " + std::to_string(limit_) + " redirects");
  }
  if (q.at.scheme() == "https" && to->scheme() != "https" && downgrade_ == downgrade::refuse) {
    return refused(q.at, "the redirect leads from https to " + std::string(to->origin()));
  }
  visited_.push_back(visit(q.as, q.at));
  const bool circle = std::find(visited_.begin(), visited_.end(), visit(as, *to)) != visited_.end();
  if (circle && !answer.headers().contains("Set-Cookie")) {
    return refused(q.at, "the redirects go in a circle");
  }
  const bool same = to->origin() == q.at.origin();
  return redirect_hop{
      std::move(*to), as,
      as == q.as ? redirect_hop::body_rule::keep : redirect_hop::body_rule::drop,
      same ? redirect_hop::credentials_rule::keep : redirect_hop::credentials_rule::strip};
}

bool strip_credentials(headers& h) {
  std::size_t removed = 0;
  for (const auto* name : {"Authorization", "Cookie", "Proxy-Authorization"}) {
    removed += h.remove(name);
  }
  return removed > 0;
}

void apply_hop(request& r, const redirect_hop& hop) {
  auto& h = r.headers();
  if (hop.body == redirect_hop::body_rule::drop) {
    r.body(std::string());
    for (const auto* name :
         {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Expect"}) {
      h.remove(name);
    }
  }
  if (hop.credentials == redirect_hop::credentials_rule::strip) {
    static_cast<void>(strip_credentials(h));
    h.remove("Host");
  }
  request_access{r}.set_method(hop.as);
}

}  // namespace fairlead::http::detail
