// SPDX-License-Identifier: BSL-1.0
// A NATS client without its coroutines: which calls wait, which are out, who has subscribed, what
// goes over the connection and what comes back. Never suspends.
#pragma once

#include "detail/nats_call.hpp"
#include "detail/nats_protocol.hpp"
#include "detail/nats_servers.hpp"
#include "detail/request_table.hpp"

#include <fairlead/net/stream.hpp>
#include <fairlead/net/wait_slot.hpp>
#include <fairlead/port/message_inbox.hpp>
#include <fairlead/port/nats_client.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::detail::nats {

struct session;

/// One subscription.
struct entry final : message_inbox::owner {
  entry(std::weak_ptr<session> s, std::uint64_t number, const subscription_options& o)
      : client(std::move(s)), id(number), pattern(o.pattern()), group(o.queue_group()) {}
  void refuse(const broker_message& answer) override;
  void ended() noexcept override { leave(); }
  /// Gets no more messages.
  void leave() noexcept;

  std::weak_ptr<session> client;
  std::uint64_t id;
  std::string pattern;
  std::string group;
  std::optional<message_inbox> inbox;
  std::optional<error> refused;  // by the server
  bool off = false;              // no more messages are asked for
};

struct session {
  static constexpr std::string_view own_name = "nats_client";
  static constexpr std::uint64_t inbox_id = 1;       // of the subscription that answers come to
  static constexpr std::size_t most_unsent = 65536;  // bytes behind which calls wait

  /// `inbox` is where answers go: "_INBOX.x.".
  session(nats_options o, server_pool servers, std::string inbox);

  // A call, from its begin to its end.
  result<void> prepare(const context& cx, pending_call& o);
  void enter(pending_call& o);
  /// In place of `enter`: before all that waits. There must be a connection.
  void send_at_once(pending_call& o);
  void leave(pending_call& o) noexcept;
  /// Until when it is to be waited.
  [[nodiscard]] time_point until(const pending_call& o) const noexcept;
  /// Why a call ends that was woken by `why`, without an outcome; nothing when it does not.
  [[nodiscard]] std::optional<error> given_up(const context& cx, const pending_call& o,
                                              wake why) const;

  // Subscriptions.
  std::shared_ptr<entry> add_entry(const std::shared_ptr<session>& self,
                                   const subscription_options& o);
  /// Asks for no more messages, for good; it stays known until `remove_entry`.
  void unsubscribe(entry& e);
  void remove_entry(entry& e);
  /// Asks this server for no more messages, of any subscription.
  void say_farewell();

  // What goes out.
  /// A connection is there, and nothing was written to it beyond the greeting.
  void begin_line(net::stream& s, const server_info& info, time_point now);
  /// Sends what may be sent.
  void pump();
  /// Writes what the stream did not take at once.
  result<void> flush();
  /// Publishes now, or never: when the connection does not keep up, it is dropped.
  void publish_now(const broker_message& m);
  /// Closes the connection. The reader finds it closed, and ends what is to be ended.
  void break_line(error why);

  // What comes back.
  void take(const server_op& op, time_point now);
  /// Asks the server whether it lives, when it is time to; breaks the connection when it did not
  /// say so.
  void tick(time_point now);
  /// The connection is gone: what is on it ends, or waits for the next one.
  void end_line(time_point now, random_source& random);
  /// Could not connect.
  void connect_failed(error why, time_point now, random_source& random);
  void end_waiting(const error& why);
  void end_all() noexcept;

  /// Whether a connection is wanted.
  [[nodiscard]] bool wanted() const noexcept { return !waiting.empty() || !entries.empty(); }
  /// Whether nothing is under way any more on a connection that is to be left.
  [[nodiscard]] bool may_leave() const noexcept {
    return requests.size() == 0 && writing.empty() && pings_out.empty() && unsent.empty();
  }

  nats_options options;
  server_pool servers;
  std::string inbox;

  call_list waiting;
  std::size_t waiting_bytes = 0;
  call_list writing;    // publications
  call_list pings_out;  // flush and confirm
  request_table<pending_call> requests;
  std::size_t live = 0;  // calls in progress
  nats_client_stats counts;

  std::map<std::uint64_t, std::shared_ptr<entry>> entries;
  std::uint64_t next_id = inbox_id + 1;

  net::stream* line = nullptr;  // while something may be written to it
  server_info info;
  std::string unsent;  // what it did not take at once; `sent_of_it` bytes of that are done with
  std::size_t sent_of_it = 0;
  std::uint64_t written = 0;  // bytes that the connection took
  std::string head;           // memory for what goes before a payload
  std::string answers;        // memory for where the answer to one request goes
  std::uint64_t pings = 0;    // asked
  std::uint64_t pongs = 0;    // answered
  std::size_t pongs_unsent = 0;
  std::uint64_t keepalive = 0;  // which ping asks whether it lives
  time_point next_tick;
  time_point begun;
  bool useful = false;     // a message came on it
  bool lame_duck = false;  // it is to be left
  std::optional<error> broken;
  std::optional<error> said;  // the last -ERR
  std::optional<error> last_failure;

  net::wait_slot work;      // the client's task, for something to connect for
  net::wait_slot to_write;  // its second one, for bytes
  net::wait_slot to_leave;  // its third one, for the announcement
  waiter_queue enders;      // who waits for `live` to be 0, or for `ended`
  bool draining = false;    // nobody may subscribe any more
  bool closing = false;     // nor call
  bool ended = false;

 private:
  [[nodiscard]] std::size_t backlog() const noexcept { return unsent.size() - sent_of_it; }
  [[nodiscard]] bool can_send() const noexcept;
  [[nodiscard]] error in_pause(time_point now) const;
  void end_impatient(time_point now);
  [[nodiscard]] result<void> fits(const broker_message& m) const;
  void send(pending_call& o);
  void send_pieces(std::string_view payload, std::string_view end);
  void say(std::string_view text);
  void say_unsubscribe(const entry& e);
  void settle();
  void take_message(const server_op& op);
  void take_answer(const server_op& op);
  void take_error(std::string_view reason);
  void take_pong(time_point now);
  void take_info(std::string_view text);
  [[nodiscard]] static result<broker_message> message_of(const server_op& op);
};

}  // namespace fairlead::detail::nats
