// SPDX-License-Identifier: BSL-1.0
// How errors read: names of kinds, and the one line that people see.
#include <fairlead/core/error.hpp>

#include <array>
#include <charconv>
#include <system_error>

namespace fairlead {

namespace {

constexpr std::size_t longest_text = 160;  // bytes of one quoted piece in a message

template <std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, std::size_t i) noexcept {
  return i < N ? names[i] : std::string_view("?");
}

// Appends text that came from outside: control characters become '?', long text is cut.
void append_clean(std::string& out, std::string_view text) {
  const bool cut = text.size() > longest_text;
  for (const char c : text.substr(0, longest_text)) {
    const auto u = static_cast<unsigned char>(c);
    out += u < 0x20 || u == 0x7f ? '?' : c;
  }
  if (cut) {
    out += "...";
  }
}

void append_number(std::string& out, std::uint64_t n) {
  out += std::to_string(n);
}

void append_duration(std::string& out, duration d) {
  using namespace std::chrono;
  if (d % seconds(1) == duration::zero()) {
    out += std::to_string(duration_cast<seconds>(d).count()) + " s";
  } else if (d % milliseconds(1) == duration::zero()) {
    out += std::to_string(duration_cast<milliseconds>(d).count()) + " ms";
  } else {
    std::array<char, 32> buffer{};
    const auto ms = static_cast<double>(d.count()) / 1e6;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), ms,
                                   std::chars_format::fixed, 3);
    out.append(buffer.data(), end.ptr);
    out += " ms";
  }
}

void append_wait(std::string& out, std::optional<duration> wait) {
  if (wait) {
    out += ", retry after ";
    append_duration(out, *wait);
  }
}

// "label text" when there is text.
void append_labelled(std::string& out, std::string_view label, std::string_view text) {
  if (!text.empty()) {
    out += label;
    append_clean(out, text);
  }
}

std::string describe(const error& e) {
  std::string out(to_string(e.kind()));
  out += ": ";
  const auto mark = out.size();
  e.visit(overloaded{
      [&](const errors::cancelled&) { out += "the caller gave up"; },
      [&](const errors::timeout& x) {
        append_clean(out, x.target);
        out += x.target.empty() ? "no answer within the " : " did not answer within the ";
        out += to_string(x.scope);
        out += " limit of ";
        append_duration(out, x.limit);
      },
      [&](const errors::deadline& x) {
        append_clean(out, x.target);
        out += x.target.empty() ? "the caller's deadline passed" : ": the caller's deadline passed";
        if (x.limit > duration::zero()) {
          out += " (";
          append_duration(out, x.limit);
          out += ")";
        }
      },
      [&](const errors::connection_refused& x) {
        out += "nobody listens";
        append_labelled(out, " at ", x.url);
      },
      [&](const errors::connection_reset& x) {
        out += "the peer broke the connection";
        append_labelled(out, " to ", x.url);
      },
      [&](const errors::connection_closed& x) {
        out += "the peer closed the connection";
        append_labelled(out, " to ", x.url);
        out += " early";
        if (x.received > 0 || x.expected > 0) {
          out += " after ";
          append_number(out, x.received);
          if (x.expected > 0) {
            out += " of ";
            append_number(out, x.expected);
          }
          out += " body bytes";
        }
      },
      [&](const errors::unreachable& x) {
        out += "no route";
        append_labelled(out, " to ", x.url);
      },
      [&](const errors::dns_failure& x) {
        out += "cannot resolve ";
        append_clean(out, x.host);
        append_labelled(out, ": ", x.reason);
      },
      [&](const errors::tls_failure& x) {
        append_clean(out, x.url);
        append_labelled(out, x.url.empty() ? "" : ": ", x.reason);
      },
      [&](const errors::protocol_error& x) {
        append_clean(out, x.url);
        append_labelled(out, x.url.empty() ? "" : ": ", x.reason);
      },
      [&](const errors::http_error& x) {
        out += "status ";
        append_number(out, x.status);
        append_labelled(out, " from ", x.url);
        append_wait(out, x.retry_after);
        append_labelled(out, ", body: ", x.body);
      },
      [&](const errors::serialization_error& x) {
        append_clean(out, x.message);
        if (!x.pointer.empty()) {
          append_labelled(out, " at ", x.pointer);
        }
        if (!x.expected.empty()) {
          append_labelled(out, ": expected ", x.expected);
          append_labelled(out, ", got ", x.actual);
        }
      },
      [&](const errors::too_large& x) {
        append_clean(out, x.what);
        out += " exceeds ";
        append_number(out, x.limit);
        if (x.actual > 0) {
          out += " (it has ";
          append_number(out, x.actual);
          out += ")";
        }
      },
      [&](const errors::circuit_open& x) {
        append_labelled(out, "breaker ", x.policy);
        out += x.policy.empty() ? "the breaker is open" : " is open";
        append_wait(out, x.retry_after);
      },
      [&](const errors::isolated& x) {
        append_labelled(out, "breaker ", x.policy);
        out += x.policy.empty() ? "the breaker was opened by hand" : " was opened by hand";
      },
      [&](const errors::bulkhead_full& x) {
        append_clean(out, x.policy);
        out += x.policy.empty() ? "all " : ": all ";
        append_number(out, x.limit);
        out += " places are taken";
      },
      [&](const errors::rate_limited& x) {
        append_clean(out, x.policy);
        out += x.policy.empty() ? "the rate limit is used up" : ": the rate limit is used up";
        append_wait(out, x.retry_after);
      },
      [&](const errors::throttled& x) {
        append_clean(out, x.policy);
        out += x.policy.empty() ? "held back, the backend rejects"
                                : ": held back, the backend rejects";
      },
      [&](const errors::shed& x) {
        append_clean(out, x.policy);
        out += x.policy.empty() ? "dropped under load" : ": dropped under load";
      },
      [&](const errors::pool_exhausted& x) {
        append_clean(out, x.origin);
        out += x.origin.empty() ? "all " : ": all ";
        append_number(out, x.limit);
        out += " connections are in use";
      },
      [&](const errors::unavailable& x) {
        append_clean(out, x.target);
        append_labelled(out, x.target.empty() ? "" : ": ", x.reason);
        append_wait(out, x.retry_after);
      },
      [&](const errors::outcome_unknown& x) {
        append_clean(out, x.target);
        append_labelled(out, x.target.empty() ? "" : ": ", x.reason);
      },
      [&](const errors::invalid_url& x) {
        out += '"';
        append_clean(out, x.url);
        out += '"';
        append_labelled(out, ": ", x.reason);
      },
      [&](const errors::invalid_argument& x) {
        append_clean(out, x.what);
        append_labelled(out, x.what.empty() ? "" : ": ", x.reason);
      },
      [&](const errors::application& x) {
        append_clean(out, x.code);
        append_labelled(out, x.code.empty() ? "" : ": ", x.message);
      },
      [&](const errors::system_error& x) {
        append_clean(out, x.what);
        out += x.what.empty() ? "" : ": ";
        out += std::system_category().message(x.code);
      },
  });
  if (out.size() == mark) {
    out.resize(mark - 2);
  }
  return out;
}

}  // namespace

