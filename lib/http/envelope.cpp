// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/envelope.hpp>
#include <fairlead/http/error_response.hpp>
#include <fairlead/json/encode.hpp>

namespace fairlead::http {

namespace detail {

namespace {

constexpr std::size_t most_shown = 64 * 1024;  // of a body that is no envelope

// Texts that need not be UTF-8 become a mark.
void append_text(std::string& out, std::string_view text) {
  if (!json::encode_to(out, std::string(text))) {
    out += "\"?\"";
  }
}

std::string body_of_error(envelope e, std::string_view type, std::string_view text) {
  std::string out;
  if (e == envelope::data) {
    out = R"({"success":false,"error":)";
  } else {
    out = R"({"_status":"error","_error_type":)";
    append_text(out, type);
    out += R"(,"_message":)";
  }
  append_text(out, text);
  out += '}';
  return out;
}

status status_for(envelope e, envelope_dialect d, status proper) noexcept {
  const bool ours = to_int(proper) >= 500;
  switch (d) {
    case envelope_dialect::go:
      return e == envelope::data ? status::ok : status::bad_request;
    case envelope_dialect::python:
      return e == envelope::payload && ours ? status::internal_server_error : status::bad_request;
    case envelope_dialect::proper:
      break;
  }
  return proper;
}

// What the client should know; of faults on this side no more than that there is one.
std::string text_of(envelope_dialect d, const error& why) {
  const auto proper = status_of(why);
  if (const auto own = why.get<errors::application>()) {
    return std::string(own->message);
  }
  if (to_int(proper) >= 500) {
    return std::string(reason_phrase(proper));
  }
  if (const auto wrong = why.get<errors::serialization_error>()) {
    if (wrong->expected.empty()) {
      return d == envelope_dialect::go ? "Invalid JSON" : std::string(wrong->message);
    }
    std::string out(wrong->message);
    out.append(" at ").append(wrong->pointer.empty() ? "the top" : wrong->pointer);
    out.append(": expected ").append(wrong->expected).append(", got ").append(wrong->actual);
    return out;
  }
  return why.message();
}

std::string_view name_of(envelope e) noexcept {
  return e == envelope::data ? "data" : "_payload";
}

// Whether it is JSON, and no envelope.
bool lacks_payload(const error& why) noexcept {
  const auto wrong = why.get<errors::serialization_error>();
  return wrong && !wrong->expected.empty() &&
         (wrong->pointer.empty() || (wrong->pointer == "/_payload" && wrong->actual == "missing"));
}

}  // namespace

result<found_in> open_envelope(envelope_dialect d, const request& r, const envelope_input& into) {
  const bool whole = static_cast<bool>(into.bare);
  std::string_view text = r.body();
  if (text.empty() && d != envelope_dialect::proper) {
    text = whole ? R"({"_payload":null})" : R"({"data":null})";
  }
  auto done = into.wrapped.decode_into(into.wrapped_value, text);
  if (done) {
    return found_in::envelope;
  }
  if (whole && lacks_payload(done.error())) {
    done = into.bare.decode_into(into.bare_value, text);
    if (done) {
      return found_in::whole;
    }
  }
  return tl::unexpected<error>(std::move(done).error());
}

result<response> seal_envelope(envelope e, envelope_dialect d, const request& r, json::codec type,
                               const void* value) {
  auto out = r.reply();
  auto& text = out.body_text();
  text = e == envelope::data ? R"({"success":true,"data":)" : R"({"_status":"ok","_payload":)";
  const auto before = text.size();
  if (!type) {
    text += "null";
  } else if (auto done = type.encode_to(text, value); !done) {
    // The service broke its own promise; that is not the client's fault.
    return seal_error(e, d, errors::system_error{"the answer could not be encoded", 0});
  }
  const bool empty = std::string_view(text).substr(before) == "null";
  if (empty && e == envelope::data && d == envelope_dialect::go) {
    text = R"({"success":true)";
  }
  text += '}';
  out.header("Content-Type", "application/json");
  return out;
}

response seal_error(envelope e, envelope_dialect d, const error& why) {
  const auto proper = status_of(why);
  const bool ours = to_int(proper) >= 500 && d != envelope_dialect::go;
  std::string_view type = ours ? "internal_error" : "service_error";
  if (const auto own = why.get<errors::application>(); own && d == envelope_dialect::proper) {
    type = own->code;
  }
  return response(status_for(e, d, proper))
      .body(body_of_error(e, type, text_of(d, why)), "application/json")
      .because(why);
}

result<std::string> wrap_request(envelope e, json::codec type, const void* value) {
  const auto inner = encode_body(type, value);
  if (!inner) {
    return inner;
  }
  std::string out = "{\"";
  out.append(name_of(e)).append("\":").append(*inner).append("}");
  return out;
}

error not_an_envelope(const response& r, const error& why) {
  if (to_int(r.status()) / 100 != 2) {
    return errors::http_error{{},
                              static_cast<unsigned>(to_int(r.status())),
                              std::string_view(r.body()).substr(0, most_shown),
                              r.headers().text(),
                              std::nullopt};
  }
  error out = why;
  return out.at(error_stage::body).with_sent(error_sent::answered);
}

error told_error(const std::optional<std::string>& type, const std::optional<std::string>& text) {
  error out = errors::application{type ? std::string_view(*type) : "service_error",
                                  text ? std::string_view(*text) : "it did not say why"};
  return out.with_sent(error_sent::answered);
}

error missing_data(std::string_view name) {
  error out = errors::serialization_error{"missing member", name, "a value", "missing"};
  return out.at(error_stage::body).with_sent(error_sent::answered);
}

}  // namespace detail

namespace {

class sealing final : public middleware {
 public:
  explicit sealing(envelope e) : e_(e) {}

  task<result<response>> handle(context& cx, const request& /*r*/, next inner) override {
    auto answer = co_await inner(cx);
    if (!answer) {
      co_return detail::seal_error(e_, envelope_dialect::proper, answer.error());
    }
    const auto& body = answer->body();
    const bool sealed = body.starts_with(R"({"success":)") || body.starts_with(R"({"_status":)");
    if (to_int(answer->status()) >= 400 && !answer->source() && !sealed) {
      auto text = detail::body_of_error(e_, "service_error", reason_phrase(answer->status()));
      answer->body(std::move(text), "application/json");
    }
    co_return answer;
  }

 private:
  envelope e_;
};

}  // namespace

std::shared_ptr<middleware> enveloped_errors(envelope e) {
  return std::make_shared<sealing>(e);
}

}  // namespace fairlead::http
