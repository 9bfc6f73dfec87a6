// SPDX-License-Identifier: BSL-1.0
#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace fairlead::cli {

bool has_terminal() noexcept {
  return isatty(STDERR_FILENO) == 1;
}

bool has_colours(output of) noexcept {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
  };
  const bool terminal = isatty(of == output::standard ? STDOUT_FILENO : STDERR_FILENO) == 1;
  return terminal && set("NO_COLOR").empty() && set("TERM") != "dumb";
}

std::size_t terminal_width() noexcept {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace fairlead::cli
