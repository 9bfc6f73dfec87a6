// SPDX-License-Identifier: BSL-1.0
// What is read for metrics and traces out of what others send: Accept, addresses, URLs, the answers
// of collectors. The first byte says which.
#include "detail/accept.hpp"
#include "detail/otlp_answer.hpp"
#include "detail/span_facts.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead;
using http::detail::welcome;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void check_accept(std::string_view text) {
  http::headers h;
  h.add("Accept", text);
  const auto got = http::detail::welcome_of(h, "text/plain", "0.0.4");
  require(got.weight >= 0 && got.weight <= 1000);
  require(got.by != welcome::range::none || got.weight == 0);
  // Another type's range has no say, wherever it stands.
  h.add("Accept", "image/png;q=0.5");
  const auto again = http::detail::welcome_of(h, "text/plain", "0.0.4");
  require(!h.check() || (again.by == got.by && again.weight == got.weight));
}

void check_address(std::string_view text) {
  const auto got = http::detail::split_address(text);
  require(got.address.size() <= text.size());
  require(got.port == 0 || text.ends_with(std::to_string(got.port)));
}

void check_redacted(std::string_view text) {
  const auto got = http::detail::redacted(text);
  require(http::detail::redacted(got) == got);
  require(got == text || got.find("REDACTED") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      check_accept(text);
      break;
    case 1:
      check_address(text);
      break;
    case 2:
      check_redacted(text);
      break;
    default:
      static_cast<void>(http::detail::read_otlp_answer(text));
  }
  return 0;
}
