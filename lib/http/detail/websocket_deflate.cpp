// SPDX-License-Identifier: BSL-1.0
// How it works: a message is a raw deflate stream flushed to a byte, without the four bytes 00 00
// FF FF that every such flush ends in; the reader puts them back.
#include "websocket_deflate.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <zlib.h>

namespace fairlead::http::detail {

namespace {

constexpr std::string_view flush_tail("\x00\x00\xff\xff", 4);

Bytef* bytes_of(const char* text) noexcept {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));  // zlib 1.2 does not write there
}

}  // namespace

struct message_deflater::state {
  z_stream z{};
  takeover context;

  state(int window_bits, takeover t) : context(t) {
    constexpr int memory = 8;  // zlib's default: 128 KiB beside the window
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() { deflateEnd(&z); }

  void run(std::string_view piece, int flush, std::string& out) {
    z.next_in = bytes_of(piece.data());
    z.avail_in = static_cast<uInt>(piece.size());
    std::array<char, 4096> room;
    do {
      z.next_out = bytes_of(room.data());
      z.avail_out = static_cast<uInt>(room.size());
      deflate(&z, flush);
      out.append(room.data(), room.size() - z.avail_out);
    } while (z.avail_out == 0);
  }
};

message_deflater::message_deflater(int window_bits, takeover context)
    : state_(std::make_unique<state>(window_bits, context)) {}
message_deflater::message_deflater(message_deflater&&) noexcept = default;
message_deflater& message_deflater::operator=(message_deflater&&) noexcept = default;
message_deflater::~message_deflater() = default;

void message_deflater::add(std::string_view piece, std::string& out) {
  constexpr std::size_t most = std::size_t{1} << 30U;  // zlib counts in 32 bits
  while (!piece.empty()) {
    const auto part = piece.substr(0, most);
    state_->run(part, Z_NO_FLUSH, out);
    piece.remove_prefix(part.size());
  }
}

void message_deflater::finish(std::string& out) {
  const auto begun = out.size();
  state_->run({}, Z_SYNC_FLUSH, out);
  // zlib gives nothing when it has just been flushed: an empty message is then one empty block.
  if (std::string_view(out).substr(begun).ends_with(flush_tail)) {
    out.resize(out.size() - flush_tail.size());
  }
  if (out.size() == begun) {
    out += '\0';
  }
  if (state_->context == takeover::forget) {
    deflateReset(&state_->z);
  }
}

struct message_inflater::state {
  z_stream z{};
  takeover context;
  std::size_t tail_taken = 0;
  bool ended = false;  // a final block was seen: what follows is a stream of its own

  state(int window_bits, takeover t) : context(t) {
    if (inflateInit2(&z, -window_bits) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() { inflateEnd(&z); }

  // After a final block zlib wants a new stream; the messages behind it still refer to the window.
  void begin_again() {
    std::array<Bytef, 32768> window;
    uInt size = 0;
    inflateGetDictionary(&z, window.data(), &size);
    inflateReset(&z);
    inflateSetDictionary(&z, window.data(), size);
    ended = false;
  }

  step run(std::string_view in, std::span<char> out) {
    constexpr std::size_t most = std::size_t{1} << 30U;
    if (ended) {
      begin_again();
    }
    const auto room = std::min(out.size(), most);
    const auto offered = std::min(in.size(), most);
    z.next_in = bytes_of(in.data());
    z.avail_in = static_cast<uInt>(offered);
    z.next_out = bytes_of(out.data());
    z.avail_out = static_cast<uInt>(room);
    const int got = inflate(&z, Z_SYNC_FLUSH);
    step s;
    s.taken = offered - z.avail_in;
    s.given = room - z.avail_out;
    s.broken = got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR;
    ended = got == Z_STREAM_END;
    s.exhausted = s.taken == in.size() && z.avail_out > 0;
    return s;
  }
};

message_inflater::message_inflater(int window_bits, takeover context)
    : state_(std::make_unique<state>(window_bits, context)) {}
message_inflater::message_inflater(message_inflater&&) noexcept = default;
message_inflater& message_inflater::operator=(message_inflater&&) noexcept = default;
message_inflater::~message_inflater() = default;

message_inflater::step message_inflater::read(std::string_view in, std::span<char> out) {
  return state_->run(in, out);
}

message_inflater::step message_inflater::finish(std::span<char> out) {
  auto& s = *state_;
  auto done = s.run(flush_tail.substr(s.tail_taken), out);
  s.tail_taken += done.taken;
  if (done.exhausted || done.broken) {
    s.tail_taken = 0;
    if (s.context == takeover::forget) {
      inflateReset(&s.z);
      s.ended = false;
    }
  }
  return done;
}

}  // namespace fairlead::http::detail
