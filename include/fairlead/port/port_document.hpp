// SPDX-License-Identifier: BSL-1.0
// An exported port, read back: calls of operations that are known only when the program runs.
#pragma once

#include <fairlead/json/schema_validator.hpp>
#include <fairlead/port/transport.hpp>

#include <tl/expected.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead {

/// The operations of a port as `export_port` wrote them.
///
/// *Thread safety*: a value; copies share what was read.
///
/// *Example*:
/// ```cpp
/// auto port = port_document::read(text);
/// const auto* get = port->find("get_user");
/// auto reply = co_await port->call(cx, *line, *get, R"({"id": 42})");
/// ```
class port_document {
 public:
  /// One operation. Lives as long as a copy of the document.
  struct operation {
    std::string name;
    std::string path;
    operation_info what;  ///< views of those
    duration timeout{};   ///< 0: none of its own
    json::schema_validator request;
    std::optional<json::schema_validator> response;  ///< of an item, when it is a stream
  };

  /// The error says in one line what is wrong, and where.
  [[nodiscard]] static tl::expected<port_document, std::string> read(std::string_view text);

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::string& version() const noexcept;
  /// The names of all operations, in the order of the document.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Null when there is none of that name.
  [[nodiscard]] const operation* find(std::string_view name) const noexcept;

  /// Calls an operation that is answered with one value, or none; both are validated.
  ///
  /// *Errors*: `serialization_error`, not sent, for a request that the schema refuses, and with
  /// stage body for a reply; `invalid_argument` for an operation that is answered otherwise; those
  /// of the transport. `timeout` after the operation's own limit.
  [[nodiscard]] static task<result<std::string>> call(context& cx, transport& by,
                                                      const operation& what,
                                                      std::string_view request);
  /// The same for any operation: `to` gets the items of a stream, or the one value of another; no
  /// value for one that has none.
  [[nodiscard]] static task<result<void>> call_each(context& cx, transport& by,
                                                    const operation& what, std::string_view request,
                                                    item_writer<std::string>& to);

 private:
  struct content;
  explicit port_document(std::shared_ptr<const content> c) noexcept : content_(std::move(c)) {}

  std::shared_ptr<const content> content_;
};

}  // namespace fairlead
