// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/codec.hpp>

namespace fairlead::http::detail {

namespace {

// The same error with another message; kinds other than serialization_error are left as they are.
error reworded(const error& e, std::string_view before, std::string_view after) {
  const auto s = e.get<errors::serialization_error>();
  if (!s) {
    return e;
  }
  std::string text(before);
  text += s->message;
  text += after;
  return errors::serialization_error{text, s->pointer, s->expected, s->actual};
}

bool is_json(std::string_view content_type) noexcept {
  const auto bare = content_type.substr(0, content_type.find(';'));
  return iequals(bare, "application/json") || bare.ends_with("+json");
}

}  // namespace

error refused_request(const error& e) {
  return reworded(e, "Request validation failed: ", "");
}

error refused_response(const error& e, const response& r) {
  std::string note;
  const auto type = r.headers().get("Content-Type");
  if (type && !is_json(*type)) {
    note = " (the content type is " + std::string(*type) + ")";
  }
  return reworded(e, "Response validation failed: ", note);
}

error absent_body() {
  return errors::serialization_error{"Response validation failed: the body is empty", "",
                                     "a JSON document", "nothing"};
}

}  // namespace fairlead::http::detail
