// SPDX-License-Identifier: BSL-1.0
// fairlead lab: what would these policies have done in that outage?
#include "command_line.hpp"
#include "commands.hpp"
#include "lab/duplicate_keys.hpp"
#include "lab/plain_text.hpp"
#include "lab/replay.hpp"
#include "lab/timeline_svg.hpp"
#include "lab/timeline_text.hpp"

#include <boost/json/error.hpp>
#include <boost/json/stream_parser.hpp>

#include <tl/expected.hpp>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>

namespace fairlead::cli {

namespace {

const std::vector<option> options{
    {"--svg", "FILE", "draw the timeline into FILE; \"-\": print it in place of the JSON"},
    {"--text", "", "print the timeline for a terminal, in place of the JSON"},
    {"--help", "", "print this text"},
};

constexpr std::size_t max_depth = 64;

void complain(const std::string& line) {
  std::cerr << "fairlead lab: " << lab::on_one_line(line) << '\n';
}

tl::expected<std::string, std::string> read_all(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }
  try {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (in) {
      return std::string(std::istreambuf_iterator<char>(in), {});
    }
    return tl::unexpected<std::string>(std::generic_category().message(errno));
  } catch (const std::ios_base::failure& e) {  // a directory opens, and then cannot be read
    return tl::unexpected<std::string>(e.code().message());
  }
}

// Nothing, or why not.
std::optional<std::string> write_all(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (out) {
    return std::nullopt;
  }
  return std::generic_category().message(errno);
}

// "line 3, column 7" of the place where a text stops being JSON.
std::string place_in(const std::string& text, std::size_t at) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n' ? 1 : 0;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

int lab(const std::vector<std::string>& words) {
  const auto given = parse(words, options);
  if (!given) {
    complain(given.error());
    return wrong_usage;
  }
  if (given->has("--help")) {
    std::cout << "usage: fairlead lab [options] SCENARIO.json\n\n"
                 "Replays a script of outcomes against a stack of policies in virtual time, and\n"
                 "prints what happened as JSON. \"-\" reads the scenario from standard input.\n"
                 "The same scenario always prints the same bytes.\n\n"
              << help_of(options)
              << "\nexit status: 0 the scenario ran, 1 the picture could not be written,\n"
                 "2 wrong usage or a scenario with mistakes, which are told one per line\n\n"
                 "a scenario to begin with:\n"
                 "  {\"policies\": [{\"type\": \"retry\", \"max_attempts\": 3}],\n"
                 "   \"operation\": [{\"after_ms\": 20, \"outcome\": \"failure\"},\n"
                 "                 {\"after_ms\": 20, \"outcome\": \"success\"}],\n"
                 "   \"calls\": [{\"at_ms\": 0}]}\n"
                 "docs/lab.md explains all that may stand in one.\n";
    return done;
  }
  if (given->operands.size() != 1) {
    complain("expected one scenario, a file or \"-\"; see fairlead lab --help");
    return wrong_usage;
  }
  if (given->has("--text") && given->value("--svg") == "-") {
    complain("--text and --svg - would both print in place of the JSON: give one of them");
    return wrong_usage;
  }
  const auto text = read_all(given->operands.front());
  if (!text) {
    complain("cannot read " + given->operands.front() + ": " + text.error());
    return wrong_usage;
  }
  boost::system::error_code ec;
  boost::json::stream_parser parser({}, [] {
    boost::json::parse_options limits;
    limits.max_depth = max_depth;
    return limits;
  }());
  const auto used = parser.write_some(*text, ec);
  if (!ec) {
    const auto rest = text->find_first_not_of(" \t\r\n", used);
    if (rest != std::string::npos) {
      ec = boost::json::error::extra_data;
    } else {
      parser.finish(ec);
    }
  }
  if (ec) {
    std::cerr << ": the scenario is not JSON: " << ec.message() << " at " << place_in(*text, used)
              << '\n';
    return wrong_usage;
  }
  const auto outcome = lab::replay(parser.release(), lab::duplicate_keys(*text));
  if (!outcome) {
    for (const auto& problem : outcome.error()) {
      std::cerr << lab::on_one_line(problem.pointer + ": " + problem.text) << '\n';
    }
    return wrong_usage;
  }
  const auto file = given->value("--svg");
  if (file == "-") {
    std::cout << lab::timeline_svg(*outcome);
    return done;
  }
  if (file) {
    if (const auto why = write_all(*file, lab::timeline_svg(*outcome))) {
      complain("cannot write " + *file + ": " + *why);
      return failed;
    }
  }
  if (given->has("--text")) {
    std::cout << lab::timeline_text(*outcome);
  } else {
    lab::write_json(std::cout, *outcome);
  }
  return done;
}

}  // namespace fairlead::cli
