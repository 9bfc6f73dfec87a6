// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/codec.hpp>

namespace fairlead::http {

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

namespace detail {

bool is_bodyless(const response& r) noexcept {
  return r.body().empty() || http::is_bodyless(r.status());
}

result<void> decode_body(json::codec type, void* value, const response& r) {
  if (is_bodyless(r)) {
    return fail(errors::serialization_error{"Response validation failed: the body is empty", "",
                                            "a JSON document", "nothing"});
  }
  auto done = type.decode_into(value, r.body());
  if (done) {
    return done;
  }
  std::string note;
  const auto content = r.headers().get("Content-Type");
  if (content && !is_json(*content)) {
    note = " (the content type is " + std::string(*content) + ")";
  }
  return fail(reworded(done.error(), "Response validation failed: ", note));
}

}  // namespace detail

result<std::string> encode_body(json::codec type, const void* body) {
  result<std::string> text;
  if (auto done = type.encode_to(*text, body); !done) {
    text = fail(reworded(done.error(), "Request validation failed: ", ""));
  }
  return text;
}

answer_taker answer_slot<void>::taker() noexcept {
  return {answer_rule::success_only, this, [](void*, response&) { return result<void>{}; }};
}
result<void> answer_slot<void>::take() {
  return {};
}

answer_taker answer_slot<response>::taker(answer_rule rule) noexcept {
  return {rule, this, [](void* slot, response& r) {
            static_cast<answer_slot*>(slot)->value_ = std::move(r);
            return result<void>{};
          }};
}
result<response> answer_slot<response>::take() {
  return std::move(value_);
}

answer_taker answer_slot<std::string>::taker() noexcept {
  return {answer_rule::success_only, this, [](void* slot, response& r) {
            static_cast<answer_slot*>(slot)->value_ = std::move(r.body_text());
            return result<void>{};
          }};
}
result<std::string> answer_slot<std::string>::take() {
  return std::move(value_);
}

}  // namespace fairlead::http
