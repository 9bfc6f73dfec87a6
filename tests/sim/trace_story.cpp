// SPDX-License-Identifier: BSL-1.0
// Prints the trace of the HTTP story, for compare_traces.py; or tells it many times over and
// compares.
#include "http_story.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

namespace {

constexpr std::string_view usage =
    "usage: trace-story SEED         prints the trace\n"
    "       trace-story SEED RUNS    tells it so often; ends with 1 when a trace differs\n";

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t n = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() ? std::optional(n)
                                                                             : std::nullopt;
}

// The first line in which they differ, of each.
void print_difference(std::string_view first, std::string_view other) {
  const auto at = static_cast<std::size_t>(
      std::mismatch(first.begin(), first.end(), other.begin(), other.end()).first - first.begin());
  const auto begin = first.substr(0, at).rfind('\n') + 1;
  for (const auto text : {first, other}) {
    const auto line = text.substr(std::min(begin, text.size()));
    const auto length = std::min(line.find('\n'), line.size());
    std::printf("%.*s\n", static_cast<int>(length), line.data());
  }
}

int compare(std::uint64_t seed, std::uint64_t runs) {
  const auto first = fairlead::sim::tell_http_story(seed);
  // A story in which nothing happens would be the same every time, too.
  if (first.answered < 50 || first.fell_back == 0 || first.retried < 5 || first.transitions < 2 ||
      !first.quiet) {
    std::printf("seed %llu: the story is dull, or leaves something behind\n%s",
                static_cast<unsigned long long>(seed), first.trace.c_str());
    return 1;
  }
  for (std::uint64_t i = 1; i < runs; ++i) {
    const auto next = fairlead::sim::tell_http_story(seed);
    if (next.trace != first.trace) {
      std::printf("run %llu differs:\n", static_cast<unsigned long long>(i));
      print_difference(first.trace, next.trace);
      return 1;
    }
  }
  std::printf("seed %llu: %llu runs, %zu bytes of trace each, all the same\n",
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(runs),
              first.trace.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto seed = argc > 1 ? number(argv[1]) : std::nullopt;
  const auto runs = argc > 2 ? number(argv[2]) : std::nullopt;
  if (!seed || argc > 3 || (argc == 3 && !runs)) {
    std::fputs(usage.data(), stderr);
    return 2;
  }
  if (runs) {
    return compare(*seed, *runs);
  }
  const auto told = fairlead::sim::tell_http_story(*seed);
  std::fputs(told.trace.c_str(), stdout);
  return 0;
}
