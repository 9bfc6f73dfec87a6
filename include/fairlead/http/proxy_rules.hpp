// SPDX-License-Identifier: BSL-1.0
// Which proxy a URL is asked for through, if any; NO_PROXY and its kin.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/proxy.hpp>
#include <fairlead/http/url.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Gives the value of an environment variable, or nothing.
using variable_lookup = std::function<std::optional<std::string>(const std::string& name)>;

/// The process's own environment. Not safe while another thread changes it.
[[nodiscard]] std::optional<std::string> process_variable(const std::string& name);

/// Which proxy is asked for which URL.
///
/// *Thread safety*: a value.
///
/// *Example*:
/// ```cpp
/// auto rules = http::proxy_rules(*http::proxy::parse("http://proxy:3128"));
/// rules.except("intranet, .example.org, 10.0.0.0/8, [2001:db8::1]:8443");
/// http::client c(env, http::client_options().proxies(rules));
/// ```
class proxy_rules {
 public:
  /// Whether the machine itself ("localhost", names below it, 127.0.0.0/8, ::1) is an exception.
  enum class loopback : std::uint8_t { direct, proxied };

  /// No proxy for anything.
  proxy_rules() = default;
  /// This proxy for everything, the machine itself included.
  explicit proxy_rules(const proxy& for_all);

  /// The rules that the environment asks for, as curl and Go read it, lower case before upper case;
  /// an empty variable counts as none.
  ///
  /// | variable | what for |
  /// |---|---|
  /// | `http_proxy` | http URLs. Not HTTP_PROXY: in a CGI program that is a header of the request |
  /// | `https_proxy`, `HTTPS_PROXY` | https URLs |
  /// | `all_proxy`, `ALL_PROXY` | those for which there is no proxy of their own |
  /// | `no_proxy`, `NO_PROXY` | see `except` |
  ///
  /// The machine itself is never asked for through a proxy.
  /// *Errors*: `invalid_argument` naming every variable that is wrong, without credentials.
  [[nodiscard]] static result<proxy_rules> from_environment(
      const variable_lookup& lookup = process_variable);

  proxy_rules& for_http(const proxy& p) {
    http_ = p;
    return *this;
  }
  proxy_rules& for_https(const proxy& p) {
    https_ = p;
    return *this;
  }
  /// Default: `proxied` for rules made from a proxy, else `direct`.
  proxy_rules& machine_itself(loopback how) noexcept {
    loopback_ = how;
    return *this;
  }
  /// Adds what is to be reached without a proxy: a list, with commas or white space between its
  /// words. As in Go; what is none of these is ignored, as it is by everybody.
  ///
  /// | word | matches |
  /// |---|---|
  /// | `*` | everything |
  /// | `example.org` | that name, and all names below it |
  /// | `.example.org`, `*.example.org` | all names below it |
  /// | `10.1.2.3`, `2001:db8::1`, `[2001:db8::1]` | a URL with that address, however written |
  /// | `10.0.0.0/8`, `2001:db8::/32` | a URL with an address of that network |
  /// | any of them but `*` and networks, with `:port` | the same on that port alone |
  ///
  /// Names are not resolved for it.
  proxy_rules& except(std::string_view list);

  /// The proxy through which `to` is asked for; nullptr for none. Lives as long as the rules.
  [[nodiscard]] const proxy* find(const url& to) const;
  /// Whether `to` is one of the exceptions.
  [[nodiscard]] bool excepted(const url& to) const;
  [[nodiscard]] bool empty() const noexcept { return !http_ && !https_; }
  /// The proxy for http URLs; nullptr for none.
  [[nodiscard]] const proxy* of_http() const noexcept { return http_ ? &*http_ : nullptr; }
  /// The same for https.
  [[nodiscard]] const proxy* of_https() const noexcept { return https_ ? &*https_ : nullptr; }

 private:
  struct address {
    bool ip4 = false;
    std::array<std::uint8_t, 16> bytes{};  // of an IPv4 address the first four
  };
  struct exception {
    std::string domain;  // or a network
    bool below_only = false;
    address network;
    unsigned bits = 0;
    std::optional<std::uint16_t> port;
  };
  [[nodiscard]] static std::optional<address> parse_address(std::string_view text);
  [[nodiscard]] static std::optional<exception> parse_network(std::string_view text);
  [[nodiscard]] static std::optional<exception> parse_exception(std::string_view word);
  [[nodiscard]] static bool within(const address& a, const exception& e) noexcept;
  [[nodiscard]] static bool is_loopback(std::string_view name,
                                        const std::optional<address>& a) noexcept;

  std::optional<proxy> http_;
  std::optional<proxy> https_;
  loopback loopback_ = loopback::direct;
  bool except_all_ = false;
  std::vector<exception> exceptions_;
};

}  // namespace fairlead::http
