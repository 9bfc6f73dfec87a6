// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/stack.hpp>

#include <stdexcept>

namespace fairlead::policy::detail {

stack_base::stack_base(const layer_view* views, std::size_t count, observe::sink* sink,
                       std::string_view name)
    : views_(views), count_(count), name_(name), seen_{sink, name_} {}

stack_base::~stack_base() = default;

void stack_base::refuse_twice() const {
  for (std::size_t i = 0; i < count_; ++i) {
    const auto& view = views_[i];
    for (std::size_t j = i + 1; j < count_; ++j) {
      if (view.identity != nullptr && view.identity == views_[j].identity) {
        throw std::invalid_argument("policy::stack: the same policy stands at positions " +
                                    std::to_string(i + 1) + " and " + std::to_string(j + 1) + ": " +
                                    view.describe(view.layer));
      }
    }
  }
}

std::string stack_base::describe() const {
  if (count_ == 0) {
    return "The operation, with nothing around it.";
  }
  std::string out = "From the outside in: ";
  for (std::size_t i = 0; i < count_; ++i) {
    out += views_[i].describe(views_[i].layer) + "; ";
  }
  return out + "then the operation.";
}

shared_stack share(const stack_base* made) {
  return shared_stack(made);
}

}  // namespace fairlead::policy::detail
