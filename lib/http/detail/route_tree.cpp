// SPDX-License-Identifier: BSL-1.0
// How it works: a tree by segments. A node has its children in the order of precedence: texts
// (sorted), an integer, anything, the rest. The search goes depth first and comes back when a more
// precise branch leads nowhere; the depth is that of the patterns, not of the path.
#include "route_tree.hpp"

#include "chars.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace fairlead::http::detail {

namespace {

using kind = pattern_segment::kind;

[[noreturn]] void refuse(std::string_view pattern, const std::string& why) {
  throw std::invalid_argument("http::router: \"" + std::string(pattern) + "\": " + why);
}

pattern_segment parse_segment(std::string_view pattern, std::string_view text) {
  const bool opens = text.starts_with('{');
  const bool closes = text.ends_with('}');
  if (!opens || !closes) {
    if (text.find_first_of("{}") != std::string_view::npos) {
      refuse(pattern, "a parameter must be a whole segment, e.g. \"/{id}\"");
    }
    if (!std::all_of(text.begin(), text.end(), is_print) ||
        text.find_first_of("?#% ") != std::string_view::npos) {
      refuse(pattern, "write segments decoded, without query: no \"?\", \"#\", \"%\", spaces");
    }
    return {kind::literal, text};
  }
  auto name = text.substr(1, text.size() - 2);
  auto what = kind::any;
  if (name.ends_with("...")) {
    what = kind::rest;
    name.remove_suffix(3);
  } else if (const auto colon = name.find(':'); colon != std::string_view::npos) {
    if (name.substr(colon) != ":int") {
      refuse(pattern, "the only type of a parameter is \":int\"");
    }
    what = kind::integer;
    name = name.substr(0, colon);
  }
  if (name.empty() || !std::all_of(name.begin(), name.end(),
                                   [](char c) { return is_alnum(c) || c == '_' || c == '-'; })) {
    refuse(pattern, "a parameter needs a name of letters, digits, \"_\" and \"-\"");
  }
  return {what, name};
}

bool is_integer(std::string_view text) noexcept {
  std::int64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, n);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

}  // namespace

std::vector<pattern_segment> parse_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) {
    refuse(pattern, "a pattern starts with \"/\"");
  }
  std::vector<pattern_segment> out;
  auto rest = pattern.substr(1);
  for (;;) {
    const auto slash = rest.find('/');
    const bool last = slash == std::string_view::npos;
    const auto segment = parse_segment(pattern, rest.substr(0, slash));
    if (segment.what == kind::rest && !last) {
      refuse(pattern, "\"{name...}\" takes the rest of the path, so it must be last");
    }
    if (segment.what != kind::literal &&
        std::any_of(out.begin(), out.end(), [&](const pattern_segment& s) {
          return s.what != kind::literal && s.text == segment.text;
        })) {
      refuse(pattern, "two parameters are called " + std::string(segment.text));
    }
    out.push_back(segment);
    if (last) {
      return out;
    }
    rest.remove_prefix(slash + 1);
  }
}

bool decoded_path::assign(std::string_view path) {
  auto& text = memory_.path_text();
  auto& pieces = memory_.pieces();
  text.clear();
  pieces.clear();
  if (!path.starts_with('/')) {
    return false;
  }
  std::size_t begin = 0;
  const auto end_segment = [&] {
    if (pieces.size() < most_) {
      pieces.push_back({{}, begin, text.size() - begin});
    }
    const auto segment = std::string_view(text).substr(begin);
    return segment != "." && segment != "..";
  };
  for (std::size_t i = 1; i < path.size(); ++i) {
    const auto plain = i;
    while (i < path.size() && path[i] != '/' && path[i] != '%' && path[i] != '\0') {
      ++i;
    }
    text.append(path.substr(plain, i - plain));
    if (i == path.size()) {
      break;
    }
    if (path[i] == '/') {
      if (!end_segment()) {
        return false;
      }
      text += '/';
      begin = text.size();
      continue;
    }
    const int high = i + 1 < path.size() ? hex_value(path[i + 1]) : -1;
    const int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
    if (path[i] == '\0' || high < 0 || low < 0 || high + low == 0) {
      return false;
    }
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return end_segment();
}

void decoded_path::keep_parameters(const std::vector<pattern_segment>& segments) {
  auto& pieces = memory_.pieces();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].what == kind::literal) {
      continue;
    }
    // The rest of the path may be absent altogether.
    const auto offset = i < pieces.size() ? pieces[i].offset : memory_.path_text().size();
    const auto size =
        segments[i].what == kind::rest ? memory_.path_text().size() - offset : pieces[i].size;
    if (kept == pieces.size()) {
      pieces.emplace_back();
    }
    pieces[kept++] = {segments[i].text, offset, size};
  }
  pieces.resize(kept);
}

