// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/cancellation.hpp>

namespace fairlead {

cancellation::link_up::link_up(cancellation& owner) noexcept
    : cancel_node([](cancel_node& node) noexcept { static_cast<link_up&>(node).self.cancel(); }),
      self(owner) {}

cancellation::cancellation() noexcept : up_(*this) {}

cancellation::cancellation(cancellation& parent) noexcept
    : up_(*this), parent_(&parent), cancelled_(parent.cancelled_) {
  if (!cancelled_) {
    parent.add(up_);
  }
}

cancellation::~cancellation() {
  while (nodes_.next_ != &nodes_) {
    nodes_.next_->unlink();
  }
  nodes_.next_ = nullptr;  // a sentinel does not unlink itself
}

void cancellation::add(cancel_node& node) noexcept {
  node.prev_ = nodes_.prev_;
  node.next_ = &nodes_;
  nodes_.prev_->next_ = &node;
  nodes_.prev_ = &node;
}

void cancellation::cancel() noexcept {
  if (cancelled_) {
    return;
  }
  cancelled_ = true;
  up_.unlink();
  while (nodes_.next_ != &nodes_) {
    cancel_node& node = *nodes_.next_;
    node.unlink();
    node.on_cancel_(node);
  }
}

}  // namespace fairlead
