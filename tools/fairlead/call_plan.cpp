// SPDX-License-Identifier: BSL-1.0
#include "call_plan.hpp"

#include "given_values.hpp"

#include <fairlead/port/nats_options.hpp>
#include <fairlead/port/subject.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace fairlead::cli {

namespace {

constexpr std::string_view ways =
    "http://HOST, https://HOST, jsonl+tcp://HOST:PORT, jsonl+tls://HOST:PORT, jsonl+unix:PATH, "
    "nats://HOST/SERVICE or nats+tls://HOST/SERVICE";

std::string after(const std::string& text, std::string_view scheme) {
  return text.substr(scheme.size());
}

std::string host_of(const std::string& address) {
  const auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

// "nats://user:password@host" without who it is.
std::string without_user(const std::string& url) {
  const auto begin = url.find("://");
  const auto at = url.find('@');
  return begin == std::string::npos || at == std::string::npos
             ? url
             : url.substr(0, begin + 3) + url.substr(at + 1);
}

// What stands behind "nats://" or "nats+tls://", which is `scheme` to the client.
tl::expected<call_way, std::string> nats_way(const std::string& rest, const std::string& scheme) {
  call_way out;
  out.how = call_way::kind::nats;
  const auto slash = rest.find('/');
  out.url = scheme + rest.substr(0, slash);
  out.service = slash == std::string::npos ? std::string() : rest.substr(slash + 1);
  const auto problems = nats_options(out.url).problems();
  if (!problems.empty()) {
    return tl::unexpected(problems.front());
  }
  if (!out.service.empty() && !check_subject(out.service)) {
    return tl::unexpected("\"" + out.service +
                          "\" is no subject: give words with dots between them");
  }
  return out;
}

}  // namespace

const std::vector<option>& call_options() {
  static const auto all = with_connection_options(
      {
          {"--via", "WAY", "how to get there: http://HOST, jsonl+tcp://HOST:PORT, ...; see above"},
          {"--envelope", "data|payload", "over HTTP: in the envelope of generated services"},
          {"--timeout", "MS", "how long the call may take; default 5000"},
          {"--idempotency-key", "KEY", "by which the service knows a call that comes again"},
      },
      {
          {"--errors", "text|json",
           "how a failed call is told; default: json unless on a terminal"},
          {"--help", "", "print this text"},
      });
  return all;
}

tl::expected<call_way, std::string> parse_way(const std::string& text) {
  call_way out;
  if (text.starts_with("http://") || text.starts_with("https://")) {
    out.url = text;
    return out;
  }
  if (text.starts_with("nats://")) {
    return nats_way(after(text, "nats://"), "nats://");
  }
  if (text.starts_with("nats+tls://")) {
    return nats_way(after(text, "nats+tls://"), "tls://");
  }
  out.how = call_way::kind::json_lines;
  std::string to;
  if (text.starts_with("jsonl+tcp://")) {
    to = after(text, "jsonl+tcp://");
  } else if (text.starts_with("jsonl+tls://")) {
    to = after(text, "jsonl+tls://");
    out.host = host_of(to);
  } else if (text.starts_with("jsonl+unix:")) {
    to = "unix:" + after(text, "jsonl+unix:");
  } else {
    return tl::unexpected("\"" + text + "\" is no way to a service: give " + std::string(ways));
  }
  auto parsed = address::parse(to);
  if (!parsed) {
    return tl::unexpected(parsed.error());
  }
  out.to = *std::move(parsed);
  return out;
}

tl::expected<call_plan, std::string> plan_call(const arguments& from) {
  given_values given(from);
  call_plan plan;
  const auto& words = given.operands();
  if (words.empty() || words.size() > 3) {
    return tl::unexpected(
        std::string("give a file with an exported port, an operation and its "
                    "request: PORT.json get_user '{\"id\": 1}'"));
  }
  plan.port_file = words[0];
  plan.operation = words.size() > 1 ? words[1] : std::string();
  plan.request = words.size() > 2 ? words[2] : plan.request;
  if (const auto via = given.text("--via")) {
    auto way = parse_way(*via);
    if (!way) {
      return tl::unexpected(way.error());
    }
    plan.via = *std::move(way);
    plan.via_text = plan.via.how == call_way::kind::nats ? without_user(*via) : *via;
  } else if (!plan.operation.empty()) {
    given.complain("how to get there? Give --via " + std::string(ways));
  }
  if (const auto envelope = given.text("--envelope")) {
    if (plan.via.how != call_way::kind::http) {
      given.complain("--envelope is of HTTP");
    } else if (*envelope != "data" && *envelope != "payload") {
      given.complain("there is no envelope \"" + *envelope + "\": give data or payload");
    }
    plan.via.how =
        *envelope == "data" ? call_way::kind::envelope_data : call_way::kind::envelope_payload;
  }
  plan.timeout = given.milliseconds("--timeout").value_or(plan.timeout);
  plan.idempotency_key = given.text("--idempotency-key");
  plan.connections = connections_chosen(given);
  if (plan.via.how == call_way::kind::json_lines || plan.via.how == call_way::kind::nats) {
    for (const auto* name : {"--unix", "--proxy", "--proxy-from-env"}) {
      if (given.has(name)) {
        given.complain(std::string(name) + " is of HTTP; for a socket there is jsonl+unix:PATH");
      }
    }
  }
  if (plan.port_file == "-" && plan.request == "-") {
    given.complain("standard input can be read once only");
  }
  plan.errors = given.errors();
  if (given.problem()) {
    return tl::unexpected(*given.problem());
  }
  return plan;
}

}  // namespace fairlead::cli
