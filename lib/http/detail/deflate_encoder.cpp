// SPDX-License-Identifier: BSL-1.0
// gzip and deflate, by zlib.
#include "content_encoders.hpp"

#include <zlib.h>

#include <array>
#include <new>

namespace fairlead::http::detail {

namespace {

constexpr int deflate_bits = 15;
constexpr int gzip_format = 16;  // on top of the window
constexpr int memory_level = 8;

class deflate_encoder final : public content_encoder {
 public:
  deflate_encoder(content_coding form, int level) {
    const int format = form == content_coding::gzip ? gzip_format : 0;
    const int made = ::deflateInit2(&z_, level, Z_DEFLATED, deflate_bits + format, memory_level,
                                    Z_DEFAULT_STRATEGY);
    if (made != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~deflate_encoder() override { ::deflateEnd(&z_); }

  void put(std::string& out, std::string_view bytes, until how) override {
    const int flush = how == until::the_end ? Z_FINISH
                      : how == until::here  ? Z_SYNC_FLUSH
                                            : Z_NO_FLUSH;
    while (!bytes.empty() || how != until::now_and_then) {
      const auto part = bytes.substr(0, 1U << 30);
      const bool last = part.size() == bytes.size();
      step(out, part, last ? flush : Z_NO_FLUSH);
      bytes.remove_prefix(part.size());
      if (last) {
        break;
      }
    }
  }

 private:
  void step(std::string& out, std::string_view part, int flush) {
    std::array<char, 4096> some;
    // zlib does not write through it.
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    z_.avail_in = static_cast<uInt>(part.size());
    do {
      z_.next_out = reinterpret_cast<Bytef*>(some.data());
      z_.avail_out = static_cast<uInt>(some.size());
      ::deflate(&z_, flush);
      out.append(some.data(), some.size() - z_.avail_out);
    } while (z_.avail_out == 0);
  }

  z_stream z_{};
};

}  // namespace

std::unique_ptr<content_encoder> make_deflate_encoder(content_coding form, int level) {
  return std::make_unique<deflate_encoder>(form, level);
}

}  // namespace fairlead::http::detail
