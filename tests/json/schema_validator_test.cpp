// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <fairlead/json/schema_validator.hpp>

#include <boost/describe.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace supplier {

namespace json = fairlead::json;

struct part {
  std::string sku;
  std::vector<part> parts;
};
BOOST_DESCRIBE_STRUCT(part, (), (sku, parts))
constexpr auto describe_constraints(json::of<part>) {
  return json::constraints(json::field<&part::sku>(json::max_length(8), json::pattern<"^[A-Z]">));
}

}  // namespace supplier

namespace fairlead::json {
namespace {

using facts_list = std::vector<std::string>;

boost::json::value parsed(std::string_view text) {
  boost::json::parse_options deep;
  deep.max_depth = 2000;
  return boost::json::parse({text.data(), text.size()}, {}, deep);
}

facts_list all(const std::vector<problem>& problems) {
  facts_list out;
  for (const auto& p : problems) {
    out.push_back(facts(p));
  }
  return out;
}

// The problems of a document under a schema that must compile.
facts_list checked(std::string_view schema, std::string_view document) {
  const auto compiled = schema_validator::compile_text(schema);
  if (!compiled) {
    ADD_FAILURE() << schema << ": " << facts(compiled.error().front());
    return {};
  }
  const auto value = parsed(document);
  auto out = all(compiled->validate(value));
  const auto first = compiled->check(value);
  EXPECT_EQ(facts(first), out.empty() ? "no error" : out.front());
  return out;
}
bool fits(std::string_view schema, std::string_view document) {
  return checked(schema, document).empty();
}
// The only problem.
std::string told(std::string_view schema, std::string_view document) {
  const auto found = checked(schema, document);
  EXPECT_EQ(found.size(), 1U) << schema << " " << document;
  return found.empty() ? "" : found.front();
}
facts_list refused(std::string_view schema) {
  const auto compiled = schema_validator::compile_text(schema);
  return compiled ? facts_list{"compiled"} : all(compiled.error());
}

TEST(SchemaValidator, TrueAndEmptyTakeAllAndFalseTakesNothing) {
  for (const auto& [document, shown] : std::vector<std::pair<std::string, std::string>>{
           {"null", "null"}, {"1", "1"}, {"\"a\"", "\"a\""}, {"[]", "array"}, {"{}", "object"}}) {
    EXPECT_TRUE(fits("true", document));
    EXPECT_TRUE(fits("{}", document));
    EXPECT_EQ(told("false", document), "|constraint not met|nothing|" + shown);
  }
}

TEST(SchemaValidator, TypeNamesAreThoseOfJson) {
  const std::vector<std::pair<std::string, facts_list>> table{
      {"null", {"null"}},
      {"boolean", {"true", "false"}},
      {"integer", {"0", "-7", "18446744073709551615", "1.0", "1e3", "-2.5e1"}},
      {"number", {"0", "-7", "1.5", "1e-3", "18446744073709551615"}},
      {"string", {"\"\"", "\"a\""}},
      {"array", {"[]", "[1]"}},
      {"object", {"{}", "{\"a\":1}"}},
  };
  for (const auto& [type, good] : table) {
    const auto schema = R"({"type":")" + type + "\"}";
    for (const auto& [other, values] : table) {
      for (const auto& v : values) {
        const bool numeric = type == "number" && (other == "integer" || other == "number");
        const bool whole = type == "integer" && other == "number" &&
                           (v == "0" || v == "-7" || v == "18446744073709551615");
        EXPECT_EQ(fits(schema, v), type == other || numeric || whole) << type << " " << v;
      }
    }
  }
}

TEST(SchemaValidator, ATypeThatIsWrongIsToldWithWhatIsThere) {
  EXPECT_EQ(told(R"({"type":"string"})", "5"), "|wrong type|string|5");
  EXPECT_EQ(told(R"({"type":["string","null"]})", "[1]"), "|wrong type|null or string|array");
  EXPECT_EQ(told(R"({"type":"integer"})", "1.5"), "|wrong type|integer|1.5");
  EXPECT_EQ(told(R"({"type":"integer","minimum":1,"maximum":9})", "\"5\""),
            "|wrong type|integer in [1, 9]|\"5\"");
  EXPECT_EQ(told(R"({"properties":{"a/b":{"items":{"type":"null"}}}})", R"({"a/b":[null,{}]})"),
            "/a~1b/1|wrong type|null|object");
}

TEST(SchemaValidator, EnumAndConstCompareByValue) {
  EXPECT_TRUE(fits(R"({"enum":[1,"a",null,{"x":[1]}]})", "1.0"));
  EXPECT_TRUE(fits(R"({"enum":[1,"a",null,{"x":[1],"y":2}]})", R"({"y":2.0,"x":[1e0]})"));
  EXPECT_FALSE(fits(R"({"enum":[{"x":1}]})", R"({"x":1,"y":2})"));
  EXPECT_FALSE(fits(R"({"enum":[{"x":1,"y":2}]})", R"({"x":1})"));
  EXPECT_FALSE(fits(R"({"enum":[[1,2]]})", "[1]"));
  EXPECT_FALSE(fits(R"({"enum":[0]})", "false"));
  EXPECT_TRUE(fits(R"({"const":18446744073709551615})", "18446744073709551615"));
  EXPECT_FALSE(fits(R"({"const":18446744073709551615})", "18446744073709551614"));
  EXPECT_EQ(told(R"({"enum":["red","green"]})", "\"blue\""),
            "|unknown value|one of \"red\", \"green\"|\"blue\"");
  EXPECT_EQ(told(R"({"const":"v1"})", "2"), "|unknown value|\"v1\"|2");
  EXPECT_TRUE(fits(R"({"enum":[1,2],"const":2.0})", "2"));
  EXPECT_FALSE(fits(R"({"enum":[1,2],"const":2})", "1"));
  EXPECT_FALSE(fits(R"({"enum":[]})", "1"));
}

TEST(SchemaValidator, RangesAreExactAndSkipWhatIsNoNumber) {
  const auto* closed = R"({"minimum":1,"maximum":2.5})";
  EXPECT_TRUE(fits(closed, "1"));
  EXPECT_TRUE(fits(closed, "2.5"));
  EXPECT_TRUE(fits(closed, "\"x\""));
  EXPECT_EQ(told(closed, "0.999"), "|constraint not met|number in [1, 2.5]|0.999");
  const auto* open = R"({"exclusiveMinimum":1,"exclusiveMaximum":3,"type":"integer"})";
  EXPECT_TRUE(fits(open, "2"));
  EXPECT_EQ(told(open, "1"), "|constraint not met|integer in (1, 3)|1");
  EXPECT_EQ(told(open, "3"), "|constraint not met|integer in (1, 3)|3");
  EXPECT_EQ(told(R"({"minimum":0})", "-1"), "|constraint not met|number >= 0|-1");
  // Both at once: the narrower one counts, and of two equal ones the exclusive.
  EXPECT_FALSE(fits(R"({"minimum":1,"exclusiveMinimum":1})", "1"));
  EXPECT_FALSE(fits(R"({"exclusiveMinimum":1,"minimum":1})", "1"));
  EXPECT_FALSE(fits(R"({"minimum":2,"exclusiveMinimum":1})", "1.5"));
  EXPECT_FALSE(fits(R"({"maximum":9007199254740993})", "9007199254740994"));
  EXPECT_TRUE(fits(R"({"maximum":9007199254740993})", "9007199254740993"));
}

TEST(SchemaValidator, LengthsAreInCodePoints) {
  const auto* schema = R"({"minLength":2,"maxLength":3})";
  EXPECT_TRUE(fits(schema, "\"\u00e9\u00e9\""));
  EXPECT_TRUE(fits(schema, "7"));
  EXPECT_EQ(told(schema, "\"\u00e9\""),
            "|constraint not met|string of 2 to 3 characters|string of 1 character");
  EXPECT_EQ(told(schema, "\"abcd\""),
            "|constraint not met|string of 2 to 3 characters|string of 4 characters");
  EXPECT_EQ(told(R"({"minLength":1})", "\"\""),
            "|constraint not met|string of at least 1 character|\"\"");
  EXPECT_TRUE(fits(R"({"maxLength":2.0})", "\"ab\""));
}

TEST(SchemaValidator, PatternsMatchAnywhereUnlessAnchored) {
  EXPECT_TRUE(fits(R"({"pattern":"b+"})", "\"abc\""));
  EXPECT_TRUE(fits(R"({"pattern":"b+"})", "7"));
  EXPECT_EQ(told(R"({"pattern":"^[a-z]{2,4}$"})", "\"abcde\""),
            "|constraint not met|string matching ^[a-z]{2,4}$|\"abcde\"");
  // The classic that takes backtracking engines forever.
  EXPECT_FALSE(fits(R"({"pattern":"^(a|a)*$"})", '"' + std::string(10'000, 'a') + "b\""));
}

TEST(SchemaValidator, FormatsThatAreKnownAreChecked) {
  EXPECT_TRUE(fits(R"({"format":"email"})", "\"ann@example.org\""));
  EXPECT_TRUE(fits(R"({"format":"email"})", "1"));
  EXPECT_EQ(told(R"({"format":"email"})", "\"ann\""), "|constraint not met|email address|\"ann\"");
  EXPECT_TRUE(fits(R"({"format":"uri"})", "\"https://example.org/a?b#c\""));
  EXPECT_EQ(told(R"({"format":"uri"})", "\"/a\""), "|constraint not met|absolute URL|\"/a\"");
  EXPECT_TRUE(fits(R"({"format":"date-time"})", "\"2024-02-29T12:30:00Z\""));
  EXPECT_EQ(told(R"({"format":"date-time"})", "\"2023-02-29T12:30:00Z\""),
            "|wrong format|RFC 3339 timestamp|\"2023-02-29T12:30:00Z\"");
  EXPECT_TRUE(fits(R"({"format":"uuid"})", "\"not looked at\""));
}

TEST(SchemaValidator, ItemsAreCheckedEach) {
  EXPECT_EQ(checked(R"({"items":{"type":"integer"}})", R"([1,"2",3,null])"),
            (facts_list{"/1|wrong type|integer|\"2\"", "/3|wrong type|integer|null"}));
  EXPECT_TRUE(fits(R"({"items":{"type":"integer"}})", R"({"a":"b"})"));
  const auto* tuple = R"({"prefixItems":[{"type":"string"},{"type":"null"}],"items":false})";
  EXPECT_TRUE(fits(tuple, R"(["a"])"));
  EXPECT_TRUE(fits(tuple, R"(["a",null])"));
  EXPECT_EQ(told(tuple, R"(["a",null,7])"), "/2|constraint not met|nothing|7");
  EXPECT_EQ(told(tuple, R"([1])"), "/0|wrong type|string|1");
  EXPECT_TRUE(fits(R"({"prefixItems":[true]})", R"([1,2,3])"));
  EXPECT_EQ(told(R"({"minItems":2})", "[1]"),
            "|constraint not met|array of at least 2 items|array of 1 item");
  EXPECT_EQ(told(R"({"maxItems":0})", "[1,2]"),
            "|constraint not met|array of 0 items|array of 2 items");
  EXPECT_EQ(told(R"({"minItems":1})", "[]"),
            "|constraint not met|array of at least 1 item|empty array");
}

TEST(SchemaValidator, MembersThatAreMissingAreToldWithWhatTheyShouldBe) {
  const auto* schema = R"({"required":["email","id","note"],
    "properties":{"email":{"type":"string"},"id":{"type":"integer","minimum":1}}})";
  EXPECT_EQ(checked(schema, "{}"), (facts_list{"/email|missing member|string|missing",
                                               "/id|missing member|integer >= 1|missing",
                                               "/note|missing member|any value|missing"}));
  EXPECT_TRUE(fits(schema, "[]"));
  EXPECT_EQ(told(R"({"required":["a/b~"]})", "{}"), "/a~1b~0|missing member|any value|missing");
}

TEST(SchemaValidator, MembersBeyondThoseThatAreNamed) {
  const auto* closed = R"({"properties":{"id":true,"n":true},"additionalProperties":false})";
  EXPECT_TRUE(fits(closed, R"({"id":1})"));
  EXPECT_EQ(told(closed, R"({"idd":1})"), "/idd|unknown member|one of \"id\", \"n\"|1");
  EXPECT_EQ(told(R"({"additionalProperties":false})", R"({"x":{}})"),
            "/x|unknown member|no members|object");
  EXPECT_EQ(told(R"({"properties":{"id":true},"additionalProperties":{"type":"string"}})",
                 R"({"id":1,"a":"b","c":2})"),
            "/c|wrong type|string|2");
  EXPECT_EQ(told(R"({"minProperties":1})", "{}"),
            "|constraint not met|object of at least 1 member|empty object");
  EXPECT_EQ(told(R"({"maxProperties":1})", R"({"a":1,"b":2})"),
            "|constraint not met|object of at most 1 member|object of 2 members");
  // Only the members that stand beside it are known to additionalProperties, as by the standard.
  EXPECT_FALSE(
      fits(R"({"allOf":[{"properties":{"a":true}}],"additionalProperties":false})", R"({"a":1})"));
}

TEST(SchemaValidator, AllOfAsksEverythingOfAll) {
  EXPECT_EQ(checked(R"({"allOf":[{"minimum":5},{"maximum":1},{"type":"number"}]})", "3"),
            (facts_list{"|constraint not met|number >= 5|3", "|constraint not met|number <= 1|3"}));
  EXPECT_TRUE(fits(R"({"allOf":[{"minimum":5},true]})", "5"));
}

TEST(SchemaValidator, AnyOfTellsAboutTheAlternativeThatWasMeant) {
  const auto* schema = R"({"anyOf":[{"type":"string","maxLength":3},{"type":"integer"}]})";
  EXPECT_TRUE(fits(schema, "\"abc\""));
  EXPECT_TRUE(fits(schema, "7"));
  EXPECT_EQ(told(schema, "\"abcd\""),
            "|constraint not met|string of at most 3 characters|string of 4 characters");
  EXPECT_EQ(told(schema, "null"),
            "|constraint not met|string of at most 3 characters or integer|null");
}

TEST(SchemaValidator, AlternativesAreToldApartByConstants) {
  const auto* schema = R"({"oneOf":[
    {"properties":{"kind":{"const":"circle"},"r":{"type":"number"}},"required":["kind","r"]},
    {"properties":{"kind":{"const":"square"},"a":{"type":"number"}},"required":["kind","a"]}]})";
  EXPECT_TRUE(fits(schema, R"({"kind":"circle","r":1})"));
  EXPECT_EQ(told(schema, R"({"kind":"circle","r":"1"})"), "/r|wrong type|number|\"1\"");
  EXPECT_EQ(told(schema, R"({"kind":"square"})"), "/a|missing member|number|missing");
  EXPECT_EQ(told(schema, R"({"kind":"line"})"),
            "|constraint not met|one of the alternatives|object");
}

