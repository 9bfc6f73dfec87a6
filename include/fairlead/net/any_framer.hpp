// SPDX-License-Identifier: BSL-1.0
// A framer whose kind is known at run time only.
#pragma once

#include <fairlead/net/framer.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace fairlead::net {

/// Any framer behind one type, for code that is compiled once for all of them: `framed_client`,
/// `framed_server`. Costs a virtual call per message.
///
/// *Thread safety*: none.
class any_framer {
 public:
  /// Takes any framer that can be copied.
  template <framer F>
    requires(!std::same_as<std::remove_cvref_t<F>, any_framer> && std::copy_constructible<F>)
  any_framer(F rule) : held_(std::make_unique<holder<F>>(std::move(rule))) {}
  /// A copy of the framer with all its state; copy one that has not read yet.
  any_framer(const any_framer& other) : held_(other.held_->copy()) {}
  any_framer(any_framer&&) noexcept = default;
  any_framer& operator=(any_framer&&) noexcept = default;
  any_framer& operator=(const any_framer& other) { return *this = any_framer(other); }
  ~any_framer() = default;

  [[nodiscard]] result<frame_step> next(std::string_view unread) { return held_->next(unread); }
  [[nodiscard]] result<frame_step> end(std::string_view unread) { return held_->end(unread); }
  [[nodiscard]] result<frame_edges> edges(std::string_view message) const {
    return held_->edges(message);
  }

 private:
  struct base {
    base() = default;
    base(const base&) = default;
    base& operator=(const base&) = delete;
    virtual ~base() = default;
    virtual std::unique_ptr<base> copy() const = 0;
    virtual result<frame_step> next(std::string_view unread) = 0;
    virtual result<frame_step> end(std::string_view unread) = 0;
    virtual result<frame_edges> edges(std::string_view message) const = 0;
  };
  template <class F>
  struct holder final : base {
    explicit holder(F f) : rule(std::move(f)) {}
    std::unique_ptr<base> copy() const override { return std::make_unique<holder>(*this); }
    result<frame_step> next(std::string_view unread) override { return rule.next(unread); }
    result<frame_step> end(std::string_view unread) override { return rule.end(unread); }
    result<frame_edges> edges(std::string_view message) const override {
      return rule.edges(message);
    }
    F rule;
  };

  std::unique_ptr<base> held_;
};

static_assert(framer<any_framer>);

}  // namespace fairlead::net
