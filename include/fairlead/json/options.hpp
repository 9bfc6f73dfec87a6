// SPDX-License-Identifier: BSL-1.0
// What decoding accepts, and how much of it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fairlead::json {

/// What happens to members that the C++ type does not have.
enum class unknown_members : std::uint8_t {
  ignore,  ///< skip them, so that a peer may grow its messages (the default)
  refuse,  ///< a typed error that names the member: for configuration files
};

/// What happens when an object has the same member twice.
enum class duplicate_members : std::uint8_t {
  refuse,     ///< a typed error: two readers that pick different ones disagree (the default)
  last_wins,  ///< as JavaScript does
};

/// Limits and tolerances of `decode`. A plain value; every combination but those named is valid.
struct decode_options {
  /// Members that the type does not describe.
  unknown_members unknown = unknown_members::ignore;

  /// Members given twice in a described object or a map. Not looked at inside skipped members and
  /// inside `boost::json::value`, which keeps the last.
  duplicate_members duplicates = duplicate_members::refuse;

  /// Levels of arrays and objects, skipped ones included. 1 to 1000; anything else makes `decode`
  /// answer `invalid_argument`. Default 100: deeper than messages are, far from the stack's end.
  std::size_t max_depth = 100;

  /// Bytes of text; more is `too_large`, found before anything is read. Default: no limit, since
  /// the text is in memory already; whoever receives it (the HTTP server: 1 MiB) limits it there.
  std::size_t max_size = SIZE_MAX;
};

}  // namespace fairlead::json
