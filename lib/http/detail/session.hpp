// SPDX-License-Identifier: BSL-1.0
// One connection of a server, step by step, without suspending: what the server's coroutine asks
// between its waits.
#pragma once

#include "message_writer.hpp"
#include "server_state.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/net/stream.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace fairlead::http::detail {

/// What to do next.
enum class session_step : std::uint8_t {
  read,        ///< call `read`
  wait_read,   ///< wait until readable, at most until `limit()`, then `read`
  wait_write,  ///< wait until writable, at most until `limit()`, then `write`
  handle,      ///< run `target()` on `request()`, then `respond` or `fail`
  close,       ///< it is over; first `linger` if `lingers()`
};

class session {
 public:
  session(server_state& shared, environment& env, std::unique_ptr<net::stream> s) noexcept;
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  [[nodiscard]] net::stream& stream() noexcept { return *stream_; }

  /// Takes what is there: `wait_read`, `wait_write`, `handle` or `close`.
  [[nodiscard]] session_step read();
  /// Goes on writing: `read`, `wait_write` or `close`.
  [[nodiscard]] session_step write();
  /// A wait ended without the stream being ready.
  [[nodiscard]] session_step gave_up(const error& why);

  /// True between requests, when nothing of the next one has come: the connection may be closed
  /// at any time then.
  [[nodiscard]] bool idle() const noexcept { return phase_ == phase::idle; }
  /// When the current phase must be over; made when it is first asked for.
  [[nodiscard]] time_point limit();

  [[nodiscard]] http::handler& target() const noexcept { return *target_; }
  [[nodiscard]] http::request& request() noexcept { return memory_->request; }
  /// The handler's outcome, on its way out.
  [[nodiscard]] session_step respond(result<response>&& answer);
  /// The handler threw.
  [[nodiscard]] session_step threw(std::string_view what);

  /// While a handler runs: takes what the client sends meanwhile, as long as it fits into the first
  /// read buffer. `full`: it does not, so waiting for more is of no use; look again after a while.
  enum class sign : std::uint8_t { nothing, bytes, full, gone };
  [[nodiscard]] sign look() noexcept;

  /// Whether the client may still be sending what nobody will read, so that closing at once could
  /// destroy the answer on its way.
  [[nodiscard]] bool lingers() const noexcept { return lingers_; }

 private:
  enum class phase : std::uint8_t { fresh, idle, head, body, handling, writing };
  static constexpr std::size_t first_read = body_permit::free_of_charge;

  void enter(phase p) noexcept;
  void begin_request();
  void release() noexcept;
  void trim_body(std::size_t most) noexcept;
  [[nodiscard]] std::optional<session_step> parse();
  [[nodiscard]] session_step at_end();
  [[nodiscard]] std::optional<session_step> head_is_complete();
  [[nodiscard]] session_step dispatch();
  [[nodiscard]] bool to_origin_form();
  [[nodiscard]] session_step refuse();
  [[nodiscard]] session_step refuse_body();
  [[nodiscard]] session_step refuse(status s, std::string_view code, std::string_view message);
  enum class afterwards : std::uint8_t { keep_alive, close };
  [[nodiscard]] session_step send(response&& r, afterwards then);

  server_state& shared_;
  environment& env_;
  std::unique_ptr<net::stream> stream_;
  std::unique_ptr<session_memory> memory_;
  body_permit body_permit_;  // always covers the capacity of the request's body
  http::handler* target_ = nullptr;
  gathered out_;
  time_point limit_ = no_deadline;
  phase phase_ = phase::fresh;
  bool limit_known_ = false;
  bool begun_ = false;    // the reader is set up for the next request
  bool interim_ = false;  // what is being written is "100 Continue"
  bool close_after_ = false;
  bool lingers_ = false;
  bool ended_ = false;  // the client sends no more
};

}  // namespace fairlead::http::detail
