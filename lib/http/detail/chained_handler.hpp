// SPDX-License-Identifier: BSL-1.0
// A handler with middlewares around it.
#pragma once

#include <fairlead/http/handler.hpp>
#include <fairlead/http/middleware.hpp>

#include <memory>
#include <vector>

namespace fairlead::http::detail {

class chained_handler final : public handler {
 public:
  /// `layers`: outermost first, at least one.
  chained_handler(std::vector<std::shared_ptr<middleware>> layers, std::shared_ptr<handler> target)
      : layers_(std::move(layers)), target_(std::move(target)) {}

  [[nodiscard]] task<result<response>> handle(context& cx, const request& r) override {
    return call(cx, r, 0);
  }
  [[nodiscard]] bool takes_stream() const noexcept override { return target_->takes_stream(); }

  /// Runs the layer at `at`. Its own task: no frame here.
  [[nodiscard]] task<result<response>> call(context& cx, const request& r, std::size_t at) const {
    if (at == layers_.size()) {
      return target_->handle(cx, r);
    }
    return layers_[at]->handle(cx, r, next(*this, at + 1, r));
  }

 private:
  std::vector<std::shared_ptr<middleware>> layers_;
  std::shared_ptr<handler> target_;
};

}  // namespace fairlead::http::detail
