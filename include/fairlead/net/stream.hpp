// SPDX-License-Identifier: BSL-1.0
// The byte stream on which everything above the sockets is built.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/stream_options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::net {

struct tls_info;

/// Which way a stream is waited for.
enum class direction : std::uint8_t { read, write };

/// The outcome of a non-blocking attempt: nothing when it would block, else the number of bytes
/// moved or the error. A read of 0 bytes into a non-empty buffer is the orderly end of the stream.
using io_attempt = std::optional<result<std::size_t>>;

/// The pieces of one gathered write.
using const_buffers = std::span<const std::span<const std::byte>>;

/// A connected, reliable, ordered byte stream: TCP, TLS, a Unix socket, an in-memory pair, or a
/// simulated connection. Reading and writing are attempts that never block; `wait` suspends until
/// one is worthwhile. So no buffer has to be held while a connection is idle, and what is ready
/// costs no suspension.
///
/// Errors are `connection_reset` (also when the peer stopped answering), `connection_closed` (a
/// write after the peer is gone, any use after `close`), `unreachable` (the network broke),
/// `tls_failure`, `system_error`; they name the peer. What the peer has seen of what was written is
/// `unknown`; protocols that know better say so. After an error only `close` is of use.
///
/// *Thread safety*: none; one reader and one writer at a time, on the executor of the environment.
class stream {
 public:
  stream() = default;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  /// Closes it.
  virtual ~stream() = default;

  /// Takes what is there now, at most `into.size()` bytes.
  [[nodiscard]] virtual io_attempt try_read(std::span<std::byte> into) = 0;

  /// Gives as much as fits now, in the order of the pieces. Empty pieces are fine.
  [[nodiscard]] virtual io_attempt try_write(const_buffers from) = 0;

  /// Suspends until an attempt in that direction is worthwhile (it may still come to nothing), the
  /// stream failed or ended, `cx` was cancelled or its deadline passed.
  ///
  /// *Completes when*: ready; with `cancelled` or `deadline`; never an error of the peer, which the
  /// next attempt tells. At most one wait per direction at a time.
  [[nodiscard]] virtual task<result<void>> wait(context& cx, direction towards) = 0;

  /// Whether an attempt without a wait before it makes sense. False when the last one took all
  /// there was, so that the system call for nothing is saved, and after many in a row, so that one
  /// busy peer cannot keep everybody else from running. A hint: attempts are always allowed.
  [[nodiscard]] virtual bool worth_trying(direction towards) const noexcept {
    static_cast<void>(towards);
    return true;
  }

  /// Whether the peer has ended or broken the connection, even when bytes that it sent before have
  /// not been read: for those who cannot read on, and want to know all the same. Asks without
  /// blocking. False where it cannot be known, and until the news is here; it does not overtake
  /// bytes that are still under way. True once this side has closed.
  [[nodiscard]] virtual bool peer_has_left() noexcept { return false; }

  /// What its TLS handshake came to; nullptr when it is not TLS. Made at the first call, so that
  /// connections nobody asks about do not pay for it. Valid as long as the stream. Include
  /// tls_info.hpp to look into it; a stream around another one passes this on.
  [[nodiscard]] virtual const tls_info* tls() const noexcept { return nullptr; }

  /// Ends the writing side in order: what was written arrives, then the peer reads the end.
  [[nodiscard]] virtual task<result<void>> shutdown_write(context& cx) = 0;

  /// Asks the system for `options`; what is not set stays as it is. A stream over another passes
  /// them on; one without a socket ignores them.
  ///
  /// *Errors*: `invalid_argument` for values that make no sense; `system_error` when the system
  /// refuses. Those before it have been set.
  [[nodiscard]] virtual result<void> set_options(const stream_options& options) {
    static_cast<void>(options);
    return {};
  }

  /// Ends both sides now. Waits in progress complete. Idempotent.
  virtual void close() noexcept = 0;

  /// The same, but so that the peer cannot take it for the orderly end of what it reads: a TCP
  /// connection is reset, and bytes under way may be lost. For messages that end with the stream
  /// and must not look complete. Streams that know no such end close.
  virtual void abort() noexcept { close(); }

  /// Where the other end is, for messages: "127.0.0.1:80".
  [[nodiscard]] virtual const std::string& peer() const noexcept = 0;
};

/// Reads at least one byte, or 0 at the end of the stream (or when `into` is empty). Suspends only
/// when nothing is there.
///
/// *Errors*: those of the stream; `cancelled`, `deadline`.
/// *Example*:
/// ```cpp
/// std::array<std::byte, 4096> buffer;
/// auto n = co_await net::read_some(cx, *peer, buffer);
/// ```
[[nodiscard]] task<result<std::size_t>> read_some(context& cx, stream& s,
                                                  std::span<std::byte> into);

/// Fills `into`.
///
/// *Errors*: `connection_closed` with the counts when the stream ends before; those of the stream;
/// `cancelled`, `deadline`.
[[nodiscard]] task<result<void>> read_exactly(context& cx, stream& s, std::span<std::byte> into);

/// Writes everything; backpressure is natural: it suspends while the peer does not take more.
///
/// *Errors* (stage write): those of the stream; `cancelled`, `deadline`, with `sent` unknown once a
/// byte has left, and then only `close` is of use.
[[nodiscard]] task<result<void>> write_all(context& cx, stream& s, std::span<const std::byte> from);
/// The same for several pieces, as one system call where possible. The list and the bytes must live
/// until the write has ended.
[[nodiscard]] task<result<void>> write_all(context& cx, stream& s, const_buffers from);
/// The same for text, which must live until the write has ended.
[[nodiscard]] task<result<void>> write_all(context& cx, stream& s, std::string_view from);

}  // namespace fairlead::net
