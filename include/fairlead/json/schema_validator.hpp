// SPDX-License-Identifier: BSL-1.0
// Checks JSON against a JSON Schema that is known at run time only.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/json/problem.hpp>

#include <boost/json/value.hpp>
#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::json {

/// How much work a `schema_validator` does at most.
struct schema_limits {
  /// Steps that one document may take: about one for each value and each subschema that it is held
  /// against, more for patterns. Beyond it the document is refused as "too much work to check", so
  /// that alternatives within alternatives cannot keep a program busy. Default 100 million: some
  /// seconds.
  std::uint64_t max_steps = 100'000'000;
};

/// A compiled JSON Schema (draft 2020-12). Every keyword that was not understood is refused when
/// the schema is compiled, so a document that is accepted has been checked against all of it.
///
/// | keywords | what they ask |
/// |---|---|
/// | `type`, `enum`, `const` | numbers are equal by value: 1, 1.0 and 1e0 are one integer |
/// | `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` | |
/// | `minLength`, `maxLength`, `pattern` | in code points; patterns as in pattern.hpp |
/// | `format` | "email", "uri" (absolute) and "date-time"; others say nothing, as by the standard |
/// | `items`, `prefixItems`, `minItems`, `maxItems` | |
/// | `properties`, `required`, `additionalProperties`, `minProperties`, `maxProperties` | |
/// | `allOf`, `anyOf`, `oneOf`, `not` | |
/// | `$ref`, `$defs` | "#" and "#/json/pointer": within the document; may be recursive |
///
/// Refused as not supported: `if`, `patternProperties`, `propertyNames`, `contains`, `uniqueItems`,
/// `multipleOf`, `dependentRequired`, `dependentSchemas`, `unevaluated...`, `$dynamicRef`, an `$id`
/// below the root, and other drafts. What the standard does not define says nothing.
///
/// Copies share the compiled schema. *Thread safety*: a value; used by any number of threads.
///
/// *Example*:
/// ```cpp
/// auto schema = json::schema_validator::compile_text(R"({"required": ["email"],
///     "properties": {"email": {"type": "string", "format": "email"}}})");
/// for (const auto& p : schema->validate(document)) {
///   std::cout << p.pointer << ": expected " << p.expected << ", got " << p.actual << '\n';
/// }
/// ```
class schema_validator {
 public:
  /// Everything that is wrong with the schema, each problem with its place in it. What the message
  /// says beside that of `problem`: "not supported", "no such place" (of a `$ref`), "refers to
  /// itself", "bad pattern: ...".
  [[nodiscard]] static tl::expected<schema_validator, std::vector<problem>> compile(
      const boost::json::value& schema, const schema_limits& limits = {});

  /// The same for a text; one that is not JSON is a problem without a pointer.
  [[nodiscard]] static tl::expected<schema_validator, std::vector<problem>> compile_text(
      std::string_view text, const schema_limits& limits = {});

  /// Every problem of a document, at most `max_problems`. Empty when it is valid.
  ///
  /// Of alternatives (`anyOf`, `oneOf`) that all fail, the one that was probably meant is told
  /// about: the only one with the right type and the right constants.
  [[nodiscard]] std::vector<problem> validate(const boost::json::value& document) const;

  /// Nothing, or the first problem. *Errors*: `serialization_error`.
  [[nodiscard]] result<void> check(const boost::json::value& document) const;

  /// The compiled form.
  struct program;

 private:
  explicit schema_validator(std::shared_ptr<const program> compiled) noexcept
      : compiled_(std::move(compiled)) {}

  std::shared_ptr<const program> compiled_;
};

}  // namespace fairlead::json
