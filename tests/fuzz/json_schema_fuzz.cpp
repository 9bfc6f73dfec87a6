// SPDX-License-Identifier: BSL-1.0
// A line as a schema, the rest as a document. Compiling and checking end, whatever they are; what
// is wrong is told with a place that exists, and every way of asking gives the same answer.
#include <fairlead/json/decode.hpp>
#include <fairlead/json/schema_validator.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace json = fairlead::json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const auto schema =
      json::schema_validator::compile_text(text.substr(0, line), {.max_steps = 20'000});
  if (!schema) {
    require(!schema.error().empty() && schema.error().size() <= json::max_problems);
    for (const auto& p : schema.error()) {
      require(!p.message.empty());
    }
    return 0;
  }
  const auto document = json::decode<boost::json::value>(
      line == std::string_view::npos ? std::string_view("null") : text.substr(line + 1));
  if (!document) {
    return 0;
  }
  const auto problems = schema->validate(*document);
  require(problems.size() <= json::max_problems);
  require(problems.empty() == schema->check(*document).has_value());
  require(problems == schema->validate(*document));
  for (const auto& p : problems) {
    boost::system::error_code ec;
    require(!p.message.empty() && !p.expected.empty());
    require(p.actual == "missing" || document->find_pointer(p.pointer, ec) != nullptr);
  }
  return 0;
}
