// SPDX-License-Identifier: BSL-1.0
// The client's side of a SOCKS5 dialogue, up to the reply to CONNECT. No I/O.
#pragma once

#include <fairlead/net/socks5.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::net::detail {

/// Says what to send, and how many bytes to read then: exactly those that the proxy must send next,
/// so that nothing behind its last one is taken.
class socks5_dialogue {
 public:
  socks5_dialogue(std::string_view host, std::uint16_t port,
                  const std::optional<socks5_credentials>& credentials);

  /// What is wrong with the arguments, before anything is sent.
  [[nodiscard]] result<void> check() const;

  /// To be sent now; empty when there is nothing to send.
  [[nodiscard]] std::string take_output();
  /// How many bytes to read next; 0 once the target is connected.
  [[nodiscard]] std::size_t wanted() const noexcept { return wanted_; }
  /// They have come.
  [[nodiscard]] result<void> received(std::string_view bytes);

 private:
  enum class state : std::uint8_t { greeting, authenticating, replying, binding, done };

  void request();
  [[nodiscard]] result<void> method_chosen(std::uint8_t method);
  [[nodiscard]] result<void> reply_begun(std::string_view bytes);
  [[nodiscard]] error refused(std::uint8_t code) const;

  std::string host_;
  std::uint16_t port_;
  std::string target_;  // for errors
  std::optional<socks5_credentials> credentials_;
  state state_ = state::greeting;
  std::string output_;
  std::size_t wanted_ = 2;
};

}  // namespace fairlead::net::detail
