// SPDX-License-Identifier: BSL-1.0
// The entry points that go from text to values or to problems.
#include <fairlead/json/decode.hpp>
#include <fairlead/json/validate.hpp>

#include "decoder.hpp"
#include "tokenizer.hpp"

#include <optional>

namespace fairlead::json::detail {

namespace {

constexpr std::size_t deepest = 1000;  // the tokenizer recurses

std::optional<error> refused(std::string_view text, const decode_options& options) {
  if (options.max_depth < 1 || options.max_depth > deepest) {
    return errors::invalid_argument{"decode_options.max_depth", "must be between 1 and 1000"};
  }
  if (text.size() > options.max_size) {
    return errors::too_large{"JSON text", options.max_size, text.size()};
  }
  return std::nullopt;
}

}  // namespace

result<void> decode(const type_desc& type, void* value, std::string_view text,
                    const decode_options& options) {
  if (auto no = refused(text, options)) {
    return tl::unexpected<error>(*std::move(no));
  }
  decoder into(type, value, options, 1);
  tokenize(text, options, type, into);
  if (!into.problems().empty()) {
    return tl::unexpected<error>(into.problems().front().to_error());
  }
  return {};
}

std::vector<problem> validate_text(const type_desc& type, void* value, std::string_view text,
                                   const decode_options& options) {
  if (const auto no = refused(text, options)) {
    return {{.message = no->message(), .pointer = {}, .expected = {}, .actual = {}}};
  }
  decoder into(type, value, options, max_problems);
  tokenize(text, options, type, into);
  return std::move(into.problems());
}

}  // namespace fairlead::json::detail
