// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <iomanip>
#include <map>
#include <sstream>
#include <string>
#include <tuple>

namespace shop {

namespace {

using fairlead::observe::policy_action;

std::string milliseconds(fairlead::duration d) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << static_cast<double>(d.count()) / 1e6 << " ms";
  return text.str();
}

// Pads to a width in columns; everything here is ASCII.
std::string cell(std::string text, std::size_t width) {
  if (text.size() < width) {
    text.append(width - text.size(), ' ');
  }
  return text;
}
std::string right(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string why(const order_report& r) {
  if (!r.reason) {
    return r.shipped                              ? "tracking " + r.shipped->tracking
           : r.result == outcome::manual_shipping ? "the fallback asks a person"
                                                  : "";
  }
  std::string text;
  if (const auto wrong = r.reason->get<fairlead::errors::serialization_error>()) {
    text = std::string(wrong->pointer) + ": expected " + std::string(wrong->expected) + ", got " +
           std::string(wrong->actual);
  } else if (const auto told = r.reason->get<fairlead::errors::application>()) {
    text = told->message;
  } else {
    text = r.reason->message();
  }
  if (r.compensation) {
    text += "; NOT cancelled: " + r.compensation->message();
  }
  return text;
}

std::string outcome_of(const line_report& l) {
  const bool malformed = l.calls == 0 && l.report.reason &&
                         l.report.reason->is<fairlead::errors::serialization_error>();
  return malformed ? "malformed" : std::string(to_string(l.report.result));
}

void print_orders(std::ostream& out, const run_report& a, const run_report& b) {
  out << cell("", 13) << cell(a.transport, 37) << b.transport << "\n";
  for (const auto& head : {"line", "order"}) {
    out << cell(head, head[0] == 'l' ? 6 : 7);
  }
  for (int i = 0; i < 2; ++i) {
    out << cell("outcome", 17) << right("calls", 5) << right("time", 11) << "    ";
  }
  out << "\n";
  for (std::size_t i = 0; i < a.lines.size(); ++i) {
    const auto& left = a.lines[i];
    out << cell(std::to_string(left.number), 6)
        << cell(left.report.placed ? std::to_string(left.report.placed->id) : "-", 7);
    for (const auto* l : {&left, &b.lines[i]}) {
      out << cell(outcome_of(*l), 17) << right(std::to_string(l->calls), 5)
          << right(l->calls > 0 ? milliseconds(l->time) : "", 11) << "    ";
    }
    out << "\n";
    if (const auto text = why(left.report); !text.empty()) {
      out << cell("", 13) << "`- " << text << "\n";
    }
  }
}

void print_policies(std::ostream& out, const run_report& a, const run_report& b) {
  using key = std::tuple<std::string, std::string, std::string>;
  std::map<key, std::pair<std::uint64_t, std::uint64_t>> rows;
  const auto collect = [&](const run_report& r, auto which) {
    for (const auto& c : r.seen->counts()) {
      rows[{c.stack, std::string(to_string(c.policy)), std::string(to_string(c.action))}].*which +=
          c.times;
    }
  };
  collect(a, &std::pair<std::uint64_t, std::uint64_t>::first);
  collect(b, &std::pair<std::uint64_t, std::uint64_t>::second);
  out << "\nWhat the policies did\n";
  out << cell("port", 11) << cell("policy", 18) << cell("event", 12) << right(a.transport, 12)
      << right(b.transport, 12) << "\n";
  for (const auto& [name, times] : rows) {
    const auto& [stack, policy, action] = name;
    out << cell(stack, 11) << cell(policy, 18) << cell(action, 12)
        << right(std::to_string(times.first), 12) << right(std::to_string(times.second), 12)
        << "\n";
  }
}

void print_budget(std::ostream& out, const run_report& r) {
  out << "  " << cell(r.transport, 12);
  for (const auto& l : r.lines) {
    if (l.calls > 0) {
      std::ostringstream tokens;
      tokens << std::fixed << std::setprecision(1) << l.spare;
      out << right(tokens.str(), 5);
    }
  }
  out << "\n";
}

void print_transitions(std::ostream& out, const run_report& r) {
  for (const auto& t : r.seen->transitions()) {
    out << "  " << cell(r.transport, 12) << right(milliseconds(t.at - r.begin), 11) << "  "
        << t.name << ": " << t.from << " -> " << t.to << "\n";
  }
}

std::uint64_t count(const run_report& r, outcome o) {
  std::uint64_t n = 0;
  for (const auto& l : r.lines) {
    n += l.report.result == o ? 1 : 0;
  }
  return n;
}

}  // namespace

void print_report(std::ostream& out, const run_report& a, const run_report& b) {
  print_orders(out, a, b);
  print_policies(out, a, b);
  out << "\nThe budget of retries and hedges for users: tokens left after each order. While 5 or "
         "fewer are\nleft there are first attempts only.\n";
  print_budget(out, a);
  print_budget(out, b);
  out << "\nThe breaker in front of payments\n";
  print_transitions(out, a);
  print_transitions(out, b);
  out << "\n"
      << a.lines.size() << " orders: " << count(a, outcome::shipped) << " shipped, "
      << count(a, outcome::manual_shipping) << " for manual shipping, "
      << count(a, outcome::cancelled) << " cancelled after a failed payment, "
      << count(a, outcome::rejected) << " rejected, " << count(a, outcome::needs_attention)
      << " that need attention. "
      << (same_outcomes(a, b) ? "Both transports agree on every order.\n"
                              : "THE TRANSPORTS DISAGREE.\n");
}

bool same_outcomes(const run_report& a, const run_report& b) {
  if (a.lines.size() != b.lines.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.lines.size(); ++i) {
    if (a.lines[i].report.result != b.lines[i].report.result) {
      return false;
    }
  }
  return true;
}

}  // namespace shop
