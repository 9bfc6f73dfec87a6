// SPDX-License-Identifier: BSL-1.0
// Who has subscribed to what: finds everybody that a subject goes to.
#pragma once

#include "detail/tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::detail {

/// A tree of tokens, so that a look-up costs the tokens of the subject, not the number of patterns.
/// Values are found in the order in which they were added.
///
/// *Thread safety*: none.
template <class T>
class subject_index {
 public:
  /// The pattern must be valid.
  void add(std::string_view pattern, T value) {
    node* at = &root_;
    tokens rest(pattern);
    while (!rest.done()) {
      auto& below = at->below;
      const auto token = rest.next();
      auto found = below.find(token);
      if (found == below.end()) {
        found = below.emplace(std::string(token), std::make_unique<node>()).first;
      }
      at = found->second.get();
    }
    at->here.push_back({next_order_++, std::move(value)});
    ++size_;
  }

  /// The first such value that was added under that very pattern; false when there is none.
  bool remove(std::string_view pattern, const T& value) { return remove(root_, pattern, value); }

  /// All values whose pattern matches; the subject must be valid and no pattern.
  [[nodiscard]] std::vector<T> find(std::string_view subject) const {
    std::vector<const entry*> found;
    collect(root_, subject, found);
    std::sort(found.begin(), found.end(),
              [](const entry* a, const entry* b) { return a->order < b->order; });
    std::vector<T> out;
    out.reserve(found.size());
    for (const auto* one : found) {
      out.push_back(one->value);
    }
    return out;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return root_.below.empty(); }

 private:
  struct entry {
    std::size_t order;
    T value;
  };
  struct node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> below;
    std::vector<entry> here;
  };

  static std::string_view after_dot(std::string_view text, std::size_t dot) noexcept {
    return dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  }

  bool remove(node& at, std::string_view pattern, const T& value) {
    const auto dot = pattern.find('.');
    const auto found = at.below.find(pattern.substr(0, dot));
    if (found == at.below.end()) {
      return false;
    }
    node& child = *found->second;
    bool removed = false;
    if (dot != std::string_view::npos) {
      removed = remove(child, pattern.substr(dot + 1), value);
    } else {
      const auto is_it = [&](const entry& e) { return e.value == value; };
      const auto one = std::find_if(child.here.begin(), child.here.end(), is_it);
      if (one != child.here.end()) {
        child.here.erase(one);
        --size_;
        removed = true;
      }
    }
    if (child.here.empty() && child.below.empty()) {
      at.below.erase(found);
    }
    return removed;
  }

  static void take(const node& n, std::vector<const entry*>& out) {
    for (const auto& one : n.here) {
      out.push_back(&one);
    }
  }

  static void collect(const node& at, std::string_view rest, std::vector<const entry*>& out) {
    const auto dot = rest.find('.');
    const bool last = dot == std::string_view::npos;
    const auto below = after_dot(rest, dot);
    if (const auto all = at.below.find(">"); all != at.below.end()) {
      take(*all->second, out);
    }
    for (const auto token : {rest.substr(0, dot), std::string_view("*")}) {
      const auto found = at.below.find(token);
      if (found == at.below.end()) {
        continue;
      }
      if (last) {
        take(*found->second, out);
      } else {
        collect(*found->second, below, out);
      }
    }
  }

  node root_;
  std::size_t size_ = 0;
  std::size_t next_order_ = 0;
};

}  // namespace fairlead::detail
