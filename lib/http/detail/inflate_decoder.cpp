// SPDX-License-Identifier: BSL-1.0
// gzip and deflate, by zlib.
#include "content_decoders.hpp"

#include <zlib.h>

#include <new>
#include <utility>

namespace fairlead::http::detail {

namespace {

enum class inflate_form : std::uint8_t { gzip, zlib, raw };

int inflate_bits(inflate_form f) noexcept {
  switch (f) {
    case inflate_form::gzip:
      return 15 + 16;
    case inflate_form::zlib:
      return 15;
    case inflate_form::raw:
      return -15;
  }
  return 0;
}

class inflater {
 public:
  explicit inflater(inflate_form f) {
    if (::inflateInit2(&z_, inflate_bits(f)) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater() { ::inflateEnd(&z_); }

  void restart(inflate_form f) noexcept { ::inflateReset2(&z_, inflate_bits(f)); }
  int step(std::string_view in, output_room& room, std::size_t& taken) noexcept {
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    const auto offered = std::min<std::size_t>(in.size(), 1U << 30U);
    z_.avail_in = static_cast<uInt>(offered);
    z_.next_out = reinterpret_cast<Bytef*>(room.data());
    z_.avail_out = static_cast<uInt>(room.size());
    const int code = ::inflate(&z_, Z_NO_FLUSH);
    taken = offered - z_.avail_in;
    room.use(room.size() - z_.avail_out);
    return code;
  }
  [[nodiscard]] bool room_left() const noexcept { return z_.avail_out > 0; }
  [[nodiscard]] std::string_view message() const noexcept {
    return z_.msg != nullptr ? z_.msg : "the data is broken";
  }

 private:
  z_stream z_{};
};

class inflate_decoder final : public content_decoder {
 public:
  explicit inflate_decoder(inflate_form f)
      : form_(f), z_(f), form_known_(f == inflate_form::gzip) {}

  decode_step decode(std::string_view in, std::string& out, std::size_t most) override {
    using state = decode_step::state;
    if (!form_known_ && !find_form(in)) {
      return {in.size(), state::more};
    }
    if (!held_.empty()) {  // one byte, which makes no output yet
      const auto front = std::exchange(held_, {});
      if (step(front, out, most).now == state::failed) {
        return {0, state::failed};
      }
    }
    return step(in, out, most);
  }
  [[nodiscard]] bool complete() const noexcept override {
    return held_.empty() && (ended_ || !begun_);
  }
  [[nodiscard]] std::string_view reason() const noexcept override { return reason_; }

 private:
  // Bare deflate under the name of zlib's format: what does not begin with zlib's header, a
  // multiple of 31, is that.
  bool find_form(std::string_view in) {
    if (held_.size() + in.size() < 2) {
      held_ += in;
      return false;
    }
    const auto byte = [&](std::size_t i) {
      const char c = i < held_.size() ? held_[i] : in[i - held_.size()];
      return static_cast<unsigned>(static_cast<unsigned char>(c));
    };
    form_known_ = true;
    if ((byte(0) & 0x0fU) != 8 || ((byte(0) << 8U) + byte(1)) % 31 != 0) {
      form_ = inflate_form::raw;
      z_.restart(form_);
    }
    return true;
  }

  decode_step step(std::string_view in, std::string& out, std::size_t most) {
    using state = decode_step::state;
    if (in.empty() && !full_) {
      return {0, state::more};
    }
    if (ended_) {
      if (form_ != inflate_form::gzip) {
        return failed("there is something behind the end of the data");
      }
      z_.restart(form_);  // the next member
      ended_ = false;
    }
    begun_ = true;
    output_room room(out, most);
    std::size_t taken = 0;
    const int code = z_.step(in, room, taken);
    if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END) {
      return failed(code == Z_NEED_DICT ? "a dictionary is needed" : z_.message());
    }
    ended_ = code == Z_STREAM_END;
    full_ = !ended_ && !z_.room_left();
    return {taken, full_ || taken < in.size() ? state::full : state::more};
  }

  decode_step failed(std::string_view why) {
    reason_ = why;
    return {0, decode_step::state::failed};
  }

  inflate_form form_;
  inflater z_;
  bool form_known_;
  std::string held_;
  bool begun_ = false;
  bool ended_ = false;
  bool full_ = false;  // there may be output that found no room
  std::string reason_;
};

}  // namespace

std::unique_ptr<content_decoder> make_gzip_decoder() {
  return std::make_unique<inflate_decoder>(inflate_form::gzip);
}

std::unique_ptr<content_decoder> make_deflate_decoder() {
  return std::make_unique<inflate_decoder>(inflate_form::zlib);
}

}  // namespace fairlead::http::detail