std::string_view to_string(error_kind kind) noexcept {
  static constexpr std::array<std::string_view, error_kind_count> names = {
      "cancelled",        "timeout",           "deadline",    "connection_refused",
      "connection_reset", "connection_closed", "unreachable", "dns_failure",
      "tls_failure",      "protocol_error",    "http_error",  "serialization_error",
      "too_large",        "circuit_open",      "isolated",    "bulkhead_full",
      "rate_limited",     "throttled",         "shed",        "pool_exhausted",
      "unavailable",      "outcome_unknown",   "invalid_url", "invalid_argument",
      "application",      "system_error"};
  return name_of(names, static_cast<std::size_t>(kind));
}

std::string_view to_string(error_stage stage) noexcept {
  static constexpr std::array<std::string_view, 8> names = {"none", "resolve", "pool", "connect",
                                                            "tls",  "write",   "head", "body"};
  return name_of(names, static_cast<std::size_t>(stage));
}

std::string_view to_string(error_sent sent) noexcept {
  static constexpr std::array<std::string_view, 3> names = {"not_sent", "unknown", "answered"};
  return name_of(names, static_cast<std::size_t>(sent));
}

std::string_view to_string(timeout_scope scope) noexcept {
  static constexpr std::array<std::string_view, 6> names = {"total", "attempt", "connect",
                                                            "idle",  "head",    "drain"};
  return name_of(names, static_cast<std::size_t>(scope));
}

std::string_view to_string(retry_stop stop) noexcept {
  static constexpr std::array<std::string_view, 7> names = {
      "none", "attempts", "not_retryable", "not_idempotent", "deadline", "budget", "retry_after"};
  return name_of(names, static_cast<std::size_t>(stop));
}

std::string error::message() const {
  std::string out = describe(*this);
  if (stage_ != error_stage::none) {
    out += " [";
    out += to_string(stage_);
    out += "]";
  }
  if (attempts_ > 1) {
    out += " (after ";
    append_number(out, attempts_);
    out += " attempts)";
  }
  const error* from = cause();
  for (int depth = 0; from != nullptr && depth < 2; ++depth, from = from->cause()) {
    out += "; caused by ";
    out += describe(*from);
  }
  return out;
}

}  // namespace fairlead
