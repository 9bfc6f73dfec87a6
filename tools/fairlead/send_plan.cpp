// SPDX-License-Identifier: BSL-1.0
#include "send_plan.hpp"

#include "given_values.hpp"

namespace fairlead::cli {

const std::vector<option>& send_options() {
  static const std::vector<option> all{
      {"--protocol", "P", "line or jsonl"},
      {"--pipeline", "N", "how many requests may be unanswered at a time; default 1"},
      {"--timeout", "MS", "how long a call may take, connecting included; default 5000"},
      {"--skip-empty", "", "pass over empty lines, for peers that end a reply twice"},
      {"--errors", "text|json", "how a failed call is told; default: json unless on a terminal"},
      {"--help", "", "print this text"},
  };
  return all;
}

tl::expected<send_plan, std::string> plan_send(const arguments& from) {
  given_values given(from);
  if (given.operands().size() != 1) {
    return tl::unexpected(std::string("give one address: HOST:PORT or unix:PATH"));
  }
  auto to = address::parse(given.operands().front());
  if (!to) {
    return tl::unexpected(to.error());
  }
  send_plan plan(*std::move(to));
  plan.to_text = given.operands().front();
  const auto protocol = given.text("--protocol");
  if (protocol != "line" && protocol != "jsonl") {
    given.complain(protocol ? "there is no protocol \"" + *protocol + "\" here: give line or jsonl"
                            : "which protocol? Give --protocol line or --protocol jsonl");
  }
  plan.protocol = protocol == "jsonl" ? send_protocol::jsonl : send_protocol::line;
  plan.pipeline = given.number("--pipeline", 1, 4096).value_or(plan.pipeline);
  plan.timeout = given.milliseconds("--timeout").value_or(plan.timeout);
  plan.skip_empty = given.has("--skip-empty");
  plan.errors = given.errors();
  if (given.problem()) {
    return tl::unexpected(*given.problem());
  }
  return plan;
}

}  // namespace fairlead::cli
