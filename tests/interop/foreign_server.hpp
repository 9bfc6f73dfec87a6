// SPDX-License-Identifier: BSL-1.0
// A server that somebody else wrote, for tests of our client. It says "http PORT" once it listens.
#pragma once

#include <fairlead/http/client.hpp>
#include <fairlead/http/download.hpp>

#include <gtest/gtest.h>

#include "support/child_process.hpp"
#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fairlead::testing {

/// Where Debian's modules for Python and Node are, whoever made the programs that PATH finds first.
inline std::string debian_python() {
  return ::access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : find_program("python3");
}
inline const std::string node_modules = "/usr/share/nodejs";

/// The program of a test in its directory.
inline std::string script(std::string_view name) {
  return std::string(FAIRLEAD_INTEROP_DIR) + "/" + std::string(name);
}

/// Whether Python can import it.
inline bool python_has(const std::string& module) {
  const auto command = debian_python() + " -c 'import " + module + "' 2>/dev/null";
  return std::system(command.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe)
}

class foreign_server {
 public:
  explicit foreign_server(const std::vector<std::string>& arguments) {
    program_.emplace(arguments, dir_.file("log"));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (port_ == 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const auto said = program_->output();
      const auto at = said.find("http ");
      if (at != said.npos && said.find('\n', at) != said.npos) {
        std::from_chars(said.data() + at + 5, said.data() + said.size(), port_);
      }
    }
    EXPECT_NE(port_, 0) << arguments.at(0) << " said: " << program_->output();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string output() const { return program_->output(); }

 private:
  scratch_dir dir_;
  std::optional<child_process> program_;
  std::uint16_t port_ = 0;
};

/// Runs `f(context&, client&) -> task<void>` with such a client, patient as on a busy machine.
template <class F>
void with_client(const http::client_options& options, F f) {
  real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    http::client c(cx.env(), http::client_options(options).timeout(std::chrono::seconds(20)));
    co_await f(cx, c);
  });
}

/// What a call gave, for those that must succeed: an error is a failed test and an empty answer.
inline http::response value_of(result<http::response>&& got) {
  if (!got) {
    ADD_FAILURE() << got.error().message();
    return http::response(http::status(599));
  }
  return std::move(*got);
}

/// What the error says, or "no error".
template <class T>
std::string message_of(const result<T>& got) {
  return got ? "no error" : got.error().message();
}

/// A body that came bit by bit.
struct pieces {
  std::string all;
  int count = 0;
};

/// Gets `target` as a stream, to its end.
inline task<pieces> pieces_of(context& cx, http::client& c, std::string target) {
  pieces out;
  auto stream = co_await c.stream(cx, http::request(http::method::get, target));
  EXPECT_TRUE(stream) << message_of(stream);
  while (stream) {
    auto piece = co_await stream->read(cx);
    EXPECT_TRUE(piece) << message_of(piece);
    if (!piece || !*piece) {
      break;
    }
    ++out.count;
    out.all += **piece;
  }
  co_return out;
}

/// Downloads `path` to `target` and gives up once more than `most` bytes are there; how many it was
/// told there are.
inline task<std::uint64_t> break_off(context& cx, http::client& c, std::string path,
                                     std::string target, std::uint64_t most) {
  cancel_scope impatient(cx);
  std::uint64_t announced = 0;
  const auto stop = [&](std::uint64_t done, std::uint64_t total) {
    announced = total;
    if (done > most) {
      impatient.cancel();
    }
  };
  const auto how = http::download_options().progress(stop);
  const auto broken = co_await http::download(impatient, c, path, target, how);
  EXPECT_FALSE(broken);
  co_return announced;
}

inline ::testing::AssertionResult has(std::string_view text, std::string_view part) {
  if (text.find(part) != text.npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << "no \"" << part << "\" in \"" << text.substr(0, 4000) << '"';
}

}  // namespace fairlead::testing
