// SPDX-License-Identifier: BSL-1.0
// The tree of things that can be cancelled, beneath every context.
#pragma once

#include <cstdint>

namespace fairlead {

/// Something that wants to know of a cancellation: a suspended operation, or a narrower
/// cancellation. Embedded where it is needed; registering it allocates nothing.
class cancel_node {
 public:
  using cancel_function = void (*)(cancel_node&) noexcept;

  explicit cancel_node(cancel_function on_cancel) noexcept : on_cancel_(on_cancel) {}
  cancel_node(const cancel_node&) = delete;
  cancel_node& operator=(const cancel_node&) = delete;
  ~cancel_node() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }

  /// Nothing happens when it is not registered.
  void unlink() noexcept {
    if (next_ != nullptr) {
      prev_->next_ = next_;
      next_->prev_ = prev_;
      next_ = nullptr;
      prev_ = nullptr;
    }
  }

 private:
  friend class cancellation;
  cancel_node() noexcept : next_(this), prev_(this) {}  // the sentinel of a list

  cancel_node* next_ = nullptr;
  cancel_node* prev_ = nullptr;
  cancel_function on_cancel_ = nullptr;
};

/// One level of the tree: cancelled at most once, and then for good, with everything registered
/// below it.
///
/// *Thread safety*: none; it belongs to the executor of the context it serves.
class cancellation {
 public:
  /// A root.
  cancellation() noexcept;
  /// Below `parent`: is cancelled with it, but can be cancelled alone. Must not outlive the parent.
  explicit cancellation(cancellation& parent) noexcept;
  cancellation(const cancellation&) = delete;
  cancellation& operator=(const cancellation&) = delete;
  ~cancellation();

  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

  /// Whether this is `other`, or made below it at whatever depth.
  [[nodiscard]] bool is_within(const cancellation& other) const noexcept {
    const auto* at = this;
    while (at != nullptr && at != &other) {
      at = at->parent_;
    }
    return at != nullptr;
  }

  /// Cancels. Every registered node is unlinked and its function called, in the order of
  /// registration; functions may register, unlink and destroy nodes. The second call does nothing.
  void cancel() noexcept;

  /// Registers `node`, which must not be registered. After a cancellation its function is never
  /// called: look at `cancelled` first.
  void add(cancel_node& node) noexcept;

 private:
  struct link_up : cancel_node {
    explicit link_up(cancellation& self) noexcept;
    cancellation& self;
  };

  cancel_node nodes_;
  link_up up_;
  const cancellation* parent_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace fairlead
