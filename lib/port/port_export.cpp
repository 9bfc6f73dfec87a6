// SPDX-License-Identifier: BSL-1.0
// How it works: the schema of each type brings its own definitions. They are put together under one
// roof, and references follow them there.
#include <fairlead/port/port_export.hpp>

#include "detail/http_form.hpp"
#include "detail/stream_lines.hpp"

#include <fairlead/http/method.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::detail {

namespace {

namespace bj = boost::json;

bj::string_view view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}
std::string_view view_of(const bj::string& text) noexcept {
  return {text.data(), text.size()};
}

// Definitions of many schemas. Two types of one name in different namespaces are told apart by a
// number.
class definitions {
 public:
  explicit definitions(std::string_view place) : place_(place) {}

  // The schema of a type, with its definitions here.
  bj::value take(const json::codec& form) {
    auto schema = bj::parse(form.schema());
    if (!schema.is_object()) {
      return schema;
    }
    auto& object = schema.as_object();
    object.erase("$schema");
    bj::object own;
    if (auto* defs = object.if_contains("$defs")) {
      own = std::move(defs->as_object());
      object.erase("$defs");
    }
    std::vector<std::pair<std::string, std::string>> names;  // there, here
    for (const auto& [name, definition] : own) {
      names.emplace_back(std::string(name), name_for(name, definition));
    }
    for (auto& [name, definition] : own) {
      const auto here = find(names, name);
      follow(definition, names);
      all_[here] = std::move(definition);
    }
    follow(schema, names);
    return schema;
  }

  [[nodiscard]] const bj::object& all() const noexcept { return all_; }
  bj::object give() { return std::move(all_); }

  // The object that `schema` is, or refers to; null when it is no struct.
  [[nodiscard]] const bj::object* resolve(const bj::value& schema) const {
    const auto* object = schema.if_object();
    if (object == nullptr) {
      return nullptr;
    }
    if (const auto* ref = object->if_contains("$ref")) {
      const auto text = view_of(ref->as_string());
      const auto* there = all_.if_contains(view(text.substr(place_.size())));
      return there != nullptr ? there->if_object() : nullptr;
    }
    return object;
  }

 private:
  using renamed = std::vector<std::pair<std::string, std::string>>;

  static std::string find(const renamed& names, bj::string_view name) {
    const auto at = std::find_if(names.begin(), names.end(),
                                 [&](const auto& n) { return n.first == std::string_view(name); });
    return at->second;
  }

  // The name that a definition gets: its own, unless something else has that.
  std::string name_for(bj::string_view name, const bj::value& definition) {
    std::string out(name);
    for (int n = 2;; ++n) {
      const auto known = originals_.find(out);
      if (known == originals_.end()) {
        originals_.emplace(out, definition);
        return out;
      }
      if (known->second == definition) {
        return out;
      }
      out = std::string(name) + "_" + std::to_string(n);
    }
  }

  void follow(bj::value& schema, const renamed& names) const {
    if (auto* list = schema.if_array()) {
      for (auto& one : *list) {
        follow(one, names);
      }
    }
    auto* object = schema.if_object();
    if (object == nullptr) {
      return;
    }
    for (auto& [name, value] : *object) {
      constexpr std::string_view before = "#/$defs/";
      if (name == "$ref" && value.is_string() && view_of(value.as_string()).starts_with(before)) {
        const auto text = view_of(value.as_string()).substr(before.size());
        value = bj::string(view(place_ + find(names, view(text))));
      } else {
        follow(value, names);
      }
    }
  }

  std::string place_;
  bj::object all_;
  std::map<std::string, bj::value, std::less<>> originals_;
};

std::string_view name_of(delivery how) noexcept {
  switch (how) {
    case delivery::reply:
      return "reply";
    case delivery::one_way:
      return "one_way";
    case delivery::stream:
      return "stream";
  }
  return "reply";
}

void set(bj::object& to, std::string_view name, std::string_view text) {
  to[view(name)] = bj::string(view(text));
}

// ---- OpenAPI

// The parameters that stand in a path.
std::vector<std::string> path_parameters(std::string_view pattern) {
  std::vector<std::string> out;
  for (auto open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open)) {
    const auto close = pattern.find('}', open);
    auto name = pattern.substr(open + 1, close - open - 1);
    out.emplace_back(name.substr(0, name.find_first_of(":.")));
    open = close == std::string_view::npos ? pattern.size() : close;
  }
  return out;
}

// "/users/{id:int}" as OpenAPI writes it.
std::string plain_pattern(std::string_view pattern) {
  std::string out;
  bool name = false;
  bool drop = false;
  for (const char c : pattern) {
    name = c == '{' || (name && c != '}');
    drop = name && (drop || c == ':' || c == '.');
    if (!drop) {
      out += c;
    }
  }
  return out;
}

bool is_required(const bj::object& object, bj::string_view name) {
  const auto* required = object.if_contains("required");
  if (required == nullptr) {
    return false;
  }
  const auto& list = required->as_array();
  return std::any_of(list.begin(), list.end(),
                     [&](const bj::value& v) { return v.as_string() == name; });
}

bj::object parameter(bj::string_view name, std::string_view where, bool required,
                     const bj::value& schema) {
  bj::object out;
  out["name"] = bj::string(name);
  set(out, "in", where);
  if (required) {
    out["required"] = true;
  }
  out["schema"] = schema;
  return out;
}

bj::object content(std::string_view type, bj::value schema) {
  bj::object media;
  media["schema"] = std::move(schema);
  bj::object out;
  out[view(type)] = std::move(media);
  return out;
}

