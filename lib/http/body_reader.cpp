// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/body_reader.hpp>

#include <fairlead/core/errors.hpp>

namespace fairlead::http {

task<result<std::string>> read_all(context& cx, body_reader& body, std::uint64_t limit) {
  std::string out;
  for (;;) {
    auto piece = co_await body.read(cx);
    if (!piece) {
      co_return tl::unexpected<error>(std::move(piece).error());
    }
    if (!*piece) {
      co_return out;
    }
    if ((*piece)->size() > limit - out.size()) {
      error e = errors::too_large{"body", limit, out.size() + (*piece)->size()};
      co_return tl::unexpected<error>(e.at(error_stage::body));
    }
    out += **piece;
  }
}

}  // namespace fairlead::http
