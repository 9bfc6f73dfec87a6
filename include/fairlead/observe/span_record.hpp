// SPDX-License-Identifier: BSL-1.0
// A span that has ended, as exporters get it.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/observe/attribute.hpp>
#include <fairlead/observe/traceparent.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe {

/// What a span is to the spans around it.
enum class span_kind : std::uint8_t {
  internal,  ///< something within a process
  server,    ///< answers a request from elsewhere
  client,    ///< a request to elsewhere
  producer,  ///< hands over a message that is worked on later
  consumer,  ///< works on such a message
};

/// "internal", "server", "client", "producer", "consumer".
[[nodiscard]] std::string_view to_string(span_kind kind) noexcept;

/// How what a span stands for has ended: `unset` is good unless somebody knows better.
enum class span_status : std::uint8_t { unset, ok, error };

/// "unset", "ok", "error".
[[nodiscard]] std::string_view to_string(span_status status) noexcept;

/// Something that happened at one moment of a span.
struct span_event {
  std::string name;
  std::chrono::system_clock::time_point at;
  std::vector<attribute> attributes;
  std::uint32_t dropped_attributes = 0;
};

/// A span that this one has to do with, without being its child.
struct span_link {
  traceparent to;
  std::vector<attribute> attributes;
};

/// Who made spans: the service, its version, its host.
struct resource {
  std::string service;                ///< `service.name`
  std::vector<attribute> attributes;  ///< further ones
};

/// A span from begin to end.
struct span_record {
  traceparent id;                 ///< of its trace, and its own
  span_id parent;                 ///< zero for the first span of a trace
  bool parent_is_remote = false;  ///< the parent is in another process
  std::string tracestate;         ///< as it came
  std::string name;               ///< "GET /users/{id}": of few values
  span_kind kind{};
  std::chrono::system_clock::time_point start;
  duration took{};                    ///< by the monotonic clock
  std::vector<attribute> attributes;  ///< of different keys
  std::vector<span_event> events;     ///< in the order in which they happened
  std::vector<span_link> links;
  std::uint32_t dropped_attributes = 0;  ///< beyond `span_limits`
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  span_status status{};
  std::string message;  ///< of an error
  std::shared_ptr<const resource> by;

  [[nodiscard]] std::chrono::system_clock::time_point end() const noexcept {
    return start + std::chrono::duration_cast<std::chrono::system_clock::duration>(took);
  }
  /// The value under `key`; null when there is none.
  [[nodiscard]] const attribute_value* find(std::string_view key) const noexcept;
};

/// How large a span may grow. What comes after that is dropped and counted.
struct span_limits {
  /// Default 128 each, as in OpenTelemetry's specification (Trace SDK, span limits).
  std::size_t attributes = 128;
  std::size_t events = 128;
  std::size_t links = 128;
  std::size_t attributes_per_event = 128;
  /// Bytes of a name or a text; the rest is cut off. Default 4096, what usual backends keep.
  std::size_t text = 4096;
};

}  // namespace fairlead::observe
