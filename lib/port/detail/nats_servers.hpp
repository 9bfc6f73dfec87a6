// SPDX-License-Identifier: BSL-1.0
// The servers of a NATS client, and which one is next. No I/O.
#pragma once

#include "detail/nats_info.hpp"

#include <fairlead/core/random.hpp>
#include <fairlead/core/reconnect_pace.hpp>
#include <fairlead/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::detail::nats {

/// One server.
struct server {
  std::string host;  ///< without brackets
  std::uint16_t port = 4222;
  bool tls = false;  ///< asked for by its URL
  identity who;      ///< from its URL; empty for that of the options
  /// What its certificate must be for.
  std::string certified;
  bool discovered = false;

  /// "host:port".
  [[nodiscard]] std::string name() const;
};

/// "nats://user:password@host:4222", "nats://token@host", "tls://host", "host:port", "host".
///
/// *Errors*: `invalid_url`; the text in it holds no password.
[[nodiscard]] result<server> parse_server(std::string_view url);

/// "nats://a,nats://b": at least one. *Errors*: those of `parse_server`.
[[nodiscard]] result<std::vector<server>> parse_servers(std::string_view list);

/// Goes through the servers in turn. There is a pause only once each of them has failed since the
/// last success, and then before each further one; it grows as `reconnect_pace` has it.
class server_pool {
 public:
  /// There must be one at least.
  server_pool(std::vector<server> configured, reconnect_pace pace) noexcept
      : all_(std::move(configured)), pace_(pace) {}

  /// Puts them into an order of its own, so that clients of one cluster spread over it.
  void shuffle(random_source& random) noexcept;

  [[nodiscard]] const server& current() const noexcept { return all_[at_]; }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  /// Not before then.
  [[nodiscard]] time_point not_before() const noexcept;

  /// The current one could not be connected to, or broke off before it was of any use: the next
  /// one's turn.
  void failed(time_point now, random_source& random) noexcept;
  /// Whether every server has failed since the last success.
  [[nodiscard]] bool all_failed() const noexcept { return failures_ >= all_.size(); }
  /// The current one is of use.
  void succeeded() noexcept;
  /// The current one was of use and is gone, or is about to go: the next one's turn.
  void left() noexcept;

  /// What INFO of the current one says: those that are new come in, those discovered before that
  /// are not in it go. At most 64 are known; what cannot be read is passed over.
  void announced(const std::vector<std::string>& urls);

 private:
  void advance() noexcept { at_ = (at_ + 1) % all_.size(); }

  std::vector<server> all_;
  reconnect_pace pace_;
  std::size_t at_ = 0;
  std::size_t failures_ = 0;  // in a row
};

}  // namespace fairlead::detail::nats
