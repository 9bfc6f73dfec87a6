// SPDX-License-Identifier: BSL-1.0
// Client and server together, in virtual time: values there and back.
#include "support/http_world.hpp"
#include "support/shop.hpp"

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

router shop_routes() {
  router r;
  r.get("/users/{id}", [](context&, std::int64_t id) -> result<shop::user> {
    if (id == 404) {
      return fail(errors::application{"not_found", "no such user"});
    }
    return shop::user{id, "Ann"};
  });
  r.post("/users", [](context&, shop::user body) -> task<result<shop::user>> {
    body.id = 7;
    co_return body;
  });
  r.del("/users/{id}", [](context&, std::int64_t) { return result<void>(); });
  return r;
}

// Runs `f(context&, client&)` against a server with these routes.
template <class F>
void with_client(router routes, F f) {
  with_server(std::move(routes), {}, [&](context& cx, server&, memory_network& net) -> task<void> {
    client c(cx.env(), client_options("http://shop").network(net));
    co_await f(cx, c);
  });
}

TEST(RoundTrip, ValuesGoThereAndBack) {
  with_client(shop_routes(), [](context& cx, client& c) -> task<void> {
    auto got = co_await c.get<shop::user>(cx, "/users/42");
    EXPECT_TRUE(got) << got.error().message();
    if (got) {
      EXPECT_EQ(got->id, 42);
      EXPECT_EQ(got->name, "Ann");
    }
    const shop::user bob{0, "Bob"};
    auto made = co_await c.post<shop::user>(cx, "/users", bob);
    EXPECT_TRUE(made) << made.error().message();
    if (made) {
      EXPECT_EQ(made->id, 7);
      EXPECT_EQ(made->name, "Bob");
    }
    auto gone = co_await c.del(cx, "/users/7");
    EXPECT_TRUE(gone) << gone.error().message();
    auto missing = co_await c.get<shop::user>(cx, "/users/404");
    EXPECT_FALSE(missing);
    EXPECT_EQ(missing.error().status(), 404u);
    EXPECT_EQ(c.stats().connections, 1u);
    EXPECT_EQ(c.stats().idle, 1u);
  });
}

}  // namespace
}  // namespace fairlead::http
