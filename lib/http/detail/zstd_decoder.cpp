// SPDX-License-Identifier: BSL-1.0
// zstd (RFC 8878), by Facebook's decoder.
#include "content_decoders.hpp"

#include <zstd.h>

#include <new>

namespace fairlead::http::detail {

namespace {

constexpr int largest_window_log = 23;  // 8 MiB: RFC 9659

class zstd_decoder final : public content_decoder {
 public:
  zstd_decoder() : stream_(::ZSTD_createDStream()) {
    if (stream_ == nullptr) {
      throw std::bad_alloc();
    }
    ::ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, largest_window_log);
  }
  ~zstd_decoder() override { ::ZSTD_freeDStream(stream_); }

  decode_step decode(std::string_view in, std::string& out, std::size_t most) override {
    using state = decode_step::state;
    if (in.empty() && !full_) {
      return {0, state::more};
    }
    begun_ = true;
    output_room room(out, most);
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{room.data(), room.size(), 0};
    const auto left = ::ZSTD_decompressStream(stream_, &to, &from);
    room.use(to.pos);
    if (::ZSTD_isError(left) != 0) {
      reason_ = ::ZSTD_getErrorName(left);
      return {0, state::failed};
    }
    ended_ = left == 0;  // a frame, behind which another may follow
    full_ = !ended_ && to.pos == to.size;
    return {from.pos, full_ || from.pos < in.size() ? state::full : state::more};
  }
  [[nodiscard]] bool complete() const noexcept override { return ended_ || !begun_; }
  [[nodiscard]] std::string_view reason() const noexcept override { return reason_; }

 private:
  ::ZSTD_DStream* stream_;
  bool begun_ = false;
  bool ended_ = false;
  bool full_ = false;
  std::string reason_;
};

}  // namespace

std::unique_ptr<content_decoder> make_zstd_decoder() {
  return std::make_unique<zstd_decoder>();
}

}  // namespace fairlead::http::detail
