// SPDX-License-Identifier: BSL-1.0
// One connection of a server, step by step, without suspending: what the server's coroutine asks
// between its waits.
#pragma once

#include "body_encoder.hpp"
#include "message_writer.hpp"
#include "server_state.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/http/body_reader.hpp>
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
  handle,      ///< run `target()` on `request()`, then `take_answer` and `respond`, or `threw`
  stream,      ///< run the source of `answer()`, then `streamed`
  upgrade,     ///< the connection is another's now: `hand_over`
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
  /// True as long as nothing has ever come. Its first request may be under way, and unlike the next
  /// one on an idle connection, clients do not send that again by themselves.
  [[nodiscard]] bool fresh() const noexcept { return phase_ == phase::fresh; }
  /// When the wait that begins now must be over: because the current phase must be, or since the
  /// client is too slow. The first time that it is asked for, the time of the phase begins.
  [[nodiscard]] time_point limit();
  /// The same, but soon.
  void hurry();

  [[nodiscard]] http::handler& target() const noexcept { return *memory_->route.target; }
  [[nodiscard]] http::request& request() noexcept { return memory_->request; }
  [[nodiscard]] const http::response& answer() const noexcept { return memory_->answer; }
  [[nodiscard]] duration handler_timeout() const noexcept;
  /// The context for what answers the request, as a part of its trace.
  [[nodiscard]] context traced(const context& cx) const noexcept {
    return memory_->span ? memory_->span->under(cx) : cx;
  }
  [[nodiscard]] const rate_floor& min_body_rate() const noexcept;
  [[nodiscard]] const server_options& options() const noexcept { return shared_.options; }
  /// The handler's outcome; `respond` sends it on its way.
  void take_answer(result<response>&& answer) noexcept;
  [[nodiscard]] session_step respond();
  /// The handler threw.
  [[nodiscard]] session_step threw(std::string_view what);

  /// What the body of `answer()` is to be encoded with.
  [[nodiscard]] body_encoder encoder() const noexcept;
  /// How the source of `answer()` has ended.
  enum class stream_end : std::uint8_t {
    whole,
    unsent,  ///< in an error, and nothing has left: there is still time to say so
    broken,  ///< in an error
    lost,    ///< the client did not take it
  };
  [[nodiscard]] session_step streamed(stream_end how, result<void>&& outcome);
  /// The source threw.
  [[nodiscard]] session_step stream_threw(stream_end how, std::string_view what);
  /// Bytes of the streamed body, without their framing; said before those two.
  void count_streamed(std::uint64_t bytes) noexcept { memory_->body_sent = bytes; }

  /// Who takes the connection over, and the connection. Nothing else may be called afterwards.
  struct handed_over {
    std::shared_ptr<upgrade_handler> to;
    std::unique_ptr<net::stream> stream;
  };
  [[nodiscard]] handed_over hand_over();

  /// For a handler that reads the body as it arrives. Takes what is there of it.
  enum class body_step : std::uint8_t {
    piece,   ///< some of it is in `request().body()`
    wait,    ///< wait until readable
    end,     ///< there is no more
    failed,  ///< `body_failure()`
  };
  [[nodiscard]] body_step read_body();
  [[nodiscard]] error body_failure() const;
  /// The client took too long, or reading was given up: the connection is of no further use.
  enum class body_end : std::uint8_t { open, whole, refused, late, given_up, lost };
  void give_up_body(body_end why) noexcept { body_ = why; }
  /// Whether some of the body has not been read.
  [[nodiscard]] bool body_open() const noexcept { return body_ != body_end::whole; }
  /// "100 Continue" if the client waits for it and has not been sent it; else nothing.
  [[nodiscard]] std::string_view take_continue() noexcept;
  [[nodiscard]] const request_reader& reader() const noexcept { return memory_->reader; }

  /// While a handler runs: takes what the client sends meanwhile, as long as it fits into the first
  /// read buffer. `full`: it does not, so waiting for more is of no use; look again after a while.
  enum class sign : std::uint8_t { nothing, bytes, full, gone };
  [[nodiscard]] sign look() noexcept;

  /// Whether the client may still be sending what nobody will read, so that closing at once could
  /// destroy the answer on its way.
  [[nodiscard]] bool lingers() const noexcept { return lingers_; }

 private:
  enum class phase : std::uint8_t { fresh, idle, head, body, handling, writing, skipping };
  static constexpr std::size_t first_read = body_permit::free_of_charge;
  static constexpr std::size_t stream_read = 16 * 1024;
  static constexpr std::uint64_t most_skipped = 256 * 1024;

  void enter(phase p) noexcept;
  [[nodiscard]] time_point rate_limit(time_point now);
  void begin_request();
  void release() noexcept;
  void begin_span();
  void trim_body(std::size_t most) noexcept;
  [[nodiscard]] std::optional<session_step> parse();
  [[nodiscard]] session_step at_end();
  [[nodiscard]] std::optional<session_step> head_is_complete();
  [[nodiscard]] std::optional<session_step> find_route();
  [[nodiscard]] session_step dispatch();
  [[nodiscard]] session_step run_handler();
  [[nodiscard]] std::uint64_t max_body() const noexcept;
  [[nodiscard]] bool to_origin_form();
  [[nodiscard]] std::optional<session_step> refuse_stream();
  [[nodiscard]] bool body_in_the_way() noexcept;
  [[nodiscard]] session_step switch_protocols();
  [[nodiscard]] session_step skip_body();
  [[nodiscard]] session_step answered();
  [[nodiscard]] session_step next_request();
  [[nodiscard]] session_step write_failed();
  [[nodiscard]] session_step refuse();
  [[nodiscard]] session_step refuse_body();
  [[nodiscard]] session_step refuse_large_body();
  [[nodiscard]] session_step nobody_left();
  [[nodiscard]] session_step refuse(status s, std::string_view code, std::string_view message);
  enum class afterwards : std::uint8_t { keep_alive, close };
  [[nodiscard]] session_step respond_with(const error& failure);
  [[nodiscard]] session_step send(response&& r, afterwards then);
  [[nodiscard]] session_step send_answer(afterwards then);

  server_state& shared_;
  environment& env_;
  std::unique_ptr<net::stream> stream_;
  std::unique_ptr<session_memory> memory_;
  body_permit body_permit_;                // always covers the capacity of the request's body
  std::unique_ptr<body_reader> incoming_;  // for a handler that reads the body as it arrives
  std::uint64_t skipped_ = 0;
  gathered out_;
  time_point limit_ = no_deadline;
  phase phase_ = phase::fresh;
  bool limit_known_ = false;
  bool begun_ = false;    // the reader is set up for the next request
  bool interim_ = false;  // what is being written is "100 Continue"
  bool close_after_ = false;
  bool lingers_ = false;
  bool ended_ = false;         // the client sends no more
  bool continue_due_ = false;  // the client waits for "100 Continue"
  body_end body_ = body_end::whole;
  body_framing framing_ = body_framing::none;  // of the answer that is being sent
};

}  // namespace fairlead::http::detail