TEST(SchemaValidator, AlternativesThatAreTooLongToReadAreNotListed) {
  std::string names;
  for (int i = 1000; i < 1100; ++i) {
    names += (names.empty() ? "\"" : ",\"") + std::to_string(i) + "\"";
  }
  const auto one = "{\"enum\":[" + names + "]}";
  EXPECT_EQ(told("{\"anyOf\":[" + one + "]}", "[]"),
            "|constraint not met|one of the alternatives|array");
  EXPECT_EQ(told("{\"anyOf\":[" + one + R"(,{"type":"integer"}]})", "[]"),
            "|constraint not met|integer or another alternative|array");
}

TEST(SchemaValidator, OneOfRefusesWhatFitsTwice) {
  const auto* schema = R"({"oneOf":[{"minimum":1},{"maximum":5}]})";
  EXPECT_TRUE(fits(schema, "0"));
  EXPECT_TRUE(fits(schema, "9"));
  EXPECT_EQ(told(schema, "3"),
            "|constraint not met|exactly one of the alternatives|more than one of them");
}

TEST(SchemaValidator, NotTurnsAround) {
  EXPECT_TRUE(fits(R"({"not":{"type":"string"}})", "1"));
  EXPECT_EQ(told(R"({"not":{"type":"string"}})", "\"a\""), "|constraint not met|not string|\"a\"");
  EXPECT_TRUE(fits(R"({"not":{"not":{"type":"string"}}})", "\"a\""));
}

