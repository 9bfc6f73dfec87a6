// SPDX-License-Identifier: BSL-1.0
// The two halves of permessage-deflate (RFC 7692, 7.2): zlib, in pieces of bounded size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// Whether the window is kept from one message to the next.
enum class takeover : std::uint8_t { keep, forget };

/// Makes the payloads of compressed messages.
class message_deflater {
 public:
  /// `window_bits` from 9 to 15.
  message_deflater(int window_bits, takeover context);
  message_deflater(message_deflater&&) noexcept;
  message_deflater& operator=(message_deflater&&) noexcept;
  ~message_deflater();

  /// Appends what `piece` becomes to `out`. zlib may hold some of it back until `finish`.
  void add(std::string_view piece, std::string& out);
  /// Appends the end of the message.
  void finish(std::string& out);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Reads the payloads of compressed messages.
class message_inflater {
 public:
  message_inflater(int window_bits, takeover context);
  message_inflater(message_inflater&&) noexcept;
  message_inflater& operator=(message_inflater&&) noexcept;
  ~message_inflater();

  struct step {
    std::size_t taken = 0;   ///< from the front of the input
    std::size_t given = 0;   ///< bytes of output
    bool broken = false;     ///< this is not deflate
    bool exhausted = false;  ///< all input was taken, and no more output follows from it
  };
  /// Takes from `in` as long as there is room in `out`.
  [[nodiscard]] step read(std::string_view in, std::span<char> out);
  /// The message is complete: call with room until `exhausted`, then the next one may begin.
  [[nodiscard]] step finish(std::span<char> out);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fairlead::http::detail
