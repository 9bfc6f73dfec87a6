// SPDX-License-Identifier: BSL-1.0
// The short way through a head: read at once when it has the form that nearly every peer sends.
#pragma once

#include "message_access.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::http::detail {

/// Where the body of a message with a plain head is, and what becomes of the connection.
struct plain_head {
  std::size_t size = 0;     ///< bytes of the head with its empty line; 0: it is not plain
  std::uint64_t body = 0;   ///< bytes that follow
  bool has_length = false;  ///< Content-Length said so
  bool closes = false;      ///< "Connection: close"
};

/// Reads the head at the front of `bytes` into `into` if it is plain: there as a whole, HTTP/1.1,
/// each field as "Name: value" with nothing else around it, at most `most_fields` of them, one Host
/// in a request; and what follows is told by Content-Length alone.
///
/// It never refuses: whatever is not plain, unusual or wrong, leaves `into` without fields and is
/// for the parser, which takes what is plain in the same way.
[[nodiscard]] plain_head read_plain_head(std::string_view bytes, std::size_t most_fields,
                                         const request_access& into);
[[nodiscard]] plain_head read_plain_head(std::string_view bytes, std::size_t most_fields,
                                         const response_access& into);

}  // namespace fairlead::http::detail
