// SPDX-License-Identifier: BSL-1.0
// zstd (RFC 8878), by Facebook's encoder.
#include "content_encoders.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <new>

namespace fairlead::http::detail {

namespace {

constexpr int window_log = 16;  // 64 KiB, and tables of that size: otherwise it takes many MiB
// What takes about as long as zlib's level: 1 to 9.
constexpr std::array<int, 9> levels = {1, 1, 2, 5, 5, 6, 8, 10, 12};

class zstd_encoder final : public content_encoder {
 public:
  explicit zstd_encoder(int level) : stream_(::ZSTD_createCCtx()) {
    if (stream_ == nullptr) {
      throw std::bad_alloc();
    }
    const auto at = static_cast<std::size_t>(std::clamp(level, 1, 9) - 1);
    ::ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, levels[at]);
    for (const auto each : {ZSTD_c_windowLog, ZSTD_c_hashLog, ZSTD_c_chainLog}) {
      ::ZSTD_CCtx_setParameter(stream_, each, window_log);
    }
  }
  ~zstd_encoder() override { ::ZSTD_freeCCtx(stream_); }

  void put(std::string& out, std::string_view bytes, until how) override {
    const auto operation = how == until::the_end ? ZSTD_e_end
                           : how == until::here  ? ZSTD_e_flush
                                                 : ZSTD_e_continue;
    std::array<char, 4096> some;
    ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
    for (bool more = true; more;) {
      ZSTD_outBuffer to{some.data(), some.size(), 0};
      const auto left = ::ZSTD_compressStream2(stream_, &to, &from, operation);
      if (::ZSTD_isError(left) != 0) {
        throw std::bad_alloc();  // it fails for nothing else when it is used as here
      }
      out.append(some.data(), to.pos);
      more = operation == ZSTD_e_continue ? from.pos < from.size : left != 0;
    }
  }

 private:
  ::ZSTD_CCtx* stream_;
};

}  // namespace

std::unique_ptr<content_encoder> make_zstd_encoder(int level) {
  return std::make_unique<zstd_encoder>(level);
}

}  // namespace fairlead::http::detail
