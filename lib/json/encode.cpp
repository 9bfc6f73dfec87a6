// SPDX-License-Identifier: BSL-1.0
// The entry points that go from values to text or to problems.
#include <fairlead/json/encode.hpp>
#include <fairlead/json/validate.hpp>

#include "walker.hpp"

namespace fairlead::json::detail {

result<void> encode(const type_desc& type, const void* value, std::string& out) {
  const auto before = out.size();
  writer to(out);
  walker walk(&to, 1);
  walk.run(type, value);
  if (!walk.problems().empty()) {
    out.resize(before);
    return tl::unexpected<error>(walk.problems().front().to_error());
  }
  to.flush();
  return {};
}

std::vector<problem> validate(const type_desc& type, const void* value, std::size_t limit) {
  walker walk(nullptr, limit);
  walk.run(type, value);
  return std::move(walk.problems());
}

}  // namespace fairlead::json::detail
