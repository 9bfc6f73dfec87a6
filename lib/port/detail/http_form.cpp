// SPDX-License-Identifier: BSL-1.0
// How it works: the members named in the route's path leave the object for the path, and for
// methods without a body the rest leaves it for the query; the server puts the object together
// again and decodes it as a whole, so that every error has the same JSON Pointer everywhere.
#include "http_form.hpp"

#include <fairlead/http/percent.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace fairlead::detail {

namespace {

bool has_body(route_method m) noexcept {
  return m != route_method::get && m != route_method::del;
}

// One piece of a path pattern: text, or the name of a parameter.
struct pattern_piece {
  std::string_view text;
  bool parameter;
};

// "/users/{id:int}/x" as "/users/", id, "/x".
std::vector<pattern_piece> split_pattern(std::string_view pattern) {
  std::vector<pattern_piece> pieces;
  while (!pattern.empty()) {
    const auto open = pattern.find('{');
    if (open == std::string_view::npos) {
      pieces.push_back({pattern, false});
      break;
    }
    if (open > 0) {
      pieces.push_back({pattern.substr(0, open), false});
    }
    const auto close = pattern.find('}', open);
    auto name = pattern.substr(open + 1, close - open - 1);
    name = name.substr(0, name.find_first_of(":."));
    pieces.push_back({name, true});
    pattern = close == std::string_view::npos ? std::string_view{} : pattern.substr(close + 1);
  }
  return pieces;
}

// A scalar as it stands in a path or a query: strings without quotes, everything else as JSON.
std::string plain_text(const boost::json::value& v) {
  if (const auto* s = v.if_string()) {
    return std::string(s->data(), s->size());
  }
  return boost::json::serialize(v);
}

error bad_parameter(std::string_view operation, std::string_view name, std::string_view why) {
  return errors::invalid_argument{operation, "the field \"" + std::string(name) +
                                                 "\" stands in the path and " + std::string(why)};
}

// `text` as a member of a JSON object: quoted for string members, else as it is when it is JSON.
boost::json::value member_value(std::string_view text, bool is_text) {
  if (!is_text) {
    boost::system::error_code ec;
    auto v = boost::json::parse(text, ec);
    if (!ec) {
      return v;
    }
  }
  return boost::json::value(text);
}

void add_query(boost::json::object& object, std::string_view query, is_text_field is_text) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = pair.find('=');
    const auto name = http::form_decode(pair.substr(0, equals));
    const auto value = http::form_decode(
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
    if (name && value && !name->empty()) {
      object[*name] = member_value(*value, is_text(*name));
    }
  }
}

}  // namespace

http::method method_of(const operation_info& what) noexcept {
  switch (what.at.method) {
    case route_method::get:
      return http::method::get;
    case route_method::post:
      return http::method::post;
    case route_method::put:
      return http::method::put;
    case route_method::patch:
      return http::method::patch;
    case route_method::del:
      return http::method::del;
  }
  return http::method::post;
}

std::string path_of(const operation_info& what) {
  return what.at.path.empty() ? "/" + std::string(what.name) : std::string(what.at.path);
}

result<placed_request> place(const std::string& base, const operation_info& what,
                             std::string_view request) {
  const auto pattern = path_of(what);
  const auto pieces = split_pattern(pattern);
  const bool with_parameters =
      std::any_of(pieces.begin(), pieces.end(), [](const auto& p) { return p.parameter; });
  placed_request out;
  out.target = base;
  if (!with_parameters && has_body(what.at.method)) {
    out.target += pattern;
    out.body = request;
    return out;
  }
  boost::system::error_code ec;
  auto members = boost::json::parse(request, ec);
  if (ec || !members.is_object()) {
    return fail(errors::invalid_argument{what.name, "a request must be a struct"});
  }
  auto& object = members.as_object();
  for (const auto& piece : pieces) {
    if (!piece.parameter) {
      out.target += piece.text;
      continue;
    }
    const auto found = object.find(piece.text);
    const auto text = found == object.end() ? std::string() : plain_text(found->value());
    if (text.empty() || found->value().is_null()) {
      return fail(bad_parameter(what.name, piece.text, "must not be empty"));
    }
    if (text == "." || text == "..") {
      return fail(bad_parameter(what.name, piece.text, "would lead to another path"));
    }
    out.target += http::encode_segment(text);
    object.erase(found);
  }
  if (has_body(what.at.method)) {
    out.body = boost::json::serialize(members);
  } else {
    for (const auto& [name, value] : object) {
      if (!value.is_null()) {
        out.target = http::with_query(std::move(out.target), name, plain_text(value));
      }
    }
  }
  return out;
}

std::string request_text(const http::request& r, is_text_field is_text) {
  const bool body = r.method() == http::method::post || r.method() == http::method::put ||
                    r.method() == http::method::patch;
  if (body && r.param_count() == 0) {
    return r.body().empty() ? "{}" : r.body();
  }
  boost::json::value members = boost::json::object();
  if (body && !r.body().empty()) {
    boost::system::error_code ec;
    members = boost::json::parse(r.body(), ec);
    if (ec || !members.is_object()) {
      return r.body();  // what is wrong with it, decoding tells
    }
  }
  auto& object = members.as_object();
  if (!body) {
    add_query(object, r.query(), is_text);
  }
  for (std::size_t i = 0; i < r.param_count(); ++i) {
    const auto name = r.param_name(i);
    object[name] = member_value(r.param(i), is_text(name));
  }
  return boost::json::serialize(members);
}

}  // namespace fairlead::detail