// Where each member of a request stands.
void place_members(bj::object& operation, const exported_operation& o, const bj::value& schema,
                   const definitions& known) {
  const auto names = path_parameters(path_of(o.what));
  const auto* members = known.resolve(schema);
  const auto* properties = members != nullptr ? members->if_contains("properties") : nullptr;
  const bool in_body =
      o.what.at.method != route_method::get && o.what.at.method != route_method::del;
  bj::array parameters;
  bj::object rest;
  bj::array still_required;
  if (properties != nullptr) {
    for (const auto& [name, value] : properties->as_object()) {
      const bool required = is_required(*members, name);
      const bool in_path =
          std::find(names.begin(), names.end(), std::string_view(name)) != names.end();
      if (in_path) {
        parameters.push_back(parameter(name, "path", true, value));
      } else if (!in_body) {
        parameters.push_back(parameter(name, "query", required, value));
      } else {
        rest[name] = value;
        if (required) {
          still_required.push_back(bj::string(name));
        }
      }
    }
  }
  if (!parameters.empty()) {
    operation["parameters"] = std::move(parameters);
  }
  if (!in_body) {
    return;
  }
  bj::value body = schema;
  if (!names.empty()) {
    bj::object left;
    set(left, "type", "object");
    left["properties"] = std::move(rest);
    if (!still_required.empty()) {
      left["required"] = std::move(still_required);
    }
    body = std::move(left);
  }
  bj::object request;
  request["required"] = true;
  request["content"] = content("application/json", std::move(body));
  operation["requestBody"] = std::move(request);
}

bj::object answer(std::string_view description) {
  bj::object out;
  set(out, "description", description);
  return out;
}

bj::object answers(const exported_operation& o, definitions& known) {
  bj::object out;
  switch (o.what.how) {
    case delivery::one_way:
      out["202"] = answer("Accepted; what becomes of it is not told.");
      break;
    case delivery::stream: {
      auto stream = answer(
          "Lines of JSON: {\"item\": X} for each item, last {\"end\": true} or {\"error\": "
          "{...}}.");
      bj::object item;
      item["item"] = known.take(o.response);
      bj::object line;
      set(line, "type", "object");
      line["properties"] = std::move(item);
      stream["content"] = content(stream_type, std::move(line));
      out["200"] = std::move(stream);
      break;
    }
    case delivery::reply:
      if (!o.response) {
        out["204"] = answer("Done.");
      } else {
        auto reply = answer("The answer.");
        reply["content"] = content("application/json", known.take(o.response));
        out["200"] = std::move(reply);
      }
  }
  bj::object failed;
  set(failed, "$ref", "#/components/responses/error");
  out["default"] = std::move(failed);
  return out;
}

// What `to_wire` writes.
bj::object error_response() {
  auto out = answer("An error of the service.");
  out["content"] = content("application/json", bj::parse(R"({
    "type": "object", "required": ["error"], "properties": {"error": {
      "type": "object", "required": ["kind", "code", "message"], "properties": {
        "kind": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}}}}})"));
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return out;
}

}  // namespace

std::string export_port(const port_title& title, std::span<const exported_operation> all) {
  definitions known("#/$defs/");
  bj::array operations;
  for (const auto& o : all) {
    bj::object one;
    set(one, "name", o.what.name);
    set(one, "method", http::to_string(method_of(o.what)));
    set(one, "path", path_of(o.what));
    one["idempotent"] = o.what.nature == idempotency::idempotent;
    set(one, "delivery", name_of(o.what.how));
    if (o.timeout > duration::zero()) {
      one["timeout_ms"] = std::chrono::ceil<std::chrono::milliseconds>(o.timeout).count();
    }
    one["request"] = known.take(o.request);
    if (o.response) {
      one["response"] = known.take(o.response);
    }
    operations.push_back(std::move(one));
  }
  bj::object out;
  out["fairlead_port"] = 1;
  set(out, "name", title.name);
  set(out, "version", title.version);
  if (!title.description.empty()) {
    set(out, "description", title.description);
  }
  out["operations"] = std::move(operations);
  out["$defs"] = known.give();
  return bj::serialize(out);
}

std::string export_openapi(const port_title& title, std::span<const exported_operation> all) {
  definitions known("#/components/schemas/");
  bj::object paths;
  for (const auto& o : all) {
    bj::object operation;
    set(operation, "operationId", o.what.name);
    const auto request = known.take(o.request);
    place_members(operation, o, request, known);
    operation["responses"] = answers(o, known);
    auto& path = paths[view(plain_pattern(path_of(o.what)))];
    if (!path.is_object()) {
      path.emplace_object();
    }
    path.as_object()[view(lower(http::to_string(method_of(o.what))))] = std::move(operation);
  }
  bj::object info;
  set(info, "title", title.name);
  set(info, "version", title.version);
  if (!title.description.empty()) {
    set(info, "description", title.description);
  }
  bj::object out;
  set(out, "openapi", "3.1.0");
  out["info"] = std::move(info);
  if (!title.server.empty()) {
    bj::object server;
    set(server, "url", title.server);
    out["servers"] = bj::array{std::move(server)};
  }
  out["paths"] = std::move(paths);
  bj::object responses;
  responses["error"] = error_response();
  bj::object components;
  components["schemas"] = known.give();
  components["responses"] = std::move(responses);
  out["components"] = std::move(components);
  return bj::serialize(out);
}

}  // namespace fairlead::detail
