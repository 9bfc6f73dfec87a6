// SPDX-License-Identifier: BSL-1.0
// Where a handler's `body_source` writes: the coroutine around a `body_encoder`.
#pragma once

#include "body_encoder.hpp"
#include "patience.hpp"

#include <fairlead/http/body_source.hpp>

namespace fairlead::http::detail {

/// Writes to `s`, which must outlive it, and waits for the peer as long as `p` allows.
class outgoing_body final : public body_writer {
 public:
  outgoing_body(net::stream& s, body_encoder e, const patience& p)
      : stream_(s), encoder_(std::move(e)), patience_(p) {}

  [[nodiscard]] task<result<void>> write(context& cx, std::string_view piece) override;
  [[nodiscard]] task<result<void>> flush(context& cx) override;
  void trailer(std::string_view name, std::string_view value) override;

  /// The end of the body: what was kept, and trailers.
  ///
  /// *Errors*: as `write`; `invalid_argument` for bytes that are missing and trailers that were
  /// refused.
  [[nodiscard]] task<result<void>> finish(context& cx);

  /// Whether anything has left.
  [[nodiscard]] bool begun() const noexcept { return encoder_.begun(); }
  /// Whether it was the connection that failed.
  [[nodiscard]] bool lost() const noexcept { return failure_.has_value(); }
  [[nodiscard]] std::uint64_t taken() const noexcept { return encoder_.taken(); }

 private:
  task<result<void>> push(context& cx);
  [[nodiscard]] result<void> failed(error why);

  net::stream& stream_;
  body_encoder encoder_;
  patience patience_;
  headers trailers_;
  std::optional<error> failure_;
};

}  // namespace fairlead::http::detail
