// SPDX-License-Identifier: BSL-1.0
// The coroutine type of fairlead: Asio's own, so that your coroutines await ours and ours await
// yours.
#pragma once

#include <fairlead/core/config.hpp>

#include <boost/asio/awaitable.hpp>

namespace fairlead {

/// A lazily started coroutine: `boost::asio::awaitable<T>`.
///
/// Awaiting it runs it on the executor of the awaiting coroutine. It is not copyable and is awaited
/// at most once. There is deliberately no second coroutine ecosystem.
template <class T = void>
using task = boost::asio::awaitable<T>;

}  // namespace fairlead
