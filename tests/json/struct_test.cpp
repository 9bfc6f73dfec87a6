// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <boost/describe.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cmath>

namespace shop {

namespace json = fairlead::json;

struct address {
  std::string street;
  std::optional<std::string> city;
};
BOOST_DESCRIBE_STRUCT(address, (), (street, city))

struct user {
  std::int64_t id{};
  std::string name;
  address home;
  std::optional<address> job;
  int retries = 3;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name, home, job, retries))
constexpr auto describe_constraints(json::of<user>) {
  return json::constraints(json::field<&user::retries>(json::has_default));
}

struct line {
  std::string _id;
  std::string content_type;
};
BOOST_DESCRIBE_STRUCT(line, (), (_id, content_type))
constexpr auto describe_constraints(json::of<line>) {
  return json::constraints(json::field<&line::content_type>(json::named("content-type/~\"x\"")));
}

struct base {
  int a{};
};
BOOST_DESCRIBE_STRUCT(base, (), (a))
struct derived : base {
  int b{};
};
BOOST_DESCRIBE_STRUCT(derived, (base), (b))
constexpr auto describe_constraints(json::of<derived>) {
  return json::constraints(json::field<&derived::a>(json::positive));
}

struct nothing {};
BOOST_DESCRIBE_STRUCT(nothing, (), ())

struct node {
  int value{};
  std::vector<node> children;
  std::unique_ptr<node> next;
};
BOOST_DESCRIBE_STRUCT(node, (), (value, children, next))

struct opaque {
  std::string kind;
  boost::json::value payload;
};
BOOST_DESCRIBE_STRUCT(opaque, (), (kind, payload))

class account {
 public:
  account() = default;
  explicit account(int balance) : balance_(balance) {}
  [[nodiscard]] int balance() const { return balance_; }

 private:
  int balance_ = 0;
  BOOST_DESCRIBE_CLASS(account, (), (), (), (balance_))
};

}  // namespace shop

