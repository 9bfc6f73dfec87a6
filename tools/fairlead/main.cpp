// SPDX-License-Identifier: BSL-1.0
// The `fairlead` command.
#include "command_line.hpp"
#include "commands.hpp"

#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

using fairlead::cli::wrong_usage;

struct command {
  const char* name;
  int (*run)(const std::vector<std::string>& words);
  const char* help;
};
const std::vector<command> commands{
    {"lab", &fairlead::cli::lab, "replay an outage against a stack of policies, in virtual time"},
};

void print_help(std::ostream& out) {
  out << "usage: fairlead COMMAND [options]\n\ncommands:\n";
  for (const auto& c : commands) {
    out << "  " << c.name << "    " << c.help << '\n';
  }
  out << "\nfairlead help COMMAND explains one; fairlead --version says which this is.\n";
}

const command* find(const std::string& name) {
  for (const auto& c : commands) {
    if (name == c.name) {
      return &c;
    }
  }
  std::vector<std::string> names;
  for (const auto& c : commands) {
    names.emplace_back(c.name);
  }
  const auto meant = fairlead::cli::nearest(name, names);
  std::cerr << "fairlead: there is no command \"" << name << "\""
            << (meant ? "; did you mean " + *meant + "?" : std::string("; see fairlead help"))
            << '\n';
  return nullptr;
}

int run(std::vector<std::string> words) {
  if (words.empty()) {
    print_help(std::cerr);
    return wrong_usage;
  }
  const auto first = words.front();
  words.erase(words.begin());
  if (first == "--version") {
    std::cout << "fairlead " FAIRLEAD_VERSION "\n";
    return fairlead::cli::done;
  }
  if (first == "help" || first == "--help") {
    if (words.empty()) {
      print_help(std::cout);
      return fairlead::cli::done;
    }
    const auto* c = find(words.front());
    return c == nullptr ? wrong_usage : c->run({"--help"});
  }
  const auto* c = find(first);
  return c == nullptr ? wrong_usage : c->run(words);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::cerr << "fairlead: " << e.what() << '\n';
    return fairlead::cli::failed;
  }
}
