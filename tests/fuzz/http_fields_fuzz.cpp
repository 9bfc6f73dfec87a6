// SPDX-License-Identifier: BSL-1.0
// What is read out of header values and queries: any text gives an answer, and one that keeps
// to its promises. The first byte says which reader.
#include "detail/conditions.hpp"
#include "detail/content_encoder.hpp"
#include "detail/content_range.hpp"

#include <fairlead/http/date.hpp>
#include <fairlead/http/from_request.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct fuzzed_query {
  int number = 0;
  std::optional<double> weight;
  std::optional<bool> flag;
  std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(fuzzed_query, (), (number, weight, flag, tags))

namespace {

using namespace fairlead;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

http::request with(std::string_view name, std::string_view value) {
  http::request r(http::method::get, "/x");
  r.header(name, value);
  return r;
}

void check_ranges(std::string_view text) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}}) {
    const http::detail::representation of{"\"a\"", {}, size};
    const auto got = http::detail::wanted_ranges(with("Range", text), of, 4);
    if (!got) {
      continue;
    }
    require(got->size() <= 4);
    std::uint64_t total = 0;
    for (const auto& r : *got) {
      require(r.size > 0 && r.first < size && r.size <= size - r.first);
      total += r.size;
    }
    require(total <= size);
  }
}

void check_query(std::string_view text) {
  const http::request r(http::method::get, "/x?" + std::string(text));
  const auto got = http::from_query<fuzzed_query>::from_request(r);
  if (!got) {
    require(got.error().kind() == error_kind::invalid_argument ||
            got.error().kind() == error_kind::serialization_error);
  }
}

void check_content_range(std::string_view text) {
  const auto got = http::detail::parse_content_range(text);
  require(!got || (got->first <= got->last && (!got->total || got->last < *got->total)));
}

void check_dates(std::string_view text) {
  const auto at = http::parse_date(text);
  require(!at || http::parse_date(http::format_date(*at)) == at);
  using wall_time = std::chrono::system_clock::time_point;
  for (const auto now : {wall_time(), at.value_or(wall_time())}) {
    const auto wait = http::parse_retry_after(text, now);
    require(!wait || *wait >= duration::zero());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      static_cast<void>(http::detail::choose_coding(text, http::detail::built_in_codings()));
      static_cast<void>(http::detail::accepts_coding(with("Accept-Encoding", text), "br"));
      break;
    case 1:
      check_ranges(text);
      break;
    case 2: {
      using http::detail::comparison;
      using http::detail::has_tag;
      const bool strong = has_tag(text, "\"a\"", comparison::strong);
      require(!strong || has_tag(text, "\"a\"", comparison::weak));
      break;
    }
    case 3:
      check_query(text);
      break;
    case 4:
      check_content_range(text);
      break;
    default:
      check_dates(text);
  }
  return 0;
}
