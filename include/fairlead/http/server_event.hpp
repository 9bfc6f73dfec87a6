// SPDX-License-Identifier: BSL-1.0
// Server-sent events (the HTML standard, section 9.2): what one is, read and written.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::http {

/// One event. Views: valid until the reader is asked for the next one.
struct server_event {
  /// "message" when the sender gave none.
  std::string_view type = "message";
  std::string_view data = {};
  /// The last id that was given, by this event or by one before it; empty for none.
  std::string_view id = {};
};

/// `e` as it travels. Data of several lines becomes several lines of data; a type or an id that
/// could break out of its line is refused.
///
/// *Errors*: `invalid_argument` for a line break in the type, a line break or NUL in the id.
[[nodiscard]] result<std::string> format_event(const server_event& e);

/// Reads events from text in pieces, as the standard says: LF, CR and CR LF end a line, a byte
/// order mark at the start is dropped, fields that are unknown and comments are passed over.
///
/// *Thread safety*: none.
class event_parser {
 public:
  /// `limit` bounds one event, in bytes of its lines. Default 1 MiB. `last_id` is the one that
  /// events have until one is given.
  explicit event_parser(std::size_t limit = std::size_t{1} << 20U, std::string last_id = {})
      : limit_(limit), id_(last_id), last_id_(std::move(last_id)) {}

  /// Takes from the front of `text`, which is shortened, until an event is complete; nothing when
  /// all was taken.
  ///
  /// *Errors*: `too_large`; the stream is of no use then.
  [[nodiscard]] result<std::optional<server_event>> next(std::string_view& text);

  /// For a new connection: half an event is forgotten, the last id stays.
  void restart() noexcept;

  /// What to send as Last-Event-ID when the connection has to be made again.
  [[nodiscard]] const std::string& last_id() const noexcept { return last_id_; }
  /// How long the sender wants others to wait before they connect again; nothing unless it said so.
  [[nodiscard]] std::optional<duration> retry() const noexcept { return retry_; }

 private:
  // A line is complete: true when it ends an event that has data.
  [[nodiscard]] bool take_line();
  void set_field(std::string_view name, std::string_view value);

  std::size_t limit_;
  std::string line_;
  std::string data_;
  std::string type_;
  std::string id_;  // of the event that is being read; becomes the last one when it is complete
  std::string last_id_;
  std::optional<duration> retry_;
  bool has_data_ = false;
  bool given_ = false;     // data_ and type_ are being looked at
  bool after_cr_ = false;  // a LF now belongs to the line before
  bool begun_ = false;     // something has come: no byte order mark any more
};

}  // namespace fairlead::http
