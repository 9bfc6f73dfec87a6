// SPDX-License-Identifier: BSL-1.0
#include <fairlead/json/codec.hpp>

#include <fairlead/json/decode.hpp>
#include <fairlead/json/encode.hpp>
#include <fairlead/json/schema.hpp>

namespace fairlead::json {

result<void> codec::encode_to(std::string& out, const void* value) const {
  return type_ == nullptr ? result<void>() : detail::encode(*type_, value, out);
}

result<void> codec::decode_into(void* value, std::string_view text,
                                const decode_options& options) const {
  return type_ == nullptr ? result<void>() : detail::decode(*type_, value, text, options);
}

std::string codec::schema() const {
  return type_ == nullptr ? "true" : detail::schema(*type_);
}

}  // namespace fairlead::json
