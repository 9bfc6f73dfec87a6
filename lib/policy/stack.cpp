// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/stack.hpp>

#include <stdexcept>

namespace fairlead::policy::detail {

void refuse_twice(const std::vector<const void*>& identities,
                  const std::vector<std::string>& descriptions) {
  for (std::size_t i = 0; i < identities.size(); ++i) {
    for (std::size_t j = i + 1; j < identities.size(); ++j) {
      if (identities[i] != nullptr && identities[i] == identities[j]) {
        throw std::invalid_argument("policy::stack: the same policy stands at positions " +
                                    std::to_string(i + 1) + " and " + std::to_string(j + 1) + ": " +
                                    descriptions[i]);
      }
    }
  }
}

std::string describe_stack(const std::vector<std::string>& layers) {
  if (layers.empty()) {
    return "The operation, with nothing around it.";
  }
  std::string out = "From the outside in: ";
  for (const auto& l : layers) {
    out += l + "; ";
  }
  return out + "then the operation.";
}

}  // namespace fairlead::policy::detail
