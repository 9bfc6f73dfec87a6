// SPDX-License-Identifier: BSL-1.0
// How it works: fields become JSON by what the type's schema says of them, so that decoding,
// constraints and the naming of what is wrong are those of JSON.
#include "detail/chars.hpp"

#include <fairlead/http/form.hpp>
#include <fairlead/http/form_data.hpp>
#include <fairlead/http/from_request.hpp>
#include <fairlead/http/percent.hpp>
#include <fairlead/json/encode.hpp>

#include <boost/json.hpp>

#include <stdexcept>

namespace fairlead::http::detail {

namespace {

// Follows "$ref", and takes the value of an optional.
const boost::json::object& resolved(const boost::json::object& root,
                                    const boost::json::object& schema) {
  if (const auto* ref = schema.if_contains("$ref")) {
    std::string_view name = ref->as_string();
    name.remove_prefix(name.rfind('/') + 1);
    return root.at("$defs").as_object().at(name).as_object();
  }
  if (const auto* any = schema.if_contains("anyOf")) {
    return resolved(root, any->as_array().at(0).as_object());
  }
  return schema;
}

std::string_view type_name(const boost::json::object& schema) {
  const auto* type = schema.if_contains("type");
  return type != nullptr && type->is_string() ? std::string_view(type->as_string())
                                              : std::string_view();
}

void skip_digits(std::string_view& text) noexcept {
  while (!text.empty() && is_digit(text.front())) {
    text.remove_prefix(1);
  }
}

// A number as JSON writes it.
bool is_number(std::string_view text) noexcept {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
  }
  if (text.empty() || !is_digit(text.front()) ||
      (text.size() > 1 && text[0] == '0' && is_digit(text[1]))) {
    return false;
  }
  skip_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (text.empty() || !is_digit(text.front())) {
      return false;
    }
    skip_digits(text);
  }
  if (!text.empty() && to_lower(text.front()) == 'e') {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
      text.remove_prefix(1);
    }
    if (text.empty() || !is_digit(text.front())) {
      return false;
    }
    skip_digits(text);
  }
  return text.empty();
}

error malformed(std::string_view what) {
  return errors::invalid_argument{what, "it is not encoded as a form is"};
}

// The fields of a multipart/form-data body as a form's text.
result<std::string> fields_of_parts(const request& r) {
  const auto data = form_data::from_request(r);
  if (!data) {
    return tl::unexpected<error>(data.error());
  }
  form out;
  for (const auto& part : data->parts()) {
    if (!part.head.is_file()) {
      out.add(part.head.name(), part.content);
    }
  }
  return out.text();
}

}  // namespace

error bad_argument(std::string_view what, std::string_view name, std::string_view wanted,
                   std::string_view got) {
  std::string full(what);
  full.append(" ").append(name);
  std::string reason = "expected ";
  reason.append(wanted).append(", got \"").append(got.substr(0, 60)).append("\"");
  return errors::invalid_argument{full, reason};
}

void nothing_attached() {
  throw std::logic_error(
      "http::from_middleware: no middleware has attached a value of that type to the request");
}

form_plan::form_plan(const std::string& schema) {
  const auto document = boost::json::parse(schema);
  const auto& root = document.as_object();
  const auto* properties = resolved(root, root).if_contains("properties");
  if (properties == nullptr) {
    throw std::logic_error("http: a query or form is read into a described struct");
  }
  for (const auto& property : properties->as_object()) {
    const auto* of = &resolved(root, property.value().as_object());
    const bool list = type_name(*of) == "array";
    if (list) {
      of = &resolved(root, of->at("items").as_object());
    }
    const auto type = type_name(*of);
    auto what = type == "boolean" ? kind::boolean : kind::text;
    if (type == "integer" || type == "number") {
      what = kind::number;
    }
    members_.push_back({std::string(property.key()), what, list, {}});
  }
}

// What does not look like a value of its kind is given as a text: that it is none is said later.
void form_plan::append(std::string& out, kind what, std::string_view text) {
  const bool plain = (what == kind::number && is_number(text)) ||
                     (what == kind::boolean && (text == "true" || text == "false"));
  if (plain) {
    out += text;
  } else if (!json::encode_to(out, std::string(text))) {
    out += "null";
  }
}

result<std::string> form_plan::to_json(std::string_view fields) const {
  auto members = members_;
  std::string single;
  while (!fields.empty()) {
    const auto end = fields.find('&');
    const auto pair = fields.substr(0, end);
    fields = end == std::string_view::npos ? std::string_view{} : fields.substr(end + 1);
    const auto equals = pair.find('=');
    const auto name = form_decode(pair.substr(0, equals));
    const auto value =
        equals == std::string_view::npos ? std::string() : form_decode(pair.substr(equals + 1));
    if (!name || !value) {
      return tl::unexpected<error>(malformed(pair.substr(0, 60)));
    }
    const auto at = std::find_if(members.begin(), members.end(),
                                 [&](const member& m) { return m.name == *name; });
    if (at == members.end()) {
      continue;
    }
    if (at->list) {
      at->written += at->written.empty() ? '[' : ',';
      append(at->written, at->what, *value);
      continue;
    }
    if (!at->written.empty()) {
      return fail(errors::invalid_argument{*name, "it is given twice"});
    }
    append(at->written, at->what, *value);
  }
  std::string out = "{";
  for (const auto& m : members) {
    if (m.written.empty()) {
      continue;
    }
    if (out.size() > 1) {
      out += ',';
    }
    static_cast<void>(json::encode_to(out, m.name));
    out += ':';
    out += m.written;
    if (m.list) {
      out += ']';
    }
  }
  out += '}';
  return out;
}

result<void> read_query(const form_plan& plan, json::codec type, void* value, const request& r) {
  const auto text = plan.to_json(r.query());
  if (!text) {
    return tl::unexpected<error>(text.error());
  }
  auto done = type.decode_into(value, *text);
  if (done) {
    return done;
  }
  const auto wrong = done.error().get<errors::serialization_error>();
  if (!wrong || wrong->pointer.empty()) {
    return done;
  }
  std::string reason = "expected ";
  reason.append(wrong->expected).append(", got ").append(wrong->actual);
  return fail(
      errors::invalid_argument{"query parameter " + std::string(wrong->pointer.substr(1)), reason});
}

result<void> read_form(const form_plan& plan, json::codec type, void* value, const request& r) {
  const auto content = r.headers().get("Content-Type").value_or("");
  const auto media_type = trim(content.substr(0, content.find(';')));
  result<std::string> text;
  if (iequals(media_type, form::content_type)) {
    text = plan.to_json(r.body());
  } else if (iequals(media_type, "multipart/form-data")) {
    text = fields_of_parts(r);
    if (text) {
      text = plan.to_json(std::string(std::move(*text)));
    }
  } else {
    return fail(errors::invalid_argument{
        "Content-Type", "expected application/x-www-form-urlencoded or multipart/form-data"});
  }
  if (!text) {
    return tl::unexpected<error>(text.error());
  }
  return type.decode_into(value, *text);
}

}  // namespace fairlead::http::detail
