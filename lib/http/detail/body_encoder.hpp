// SPDX-License-Identifier: BSL-1.0
// A body on its way out, piece by piece: framing, and the gathering of small pieces. Sans-IO.
#pragma once

#include "message_writer.hpp"

#include <fairlead/http/headers.hpp>
#include <fairlead/net/stream.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// Takes pieces of a body and says what to write. The head goes out with the first of them.
///
/// Each call of `write`, `flush` or `finish` may leave something to be written: call `try_write`
/// until `done()` before the next one.
class body_encoder {
 public:
  /// Pieces are kept until they come to this many bytes.
  static constexpr std::size_t most_kept = 4 * 1024;

  /// `head` must live as long; `length` is that of a body with `body_framing::length`.
  body_encoder(std::string_view head, body_framing how, std::uint64_t length) noexcept
      : how_(how), left_(length) {
    pieces_[0] = head;
  }

  /// Takes `piece`, which must live until `done()`. False when it exceeds the announced length:
  /// nothing is taken then.
  [[nodiscard]] bool write(std::string_view piece);
  /// Sends what was kept, and the head in any case.
  void flush();
  /// The end. False when bytes are missing that were announced: nothing is to be sent then.
  [[nodiscard]] bool finish(const headers& trailers);

  /// How many bytes of the announced length are missing.
  [[nodiscard]] std::uint64_t missing() const noexcept {
    return how_ == body_framing::length ? left_ : 0;
  }
  /// Bytes of the body so far, without their framing.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  /// Whether anything, be it of the head, has left.
  [[nodiscard]] bool begun() const noexcept { return begun_; }
  /// Whether trailers are sent at all.
  [[nodiscard]] bool carries_trailers() const noexcept { return how_ == body_framing::chunked; }

  /// Nothing waits to be written.
  [[nodiscard]] bool done() const noexcept;
  /// One attempt; what was written is not offered again.
  [[nodiscard]] net::io_attempt try_write(net::stream& s);

 private:
  // Head, chunk header, what was kept, the piece, what ends the chunk or the body.
  static constexpr std::size_t piece_count = 5;

  void emit(std::string_view piece);
  [[nodiscard]] bool all_empty() const noexcept;

  body_framing how_;
  bool begun_ = false;
  bool sending_ = false;  // what is kept is being written
  std::uint64_t left_;
  std::uint64_t taken_ = 0;
  std::array<std::string_view, piece_count> pieces_{};
  std::array<char, 20> chunk_header_{};
  std::string kept_;
  std::string end_;
};

}  // namespace fairlead::http::detail
