// SPDX-License-Identifier: BSL-1.0
#include "one_thread.hpp"

#include <fairlead/core/run.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

namespace fairlead::detail {

void run_loop(const run_options& options, task<void> (*body)(void* state, context& cx),
              void* state) {
  boost::asio::io_context loop(one_thread);
  auto& env = environment::of(loop.get_executor());
  cancel_scope root(env);
  std::optional<boost::asio::signal_set> signals;
  if (options.handle_signals) {
    signals.emplace(loop, SIGINT, SIGTERM);
    signals->async_wait([&](const boost::system::error_code& ec, int) {
      if (!ec) {
        signals.reset();  // the next signal takes its usual course
        root.cancel();
      }
    });
  }
  child_group group(root);
  group.start(body(state, group.scope()));
  if (group.running() > 0) {
    group.when_idle([](void* l) { static_cast<boost::asio::io_context*>(l)->stop(); }, &loop);
    loop.run();
    if (group.running() > 0) {
      std::fputs("fairlead: the main task waits, and nothing can ever wake it\n", stderr);
      std::terminate();
    }
  }
  env.cancel_background();
  while (env.running_in_background() > 0) {
    loop.restart();
    loop.run_one();
  }
  if (const auto thrown = group.take_exception()) {
    std::rethrow_exception(thrown);
  }
}

namespace {

void print_line(std::string_view program, const char* line) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(program.size()), program.data(), line);
}

}  // namespace

int report(std::string_view program, const result<void>& outcome) {
  if (outcome) {
    return 0;
  }
  print_line(program, outcome.error().message().c_str());
  return outcome.error().kind() == error_kind::cancelled ? 130 : 1;
}

int report(std::string_view program, const std::exception& thrown) {
  print_line(program, thrown.what());
  return 1;
}

}  // namespace fairlead::detail
