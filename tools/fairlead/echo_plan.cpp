// SPDX-License-Identifier: BSL-1.0
#include "echo_plan.hpp"

#include "given_values.hpp"

#include <array>
#include <utility>

namespace fairlead::cli {

namespace {

constexpr std::array<std::pair<std::string_view, echo_protocol>, 8> protocols{{
    {"line", echo_protocol::line},
    {"jsonl", echo_protocol::jsonl},
    {"length32", echo_protocol::length32},
    {"http", echo_protocol::http},
    {"envelope", echo_protocol::envelope},
    {"ws", echo_protocol::ws},
    {"sse", echo_protocol::sse},
    {"udp", echo_protocol::udp},
}};

}  // namespace

std::optional<echo_protocol> parse_protocol(std::string_view name) {
  for (const auto& [known, protocol] : protocols) {
    if (known == name) {
      return protocol;
    }
  }
  return std::nullopt;
}

std::string protocol_names() {
  std::string out;
  for (const auto& [name, protocol] : protocols) {
    out += out.empty() ? "" : ", ";
    out += name;
  }
  return out;
}

const std::vector<option>& echo_options() {
  static const std::vector<option> all{
      {"--protocol", "P", "line, jsonl, length32, http, envelope, ws, sse or udp"},
      {"--listen", "ADDRESS", "HOST:PORT or unix:PATH; default 127.0.0.1:0, a free port"},
      {"--max-frame", "BYTES", "the longest message; default 1048576"},
      {"--idle-timeout", "MS", "close connections that ask nothing for so long; default 75000"},
      {"--delay", "MS", "wait before each answer"},
      {"--fail-every", "N", "fail every Nth request, in the way of the protocol"},
      {"--help", "", "print this text"},
  };
  return all;
}

tl::expected<echo_plan, std::string> plan_echo(const arguments& from) {
  given_values given(from);
  auto listen = address::parse(given.text("--listen").value_or("127.0.0.1:0"));
  if (!listen) {
    return tl::unexpected("--listen: " + listen.error());
  }
  echo_plan plan(*std::move(listen));
  const auto name = given.text("--protocol");
  const auto protocol = name ? parse_protocol(*name) : std::nullopt;
  if (!protocol) {
    given.complain(name ? "there is no protocol \"" + *name + "\": give one of " + protocol_names()
                        : "which protocol? Give --protocol with one of " + protocol_names());
  }
  plan.protocol = protocol.value_or(plan.protocol);
  plan.max_frame = given.number("--max-frame", 1, std::uint64_t{1} << 31U).value_or(plan.max_frame);
  plan.idle_timeout = given.milliseconds("--idle-timeout").value_or(plan.idle_timeout);
  plan.delay = given.milliseconds("--delay", 0).value_or(plan.delay);
  plan.fail_every = given.number("--fail-every", 1, UINT64_MAX).value_or(0);
  if (!given.operands().empty()) {
    given.complain("\"" + given.operands().front() + "\" is not an option");
  }
  if (plan.protocol == echo_protocol::udp && plan.listen.is_unix()) {
    given.complain("udp has no Unix sockets here: give --listen HOST:PORT");
  }
  if (given.problem()) {
    return tl::unexpected(*given.problem());
  }
  return plan;
}

}  // namespace fairlead::cli
