// SPDX-License-Identifier: BSL-1.0
// The `fairlead` command.
#include "command_line.hpp"
#include "commands.hpp"

#include <exception>
#include <iomanip>
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
    {"get", &fairlead::cli::get, "ask for a URL, and print what comes"},
    {"post", &fairlead::cli::post, "send a JSON document"},
    {"put", &fairlead::cli::put, "send a JSON document in place of what is there"},
    {"delete", &fairlead::cli::del, "delete what a URL names; \"del\" for short"},
    {"echo", &fairlead::cli::echo, "serve what is sent, for trying things"},
    {"send", &fairlead::cli::send, "send lines as requests, and print the replies"},
    {"ws", &fairlead::cli::ws, "talk to a WebSocket: lines in, messages out"},
    {"call", &fairlead::cli::call, "call an operation of an exported port"},
    {"probe", &fairlead::cli::probe, "look at what happens when a URL is called"},
    {"top", &fairlead::cli::top, "watch what a running program does"},
    {"lab", &fairlead::cli::lab, "replay an outage against a stack of policies, in virtual time"},
};

void print_help(std::ostream& out) {
  out << "usage: fairlead COMMAND [options]\n\ncommands:\n";
  for (const auto& c : commands) {
    out << "  " << std::left << std::setw(8) << c.name << c.help << '\n';
  }
  out << "  help    explain a command\n"
         "\noptions:\n"
         "  --help     print this text\n"
         "  --version  print which fairlead this is\n"
         "\n\"fairlead help COMMAND\" explains the options of one.\n";
}

// What was meant by a word that is not known, as the end of a complaint.
std::string hint(const std::string& word, const std::vector<std::string>& known) {
  const auto meant = fairlead::cli::nearest(word, known);
  return meant ? "; did you mean " + *meant + "?" : "; see fairlead help";
}

const command* find(const std::string& given) {
  const auto name = given == "del" ? std::string("delete") : given;
  std::vector<std::string> names{"help"};
  for (const auto& c : commands) {
    if (name == c.name) {
      return &c;
    }
    names.emplace_back(c.name);
  }
  std::cerr << "fairlead: there is no command \"" << name << "\"" << hint(name, names) << '\n';
  return nullptr;
}

int help(const std::vector<std::string>& about) {
  if (about.empty() || about.front() == "help") {
    print_help(std::cout);
    return fairlead::cli::done;
  }
  const auto* c = find(about.front());
  return c == nullptr ? wrong_usage : c->run({"--help"});
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
  if (first == "help" || first == "--help" || first == "-h") {
    return help(words);
  }
  if (first.starts_with('-')) {
    std::cerr << "fairlead: unknown option " << first << hint(first, {"--help", "--version"})
              << '\n';
    return wrong_usage;
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
