// SPDX-License-Identifier: BSL-1.0
#include "download_run.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>

#include <utility>

namespace fairlead::cli {

namespace {

// One attempt, which is given up when nothing has come for too long: no answer, no next piece.
class watched_download {
 public:
  watched_download(http::client& client, const prepared_exchange& what,
                   const http::progress_callback& progress, exchange_times& times)
      : client_(client), what_(what), progress_(progress), times_(times) {}

  task<result<http::downloaded>> run(context& cx) {
    begun_ = last_ = cx.now();
    stalled_ = false;
    times_.first_byte = duration::zero();
    times_.reused = true;  // until an exchange says otherwise
    cancel_scope own(cx);
    auto both = [&](task_scope& beside) -> task<result<http::downloaded>> {
      beside.spawn([&](context& inner) { return watch(inner, own); });
      auto done = co_await http::download(own, client_, what_.plan.url, *what_.plan.output_file,
                                          options(own));
      beside.cancel();
      co_return done;
    };
    auto outcome = co_await with_scope(cx, both);
    if (!outcome && stalled_) {
      const auto& cut_off = outcome.error();
      error e(errors::timeout{what_.plan.url, what_.plan.timeout, timeout_scope::idle});
      e.at(cut_off.stage()).with_sent(cut_off.sent()).mark_repeatable();
      co_return fail(std::move(e));
    }
    co_return outcome;
  }

 private:
  http::download_options options(const context& cx) {
    http::download_options out;
    out.continue_with(what_.plan.resume ? http::resume::when_unchanged : http::resume::never);
    if (what_.plan.timeout_given && what_.around.layers().empty()) {
      out.timeout(what_.plan.timeout);
    }
    out.progress([this, &cx](std::uint64_t bytes, std::uint64_t total) {
      last_ = cx.now();
      if (times_.first_byte == duration::zero()) {
        times_.first_byte = last_ - begun_;
      }
      if (progress_) {
        progress_(bytes, total);
      }
    });
    return out;
  }

  task<void> watch(context& cx, cancel_scope& download) {
    while (!what_.plan.timeout_given) {
      const auto until = last_ + what_.plan.timeout;
      const auto slept = co_await sleep_until(cx, until);
      if (!slept) {
        co_return;
      }
      if (cx.now() - last_ >= what_.plan.timeout) {
        stalled_ = true;
        download.cancel();
        co_return;
      }
    }
  }

  http::client& client_;
  const prepared_exchange& what_;
  const http::progress_callback& progress_;
  exchange_times& times_;
  time_point begun_{};
  time_point last_{};
  bool stalled_ = false;
};

}  // namespace

task<download_outcome> run_download(context& cx, const prepared_exchange& what,
                                    http::progress_callback progress) {
  exchange_times times;
  auto client = client_for(cx.env(), what, times);
  if (!client) {
    co_return download_outcome(fail(client.error()));
  }
  watched_download one(*client, what, progress, times);
  const auto begun = cx.now();
  const auto fetch = [&](context& inner) { return one.run(inner); };
  auto fetched = co_await what.around.run(cx, fetch);
  if (!fetched) {
    fetched.error().with_target(what.plan.url);
  }
  download_outcome out(std::move(fetched));
  times.total = cx.now() - begun;
  out.times = times;
  co_return out;
}

}  // namespace fairlead::cli
