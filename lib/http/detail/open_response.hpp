// SPDX-License-Identifier: BSL-1.0
// What a response_stream is made of: a call that has come as far as the head.
#pragma once

#include "client_impl.hpp"

#include <fairlead/http/response_stream.hpp>

#include <optional>

namespace fairlead::http::detail {

class open_response final : public body_reader {
 public:
  open_response(client::impl& owner, const context& caller, http::request r,
                const stream_options& how);
  ~open_response() override;

  [[nodiscard]] call& of() noexcept { return *call_; }
  [[nodiscard]] const response& head() const noexcept { return call_->answer(); }
  /// Lets go of the connection when the head was all there is; once the head is in.
  void opened();

  [[nodiscard]] task<result<std::optional<std::string_view>>> read(context& cx) override;
  [[nodiscard]] std::optional<std::uint64_t> announced() const noexcept override {
    return announced_;
  }
  [[nodiscard]] const headers& trailers() const noexcept override {
    return call_->answer().trailers();
  }

 private:
  [[nodiscard]] next_step advance();
  void settle() noexcept;
  [[nodiscard]] tl::unexpected<error> failed(error e);
  [[nodiscard]] context bounded(const context& cx) const noexcept;
  [[nodiscard]] error named(const context& cx, const error& e) const;

  http::request request_;
  duration read_timeout_;
  held_call call_;
  std::optional<std::uint64_t> announced_;
  std::optional<error> failure_;
};

}  // namespace fairlead::http::detail
