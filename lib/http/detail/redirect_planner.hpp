// SPDX-License-Identifier: BSL-1.0
// What a redirect leads to: the decisions alone, without connections.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/client_options.hpp>
#include <fairlead/http/headers.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/url.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {

/// The next request of a call that was redirected.
struct redirect_hop {
  url to;
  method as;
  enum class body_rule : std::uint8_t { keep, drop };
  body_rule body;
  enum class credentials_rule : std::uint8_t { keep, strip };
  credentials_rule credentials;  ///< `strip` for another origin
};

/// Follows one call from hop to hop, as the Fetch Standard does: 301 and 302 turn POST into GET,
/// 303 turns everything but HEAD into GET, 307 and 308 change nothing.
class redirect_planner {
 public:
  redirect_planner(std::size_t limit, downgrade to_http) noexcept
      : limit_(limit), downgrade_(to_http) {}

  /// What was asked, in order to answer it.
  struct asked {
    const url& at;
    method as;
    /// False when there is a body that cannot be sent again.
    bool can_repeat_body;
  };
  /// The next hop, or nothing when `answer` is for the caller: no redirect, one without a place to
  /// go to, or one that would need a body again that is gone.
  ///
  /// *Errors*: `protocol_error`, for a place that is no http or https URL, for one hop too many,
  /// for a circle (unless cookies come with it), and for leaving https.
  [[nodiscard]] result<std::optional<redirect_hop>> plan(const response& answer, const asked& q);

  [[nodiscard]] std::size_t hops() const noexcept { return visited_.size(); }

 private:
  std::size_t limit_;
  downgrade downgrade_;
  std::vector<std::string> visited_;  // "GET http://..."
};

/// Makes `r` the request of the hop.
void apply_hop(request& r, const redirect_hop& hop);
/// Removes what is meant for one origin alone; true when there was something.
bool strip_credentials(headers& h);

/// `text` with what a URL must not hold percent-encoded, as browsers forgive it.
[[nodiscard]] std::string encode_location(std::string_view text);

}  // namespace fairlead::http::detail
