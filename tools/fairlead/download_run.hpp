// SPDX-License-Identifier: BSL-1.0
// A response that goes to a file as it arrives.
#pragma once

#include "exchange.hpp"

#include <fairlead/http/download.hpp>

#include <utility>

namespace fairlead::cli {

/// What came of it, and how long it took.
struct download_outcome {
  explicit download_outcome(result<http::downloaded> what) : done(std::move(what)) {}

  result<http::downloaded> done;
  exchange_times times;
};

/// Fetches the plan's URL into its file. Without a timeout that was asked for, the download may
/// take any time, and ends when nothing has come for as long as the default.
///
/// *Errors*, in `done`: those of `http::download`; `timeout` (scope idle or total).
[[nodiscard]] task<download_outcome> run_download(context& cx, const prepared_exchange& what,
                                                  http::progress_callback progress);

}  // namespace fairlead::cli
