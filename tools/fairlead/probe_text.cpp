// SPDX-License-Identifier: BSL-1.0
// What a probe saw, for people and for programs.
#include "durations.hpp"
#include "error_report.hpp"
#include "lab/plain_text.hpp"
#include "probe.hpp"
#include "text_file.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <cstdio>
#include <ctime>

namespace fairlead::cli {

namespace {

using wall_time = std::chrono::system_clock::time_point;

std::string date_text(wall_time at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, n};
}

// Whole days, towards the past: -1 for what ended an hour ago.
long long days_left(wall_time until, wall_time now) {
  return std::chrono::floor<std::chrono::days>(until - now).count();
}

std::string expiry_text(wall_time until, wall_time now) {
  const auto days = days_left(until, now);
  if (days < 0) {
    return "expired " + date_text(until);
  }
  return "until " + date_text(until) + ", " + std::to_string(days) +
         (days == 1 ? " day left" : " days left");
}

std::string clean(std::string_view text) {
  return lab::on_one_line(valid_utf8(text));
}

// What went wrong, for people.
std::string told(const std::string& problem) {
  return clean(in_terms_of_options(problem));
}

class table {
 public:
  explicit table(bool colours) : colours_(colours) {}

  // A line: what, how long (or nothing), and what was seen; a failure in red.
  void row(std::string_view what, std::optional<duration> took, const std::string& seen,
           bool bad = false) {
    char line[64];
    const auto time = took ? milliseconds_text(*took) + " ms" : std::string();
    const int n = std::snprintf(line, sizeof line, "%-11.*s %11s  ", static_cast<int>(what.size()),
                                what.data(), time.c_str());
    text_.append(line, static_cast<std::size_t>(n));
    text_ += bad && colours_ ? "\x1b[31m" + seen + "\x1b[0m" : seen;
    text_.erase(text_.find_last_not_of(' ') + 1);
    text_ += '\n';
  }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  bool colours_;
  std::string text_;
};

std::string names_text(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& n : names) {
    out += (out.empty() ? "" : ", ") + clean(n);
  }
  return out;
}

boost::json::value in_ms(duration d) {
  return std::round(std::chrono::duration<double, std::micro>(d).count()) / 1000;
}

boost::json::object certificate_object(const net::certificate_info& c, wall_time now) {
  boost::json::array names;
  for (const auto& n : c.names) {
    names.emplace_back(valid_utf8(n));
  }
  return {{"subject", valid_utf8(c.subject)},
          {"issuer", valid_utf8(c.issuer)},
          {"names", std::move(names)},
          {"not_before", date_text(c.not_before)},
          {"not_after", date_text(c.not_after)},
          {"days_left", days_left(c.not_after, now)},
          {"sha256", c.sha256}};
}

boost::json::object tls_object(const net::tls_info& t, wall_time now) {
  boost::json::array chain;
  for (const auto& c : t.chain) {
    chain.emplace_back(certificate_object(c, now));
  }
  boost::json::object out{{"version", t.version},
                          {"cipher", t.cipher},
                          {"alpn", valid_utf8(t.alpn)},
                          {"verified", t.verified}};
  if (!t.verified) {
    out["problem"] = valid_utf8(in_terms_of_options(t.problem));
  }
  out["chain"] = std::move(chain);
  return out;
}

void add_tls(table& out, const probe_report& r) {
  const auto& t = *r.tls;
  out.row("tls", r.handshake,
          t.version + ", " + t.cipher + (t.alpn.empty() ? ", no ALPN" : ", ALPN " + clean(t.alpn)));
  for (std::size_t i = 0; i < t.chain.size(); ++i) {
    const auto& c = t.chain[i];
    out.row(i == 0 ? "certificate" : "issuer", {}, clean(c.subject));
    if (!c.names.empty()) {
      out.row("", {}, "for " + names_text(c.names));
    }
    out.row("", {}, expiry_text(c.not_after, r.at), c.not_after < r.at);
    if (i + 1 == t.chain.size() && c.issuer != c.subject) {
      out.row("", {}, "signed by " + clean(c.issuer));
    }
  }
  out.row("verified", {}, t.verified ? "yes" : "no: " + told(t.problem), !t.verified);
}

}  // namespace

std::string probe_text(const probe_report& r, bool colours) {
  table out(colours);
  if (r.resolve) {
    out.row("resolve", r.resolve,
            clean(r.host) + ": " + std::to_string(r.addresses.size()) +
                (r.addresses.size() == 1 ? " address" : " addresses"));
  }
  for (const auto& a : r.addresses) {
    out.row("connect", a.took,
            a.failure ? a.address + ": " + told(a.failure->message()) : a.address,
            a.failure.has_value());
  }
  if (r.tls) {
    add_tls(out, r);
  }
  if (r.first_byte) {
    out.row("first byte", r.first_byte,
            clean(r.status_line) + (r.server ? " (" + clean(*r.server) + ")" : ""));
  }
  out.row("total", r.total, r.failure ? told(r.failure->message()) : "", r.failure.has_value());
  return std::move(out).take();
}

boost::json::object probe_object(const probe_report& r) {
  boost::json::object out{{"url", valid_utf8(r.url)}, {"host", valid_utf8(r.host)}};
  if (r.resolve) {
    out["resolve_ms"] = in_ms(*r.resolve);
  }
  boost::json::array addresses;
  for (const auto& a : r.addresses) {
    boost::json::object one{{"address", a.address}, {"connect_ms", in_ms(a.took)}};
    if (a.failure) {
      one["error"] = error_object(*a.failure, {});
    }
    addresses.emplace_back(std::move(one));
  }
  out["addresses"] = std::move(addresses);
  if (!r.connected_to.empty()) {
    out["connected_to"] = r.connected_to;
  }
  if (r.tls) {
    out["tls_ms"] = in_ms(*r.handshake);
    out["tls"] = tls_object(*r.tls, r.at);
  }
  if (r.first_byte) {
    out["first_byte_ms"] = in_ms(*r.first_byte);
    out["status_line"] = valid_utf8(r.status_line);
  }
  if (r.server) {
    out["server"] = valid_utf8(*r.server);
  }
  out["total_ms"] = in_ms(r.total);
  return out;
}

}  // namespace fairlead::cli
