// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <fairlead/json/encode.hpp>

#include <boost/describe.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>

namespace wire {

BOOST_DESCRIBE_STRUCT(round, (),
                      (client_ns, server_ns, both_ns, p50_us, p99_us, client_allocations,
                       server_allocations))

struct json_series {
  std::string contestant;
  std::int64_t body_bytes = 0;
  std::vector<round> rounds;
};
BOOST_DESCRIBE_STRUCT(json_series, (), (contestant, body_bytes, rounds))

namespace {

using member = double round::*;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

std::vector<double> values_of(const series& s, member m) {
  std::vector<double> out;
  for (const auto& r : s.rounds) {
    out.push_back(std::invoke(m, r));
  }
  return out;
}

// Round by round.
std::vector<double> ratios(const series& s, const series& to, member m) {
  std::vector<double> out;
  for (std::size_t i = 0; i < s.rounds.size() && i < to.rounds.size(); ++i) {
    out.push_back(std::invoke(m, s.rounds[i]) / std::invoke(m, to.rounds[i]));
  }
  return out;
}

template <class... A>
std::string format(const char* how, A... values) {
  char out[128];
  const int n = std::snprintf(out, sizeof out, how, values...);
  return {out, static_cast<std::size_t>(n)};
}

std::string with_ratio(const series& s, const series* to, member m, const char* how) {
  auto text = format(how, median(values_of(s, m)));
  if (to != nullptr) {
    const auto all = ratios(s, *to, m);
    text += format(" | %.2f (%.2f to %.2f)", median(all), *std::min_element(all.begin(), all.end()),
                   *std::max_element(all.begin(), all.end()));
  } else {
    text += " |";
  }
  return text;
}

std::string row(const series& s, const series* to) {
  std::string out = "| " + std::string(s.who.name) + " | ";
  out += with_ratio(s, to, &round::client_ns, "%.0f") + " | ";
  out += with_ratio(s, to, &round::server_ns, "%.0f") + " | ";
  out += with_ratio(s, to, &round::both_ns, "%.0f") + " | ";
  if (median(values_of(s, &round::p50_us)) > 0) {
    out += with_ratio(s, to, &round::p50_us, "%.2f");
    out += format(" | %.2f | ", median(values_of(s, &round::p99_us)));
  } else {
    out += "| | | ";  // not measured with more than one connection
  }
  out += format("%.2f | %.2f |\n", median(values_of(s, &round::client_allocations)),
                median(values_of(s, &round::server_allocations)));
  return out;
}

}  // namespace

std::string to_markdown(const std::vector<series>& all) {
  std::string out;
  std::size_t size = 0;
  for (const auto& s : all) {
    if (s.body_bytes != size) {
      size = s.body_bytes;
      out += "\nGET of " + std::to_string(size) +
             " bytes of JSON; medians of the rounds\n\n"
             "| | client CPU ns | x Asio | server CPU ns | x Asio | both | x Asio | p50 us | "
             "x Asio | p99 us | client allocations | server allocations |\n"
             "|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    }
    const auto reference = std::find_if(all.begin(), all.end(), [&](const series& other) {
      return other.who.name == asio_coroutines.name && other.body_bytes == size;
    });
    out += row(s, reference == all.end() ? nullptr : &*reference);
  }
  return out;
}

std::string to_json(const std::vector<series>& all) {
  std::vector<json_series> out;
  for (const auto& s : all) {
    json_series next;
    next.contestant = s.who.name;
    next.body_bytes = static_cast<std::int64_t>(s.body_bytes);
    next.rounds = s.rounds;
    out.push_back(std::move(next));
  }
  return fairlead::json::encode(out).value();
}

}  // namespace wire
