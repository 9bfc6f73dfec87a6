// SPDX-License-Identifier: BSL-1.0
// Any fields of a request: what is passed on of them is well-formed and bounded, and is read again
// as the same.
//
// How it works: lines `name: value`, as they stand in a head. After a line that begins with `=`,
// its rest is written into tracestate and baggage as a key with itself as the value.
#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/trace_context.hpp>
#include <fairlead/observe/tracestate.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead::observe;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

std::string_view line_of(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

void check(const fairlead::trace_context& context) {
  const outgoing_trace sent(&context);
  incoming_trace again;
  std::size_t fields = 0;
  sent.each([&](std::string_view name, std::string_view value) {
    require(!value.empty() && value.size() <= baggage::most_bytes);
    for (const char c : value) {
      require(c >= ' ' && c <= '~');
    }
    require(again.take(name, value));
    ++fields;
  });
  require(sent.empty() == (fields == 0));
  const auto read = again.context();
  require(read.parent() == context.parent() && read.state() == context.state() &&
          read.facts() == context.facts());
  require(context.state().size() <= tracestate::most_entries &&
          context.state().text().size() <= tracestate::most_characters);
  require(context.facts().members().size() == context.facts().size() &&
          context.facts().size() <= baggage::most_members);
  for (const auto& m : context.facts().members()) {
    require(context.facts().get(m.key).has_value());
  }
}

void write(tracestate state, baggage facts, std::string_view text) {
  if (state.set(text, text)) {
    require(state.get(text) == text && tracestate::parse(state.text()) == state);
    require(state.erase(text) && !state.get(text));
  }
  if (facts.set("key", text)) {
    require(baggage::parse(facts.text()) == facts && facts.get("key").has_value());
    require(facts.erase("key") && !facts.get("key"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  incoming_trace came;
  while (!rest.empty()) {
    const auto line = line_of(rest);
    if (line.starts_with('=')) {
      const auto so_far = came.context();
      write(so_far.state(), so_far.facts(), line.substr(1));
      continue;
    }
    const auto colon = line.find(':');
    came.take(line.substr(0, colon),
              colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1));
  }
  check(came.context());
  return 0;
}
