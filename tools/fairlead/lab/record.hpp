// SPDX-License-Identifier: BSL-1.0
// What happened in a replay.
#pragma once

#include <fairlead/core/time.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::lab {

struct error_record {
  std::string kind;
  std::optional<std::string> policy = {};
  std::optional<duration> retry_after = {};
  std::optional<std::string> cause = {};
  std::optional<std::string> suppressed_by = {};
};

struct call_record {
  duration at{};
  std::optional<duration> done;
  boost::json::value value;
  std::uint32_t attempts = 1;
  std::optional<error_record> failure;
};

struct execution_record {
  std::size_t call = 0;
  std::uint32_t attempt = 1;
  duration start{};
  std::optional<duration> end;
  std::optional<std::string_view> outcome;  ///< a constant
  bool cancelled = false;
  std::optional<duration> deadline;
};

struct event_record {
  duration at{};
  std::string policy = {};
  std::string_view event = {};  ///< a constant, as the states
  std::optional<std::size_t> call = {};
  std::uint32_t attempt = 1;
  std::optional<duration> delay = {};
  std::string_view from = {};
  std::string_view to = {};
  std::optional<double> value = {};
};

/// What is still held when everything has ended.
struct leak_record {
  std::size_t timers = 0;
  std::size_t permits = 0;
  std::size_t reservations = 0;
  std::size_t flights = 0;
  std::size_t tasks = 0;
};

/// A policy with state, or a budget, as it stood at the end.
struct policy_record {
  std::string name;
  boost::json::object facts;  // "type" first
};

struct record {
  std::vector<call_record> calls;
  std::deque<execution_record> executions;  // there may be millions
  std::deque<event_record> events;
  std::vector<policy_record> policies;
  leak_record leaks;
  duration end{};
  std::string description;  ///< of the stack
};

/// Writes the document that `fairlead lab` prints.
void write_json(std::ostream& out, const record& r);

}  // namespace fairlead::lab