namespace fairlead::json {
namespace {

constexpr std::string_view ann = R"({"id":7,"name":"Ann","home":{"street":"A","city":"B"}})";

TEST(JsonStruct, ReadsMembersInAnyOrder) {
  const auto u = decoded<shop::user>(
      R"( { "home" : {"city":null,"street":"A"}, "name":"Ann", "id":7, "retries":1 } )");
  EXPECT_EQ(u.id, 7);
  EXPECT_EQ(u.name, "Ann");
  EXPECT_EQ(u.home.street, "A");
  EXPECT_FALSE(u.home.city);
  EXPECT_FALSE(u.job);
  EXPECT_EQ(u.retries, 1);
}

TEST(JsonStruct, WritesMembersInTheOrderOfTheDescription) {
  auto u = decoded<shop::user>(ann);
  EXPECT_EQ(encoded(u), R"({"id":7,"name":"Ann","home":{"street":"A","city":"B"},"retries":3})");
  u.job = shop::address{"W", std::nullopt};
  EXPECT_EQ(encoded(u), R"({"id":7,"name":"Ann","home":{"street":"A","city":"B"},)"
                        R"("job":{"street":"W"},"retries":3})");
}

TEST(JsonStruct, SaysWhichMemberIsMissing) {
  EXPECT_EQ(refusal<shop::user>("{}"), "/id|missing member|integer|missing");
  EXPECT_EQ(refusal<shop::user>(R"({"id":1,"name":"x","home":{}})"),
            "/home/street|missing member|string|missing");
  EXPECT_EQ(refusal<shop::user>(R"({"id":1,"name":"x"})"), "/home|missing member|object|missing");
  EXPECT_EQ(decode<shop::user>("{}").error().message(),
            "serialization_error: missing member at /id: expected integer, got missing");
}

TEST(JsonStruct, SaysWhichMemberIsWrong) {
  EXPECT_EQ(refusal<shop::user>(R"({"id":"7"})"), "/id|wrong type|integer|\"7\"");
  EXPECT_EQ(refusal<shop::user>(R"({"id":null})"), "/id|wrong type|integer|null");
  EXPECT_EQ(refusal<shop::user>(R"({"home":{"street":["x"]}})"),
            "/home/street|wrong type|string|array");
  EXPECT_EQ(refusal<shop::user>(R"({"job":3})"), "/job|wrong type|object or null|3");
  EXPECT_EQ(refusal<shop::user>(R"({"job":{"city":{}}})"),
            "/job/city|wrong type|string or null|object");
  EXPECT_EQ(refusal<shop::user>("[]"), "|wrong type|object|array");
  EXPECT_EQ(refusal<shop::user>("null"), "|wrong type|object|null");
}

TEST(JsonStruct, IgnoresUnknownMembersUnlessTold) {
  const std::string text =
      R"({"new":{"a":[1,{"b":null}],"id":"x"},"id":7,"more":[[]],"name":"Ann","x":true,)"
      R"("home":{"street":"A","n":1.5},"z":"s"})";
  EXPECT_EQ(decoded<shop::user>(text).id, 7);
  EXPECT_EQ(refusal<shop::user>(text, {.unknown = unknown_members::refuse}),
            R"(/new|unknown member|one of "id", "name", "home", "job", "retries"|"new")");
  EXPECT_EQ(refusal<shop::user>(R"({"home":{"a/b~c":1}})", {.unknown = unknown_members::refuse}),
            R"(/home/a~1b~0c|unknown member|one of "street", "city"|"a/b~c")");
  EXPECT_EQ(refusal<shop::nothing>(R"({"a":1})", {.unknown = unknown_members::refuse}),
            "/a|unknown member|no members|\"a\"");
}

TEST(JsonStruct, RefusesDuplicatesUnlessTold) {
  const auto text = R"({"a":1,"b":2,"a":3})";
  EXPECT_EQ(refusal<shop::derived>(text), "/a|duplicate member|one member \"a\"|a second one");
  const auto last = decode<shop::derived>(text, {.duplicates = duplicate_members::last_wins});
  ASSERT_TRUE(last);
  EXPECT_EQ(last->a, 3);
}

TEST(JsonStruct, HasMembersOfItsBases) {
  const auto d = decoded<shop::derived>(R"({"b":2,"a":1})");
  EXPECT_EQ(d.a, 1);
  EXPECT_EQ(d.b, 2);
  EXPECT_EQ(encoded(d), R"({"a":1,"b":2})");
  EXPECT_EQ(refusal<shop::derived>(R"({"a":0,"b":2})"), "/a|constraint not met|integer > 0|0");
  EXPECT_EQ(decoded<shop::base>(R"({"a":0})").a, 0);
}

TEST(JsonStruct, MembersMayHaveOtherNames) {
  const shop::line l{"1", "text"};
  const auto text = R"({"_id":"1","content-type/~\"x\"":"text"})";
  EXPECT_EQ(encoded(l), text);
  EXPECT_EQ(decoded<shop::line>(text).content_type, "text");
  EXPECT_EQ(refusal<shop::line>(R"({"_id":"1"})"),
            "/content-type~1~0\"x\"|missing member|string|missing");
}

TEST(JsonStruct, MayHavePrivateMembers) {
  EXPECT_EQ(encoded(shop::account(5)), R"({"balance_":5})");
  EXPECT_EQ(decoded<shop::account>(R"({"balance_":6})").balance(), 6);
}

TEST(JsonStruct, MayBeEmpty) {
  EXPECT_EQ(encoded(shop::nothing{}), "{}");
  EXPECT_TRUE(decode<shop::nothing>("{}"));
  EXPECT_TRUE(decode<shop::nothing>(R"({"ok":false})"));
  EXPECT_FALSE(decode<shop::nothing>("[]"));
}

