// SPDX-License-Identifier: BSL-1.0
// One request and its response, step by step, without suspending: what the client's coroutine asks
// between its waits.
#pragma once

#include "body_decoding.hpp"
#include "message_reader.hpp"
#include "message_writer.hpp"
#include "read_window.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/http/client_options.hpp>
#include <fairlead/http/codec.hpp>
#include <fairlead/http/proxy.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// The memory of one exchange, used again by the next.
struct exchange_memory {
  read_window in;
  std::string head;
  std::string target;
  std::optional<url> elsewhere;  ///< of a call that does not go to the base URL as it is
  response answer;
  std::string decoded;  ///< of the answer's body, which holds the encoded form then
  response_reader reader;
};

/// Where a call goes.
struct destination {
  const url* to = nullptr;     ///< for connecting; host, port and scheme count
  std::string_view target;     ///< path and query
  const proxy* via = nullptr;  ///< the proxy that is asked for it in absolute-form
};

/// What to do next.
enum class next_step : std::uint8_t {
  wait_write,
  wait_read,
  read,      ///< the request is out
  body,      ///< the head is out, and a body is to be made and sent
  head,      ///< the head of the response is in, and the rest is read in pieces
  piece,     ///< some of the body is in the response
  finished,  ///< the response is complete
  failed,    ///< see `failure()`
};

/// How far a response is read.
enum class delivery : std::uint8_t {
  whole,     ///< to its end
  pieces,    ///< its head; then `read_piece` for each piece of its body
  switched,  ///< to the end of a 101, after which the connection speaks another protocol
};

/// What becomes of a response whose head is in.
enum class head_verdict : std::uint8_t {
  take,
  skip,  ///< its body is of no interest, and only read for the sake of the connection
};

/// Sees the head of every final response before the body is read.
class head_watcher {
 public:
  head_watcher() = default;
  head_watcher(const head_watcher&) = delete;
  head_watcher& operator=(const head_watcher&) = delete;
  virtual head_verdict on_head(response& head) = 0;

 protected:
  ~head_watcher() = default;
};

class exchange {
 public:
  exchange(exchange_memory& memory, const client_options& options, const headers& defaults,
           http::request& r, destination d, answer_rule rule) noexcept
      : m_(memory), options_(options), defaults_(defaults), request_(r), to_(d), rule_(rule) {}

  /// Without it: `whole`, and the limit of the options.
  void deliver(delivery how, std::uint64_t max_body) noexcept {
    delivery_ = how;
    max_body_ = max_body;
  }

  /// Undoes the content coding of a response, where it is a known one.
  void undo_codings() noexcept { decodes_ = true; }
  /// Somebody who must outlive it.
  void watch(head_watcher* by) noexcept { watcher_ = by; }

  /// Before the first byte on a connection.
  void begin();
  /// Writes what can be written now: `wait_write`, `read`, `body` or `failed`.
  [[nodiscard]] next_step write(net::stream& s);

  // While a body is being sent.

  /// Whether the server is asked for its consent first (Expect: 100-continue).
  [[nodiscard]] bool expects() const noexcept { return expects_; }
  /// Whether it was given.
  [[nodiscard]] bool consented() const noexcept { return consented_; }
  /// Takes in what the peer says meanwhile. `body`: no reason to stop; otherwise the answer has
  /// come, and no more is sent: `read`, `head`, `finished`, `failed`.
  [[nodiscard]] next_step listen(net::stream& s);
  /// False once there is nothing more to hear before the body has been sent.
  [[nodiscard]] bool may_listen() const noexcept { return !early_; }
  /// True when the head of the answer is here.
  [[nodiscard]] bool head_is_in() const noexcept;
  /// Bytes left.
  void wrote(std::size_t n) noexcept { wrote_ = wrote_ || n > 0; }
  /// The peer may have answered and closed without reading everything; then its answer counts.
  [[nodiscard]] next_step write_failed(net::stream& s, const error& broke);
  /// All of the body was sent: `read`, or what an early answer has come to.
  [[nodiscard]] next_step sent_all() noexcept;
  /// What a good answer that came before the body was sent has come to: `head`, or `finished` where
  /// it is read whole.
  [[nodiscard]] next_step early_step() const noexcept;

