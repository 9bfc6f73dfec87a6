// SPDX-License-Identifier: BSL-1.0
// Ports as documents: what stands in them, and that their schemas say what the codecs do.
#include <fairlead/port/port_export.hpp>

#include <fairlead/json/schema_validator.hpp>

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <string>

#include "shop.hpp"

namespace fairlead::testing {

// A type of the same name as another, and different.
namespace old {
struct user {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(user, (), (number))
}  // namespace old

struct old_user {
  using response = old::user;
};
BOOST_DESCRIBE_STRUCT(old_user, (), ())

namespace {

boost::json::value document(const std::string& text) {
  return boost::json::parse(text);
}

// What stands at `pointer`, as JSON; "nothing" when there is nothing.
std::string at(const boost::json::value& v, const char* pointer) {
  boost::system::error_code ec;
  const auto* found = v.find_pointer(pointer, ec);
  return found == nullptr ? "nothing" : boost::json::serialize(*found);
}

const boost::json::object& operation(const boost::json::value& port, std::string_view name) {
  for (const auto& one : port.at("operations").as_array()) {
    if (one.at("name").as_string() == boost::json::string_view(name.data(), name.size())) {
      return one.as_object();
    }
  }
  throw std::out_of_range(std::string(name));
}

TEST(PortExport, SaysWhatIsKnownOfEachOperation) {
  const auto port = document(export_port<shop_port>({.name = "shop", .version = "2.1.0"}));
  EXPECT_EQ(at(port, "/fairlead_port"), "1");
  EXPECT_EQ(at(port, "/name"), "\"shop\"");
  EXPECT_EQ(at(port, "/version"), "\"2.1.0\"");
  EXPECT_EQ(port.at("operations").as_array().size(), 12U);
  const boost::json::value get = operation(port, "get_user");
  EXPECT_EQ(at(get, "/method"), "\"GET\"");
  EXPECT_EQ(at(get, "/path"), "\"/users/{id}\"");
  EXPECT_EQ(at(get, "/idempotent"), "true");
  EXPECT_EQ(at(get, "/delivery"), "\"reply\"");
  EXPECT_EQ(at(get, "/timeout_ms"), "nothing");
  EXPECT_EQ(at(get, "/response/$ref"), "\"#/$defs/user\"");
  const boost::json::value remove = operation(port, "delete_user");
  EXPECT_EQ(at(remove, "/response"), "nothing");
  const boost::json::value slow = operation(port, "never_in_time");
  EXPECT_EQ(at(slow, "/timeout_ms"), "250");
  const boost::json::value second = operation(port, "wait_for.v2");
  EXPECT_EQ(at(second, "/path"), "\"/wait_for.v2\"");
  const boost::json::value list = operation(port, "list_users");
  EXPECT_EQ(at(list, "/delivery"), "\"stream\"");
  EXPECT_EQ(at(list, "/response/$ref"), "\"#/$defs/user\"");
  const boost::json::value one_way = operation(port, "note");
  EXPECT_EQ(at(one_way, "/delivery"), "\"one_way\"");
  EXPECT_EQ(at(port, "/$defs/user/properties/id/type"), "\"integer\"");
}

TEST(PortExport, ItsSchemasRefuseWhatThePortRefuses) {
  const auto port = document(export_port<shop_port>({.name = "shop"}));
  boost::json::object schema;
  schema["$ref"] = operation(port, "create_user").at("request").at("$ref");
  schema["$defs"] = port.at("$defs");
  const auto compiled = json::schema_validator::compile(schema);
  ASSERT_TRUE(compiled) << compiled.error().front().message;
  EXPECT_TRUE(compiled->check(document(R"({"name":"Ann","email":"a@b.de"})")));
  const auto refused = compiled->check(document(R"({"name":"","email":"a@b.de"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().get<errors::serialization_error>()->pointer, "/name");
}

TEST(PortExport, TypesOfOneNameAreToldApart) {
  const auto both = document(export_port<port<get_user, old_user>>({.name = "both"}));
  const boost::json::value now = operation(both, "get_user");
  const boost::json::value then = operation(both, "old_user");
  EXPECT_EQ(at(now, "/response/$ref"), "\"#/$defs/user\"");
  EXPECT_EQ(at(then, "/response/$ref"), "\"#/$defs/user_2\"");
  EXPECT_EQ(at(both, "/$defs/user_2/properties/number/type"), "\"integer\"");
}

TEST(OpenApi, PathsCarryTheOperations) {
  const auto api = document(
      export_openapi<shop_port>({.name = "shop", .server = "https://shop.example.com/v1"}));
  EXPECT_EQ(at(api, "/openapi"), "\"3.1.0\"");
  EXPECT_EQ(at(api, "/servers/0/url"), "\"https://shop.example.com/v1\"");
  EXPECT_EQ(at(api, "/paths/~1users~1{id}/get/operationId"), "\"get_user\"");
  EXPECT_EQ(at(api, "/paths/~1users~1{id}/delete/operationId"), "\"delete_user\"");
  EXPECT_EQ(at(api, "/paths/~1users~1{id}/delete/responses/204/description"), "\"Done.\"");
  EXPECT_EQ(at(api, "/paths/~1users~1{id}/get/parameters/0/in"), "\"path\"");
  EXPECT_EQ(at(api, "/paths/~1users~1{id}/get/parameters/0/required"), "true");
  EXPECT_EQ(at(api, "/paths/~1users~1{id}/get/requestBody"), "nothing");
  EXPECT_EQ(at(api, "/paths/~1users/get/parameters/0/in"), "\"query\"");
  EXPECT_EQ(at(api, "/paths/~1users/get/parameters/1/required"), "nothing") << "an optional";
  EXPECT_EQ(at(api, "/paths/~1users/post/requestBody/content/application~1json/schema/$ref"),
            "\"#/components/schemas/create_user\"");
  const std::string rename = "/paths/~1users~1{id}~1name/put/";
  EXPECT_EQ(at(api, (rename + "parameters/0/name").c_str()), "\"id\"");
  EXPECT_EQ(at(api, (rename + "requestBody/content/application~1json/schema/required").c_str()),
            R"(["name"])");
  EXPECT_EQ(
      at(api, (rename + "requestBody/content/application~1json/schema/properties/id").c_str()),
      "nothing");
  EXPECT_EQ(at(api, "/paths/~1note/post/responses/202/description"),
            "\"Accepted; what becomes of it is not told.\"");
  EXPECT_NE(at(api, "/paths/~1list_users/post/responses/200/content/application~1x-ndjson/schema"),
            "nothing");
  EXPECT_EQ(at(api, "/paths/~1note/post/responses/default/$ref"),
            "\"#/components/responses/error\"");
  EXPECT_EQ(at(api, "/components/schemas/user/type"), "\"object\"");
}

// Every reference leads somewhere.
void expect_places(const boost::json::value& part, const boost::json::value& whole) {
  if (const auto* list = part.if_array()) {
    for (const auto& one : *list) {
      expect_places(one, whole);
    }
  }
  if (const auto* object = part.if_object()) {
    for (const auto& [name, value] : *object) {
      if (name == "$ref") {
        const std::string place(value.as_string());
        EXPECT_NE(at(whole, place.substr(1).c_str()), "nothing") << place;
      } else {
        expect_places(value, whole);
      }
    }
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  for (const auto& text :
       {export_openapi<shop_port>({.name = "shop"}), export_port<shop_port>({.name = "shop"}),
        export_openapi<port<get_user, old_user>>({.name = "both"})}) {
    const auto whole = document(text);
    expect_places(whole, whole);
  }
}

}  // namespace
}  // namespace fairlead::testing
