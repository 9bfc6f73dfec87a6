// SPDX-License-Identifier: BSL-1.0
#include "exchange_plan.hpp"

#include "given_values.hpp"

#include <utility>

namespace fairlead::cli {

const std::vector<option>& exchange_options() {
  static const std::vector<option> all = with_connection_options(
      {
          {"--data", "JSON", "the body: JSON, @FILE, or - for standard input"},
          {"--header", "'K: V'", "a header; may be given several times"},
          {"--schema", "FILE", "the JSON Schema (2020-12) that the response must meet"},
          {"--request-schema", "FILE", "the same for the body to send, before anything is sent"},
          {"--timeout", "MS", "how long the whole call may take; default 5000"},
          {"--retry", "N", "make up to N calls altogether while it may help; default 1"},
          {"--policy", "FILE", "policies around the call, as in docs/policies.md"},
          {"--location", "", "follow up to 10 redirects; the default"},
          {"--no-location", "", "take a redirect as the answer"},
      },
      {
          {"--compressed", "", "ask for a compressed response, and decompress it"},
          {"--output", "FILE", "write the body to FILE, which appears once it is complete"},
          {"--continue", "",
           "go on with FILE.part, what an earlier --output has left, if that fits"},
          {"--include", "", "print status and headers before the body"},
          {"--timings", "", "print as JSON on standard error how long each phase took"},
          {"--errors", "text|json",
           "how a failed call is told; default: json unless on a terminal"},
          {"--help", "", "print this text"},
      });
  return all;
}

bool add_header(http::headers& to, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  to.add(line.substr(0, colon), line.substr(colon + 1));
  return to.check().has_value();
}

tl::expected<exchange_plan, std::string> plan_exchange(http::method m, const arguments& from) {
  given_values given(from);
  exchange_plan plan;
  plan.method = m;
  if (given.operands().size() != 1) {
    given.complain(given.operands().empty()
                       ? "which URL?"
                       : "one URL at a time, not also \"" + given.operands()[1] + "\"");
  } else {
    plan.url = given.operands().front();
  }
  for (const auto& line : given.texts("--header")) {
    if (!add_header(plan.headers, line)) {
      given.complain("--header needs 'Name: value', not \"" + line + "\"");
    }
  }
  plan.data = given.text("--data");
  plan.schema_file = given.text("--schema");
  plan.request_schema_file = given.text("--request-schema");
  plan.policy_file = given.text("--policy");
  plan.timeout = given.milliseconds("--timeout").value_or(plan.timeout);
  plan.timeout_given = given.has("--timeout");
  plan.attempts = static_cast<std::uint32_t>(given.number("--retry", 1, 1000).value_or(1));
  plan.follow_redirects = !given.has("--no-location");
  plan.connections = connections_chosen(given);
  plan.output_file = given.text("--output");
  plan.resume = given.has("--continue");
  plan.compressed = given.has("--compressed");
  plan.include_head = given.has("--include");
  plan.timings = given.has("--timings");
  plan.errors = given.errors();
  given.exclusive("--location", "--no-location");
  given.exclusive("--retry", "--policy");
  given.exclusive("--output", "--include");
  if (plan.resume && !plan.is_download()) {
    given.complain("--continue is for get with --output, and without --data and --schema");
  }
  if (plan.is_download() && plan.compressed) {
    given.complain("--compressed and --output exclude each other: files are fetched as they are");
  }
  if (plan.request_schema_file && !plan.data) {
    given.complain("--request-schema checks what --data gives, and there is none");
  }
  if (plan.data == "-" &&
      (plan.schema_file == "-" || plan.request_schema_file == "-" || plan.policy_file == "-")) {
    given.complain("standard input can be read once only");
  }
  if (given.problem()) {
    return tl::unexpected(*given.problem());
  }
  return plan;
}

}  // namespace fairlead::cli
