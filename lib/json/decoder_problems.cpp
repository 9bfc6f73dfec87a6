// SPDX-License-Identifier: BSL-1.0
// What a decoder says when something does not fit, and where that was.
#include "decoder.hpp"

#include "rules.hpp"

#include <utility>

namespace fairlead::json::detail {

bool decoder::mismatch(const target& t, std::string actual) {
  const auto& rules = t.type->kind == type_kind::variant ? rule_set{} : t.rules;
  return report("wrong type", pointer(), describe(*t.declared, rules), std::move(actual));
}

void decoder::refuse_text(std::string message, std::string expected, std::string actual) {
  (void)report(std::move(message), {}, std::move(expected), std::move(actual));
}

bool decoder::report(std::string message, std::string pointer, std::string expected,
                     std::string actual) {
  problems_.push_back(
      {std::move(message), std::move(pointer), std::move(expected), std::move(actual)});
  return problems_.size() < limit_;
}

// The place that the first `frames` frames lead to.
std::string decoder::pointer(std::size_t frames) const {
  std::string out;
  for (std::size_t i = 0; i < frames; ++i) {
    const auto& f = frames_[i];
    switch (f.kind) {
      case frame_kind::object:
        if (f.type->object->count > 0) {
          append_token(out, f.type->object->fields[f.index].name);
        }
        break;
      case frame_kind::map:
        if (f.name != nullptr) {
          append_token(out, *f.name);
        }
        break;
      case frame_kind::sequence:
        append_token(out, f.index);
        break;
      case frame_kind::tagging:
        break;
    }
  }
  return out;
}

}  // namespace fairlead::json::detail
