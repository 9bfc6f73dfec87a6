// SPDX-License-Identifier: BSL-1.0
#include "echo_replies.hpp"

#include "json_text.hpp"
#include "text_file.hpp"

#include <fairlead/http/envelope.hpp>
#include <fairlead/http/percent.hpp>
#include <fairlead/json/decode.hpp>

#include <boost/json/value.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace fairlead::cli {

namespace {

using boost::json::object;

// Why a text is not JSON, in one line.
std::string why_not(const error& e) {
  const auto s = e.get<errors::serialization_error>();
  return s ? std::string(s->message) : e.message();
}

void add_id(object& out, const object& request) {
  if (const auto* id = request.if_contains("_id")) {
    out["_id"] = *id;
  }
}

std::string error_reply(const object& request, std::string_view type, std::string_view message) {
  object out;
  add_id(out, request);
  out["_status"] = "error";
  out["_error_type"] = type;
  out["_message"] = valid_utf8(message);
  return json_text(out);
}

// Adds a value under a name; a second one of that name makes a list.
void add_parameter(object& to, std::string_view name, std::string value) {
  auto* there = to.if_contains(name);
  if (there == nullptr) {
    to[name] = std::move(value);
  } else if (auto* list = there->if_array()) {
    list->emplace_back(std::move(value));
  } else {
    *there = boost::json::array{*there, std::move(value)};
  }
}

std::string decoded(std::string_view text) {
  return valid_utf8(http::form_decode(text).value_or(std::string(text)));
}

object query_of(std::string_view target) {
  object out;
  const auto mark = target.find('?');
  auto rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) {
      add_parameter(out, decoded(pair.substr(0, equals)),
                    decoded(pair.substr(std::min(equals + 1, pair.size()))));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

object headers_of(const http::headers& given) {
  object out;
  for (const auto& field : given) {
    const auto value = valid_utf8(field.value);
    if (auto* there = out.if_contains(field.name)) {
      *there = std::string(there->get_string()) + ", " + value;
    } else {
      out[field.name] = value;
    }
  }
  return out;
}

bool says_json(const http::request& r) {
  const auto type = r.headers().get("Content-Type").value_or("");
  const auto bare = type.substr(0, type.find(';'));
  return http::iequals(bare, "application/json") || bare.ends_with("+json");
}

}  // namespace

std::string jsonl_reply(std::string_view request) {
  const auto read = json::decode<boost::json::value>(request);
  if (!read) {
    return error_reply({}, "parse_error", why_not(read.error()));
  }
  const auto* given = read->if_object();
  if (given == nullptr) {
    return error_reply({}, "error", "a request is a JSON object");
  }
  object out;
  add_id(out, *given);
  out["_status"] = "ok";
  const auto* payload = given->if_contains("_payload");
  out["_payload"] = payload != nullptr ? *payload : *read;
  return json_text(out);
}

std::string jsonl_error(std::string_view request, std::string_view type, std::string_view message) {
  const auto read = json::decode<boost::json::value>(request);
  const auto* given = read ? read->if_object() : nullptr;
  return error_reply(given != nullptr ? *given : object(), type, message);
}

http::response http_reply(const http::request& r) {
  object out;
  out["method"] = http::to_string(r.method());
  const std::string_view target = r.target();
  out["path"] = valid_utf8(target.substr(0, target.find('?')));
  out["query"] = query_of(target);
  out["headers"] = headers_of(r.headers());
  const auto& body = r.body();
  const auto read = says_json(r) ? json::decode<boost::json::value>(body)
                                 : result<boost::json::value>(fail(errors::cancelled{}));
  if (read) {
    out["body"] = *read;
  } else if (body.empty()) {
    out["body"] = nullptr;
  } else if (is_utf8(body)) {
    out["body"] = body;
  } else {
    out["body"] = nullptr;
    out["body_base64"] = base64(body);
  }
  return http::response().body(json_text(out) + "\n", "application/json");
}

std::shared_ptr<http::handler> envelope_echo() {
  using data = std::optional<boost::json::value>;
  return http::enveloped(http::envelope::data,
                         [](context&, data given) -> result<data> { return given; });
}

http::response envelope_error(http::status s, std::string_view message) {
  const object out{{"success", false}, {"error", valid_utf8(message)}};
  return http::response(s).body(json_text(out), "application/json");
}

std::vector<std::string> texts_to_send(const http::request& r) {
  std::vector<std::string> out;
  for (const auto& [name, value] : query_of(r.target())) {
    const auto* list = value.if_array();
    if (name == "data" && list == nullptr) {
      out.emplace_back(value.get_string());
    } else if (name == "data") {
      for (const auto& one : *list) {
        out.emplace_back(one.get_string());
      }
    }
  }
  std::string_view rest = r.body();
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    out.push_back(valid_utf8(line));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      three = three * 256 + (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : digits[(three >> (18 - 6 * k)) & 63U];
    }
  }
  return out;
}

}  // namespace fairlead::cli