  /// Reads what is there now: `wait_read`, `head`, `finished` or `failed`.
  [[nodiscard]] next_step read(net::stream& s) { return read(s, attempts::worthwhile); }
  /// Forgets the piece before, and gives the next: `piece`, `wait_read`, `finished` or `failed`.
  [[nodiscard]] next_step read_piece(net::stream& s);
  /// The same from bytes that are here already; what is not among them is `wait_read`.
  [[nodiscard]] next_step next_piece();

  /// Why it failed, with stage and sent; the URL is not in it yet.
  [[nodiscard]] const error& failure() const noexcept { return *failure_; }
  /// Takes an error that came from a wait in place of a failure of its own.
  [[nodiscard]] error interrupted(const error& e) const;

  [[nodiscard]] bool wrote_any() const noexcept { return wrote_; }
  [[nodiscard]] bool answered() const noexcept { return answered_; }
  /// True when the connection broke or ended; never for what the peer said or a limit of ours.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  /// Whether the connection can carry another exchange; once finished.
  [[nodiscard]] bool reusable() const noexcept;
  /// What came last, after `piece`.
  [[nodiscard]] std::string_view piece() const noexcept {
    return decoding_.active() ? m_.decoded : m_.answer.body();
  }
  [[nodiscard]] bool switched() const noexcept { return delivery_ == delivery::switched; }
  /// True once the message has ended, though its last piece may not have been taken.
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] const response_reader& reader() const noexcept { return m_.reader; }
  /// The bytes behind the response, which nobody has understood.
  [[nodiscard]] std::string_view left_over() const noexcept { return m_.in.bytes(); }

  /// True when the response's body was cut off at the limit for errors.
  [[nodiscard]] bool cut() const noexcept { return m_.reader.cut(); }

 private:
  enum class attempts : std::uint8_t { worthwhile, all };
  static constexpr std::size_t first_read = 16 * 1024;
  static constexpr std::uint64_t most_dropped = 64 * 1024;  // to keep a connection
  static constexpr int most_interim = 32;                   // 1xx responses before the real one

  [[nodiscard]] next_step read(net::stream& s, attempts which);
  [[nodiscard]] bool wants_consent() const;
  [[nodiscard]] bool asked_to_close() const noexcept;
  [[nodiscard]] next_step fill(net::stream& s);
  void begin_response();
  [[nodiscard]] bool rest_is_too_much() const noexcept;
  [[nodiscard]] next_step parse();
  [[nodiscard]] next_step head_is_complete();
  [[nodiscard]] next_step interim_is_complete();
  [[nodiscard]] next_step at_end();
  [[nodiscard]] bool is_error() const noexcept;
  void start_decoding();
  [[nodiscard]] next_step unpack();
  [[nodiscard]] next_step ended_well();
  [[nodiscard]] next_step next_decoded_piece();
  [[nodiscard]] next_step decoding_failed(body_decoding::outcome why);
  [[nodiscard]] next_step ends_early();
  [[nodiscard]] next_step fail_with(const error& e, error_stage stage);
  [[nodiscard]] next_step stream_failed(const error& e);
  [[nodiscard]] error parse_error() const;
  [[nodiscard]] error_stage stage() const noexcept;
  [[nodiscard]] error_sent sent() const noexcept;

  exchange_memory& m_;
  const client_options& options_;
  const headers& defaults_;
  http::request& request_;
  destination to_;
  answer_rule rule_;
  delivery delivery_ = delivery::whole;
  head_watcher* watcher_ = nullptr;
  bool decodes_ = false;
  body_decoding decoding_;
  std::uint64_t max_body_ = options_.max_body();
  gathered out_;
  bool makes_body_ = false;  // after the head, by a source or with consent
  bool expects_ = false;
  bool consented_ = false;
  bool early_ = false;  // a good answer, or its head, came before the body was sent
  std::optional<error> failure_;
  int interim_ = 0;
  bool wrote_ = false;
  bool written_ = false;
  bool answered_ = false;
  bool broken_ = false;
  bool ended_ = false;
  bool abandoned_ = false;  // finished without the rest of the body
  bool complete_ = false;
  bool decoded_enough_ = false;  // the rest of an error's body is dropped
};

}  // namespace fairlead::http::detail
