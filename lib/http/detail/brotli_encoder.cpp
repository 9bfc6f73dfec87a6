// SPDX-License-Identifier: BSL-1.0
// br (RFC 7932), by Google's encoder.
#include "content_encoders.hpp"

#include <brotli/encode.h>

#include <algorithm>
#include <array>
#include <new>

namespace fairlead::http::detail {

namespace {

constexpr std::uint32_t window_bits = 16;  // 64 KiB: twice that takes half as much memory again
// What takes about as long as zlib's level: 1 to 9.
constexpr std::array<std::uint32_t, 9> quality = {2, 2, 3, 3, 4, 4, 5, 7, 9};

class brotli_encoder final : public content_encoder {
 public:
  explicit brotli_encoder(int level)
      : state_(::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) {
      throw std::bad_alloc();
    }
    const auto at = static_cast<std::size_t>(std::clamp(level, 1, 9) - 1);
    ::BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, quality[at]);
    ::BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, window_bits);
  }
  ~brotli_encoder() override { ::BrotliEncoderDestroyInstance(state_); }

  void put(std::string& out, std::string_view bytes, until how) override {
    const auto operation = how == until::the_end ? BROTLI_OPERATION_FINISH
                           : how == until::here  ? BROTLI_OPERATION_FLUSH
                                                 : BROTLI_OPERATION_PROCESS;
    auto left = bytes.size();
    const auto* from = reinterpret_cast<const std::uint8_t*>(bytes.data());
    do {
      std::size_t no_room = 0;
      std::uint8_t* none = nullptr;
      if (::BrotliEncoderCompressStream(state_, operation, &left, &from, &no_room, &none,
                                        nullptr) == BROTLI_FALSE) {
        throw std::bad_alloc();  // it fails for nothing else when it is used as here
      }
      std::size_t made = 0;  // as much as there is
      const auto* text = ::BrotliEncoderTakeOutput(state_, &made);
      out.append(reinterpret_cast<const char*>(text), made);
    } while (left > 0 || ::BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE);
  }

 private:
  ::BrotliEncoderState* state_;
};

}  // namespace

std::unique_ptr<content_encoder> make_brotli_encoder(int level) {
  return std::make_unique<brotli_encoder>(level);
}

}  // namespace fairlead::http::detail
