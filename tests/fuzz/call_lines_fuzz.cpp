// SPDX-License-Identifier: BSL-1.0
// Any bytes as a line of a call or a reply. What is a JSON object has the members that a whole
// parser finds; what was read can be said again and is read the same; nothing else is let through.
#include "detail/call_lines.hpp"

#include <fairlead/json/raw_members.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

bool plain(std::string_view name) {
  return name.find('\\') == std::string_view::npos;
}

// Against a parser that reads everything.
void compare(std::string_view text) {
  boost::system::error_code ec;
  const auto parsed = boost::json::parse({text.data(), text.size()}, ec);
  if (ec || !parsed.is_object()) {
    return;
  }
  fairlead::json::raw_members members(text);
  std::size_t n = 0;
  while (const auto m = members.next()) {
    ++n;
    const auto value = boost::json::parse({m->value.data(), m->value.size()}, ec);
    require(!ec);
    const auto* there = parsed.as_object().if_contains({m->name.data(), m->name.size()});
    require(there != nullptr || !plain(m->name));
  }
  require(members.whole());
  require(n >= parsed.as_object().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  compare(text);
  const auto line = detail::read_line(text);
  if (!line) {
    require(!line.error().message().empty());
    return 0;
  }
  require(detail::id_of_line(text).value_or("") == line->id);
  incoming_hop hop;
  detail::take_headers(hop, line->headers);
  require(hop.call_of("op").idempotency_key.size() <= longest_idempotency_key);
  if (line->status == "error") {
    require(detail::failure_of(*line, "peer").sent() == error_sent::answered);
  }
  if (!line->id.empty()) {
    const auto reply = detail::write_reply(line->id, "ok", line->payload);
    const auto again = detail::read_line(reply);
    require(again && again->id == line->id && again->status == "ok");
    require(again->payload == (line->payload.empty() ? "null" : line->payload));
    const auto failed =
        detail::write_failure(line->id, errors::unavailable{"x", "y", std::nullopt});
    const auto told = detail::read_line(failed);
    require(told && told->id == line->id && told->status == "error");
  }
  return 0;
}
