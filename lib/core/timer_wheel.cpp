// SPDX-License-Identifier: BSL-1.0
// How it works: a timer sits in the level of the highest 6-bit group in which its tick differs from
// the current one, so everything in a lower level expires before everything in a higher one. When
// time reaches the start of a slot above level 0, its timers are placed again and fall to lower
// levels.
#include <fairlead/core/timer_wheel.hpp>

#include <algorithm>
#include <bit>

namespace fairlead {

namespace {

bool earlier(time_point a, std::uint64_t a_sequence, time_point b,
             std::uint64_t b_sequence) noexcept {
  return a != b ? a < b : a_sequence < b_sequence;
}

}  // namespace

// List surgery on private links, kept out of the header.
struct timer_node::list {
  static void push_back(timer_node& head, timer_node& node) noexcept {
    node.prev_ = head.prev_;
    node.next_ = &head;
    head.prev_->next_ = &node;
    head.prev_ = &node;
  }

  static void detach(timer_node& node) noexcept {
    node.prev_->next_ = node.next_;
    node.next_->prev_ = node.prev_;
    node.next_ = nullptr;
    node.prev_ = nullptr;
  }

  static bool empty(const timer_node& head) noexcept { return head.next_ == &head; }

  // Moves all nodes of `from` to the empty list `to`.
  static void take(timer_node& from, timer_node& to) noexcept {
    while (!empty(from)) {
      timer_node& node = *from.next_;
      detach(node);
      push_back(to, node);
    }
  }

  // A merge sort of the singly linked chain `first`; allocates nothing.
  static timer_node* sorted(timer_node* first, std::size_t count) noexcept {
    if (count < 2) {
      if (first != nullptr) {
        first->next_ = nullptr;
      }
      return first;
    }
    timer_node* middle = first;
    for (std::size_t i = 0; i < count / 2; ++i) {
      middle = middle->next_;
    }
    timer_node* right = sorted(middle, count - count / 2);
    timer_node* left = sorted(first, count / 2);
    timer_node head;
    timer_node* tail = &head;
    while (left != nullptr && right != nullptr) {
      timer_node*& next =
          earlier(right->expiry_, right->sequence_, left->expiry_, left->sequence_) ? right : left;
      tail->next_ = next;
      tail = next;
      next = next->next_;
    }
    tail->next_ = left != nullptr ? left : right;
    return head.next_;
  }

  static void sort(timer_node& head) noexcept {
    std::size_t count = 0;
    for (timer_node* n = head.next_; n != &head; n = n->next_) {
      ++count;
    }
    if (count < 2) {
      return;
    }
    head.prev_->next_ = nullptr;
    timer_node* n = sorted(head.next_, count);
    head.next_ = &head;
    head.prev_ = &head;
    while (n != nullptr) {
      timer_node* next = n->next_;
      push_back(head, *n);
      n = next;
    }
  }
};

timer_wheel::timer_wheel(time_point start) noexcept : start_(start) {}

timer_wheel::~timer_wheel() {
  for (auto& level : wheel_) {
    for (auto& head : level) {
      while (!timer_node::list::empty(head)) {
        timer_node::list::detach(*head.next_);
      }
    }
  }
}

std::uint64_t timer_wheel::tick_of(time_point t) const noexcept {
  return t <= start_ ? 0 : static_cast<std::uint64_t>((t - start_).count()) >> tick_bits;
}

time_point timer_wheel::time_of(std::uint64_t tick) const noexcept {
  return start_ + duration(static_cast<duration::rep>(tick << tick_bits));
}

void timer_wheel::place(timer_node& node) noexcept {
  const auto tick = std::max(tick_of(node.expiry_), current_);
  const auto different = tick ^ current_;
  const auto level =
      different == 0 ? 0U : (63U - static_cast<unsigned>(std::countl_zero(different))) / slot_bits;
  const auto slot = static_cast<unsigned>(tick >> (slot_bits * level)) & (slots - 1);
  timer_node::list::push_back(wheel_[level][slot], node);
  busy_[level] |= std::uint64_t{1} << slot;
}

void timer_wheel::link(timer_node& node, time_point expiry) noexcept {
  node.expiry_ = expiry;
  node.sequence_ = sequence_++;
  place(node);
  ++size_;
}

void timer_wheel::unlink(timer_node& node) noexcept {
  if (node.linked()) {
    timer_node::list::detach(node);
    --size_;
  }
}

bool timer_wheel::find_next(position& out) noexcept {
  if (size_ == 0) {
    return false;
  }
  for (unsigned level = 0; level < levels; ++level) {
    while (busy_[level] != 0) {
      const auto slot = static_cast<unsigned>(std::countr_zero(busy_[level]));
      if (timer_node::list::empty(wheel_[level][slot])) {
        busy_[level] &= ~(std::uint64_t{1} << slot);
        continue;
      }
      const auto shift = slot_bits * level;
      const auto base = (current_ >> (shift + slot_bits)) << (shift + slot_bits);
      out = {level, slot, std::max(base + (std::uint64_t{slot} << shift), current_)};
      return true;
    }
  }
  return false;
}

time_point timer_wheel::next_wake() noexcept {
  position next{};
  if (!find_next(next)) {
    return no_deadline;
  }
  if (next.level > 0) {
    return time_of(next.tick);
  }
  const timer_node& head = wheel_[0][next.slot];
  time_point earliest = no_deadline;
  for (const timer_node* n = head.next_; n != &head; n = n->next_) {
    earliest = std::min(earliest, n->expiry_);
  }
  return earliest;
}

void timer_wheel::fire(timer_node& due) noexcept {
  timer_node::list::sort(due);
  while (!timer_node::list::empty(due)) {
    timer_node& node = *due.next_;
    timer_node::list::detach(node);
    --size_;
    node.on_expire_(node);
  }
}

void timer_wheel::advance(time_point now) noexcept {
  const auto target = tick_of(now);
  position next{};
  while (find_next(next) && next.tick <= target) {
    current_ = next.tick;
    timer_node& head = wheel_[next.level][next.slot];
    timer_node taken;
    timer_node::list::take(head, taken);
    busy_[next.level] &= ~(std::uint64_t{1} << next.slot);
    if (next.level > 0) {
      while (!timer_node::list::empty(taken)) {
        timer_node& node = *taken.next_;
        timer_node::list::detach(node);
        place(node);
      }
      continue;
    }
    timer_node due;
    while (!timer_node::list::empty(taken)) {
      timer_node& node = *taken.next_;
      timer_node::list::detach(node);
      if (node.expiry_ <= now) {
        timer_node::list::push_back(due, node);
      } else {
        place(node);
      }
    }
    fire(due);
    if (next.tick == target) {
      break;
    }
  }
  current_ = std::max(current_, target);
}

}  // namespace fairlead