struct route_tree::node {
  std::vector<std::pair<std::string, std::unique_ptr<node>>> literals;  // sorted
  std::unique_ptr<node> integer;
  std::unique_ptr<node> any;
  std::unique_ptr<node> rest;
  endpoint end;

  [[nodiscard]] const node* literal(std::string_view text) const noexcept {
    const auto at =
        std::lower_bound(literals.begin(), literals.end(), text,
                         [](const auto& entry, std::string_view key) { return entry.first < key; });
    return at != literals.end() && at->first == text ? at->second.get() : nullptr;
  }

  node& child(const pattern_segment& s) {
    auto* slot = &rest;
    switch (s.what) {
      case kind::literal: {
        auto at = std::lower_bound(
            literals.begin(), literals.end(), s.text,
            [](const auto& entry, std::string_view key) { return entry.first < key; });
        if (at == literals.end() || at->first != s.text) {
          at = literals.emplace(at, std::string(s.text), nullptr);
        }
        slot = &at->second;
        break;
      }
      case kind::integer:
        slot = &integer;
        break;
      case kind::any:
        slot = &any;
        break;
      case kind::rest:
        break;
    }
    if (!*slot) {
      *slot = std::make_unique<node>();
    }
    return **slot;
  }
};

route_tree::route_tree() : root_(std::make_unique<node>()) {}
route_tree::~route_tree() = default;

route_tree::added route_tree::add(method m, std::string_view pattern,
                                  std::shared_ptr<handler> target) {
  if (!target) {
    refuse(pattern, "the handler is null");
  }
  auto made = std::make_unique<route>();
  made->pattern = pattern;
  made->segments = parse_pattern(made->pattern);
  made->m = m;
  made->target = std::move(target);
  node* at = root_.get();
  for (const auto& s : made->segments) {
    at = &at->child(s);
  }
  auto& slot = at->end.by_method[static_cast<std::size_t>(m)];
  if (slot != nullptr) {
    refuse(pattern, std::string(to_string(m)) + " is taken by \"" + slot->pattern + "\"");
  }
  slot = made.get();
  at->end.allow.clear();
  for (std::size_t i = 0; i < method_count; ++i) {
    const auto one = static_cast<method>(i);
    const bool implied =
        one == method::options || (one == method::head && at->end.find(method::get) != nullptr);
    if (at->end.by_method[i] != nullptr || implied) {
      at->end.allow += at->end.allow.empty() ? "" : ", ";
      at->end.allow += to_string(one);
    }
  }
  if (at->end.first == nullptr) {
    at->end.first = made.get();
  }
  longest_ = std::max(longest_, made->segments.size());
  routes_.push_back(std::move(made));
  return {routes_.back().get(), &at->end};
}

const route_tree::route* route_tree::route_for(const endpoint& e, method m) noexcept {
  const auto* r = e.find(m);
  return r == nullptr && m == method::head ? e.find(method::get) : r;
}

// True when a route with the method was found; remembers the best endpoint without it.
bool route_tree::visit(const node& n, method m, const decoded_path& path, std::size_t i,
                       found& best) {
  const auto ends_at = [&](const node& at) {
    if (!at.end.used()) {
      return false;
    }
    const auto* r = route_for(at.end, m);
    if (r != nullptr || best.at == nullptr) {
      best = {&at.end, r};
    }
    return r != nullptr;
  };
  if (i == path.size()) {
    return ends_at(n);
  }
  const auto segment = path[i];
  if (const auto* exact = n.literal(segment); exact != nullptr) {
    if (visit(*exact, m, path, i + 1, best)) {
      return true;
    }
  }
  if (n.integer && is_integer(segment) && visit(*n.integer, m, path, i + 1, best)) {
    return true;
  }
  if (n.any && !segment.empty() && visit(*n.any, m, path, i + 1, best)) {
    return true;
  }
  return n.rest && ends_at(*n.rest);
}

route_tree::found route_tree::find(method m, const decoded_path& path) const {
  found best;
  visit(*root_, m, path, 0, best);
  return best;
}

}  // namespace fairlead::http::detail
