// SPDX-License-Identifier: BSL-1.0
// How Asio is told that a loop is one thread's.
#pragma once

#include <boost/asio/detail/concurrency_hint.hpp>

namespace fairlead::detail {

/// For an `io_context` that only one thread runs and on whose sockets only that thread works: they
/// are not locked. Work may still be posted to it from any thread, timers and name look-ups locked.
inline constexpr int one_thread = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

}  // namespace fairlead::detail
