// SPDX-License-Identifier: BSL-1.0
// What a typical user's translation unit holds: a client, policies, a port, and a described type.
#include <fairlead/http/client.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/port/http_port.hpp>
#include <fairlead/port/with_policy.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <string>

namespace shop {

using namespace std::chrono_literals;

struct user {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name))

struct get_user {
  std::int64_t id = 0;
  using response = user;
  static constexpr auto route = fairlead::route::get("/users/{id}");
};
BOOST_DESCRIBE_STRUCT(get_user, (), (id))

using users = fairlead::port<get_user>;

users wire(std::shared_ptr<fairlead::http::client> client) {
  namespace policy = fairlead::policy;
  const policy::circuit_breaker breaker{{.name = "users", .failure_rate = 0.5, .window = 10s}};
  return fairlead::with_policy(
      fairlead::http_port<users>(std::move(client)),
      policy::stack{policy::total_timeout{3s}, policy::retry{{.max_attempts = 3}}, breaker,
                    policy::attempt_timeout{800ms}});
}

fairlead::task<fairlead::result<std::string>> name_of(fairlead::context& cx, users& u,
                                                      std::int64_t id) {
  const auto found = co_await u(cx, get_user{id});
  if (!found) {
    co_return fairlead::fail(found.error());
  }
  co_return found->name;
}

}  // namespace shop
