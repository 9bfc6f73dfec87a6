// SPDX-License-Identifier: BSL-1.0
// fairlead lab: what would these policies have done in that outage?
#include "command_line.hpp"
#include "commands.hpp"
#include "lab/duplicate_keys.hpp"
#include "lab/plain_text.hpp"
#include "lab/replay.hpp"
#include "lab/timeline_svg.hpp"
#include "lab/timeline_text.hpp"
#include "text_file.hpp"

#include <boost/json/error.hpp>
#include <boost/json/stream_parser.hpp>

#include <iostream>
#include <string>

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
