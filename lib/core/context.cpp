// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/context.hpp>

namespace fairlead {

result<void> context::check() const {
  if (cancelled()) {
    return fail(errors::cancelled{});
  }
  if (deadline_ != no_deadline && now() >= deadline_) {
    return fail(errors::deadline{});
  }
  return {};
}

}  // namespace fairlead
