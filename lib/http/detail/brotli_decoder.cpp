// SPDX-License-Identifier: BSL-1.0
// br (RFC 7932), by Google's decoder.
#include "content_decoders.hpp"

#include <brotli/decode.h>

#include <new>

namespace fairlead::http::detail {

namespace {

class brotli_decoder final : public content_decoder {
 public:
  brotli_decoder() : state_(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) {
      throw std::bad_alloc();
    }
  }
  ~brotli_decoder() override { ::BrotliDecoderDestroyInstance(state_); }

  decode_step decode(std::string_view in, std::string& out, std::size_t most) override {
    using state = decode_step::state;
    if (ended_) {
      return in.empty() ? decode_step{0, state::more}
                        : failed("there is something behind the end of the data");
    }
    begun_ = begun_ || !in.empty();
    output_room room(out, most);
    auto left = in.size();
    auto space = room.size();
    const auto* from = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* to = reinterpret_cast<std::uint8_t*>(room.data());
    const auto code = ::BrotliDecoderDecompressStream(state_, &left, &from, &space, &to, nullptr);
    room.use(room.size() - space);
    if (code == BROTLI_DECODER_RESULT_ERROR) {
      return failed(::BrotliDecoderErrorString(::BrotliDecoderGetErrorCode(state_)));
    }
    ended_ = code == BROTLI_DECODER_RESULT_SUCCESS;
    // It asks for input while it still holds output that found no room.
    const bool full = left > 0 || ::BrotliDecoderHasMoreOutput(state_) == BROTLI_TRUE;
    return {in.size() - left, full ? state::full : state::more};
  }
  [[nodiscard]] bool complete() const noexcept override { return ended_ || !begun_; }
  [[nodiscard]] std::string_view reason() const noexcept override { return reason_; }

 private:
  decode_step failed(std::string_view why) {
    reason_ = why;
    return {0, decode_step::state::failed};
  }

  ::BrotliDecoderState* state_;
  bool begun_ = false;
  bool ended_ = false;
  std::string reason_;
};

}  // namespace

std::unique_ptr<content_decoder> make_brotli_decoder() {
  return std::make_unique<brotli_decoder>();
}

}  // namespace fairlead::http::detail
