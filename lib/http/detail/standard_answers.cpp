// SPDX-License-Identifier: BSL-1.0
#include "standard_answers.hpp"

#include <fairlead/http/error_response.hpp>

namespace fairlead::http::detail {

response standard_answer(const request& r, router::outcome what, std::string_view allow) {
  switch (what) {
    case router::outcome::options: {
      auto out = r.reply(status::no_content);
      if (!allow.empty()) {
        out.header("Allow", allow);
      }
      return out;
    }
    case router::outcome::method_not_allowed:
      return error_response(status::method_not_allowed, "method_not_allowed",
                            "this path does not know the method")
          .header("Allow", allow);
    case router::outcome::bad_path:
      return error_response(status::bad_request, "bad_request", "the path is malformed");
    default:
      return error_response(status::not_found, "not_found", "there is nothing at this path");
  }
}

}  // namespace fairlead::http::detail
