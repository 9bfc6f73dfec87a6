// SPDX-License-Identifier: BSL-1.0
// Sends a request's body while it is made, and listens for an answer that comes before its end.
#pragma once

#include "exchange.hpp"

#include <fairlead/http/body_source.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// The wire form of a body's pieces, without I/O: as they are under a Content-Length, else as
/// chunks. Small pieces are kept and leave together.
class body_pieces {
 public:
  /// `size` when it is announced.
  explicit body_pieces(std::optional<std::uint64_t> size) : size_(size) {}

  /// Puts the next piece, which lives until everything was taken, behind what was kept. True when
  /// it is to be sent now. *Errors*: `too_large` beyond the announced size.
  [[nodiscard]] result<bool> add(std::string_view piece);
  /// What was kept is to be sent now; true when there is something.
  [[nodiscard]] bool flush();
  /// The body has ended. *Errors*: `invalid_argument` when less came than was announced.
  [[nodiscard]] result<void> end();

  void trailer(std::string_view name, std::string_view value) { trailers_.add(name, value); }

  /// What is to be sent now, as one gathered write.
  [[nodiscard]] bool done() const noexcept;
  [[nodiscard]] net::io_attempt try_write(net::stream& s);

  /// Bytes of the body so far, kept ones included.
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

 private:
  static constexpr std::size_t most_kept = 16 * 1024;

  void frame(std::string_view piece);

  std::optional<std::uint64_t> size_;
  std::uint64_t total_ = 0;
  headers trailers_;
  std::string kept_;
  std::string before_;                     // the size of the chunk
  std::string after_;                      // the end of the last chunk, and of the body
  std::array<std::string_view, 4> views_;  // what has not been written of all that
};

/// Where a request's source writes to.
class request_body final : public body_writer {
 public:
  /// `size` when it is announced.
  request_body(exchange& x, net::stream& s, std::optional<std::uint64_t> size) noexcept
      : exchange_(x), stream_(s), pieces_(size) {}

  [[nodiscard]] task<result<void>> write(context& cx, std::string_view piece) override;
  [[nodiscard]] task<result<void>> flush(context& cx) override;
  void trailer(std::string_view name, std::string_view value) override {
    pieces_.trailer(name, value);
  }

  /// Sends the rest and the end of the body.
  [[nodiscard]] task<result<void>> finish(context& cx);

  /// What stopped it, when something did: an answer or a failure of the connection (`step`), or the
  /// end of waiting or too much of a body (`failure`).
  [[nodiscard]] bool stopped() const noexcept { return step_ || failure_; }
  [[nodiscard]] const std::optional<next_step>& step() const noexcept { return step_; }
  [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }

 private:
  [[nodiscard]] task<result<void>> send(context& cx);
  [[nodiscard]] result<void> stop(next_step why);
  [[nodiscard]] result<void> stop(const error& why);
  [[nodiscard]] result<void> refuse() const;

  exchange& exchange_;
  net::stream& stream_;
  body_pieces pieces_;
  std::optional<next_step> step_;
  std::optional<error> failure_;
};

/// Suspends until `s` can be written or has something to read.
[[nodiscard]] task<result<void>> wait_for_either(context& cx, net::stream& s);

}  // namespace fairlead::http::detail
