// SPDX-License-Identifier: BSL-1.0
// What a handler reads the body of its request from, while it arrives.
#pragma once

#include <fairlead/http/body_reader.hpp>

#include <memory>

namespace fairlead::http::detail {

class session;

/// Reads through `s`, which must outlive it, and answers for the client's "Expect".
[[nodiscard]] std::unique_ptr<body_reader> make_body_reader(session& s);

}  // namespace fairlead::http::detail
