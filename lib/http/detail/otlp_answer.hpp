// SPDX-License-Identifier: BSL-1.0
// What a collector says to spans that it has taken. Sans-IO.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// An `ExportTraceServiceResponse`, as far as it matters.
struct otlp_answer {
  std::uint64_t rejected = 0;  ///< spans
  std::string message;         ///< why, or what else there is to say
};

/// From its JSON. What is malformed says nothing: the status has told that the spans were taken.
[[nodiscard]] otlp_answer read_otlp_answer(std::string_view body);

}  // namespace fairlead::http::detail
