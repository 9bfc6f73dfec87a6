// SPDX-License-Identifier: BSL-1.0
// The seam through which names become addresses.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/network.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

/// What a name stands for. Ports mean nothing here; they are 0.
struct resolved {
  resolved() = default;
  /// `lives` is how long the answer holds; nothing when the resolver does not know.
  explicit resolved(std::vector<endpoint> a, std::optional<duration> lives = std::nullopt)
      : addresses(std::move(a)), ttl(lives) {}

  std::vector<endpoint> addresses;  ///< in the order in which to try them; never empty
  std::optional<duration> ttl;
};

/// Turns names into addresses: the system's, one of yours (DNS over HTTPS, a service registry), or
/// one of those below around another.
///
/// *Thread safety*: that of the one who makes it; a `network` calls it from wherever it is called.
class resolver {
 public:
  resolver() = default;
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;
  virtual ~resolver() = default;

  /// All addresses of `host`, a name or a numeric address.
  ///
  /// *Errors* (stage resolve): `dns_failure`; `cancelled`, `deadline`.
  [[nodiscard]] virtual task<result<resolved>> resolve(context& cx, std::string_view host) = 0;
};

/// `net`'s own way to resolve, as a resolver: the system's for `system_network()`, the simulated
/// one in a simulation. Answers carry no time to live. `net` must outlive it.
[[nodiscard]] std::unique_ptr<resolver> resolver_of(network& net);

/// `net`, but names are resolved by `names`. Both must outlive it.
///
/// *Example*:
/// ```cpp
/// auto own = net::resolver_of(net::system_network());
/// net::caching_resolver cached(*own);
/// auto network = net::with_resolver(net::system_network(), cached);
/// auto made = co_await net::connect_to(cx, *network, "example.org", 80);
/// ```
[[nodiscard]] std::unique_ptr<network> with_resolver(network& net, resolver& names);

/// Answers from a table, and asks another resolver for what is not in it: for tests, pinning, and
/// names that no DNS knows. Names are compared without regard to ASCII case and a final dot.
///
/// *Thread safety*: as `next`; the table itself never changes.
class static_resolver final : public resolver {
 public:
  /// `next` must outlive it.
  explicit static_resolver(resolver& next);
  ~static_resolver() override;

  /// One entry: "name=address[,address]..." or a line of /etc/hosts, "address name [name]...", with
  /// an optional "#comment". Blank lines and comments add nothing. The same name given again gets
  /// more addresses. Call it before the resolver is used.
  ///
  /// *Errors*: `invalid_argument`, and the table is as it was.
  [[nodiscard]] result<void> add(std::string_view entry);
  /// Several, one per line; the error names the line.
  [[nodiscard]] result<void> add_lines(std::string_view text);

  [[nodiscard]] task<result<resolved>> resolve(context& cx, std::string_view host) override;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::net
