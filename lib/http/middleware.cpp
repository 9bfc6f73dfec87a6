// SPDX-License-Identifier: BSL-1.0
#include "detail/chained_handler.hpp"

#include <fairlead/http/middleware.hpp>

namespace fairlead::http {

task<result<response>> next::operator()(context& cx) const {
  return chain_->call(cx, *request_, at_);
}

}  // namespace fairlead::http
