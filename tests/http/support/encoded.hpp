// SPDX-License-Identifier: BSL-1.0
// Bodies under a content coding, as servers send them.
#pragma once

#include <zlib.h>
#ifdef FAIRLEAD_BROTLI
#include <brotli/encode.h>
#endif
#ifdef FAIRLEAD_ZSTD
#include <zstd.h>
#endif

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::testing {

/// `window_bits` says which format: 31 gzip, 15 zlib, -15 bare deflate.
inline std::string deflated(std::string_view text, int window_bits) {
  z_stream z{};
  if (::deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string out(::deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  ::deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  ::deflateEnd(&z);
  return out;
}

inline std::string encoded(std::string_view coding, std::string_view text) {
  if (coding == "gzip") {
    return deflated(text, 31);
  }
  if (coding == "deflate") {
    return deflated(text, 15);
  }
#ifdef FAIRLEAD_BROTLI
  if (coding == "br") {
    std::size_t size = ::BrotliEncoderMaxCompressedSize(text.size()) + 64;
    std::string out(size, '\0');
    ::BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, text.size(),
                            reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                            reinterpret_cast<std::uint8_t*>(out.data()));
    out.resize(size);
    return out;
  }
#endif
#ifdef FAIRLEAD_ZSTD
  if (coding == "zstd") {
    std::string out(::ZSTD_compressBound(text.size()), '\0');
    out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
  }
#endif
  throw std::runtime_error("no encoder for " + std::string(coding));
}

/// What this build can encode and decode.
inline std::vector<std::string> codings() {
  return {
      "gzip",
      "deflate",
#ifdef FAIRLEAD_BROTLI
      "br",
#endif
#ifdef FAIRLEAD_ZSTD
      "zstd",
#endif
  };
}

}  // namespace fairlead::testing
