// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/sealed_text.hpp>

#include <fairlead/json/decode.hpp>
#include <fairlead/json/raw_members.hpp>

#include <optional>
#include <utility>

namespace fairlead::http {

namespace {

// What an envelope of either kind says.
struct envelope_text {
  std::optional<std::string_view> value;  // "data" or "_payload"
  std::optional<std::string> type;
  std::optional<std::string> text;
  bool good = false;    // it says that it went well
  bool speaks = false;  // it says how it went
};

std::optional<std::string> text_member(std::string_view value) {
  auto text = json::decode<std::string>(value);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

// Nothing when the text is no object.
std::optional<envelope_text> read_envelope(envelope e, std::string_view body) {
  envelope_text out;
  json::raw_members members(body);
  while (const auto m = members.next()) {
    if (m->name == (e == envelope::data ? "data" : "_payload")) {
      out.value = m->value;
    } else if (e == envelope::data && m->name == "success") {
      out.speaks = m->value == "true" || m->value == "false";
      out.good = m->value == "true";
    } else if (e == envelope::data && m->name == "error") {
      out.text = text_member(m->value);
    } else if (e == envelope::payload && m->name == "_status") {
      out.speaks = true;
      out.good = m->value == "\"ok\"";
    } else if (e == envelope::payload && m->name == "_error_type") {
      out.type = text_member(m->value);
    } else if (e == envelope::payload && m->name == "_message") {
      out.text = text_member(m->value);
    }
  }
  return members.whole() ? std::optional(std::move(out)) : std::nullopt;
}

error no_envelope(std::string_view pointer, std::string_view expected, std::string_view actual) {
  error out = errors::serialization_error{"the body is no envelope", pointer, expected, actual};
  return out.with_sent(error_sent::answered);
}

}  // namespace

std::string seal_request(envelope e, std::string_view json) {
  std::string out = e == envelope::data ? R"({"data":)" : R"({"_payload":)";
  return out.append(json.empty() ? "null" : json).append("}");
}

result<std::string> open_request(envelope e, envelope_dialect d, const request& r) {
  const auto& body = r.body();
  if (body.empty() && d != envelope_dialect::proper) {
    return std::string("null");
  }
  const auto read = read_envelope(e, body);
  if (read && read->value) {
    return std::string(*read->value);
  }
  if (e == envelope::payload && !body.empty()) {
    return body;  // the whole is the payload
  }
  if (read) {
    return fail(no_envelope("/data", "a value", "missing"));
  }
  return fail(no_envelope("", "a JSON object", body.empty() ? "nothing" : "something else"));
}

response seal_reply(envelope e, envelope_dialect d, const request& r, std::string_view json) {
  auto out = r.reply();
  auto& text = out.body_text();
  const bool none = json.empty() || json == "null";
  if (e == envelope::data) {
    text = R"({"success":true)";
    if (!none || d != envelope_dialect::go) {
      text.append(R"(,"data":)").append(none ? "null" : json);
    }
  } else {
    text = R"({"_status":"ok","_payload":)";
    text.append(none ? "null" : json);
  }
  text += '}';
  out.headers().add("Content-Type", "application/json");
  return out;
}

response seal_failure(envelope e, envelope_dialect d, const error& why) {
  return detail::seal_error(e, d, why);
}

result<std::string> open_reply(envelope e, const response& r) {
  const auto read = read_envelope(e, r.body());
  if (!read || !read->speaks) {
    return fail(detail::not_an_envelope(
        r, no_envelope("", "an envelope", r.body().empty() ? "nothing" : "something else")));
  }
  if (!read->good) {
    return fail(detail::told_error(read->type, read->text));
  }
  const auto value = read->value.value_or("null");
  return std::string(value == "null" ? std::string_view() : value);
}

}  // namespace fairlead::http
