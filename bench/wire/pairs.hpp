// SPDX-License-Identifier: BSL-1.0
// The contestants: a client and a server each, doing the same keep-alive GETs of a JSON body.
#pragma once

#include "meter.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace wire {

/// What `GET /items` answers: about `bytes` bytes of JSON.
[[nodiscard]] std::string make_body(std::size_t bytes);

/// Tells the other process where the server listens; call it once.
using announce = std::function<void(std::uint16_t port)>;

/// A client and a server that never meet any other kind. Each runs in a process of its own.
struct pair {
  std::string_view name = {};
  std::string_view what = {};  ///< for the reader of the table
  /// Serves any number of connections (`blocking_sockets`: one after the other) until the process
  /// is ended.
  void (*serve)(std::size_t body_bytes, const announce& at) = nullptr;
  /// Asks over so many connections at a time, `meter::more` times in all, and gives the meter each
  /// body's size.
  void (*ask)(std::uint16_t port, meter& m, std::size_t connections) = nullptr;
};

/// Plain system calls on a blocking socket: the floor for one connection.
extern const pair blocking_sockets;
/// One epoll for all connections, level-triggered: the floor for many, and what an event loop
/// cannot do without for one.
extern const pair epoll_sockets;
/// `ip::tcp::socket` and `use_awaitable`, with a parser by hand: what a user of Asio writes.
extern const pair asio_coroutines;
/// `http::client` and `http::server`; the body travels as text, as it does for the others.
extern const pair fairlead_text;
/// The same with the body encoded from a struct and decoded into one: more work than the others.
extern const pair fairlead_typed;

[[nodiscard]] std::span<const pair* const> all_pairs();

}  // namespace wire