TEST(JsonStruct, MayBeRecursive) {
  const auto text = R"({"value":1,"children":[{"value":2,"children":[]},{"value":3,"children":[],)"
                    R"("next":{"value":4,"children":[]}}]})";
  const auto n = decoded<shop::node>(text);
  EXPECT_EQ(n.children[1].next->value, 4);
  EXPECT_EQ(encoded(n), text);
  EXPECT_EQ(
      refusal<shop::node>(R"({"value":1,"children":[{"value":2,"children":[{"value":""}]}]})"),
      "/children/0/children/0/value|wrong type|integer|\"\"");
}

TEST(JsonStruct, DeepValuesAreRefusedOnTheWayOut) {
  shop::node root;
  shop::node* last = &root;
  for (int i = 0; i < 5000; ++i) {
    last->next = std::make_unique<shop::node>();
    last = last->next.get();
  }
  const auto r = encode(root);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().get<errors::serialization_error>()->message, "nested too deeply");
  EXPECT_EQ(r.error().get<errors::serialization_error>()->expected, "at most 1000 levels");
  while (root.next) {  // not by recursion
    root.next = std::move(root.next->next);
  }
}

TEST(JsonStruct, ReusedObjectsForgetWhatTheyHeld) {
  shop::user u;
  ASSERT_TRUE(decode_into(u, R"({"id":1,"name":"long enough for the heap","home":{"street":"A",)"
                             R"("city":"B"},"job":{"street":"W","city":"C"},"retries":9})"));
  ASSERT_TRUE(decode_into(u, R"({"id":2,"name":"x","home":{"street":"Z"}})"));
  EXPECT_EQ(encoded(u), R"({"id":2,"name":"x","home":{"street":"Z"},"retries":3})");
}

TEST(JsonRaw, PassesThroughAsItIs) {
  for (const std::string payload :
       {"null", "true", "-5", "18446744073709551615", "0.1", "\"s\\n\"", "[]", "{}",
        R"([1,[2,[3,{"a":[]}]],{"b":{"c":null,"d":[{}]}}])", R"({"type":"x","n":[1.5,"é"]})"}) {
    const auto text = R"({"kind":"k","payload":)" + payload + "}";
    const auto o = decoded<shop::opaque>(text);
    EXPECT_EQ(boost::json::serialize(o.payload),
              boost::json::serialize(boost::json::parse(payload)));
    EXPECT_EQ(encoded(o), text);
    EXPECT_EQ(encoded(decoded<boost::json::value>(payload)), payload);
  }
}

TEST(JsonRaw, IsRequiredAndReplaced) {
  EXPECT_EQ(refusal<shop::opaque>(R"({"kind":"k"})"), "/payload|missing member|any value|missing");
  shop::opaque o;
  ASSERT_TRUE(decode_into(o, R"({"kind":"k","payload":{"a":[1,2]}})"));
  ASSERT_TRUE(decode_into(o, R"({"payload":[3],"kind":"k"})"));
  EXPECT_EQ(encoded(o.payload), "[3]");
}

TEST(JsonRaw, HasExactNumbersAndFiniteOnes) {
  EXPECT_EQ(decoded<boost::json::value>("2.2250738585072011e-308").as_double(),
            2.2250738585072011e-308);
  EXPECT_EQ(refusal<shop::opaque>(R"({"payload":[1,1e999]})"),
            "/payload|out of range|number in the range of double|1e999");
  boost::json::value v{{"a", {1, 2.0, HUGE_VAL}}};
  EXPECT_EQ(facts(encode(v)), "/a/2|not a finite number|finite number|Infinity");
}

TEST(JsonRaw, DeepValuesAreRefusedOnTheWayOut) {
  boost::json::value v;
  for (int i = 0; i < 1500; ++i) {
    boost::json::array a;
    a.push_back(std::move(v));
    v = std::move(a);
  }
  EXPECT_FALSE(encode(v));
}

}  // namespace
}  // namespace fairlead::json
