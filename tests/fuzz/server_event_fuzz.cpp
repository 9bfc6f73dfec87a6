// SPDX-License-Identifier: BSL-1.0
// Any bytes as a stream of server-sent events: the same events in every split, bounded, and what
// was read can be written and read again.
#include <fairlead/http/server_event.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace fairlead::http;

struct copy {
  std::string type, data, id;
  friend bool operator==(const copy&, const copy&) = default;
};

std::vector<copy> events(std::string_view text, std::size_t portion, std::size_t limit = 1000) {
  event_parser parser(limit);
  std::vector<copy> out;
  while (!text.empty()) {
    auto part = text.substr(0, portion);
    text.remove_prefix(part.size());
    while (!part.empty()) {
      auto got = parser.next(part);
      if (!got) {
        return out;
      }
      if (*got) {
        out.push_back(
            {std::string((*got)->type), std::string((*got)->data), std::string((*got)->id)});
        if ((*got)->data.size() > 1000) {
          std::abort();
        }
      }
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 8192) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = events(text, text.size() + 1);
  if (whole != events(text, 1 + data[0] % 32)) {
    std::abort();
  }
  for (const auto& e : whole) {
    const auto written = format_event({e.type, e.data, e.id});
    if (!written) {
      std::abort();
    }
    const auto back = events(*written, written->size(), 10'000);
    if (back.size() != 1 || back[0].data != e.data || back[0].type != e.type ||
        back[0].id != e.id) {
      std::abort();
    }
  }
  return 0;
}
