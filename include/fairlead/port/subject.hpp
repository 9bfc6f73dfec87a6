// SPDX-License-Identifier: BSL-1.0
// What messages of a broker are addressed to: subjects, and patterns of them.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstddef>
#include <string_view>

namespace fairlead {

/// Subjects are tokens with dots between them, as in NATS: "orders.eu.created". In a pattern, a
/// token `*` stands for any one token, and `>` as the last one for one or more. A star that is only
/// a part of a token is a plain character.
///
/// Tokens are not empty and hold no white space, control characters or bytes above 126, so that
/// every broker and every log reads the same. Case matters. At most this many bytes.
inline constexpr std::size_t longest_subject = 1024;

/// Nothing, or why nothing can be published to `subject`. *Errors*: `invalid_argument`.
[[nodiscard]] result<void> check_subject(std::string_view subject);

/// Nothing, or why `pattern` cannot be subscribed to. *Errors*: `invalid_argument`.
[[nodiscard]] result<void> check_subject_pattern(std::string_view pattern);

/// Nothing, or why members cannot share messages under this name: it must be 1 to 256 bytes without
/// white space, control characters or bytes above 126. *Errors*: `invalid_argument`.
[[nodiscard]] result<void> check_queue_group(std::string_view name);

/// Whether what is published to `subject` goes to subscribers of `pattern`. Both must be valid.
///
/// *Example*: `subject_matches("orders.*.created", "orders.eu.created")`
[[nodiscard]] bool subject_matches(std::string_view pattern, std::string_view subject) noexcept;

}  // namespace fairlead
