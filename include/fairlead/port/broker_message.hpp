// SPDX-License-Identifier: BSL-1.0
// What goes through a broker: a subject, headers, bytes, and where an answer is to go.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead {

/// A name with its value. Names may come more than once; their case matters.
struct message_header {
  std::string name;
  std::string value;

  friend bool operator==(const message_header&, const message_header&) = default;
};

/// A message of a broker.
///
/// *Thread safety*: a value.
///
/// *Example*:
/// ```cpp
/// auto created = broker_message("orders.created", R"({"id": 7})").header("traceparent", trace);
/// ```
class broker_message {
 public:
  broker_message() = default;
  explicit broker_message(std::string subject, std::string payload = {})
      : subject_(std::move(subject)), payload_(std::move(payload)) {}

  broker_message& subject(std::string to) {
    subject_ = std::move(to);
    return *this;
  }
  /// Any bytes.
  broker_message& payload(std::string bytes) {
    payload_ = std::move(bytes);
    return *this;
  }
  /// Adds one; names that are there stay.
  broker_message& header(std::string name, std::string value) {
    headers_.push_back({std::move(name), std::move(value)});
    return *this;
  }
  /// The subject to which an answer is published; empty for none.
  broker_message& reply_to(std::string subject) {
    reply_to_ = std::move(subject);
    return *this;
  }

  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] const std::string& payload() const noexcept { return payload_; }
  [[nodiscard]] const std::vector<message_header>& headers() const noexcept { return headers_; }
  [[nodiscard]] const std::string& reply_to() const noexcept { return reply_to_; }

  /// The value of the first header of that name. Valid until the message is changed.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;

  /// Bytes of payload and headers, as limits count them: each header is name, value and 4.
  [[nodiscard]] std::size_t size() const noexcept;

  friend bool operator==(const broker_message&, const broker_message&) = default;

 private:
  std::string subject_;
  std::string reply_to_;
  std::vector<message_header> headers_;
  std::string payload_;
};

/// Headers of one message, at most.
inline constexpr std::size_t most_message_headers = 100;

/// Nothing, or why no broker can carry `m`: its subjects, see subject.hpp; a header whose name is
/// not made of letters, digits and ``!#$%&'*+-.^_`|~``, or whose value begins or ends with a blank
/// or holds control characters other than tabs; more than 100 headers.
///
/// *Errors*: `invalid_argument`, `too_large`.
[[nodiscard]] result<void> check_message(const broker_message& m);

}  // namespace fairlead
