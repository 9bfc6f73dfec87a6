// SPDX-License-Identifier: BSL-1.0
// Any bytes under every content coding, in pieces of any size: it moves or ends, output stays in
// its bounds, and how the input is cut makes no difference.
//
// How it works: the first byte picks the coding, the second how large the pieces are, the third how
// much room there is.
#include "detail/body_decoding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using fairlead::http::detail::body_decoding;
using fairlead::http::detail::content_decoder;

constexpr std::size_t limit = 1 << 20;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct result {
  std::string text;
  body_decoding::outcome end = body_decoding::outcome::all;
  bool complete = false;
};

result decode(std::string_view coding, std::string_view wire, std::size_t piece, std::size_t room) {
  result out;
  body_decoding d;
  d.begin(content_decoder::make(coding), limit);
  std::string encoded;
  while (!wire.empty()) {
    const auto n = std::min(piece, wire.size());
    encoded.append(wire.substr(0, n));
    wire.remove_prefix(n);
    do {
      const auto before = out.text.size();
      out.end = d.decode(encoded, out.text, room);
      require(out.text.size() - before <= room + 64 * 1024);
      require(out.text.size() <= limit + 64 * 1024);
      require(out.end != body_decoding::outcome::full || out.text.size() > before);
    } while (out.end == body_decoding::outcome::full);
    if (out.end != body_decoding::outcome::all) {
      return out;
    }
  }
  out.complete = d.complete();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view names[] = {"gzip", "deflate", "br", "zstd"};
  if (size < 3) {
    return 0;
  }
  const auto coding = names[data[0] % 4];
  if (!content_decoder::make(coding)) {
    return 0;
  }
  const std::size_t piece = data[1] + 1U;
  const std::size_t room = (data[2] + 1U) * 16U;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 3, size - 3);
  const auto cut = decode(coding, wire, piece, room);
  const auto whole = decode(coding, wire, wire.size() + 1, limit);
  if (cut.end == body_decoding::outcome::all && whole.end == body_decoding::outcome::all) {
    require(cut.text == whole.text);
    require(cut.complete == whole.complete);
  }
  return 0;
}
