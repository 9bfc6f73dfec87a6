// SPDX-License-Identifier: BSL-1.0
// How it works: the text is split at its delimiters (RFC 3986, appendix B), every part is checked
// with the position of what offends, and the normal form is put together from the parts.
#include "detail/chars.hpp"
#include "detail/url_parts.hpp"

#include <fairlead/http/url.hpp>

namespace fairlead::http {

namespace {

tl::unexpected<error> bad(std::string_view text, std::string_view reason) {
  return fail(errors::invalid_url{text.substr(0, 160), reason});
}

}  // namespace

std::string_view url::host() const noexcept {
  auto h = authority();
  if (!h.empty() && h.front() == '[') {
    return h.substr(1, h.find(']') - 1);
  }
  return h.substr(0, h.find(':'));
}

std::string_view url::path() const noexcept {
  const auto t = target();
  return t.substr(0, t.find('?'));
}

std::string_view url::query() const noexcept {
  const auto t = target();
  const auto mark = t.find('?');
  return mark == std::string_view::npos ? std::string_view{} : t.substr(mark + 1);
}

result<url> url::parse(std::string_view text) {
  if (text.empty()) {
    return bad(text, "it is empty");
  }
  if (const auto why = detail::refused_anywhere(text); !why.empty()) {
    return bad(text, why);
  }
  const auto parts = detail::split_url(text);
  // "localhost:8080/x" has no scheme, whatever the grammar says.
  if (parts.scheme.empty() ||
      (!parts.has_authority && !parts.path.empty() && detail::is_digit(parts.path.front()))) {
    return bad(text, "the scheme is missing, e.g. \"http://\"");
  }
  url out;
  for (const char c : parts.scheme) {
    out.text_ += detail::to_lower(c);
  }
  if (out.text_ != "http" && out.text_ != "https") {
    return bad(text, "scheme " + out.text_ + " is not supported");
  }
  out.scheme_ = out.text_.size();
  if (!parts.has_authority) {
    return bad(text, "\"//\" is missing after the scheme");
  }
  const auto offset = static_cast<std::size_t>(parts.authority.data() - text.data());
  const auto authority = detail::parse_authority(parts.authority, offset);
  if (!authority.problem.empty()) {
    return bad(text, authority.problem);
  }
  const std::uint16_t standard = out.text_ == "http" ? 80 : 443;
  out.port_ = authority.port.value_or(standard);
  out.text_ += "://";
  out.text_ += authority.host;
  if (out.port_ != standard) {
    out.text_ += ':';
    out.text_ += std::to_string(out.port_);
  }
  out.authority_ = out.text_.size() - out.authority_begin();
  const auto path_offset = static_cast<std::size_t>(parts.path.data() - text.data());
  if (const auto why = detail::refused_in_path(parts.path, path_offset); !why.empty()) {
    return bad(text, why);
  }
  detail::append_without_dots(out.text_, parts.path);
  if (parts.has_query) {
    const auto query_offset = static_cast<std::size_t>(parts.query.data() - text.data());
    if (const auto why = detail::refused_in_query(parts.query, query_offset); !why.empty()) {
      return bad(text, why);
    }
    out.text_ += '?';
    out.text_ += parts.query;
  }
  return out;
}

result<url> url::resolve(std::string_view reference) const {
  if (const auto why = detail::refused_anywhere(reference); !why.empty()) {
    return bad(reference, why);
  }
  const auto r = detail::split_url(reference);
  std::string joined;
  if (!r.scheme.empty()) {
    return parse(reference);
  }
  if (r.has_authority) {
    joined.append(scheme()).append(":").append(reference);
    return parse(joined);
  }
  joined = origin();
  if (r.path.empty()) {
    joined += path();
    if (r.has_query) {
      joined.append("?").append(r.query);
    } else if (!query().empty()) {
      joined.append("?").append(query());
    }
    return parse(joined);
  }
  if (r.path.front() != '/') {
    const auto base = path();
    joined += base.substr(0, base.rfind('/') + 1);
  }
  joined += r.path;
  if (r.has_query) {
    joined.append("?").append(r.query);
  }
  return parse(joined);
}

result<url> url::join(std::string_view target) const {
  if (detail::starts_with_scheme(target)) {
    return parse(target);
  }
  std::string joined(origin());
  auto base = path();
  const bool slash = target.empty() || target.front() == '/' || target.front() == '?';
  if (slash && !base.empty() && base.back() == '/' && !target.empty() && target.front() == '/') {
    base.remove_suffix(1);
  }
  joined += base;
  if (!slash && base.back() != '/') {
    joined += '/';
  }
  joined += target;
  return parse(joined);
}

result<void> check_target(std::string_view target) {
  if (target.starts_with('/') && detail::is_plain_path(target)) {
    return {};
  }
  auto why = detail::refused_anywhere(target);
  if (why.empty() && (target.empty() || target.front() != '/')) {
    why = "a target starts with \"/\"";
  }
  const auto mark = target.find('?');
  if (why.empty()) {
    why = detail::refused_in_path(target.substr(0, mark), 0);
  }
  if (why.empty() && mark != std::string_view::npos) {
    why = detail::refused_in_query(target.substr(mark + 1), mark + 1);
  }
  if (!why.empty()) {
    return bad(target, why);
  }
  return {};
}

}  // namespace fairlead::http