TEST(SchemaValidator, ReferencesLeadToAnyPlaceAndMayBeRecursive) {
  const auto* tree = R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object",
    "required":["v"],"properties":{"v":{"type":"integer"},
      "kids":{"type":"array","items":{"$ref":"#/$defs/node"}}}}}})";
  EXPECT_TRUE(fits(tree, R"({"v":1,"kids":[{"v":2,"kids":[]},{"v":3}]})"));
  EXPECT_EQ(checked(tree, R"({"v":1,"kids":[{"v":2,"kids":[{}]},3]})"),
            (facts_list{"/kids/0/kids/0/v|missing member|integer|missing",
                        "/kids/1|wrong type|object|3"}));
  EXPECT_EQ(told(R"({"items":{"$ref":"#"},"type":"array"})", "[[[1]]]"),
            "/0/0/0|wrong type|array|1");
  EXPECT_FALSE(
      fits(R"({"$ref":"#/definitions/a%20b~1c","definitions":{"a b/c":{"type":"null"}}})", "1"));
  EXPECT_FALSE(fits(R"({"properties":{"a":{"$ref":"#/x/1"}},"x":[true,false]})", R"({"a":1})"));
  // What stands beside a reference counts, too.
  EXPECT_FALSE(fits(R"({"$ref":"#/$defs/a","minimum":5,"$defs":{"a":{"type":"integer"}}})", "3"));
}

TEST(SchemaValidator, WhatSaysNothingIsLeftAlone) {
  EXPECT_TRUE(fits(R"({"title":"t","description":1,"default":{},"examples":[],"x-own":true,
    "$comment":"c","$id":"https://example.org/s","uniqueItems":false,
    "$schema":"https://json-schema.org/draft/2020-12/schema","deprecated":true,
    "contentEncoding":"base64","readOnly":true})",
                   "[1,1]"));
}

TEST(SchemaValidator, SchemasThatAreWrongAreToldWithTheirPlace) {
  EXPECT_EQ(refused(R"({"type":"strin"})").front().substr(0, 30),
            "/type|unknown value|one of \"nu");
  EXPECT_EQ(refused(R"({"properties":{"a":{"minimum":"1","maxLength":-1,"minItems":1.5}}})"),
            (facts_list{"/properties/a/minimum|wrong type|number|\"1\"",
                        "/properties/a/maxLength|out of range|integer >= 0|-1",
                        "/properties/a/minItems|out of range|integer >= 0|1.5"}));
  EXPECT_EQ(refused(R"({"items":5})"), (facts_list{"/items|wrong type|object or boolean|5"}));
  EXPECT_EQ(refused("[]"), (facts_list{"|wrong type|object or boolean|array"}));
  EXPECT_EQ(refused(R"({"anyOf":[]})"),
            (facts_list{"/anyOf|wrong type|array of at least 1 schema|array"}));
  EXPECT_EQ(refused(R"({"oneOf":[true,7]})"),
            (facts_list{"/oneOf/1|wrong type|object or boolean|7"}));
  EXPECT_EQ(refused(R"({"required":"a"})"),
            (facts_list{"/required|wrong type|array of strings|\"a\""}));
  EXPECT_EQ(refused(R"({"required":["a",1]})"),
            (facts_list{"/required|wrong type|array of strings|1"}));
  EXPECT_EQ(refused(R"({"$defs":{"x":{"enum":1}}})"),
            (facts_list{"/$defs/x/enum|wrong type|array|1"}));
  EXPECT_EQ(refused(R"({"properties":[],"format":1,"pattern":2,"type":[],"$ref":3,"$id":4})"),
            (facts_list{"/properties|wrong type|object|array", "/format|wrong type|string|1",
                        "/pattern|wrong type|string|2",
                        "/type|wrong type|string or array of strings|array",
                        "/$ref|wrong type|string|3", "/$id|wrong type|string|4"}));
  EXPECT_EQ(refused("{\n\"type\": }").front().substr(0, 30), "|invalid JSON at line 2, colum");
}

TEST(SchemaValidator, PatternsThatAreWrongSayWhy) {
  EXPECT_EQ(refused(R"s({"pattern":"a("})s"),
            (facts_list{"/pattern|bad pattern: a closing bracket is missing|regular expression|"
                        "\"a(\""}));
  EXPECT_EQ(refused(R"s({"pattern":"(?=a)"})s").size(), 1U);
  // Repeating nothing without end emits no steps, and takes no time all the same.
  EXPECT_EQ(refused(R"s({"pattern":"((((){1000}){1000}){1000}){1000}"})s"),
            (facts_list{"/pattern|bad pattern: too large|regular expression|"
                        "\"((((){1000}){1000}){1000}){1000}\""}));
}

TEST(SchemaValidator, WhatItCannotCheckItRefuses) {
  for (const auto* keyword :
       {"if", "then", "else", "contains", "patternProperties", "propertyNames", "multipleOf",
        "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems",
        "$dynamicRef"}) {
    const auto found = refused(std::string("{\"") + keyword + "\":{}}");
    ASSERT_EQ(found.size(), 1U) << keyword;
    EXPECT_TRUE(found[0].starts_with(std::string("/") + keyword + "|not supported|")) << found[0];
  }
  EXPECT_EQ(refused(R"({"uniqueItems":true})"),
            (facts_list{"/uniqueItems|not supported|false|true"}));
  EXPECT_EQ(
      refused(R"({"$schema":"http://json-schema.org/draft-07/schema#"})").front().substr(0, 23),
      "/$schema|not supported|");
  EXPECT_EQ(refused(R"({"$defs":{"a":{"$id":"x"}}})").front().substr(0, 27),
            "/$defs/a/$id|not supported|");
  for (const auto* to : {"other.json", "https://example.org/x", "#anchor", "#/%zz", ""}) {
    const auto found = refused(std::string(R"({"$ref":")") + to + "\"}");
    EXPECT_TRUE(found[0].starts_with("/$ref|not supported|")) << to << ": " << found[0];
  }
}

TEST(SchemaValidator, ReferencesThatLeadNowhereAreRefused) {
  EXPECT_TRUE(refused(R"({"$ref":"#/$defs/a"})")[0].starts_with("/$ref|no such place|"));
  EXPECT_TRUE(refused(R"({"$ref":"#"})")[0].starts_with("|refers to itself|"));
  EXPECT_TRUE(refused(R"({"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},
    "b":{"not":{"$ref":"#/$defs/a"}}}})")[0]
                  .find("|refers to itself|") != std::string::npos);
  EXPECT_TRUE(refused(R"({"$ref":"#/title","title":"x"})")[0].starts_with("/title|wrong type|"));
}

TEST(SchemaValidator, WorkIsBounded) {
  // Each level asks both alternatives for the next: 2^40 checks.
  std::string schema = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 40; ++i) {
    const auto next = std::to_string(i + 1);
    schema += "\"d" + std::to_string(i) + R"(":{"anyOf":[{"$ref":"#/$defs/d)" + next +
              R"("},{"$ref":"#/$defs/d)" + next + R"("}]},)";
  }
  schema += R"("d40":{"type":"null"}}})";
  const auto compiled = schema_validator::compile_text(schema, {.max_steps = 10'000});
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(compiled->validate(nullptr).empty());
  EXPECT_EQ(all(compiled->validate(1)),
            (facts_list{"|too much work to check|at most 10000 steps|more"}));
}

TEST(SchemaValidator, DepthIsBounded) {
  const auto compiled = schema_validator::compile_text(R"({"items":{"$ref":"#"}})");
  ASSERT_TRUE(compiled);
  const auto nested = [](std::size_t n) {
    return parsed(std::string(n, '[') + std::string(n, ']'));
  };
  EXPECT_TRUE(compiled->validate(nested(200)).empty());
  const auto found = compiled->validate(nested(600));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].message, "nested too deeply");
}

TEST(SchemaValidator, ProblemsAreBounded) {
  std::string many = "[1";
  for (int i = 0; i < 1000; ++i) {
    many += ",1";
  }
  EXPECT_EQ(checked(R"({"items":{"type":"string"}})", many + "]").size(), max_problems);
}

TEST(SchemaValidator, UnderstandsWhatTheLibraryWrites) {
  const auto compiled = schema_validator::compile_text(schema<supplier::part>());
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(
      compiled->validate(parsed(R"({"sku":"A1","parts":[{"sku":"B","parts":[]}]})")).empty());
  EXPECT_EQ(all(compiled->validate(parsed(R"({"sku":"A1","parts":[{"sku":"b","parts":[]}]})"))),
            (facts_list{"/parts/0/sku|constraint not met|string matching ^[A-Z]|\"b\""}));
}

TEST(SchemaValidator, CopiesShareTheCompiledSchema) {
  auto first = schema_validator::compile_text(R"({"type":"null"})");
  const auto copy = *first;
  first = schema_validator::compile_text("true");
  EXPECT_EQ(copy.validate(1).size(), 1U);
}

}  // namespace
}  // namespace fairlead::json
