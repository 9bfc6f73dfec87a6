// SPDX-License-Identifier: BSL-1.0
// fairlead get, post, put, delete: one request.
#include "commands.hpp"
#include "download_run.hpp"
#include "error_report.hpp"
#include "exchange.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "text_file.hpp"

#include <fairlead/core/run.hpp>

#include <iostream>
#include <optional>

namespace fairlead::cli {

namespace {

void print_exchange_help(const std::string& name) {
  std::cout << "usage: fairlead " << name
            << " [options] URL\n\n"
               "Makes one call and prints the body of the response as it is. The call ends within\n"
               "the timeout, name resolution and the last byte of the body included.\n\n"
            << help_of(exchange_options())
            << "\nexit status: 0 a status from 200 to 299, 1 the call ended in an error, 2 wrong\n"
               "usage or unreadable input (nothing was sent), 130 interrupted\n\n"
               "docs/command-line.md has examples, and the fields of errors as JSON.\n";
}

int complain(const std::string& name, const std::string& lines) {
  std::cerr << "fairlead " << name << ": " << lines << '\n';
  return wrong_usage;
}

// What goes to standard output: never a document that the schema refuses.
void print(const prepared_exchange& what, const exchange_outcome& out) {
  if (!out.answer) {
    return;
  }
  if (what.plan.include_head) {
    std::cout << head_text(*out.answer);
  }
  if (out.done || !what.schema) {
    std::cout << out.answer->body();
  }
  std::cout.flush();
}

void print_timings(const prepared_exchange& what, const exchange_times& times) {
  if (what.plan.timings && times.total > duration::zero()) {  // else nothing was sent
    std::cerr << timings_line(times) << '\n';
  }
}

// Where there is a terminal, a line that tells how far it is.
class progress_display {
 public:
  void note(std::uint64_t bytes, std::uint64_t total) {
    const auto now = system_clock().now();
    if (!line_) {
      line_.emplace(now);
    }
    line_->note(now, bytes, total);
    if (line_->is_due(now)) {
      show();
    }
  }
  void finish() {
    if (line_) {
      show();
      std::cerr << '\n';
    }
  }

 private:
  void show() const { std::cerr << '\r' << line_->text(terminal_width() - 1) << "\x1b[K"; }

  std::optional<progress_line> line_;
};

int download(const std::string& name, const prepared_exchange& what) {
  progress_display display;
  http::progress_callback progress;
  if (has_terminal()) {
    progress = [&](std::uint64_t bytes, std::uint64_t total) { display.note(bytes, total); };
  }
  const auto outcome = run([&](context& cx) { return run_download(cx, what, progress); });
  display.finish();
  print_timings(what, outcome.times);
  return outcome.done ? done : report(name, what.plan.errors, outcome.done.error(), what.plan.url);
}

int exchange(const std::string& name, http::method m, const std::vector<std::string>& words) {
  const auto given = parse(words, exchange_options());
  if (!given) {
    return complain(name, given.error());
  }
  if (given->has("--help")) {
    print_exchange_help(name);
    return done;
  }
  auto plan = plan_exchange(m, *given);
  if (!plan) {
    return complain(name, plan.error());
  }
  const auto what = prepare(*std::move(plan));
  if (!what) {
    return complain(name, what.error());
  }
  if (what->plan.is_download()) {
    return download(name, *what);
  }
  const auto outcome = run([&](context& cx) { return run_exchange(cx, *what); });
  if (!what->plan.output_file) {
    print(*what, outcome);
  }
  print_timings(*what, outcome.times);
  if (!outcome.done) {
    return report(name, what->plan.errors, outcome.done.error(), what->plan.url);
  }
  if (what->plan.output_file) {
    if (const auto why = write_all(*what->plan.output_file, outcome.answer->body())) {
      std::cerr << "fairlead " << name << ": cannot write " << *what->plan.output_file << ": "
                << *why << '\n';
      return failed;
    }
  }
  if (!std::cout) {
    std::cerr << "fairlead " << name << ": cannot write the response to standard output\n";
    return failed;
  }
  return done;
}

}  // namespace

int get(const std::vector<std::string>& words) {
  return exchange("get", http::method::get, words);
}
int post(const std::vector<std::string>& words) {
  return exchange("post", http::method::post, words);
}
int put(const std::vector<std::string>& words) {
  return exchange("put", http::method::put, words);
}
int del(const std::vector<std::string>& words) {
  return exchange("delete", http::method::del, words);
}

}  // namespace fairlead::cli
