// SPDX-License-Identifier: BSL-1.0
// How it works: a request is one JSON object, whatever the transport. Over HTTP the members named
// in the route's path leave that object for the path, and for methods without a body the rest
// leaves it for the query; the server puts the object together again and decodes it as a whole, so
// that every error has the same JSON Pointer everywhere.
#include <fairlead/port/detail/http_binding.hpp>

#include <fairlead/http/codec.hpp>
#include <fairlead/http/error_response.hpp>
#include <fairlead/http/percent.hpp>
#include <fairlead/port/wire_error.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <vector>

namespace fairlead::detail {

namespace {

namespace json = boost::json;

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
std::string plain_text(const json::value& v) {
  if (const auto* s = v.if_string()) {
    return std::string(s->data(), s->size());
  }
  return json::serialize(v);
}

struct placed_request {
  std::string target;
  std::string body;
};

error bad_parameter(std::string_view operation, std::string_view name, std::string_view why) {
  return errors::invalid_argument{operation, "the field \"" + std::string(name) +
                                                 "\" stands in the path and " + std::string(why)};
}

result<placed_request> place(const std::string& base, const http_operation& what,
                             std::string encoded) {
  const auto pattern = what.path();
  const auto pieces = split_pattern(pattern);
  const bool with_parameters =
      std::any_of(pieces.begin(), pieces.end(), [](const auto& p) { return p.parameter; });
  placed_request out;
  out.target = base;
  if (!with_parameters && has_body(what.at.method)) {
    out.target += pattern;
    out.body = std::move(encoded);
    return out;
  }
  boost::system::error_code ec;
  auto members = json::parse(encoded, ec);
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
    out.body = json::serialize(members);
  } else {
    for (const auto& [name, value] : object) {
      if (!value.is_null()) {
        out.target = http::with_query(std::move(out.target), name, plain_text(value));
      }
    }
  }
  return out;
}

http::headers call_headers(const context& cx, const std::string& body) {
  http::headers h;
  h.add("Accept", "application/json");
  if (!body.empty()) {
    h.add("Content-Type", "application/json");
  }
  if (cx.deadline() != no_deadline) {
    const auto left = std::max(cx.remaining(cx.now()), duration::zero());
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    h.add(timeout_header, std::to_string(ms));
  }
  return h;
}

task<result<std::string>> exchange(context& cx, http::client& client, route_method method,
                                   std::string target, http::headers h, std::string body) {
  switch (method) {
    case route_method::get:
      return client.get<std::string>(cx, target, std::move(h));
    case route_method::post:
      return client.post<std::string>(cx, target, body, std::move(h));
    case route_method::put:
      return client.put<std::string>(cx, target, body, std::move(h));
    case route_method::patch:
      return client.patch<std::string>(cx, target, body, std::move(h));
    case route_method::del:
      return client.del<std::string>(cx, target, std::move(h));
  }
  __builtin_unreachable();
}

// The service's own error when the response carries one.
error remote_error(error e) {
  const auto answer = e.get<errors::http_error>();
  if (!answer) {
    return e;
  }
  auto told = from_wire(answer->body);
  if (!told) {
    return e;
  }
  if (told->is<errors::cancelled>()) {
    // It was not this caller who gave up, but the other side: it is shutting down, or ran into a
    // limit.
    error out =
        errors::unavailable{answer->url, "the service cancelled the call", answer->retry_after};
    out.with_sent(error_sent::answered);
    return out;
  }
  if (const auto late = told->get<errors::deadline>()) {
    error out = errors::timeout{late->target.empty() ? answer->url : late->target, late->limit,
                                timeout_scope::total};
    out.with_sent(error_sent::answered);
    return out;
  }
  return std::move(*told);
}

// `e` as that of a response that is not what the operation promises.
error bad_response(const error& e, std::string_view operation) {
  const auto wrong = e.get<errors::serialization_error>();
  if (!wrong) {
    return e;
  }
  const auto message =
      "Response validation failed: " + std::string(operation) + ": " + std::string(wrong->message);
  error out = errors::serialization_error{message, wrong->pointer, wrong->expected, wrong->actual};
  out.at(error_stage::body).with_sent(error_sent::answered);
  return out;
}

// `text` as a member of a JSON object: quoted for string members, else as it is when it is JSON.
json::value member_value(std::string_view text, bool is_text) {
  if (!is_text) {
    boost::system::error_code ec;
    auto v = json::parse(text, ec);
    if (!ec) {
      return v;
    }
  }
  return json::value(text);
}

void add_query(json::object& object, std::string_view query, is_text_field is_text) {
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

http_peer::http_peer(std::shared_ptr<http::client> to, std::string below) noexcept
    : client(std::move(to)), base(std::move(below)) {}
http_peer::http_peer(http_peer&&) noexcept = default;
http_peer::~http_peer() = default;

http::method http_operation::method() const noexcept {
  switch (at.method) {
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

std::string http_operation::path() const {
  return at.path.empty() ? "/" + std::string(name) : std::string(at.path);
}

task<result<void>> http_call(context& cx, const http_peer& peer, http_operation what,
                             http_forms forms, const void* request, void* response) {
  auto encoded = http::encode_body(forms.request, request);
  if (!encoded) {
    co_return fail(encoded.error());
  }
  auto placed = place(peer.base, what, std::move(*encoded));
  if (!placed) {
    co_return fail(placed.error());
  }
  context known = with_nature(cx, what.nature);
  auto headers = call_headers(known, placed->body);
  auto answer = co_await exchange(known, *peer.client, what.at.method, std::move(placed->target),
                                  std::move(headers), std::move(placed->body));
  if (!answer) {
    co_return fail(remote_error(std::move(answer).error()));
  }
  auto done = forms.response.decode_into(response, answer->empty() ? "null" : *answer);
  if (!done) {
    co_return fail(bad_response(done.error(), what.name));
  }
  co_return done;
}

std::string request_text(const http::request& r, is_text_field is_text) {
  const bool body = r.method() == http::method::post || r.method() == http::method::put ||
                    r.method() == http::method::patch;
  if (body && r.param_count() == 0) {
    return r.body().empty() ? "{}" : r.body();
  }
  json::value members = json::object();
  if (body && !r.body().empty()) {
    boost::system::error_code ec;
    members = json::parse(r.body(), ec);
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
  return json::serialize(members);
}

context with_remote_deadline(const context& cx, const http::request& r) {
  const auto text = r.headers().get(timeout_header);
  if (!text) {
    return cx;
  }
  std::int64_t ms = 0;
  const auto* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, ms);
  constexpr std::int64_t most = 365LL * 24 * 3600 * 1000;
  if (parsed.ec != std::errc{} || parsed.ptr != end || ms < 0 || ms > most) {
    return cx;
  }
  return cx.with_timeout(std::chrono::milliseconds(ms));
}

http::response error_answer(const error& e) {
  auto answer = http::response(http::status_of(e)).body(to_wire(e), "application/json");
  if (const auto wait = e.retry_after()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
    answer.header("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 0)));
  }
  return answer;
}

http::response bad_answer(const error& e, std::string_view operation) {
  auto answer = error_answer(bad_response(e, operation));
  answer.status(http::status::internal_server_error);
  return answer;
}

}  // namespace fairlead::detail
