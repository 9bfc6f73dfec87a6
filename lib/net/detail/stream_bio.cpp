// SPDX-License-Identifier: BSL-1.0
#include "stream_bio.hpp"

#include "tls_engine.hpp"

#include <algorithm>
#include <new>

namespace fairlead::net::detail {

namespace {

// Reads of the stream beneath in one step, so that a peer who sends much that is no data of the
// application does not keep everybody else from running.
constexpr unsigned most_reads = 16;

// What OpenSSL's own BIOs give when nothing moved; its alerts get lost when it is 0.
constexpr int nothing_moved = -1;

tls_engine& engine_of(BIO* bio) noexcept {
  return *static_cast<tls_engine*>(BIO_get_data(bio));
}

error out_of_memory() {
  return errors::system_error{"TLS", ENOMEM};
}

}  // namespace

int stream_bio::write(BIO* bio, const char* from, std::size_t size, std::size_t* written) noexcept {
  auto& self = engine_of(bio);
  BIO_clear_retry_flags(bio);
  *written = 0;
  if (self.write_error_) {
    return nothing_moved;
  }
  try {
    const std::span<const std::byte> piece = std::as_bytes(std::span(from, size));
    auto put = self.under_.try_write(const_buffers(&piece, 1));
    if (!put) {
      BIO_set_retry_write(bio);
      return nothing_moved;
    }
    if (!*put) {
      self.write_error_ = std::move(*put).error();
      return nothing_moved;
    }
    *written = **put;
    return 1;
  } catch (...) {
    self.write_error_.emplace(out_of_memory());
    return nothing_moved;
  }
}

int stream_bio::read(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept {
  auto& self = engine_of(bio);
  BIO_clear_retry_flags(bio);
  *got = 0;
  if (self.ended_below_) {
    return 0;
  }
  if (self.read_error_) {
    return nothing_moved;
  }
  if (self.reads_++ == most_reads) {
    BIO_set_retry_read(bio);
    return nothing_moved;
  }
  try {
    auto took = self.under_.try_read(std::as_writable_bytes(std::span(into, size)));
    if (!took) {
      BIO_set_retry_read(bio);
      return nothing_moved;
    }
    if (!*took) {
      self.read_error_ = std::move(*took).error();
      return nothing_moved;
    }
    *got = **took;
  } catch (...) {
    self.read_error_.emplace(out_of_memory());
    return nothing_moved;
  }
  self.ended_below_ = *got == 0;
  const auto room = self.first_.size() - self.first_count_;
  const auto kept = std::min(room, *got);
  std::copy_n(into, kept, self.first_.begin() + self.first_count_);
  self.first_count_ = static_cast<std::uint8_t>(self.first_count_ + kept);
  return *got > 0 ? 1 : 0;
}

long stream_bio::control(BIO* bio, int what, long /*number*/, void* /*pointer*/) noexcept {
  switch (what) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_EOF:
      return engine_of(bio).ended_below_ ? 1 : 0;
    default:
      return 0;
  }
}

// A table of functions, made once and never changed.
const BIO_METHOD* stream_bio::method() {
  static BIO_METHOD* const table = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fairlead stream");
    if (made != nullptr) {
      BIO_meth_set_write_ex(made, &write);
      BIO_meth_set_read_ex(made, &read);
      BIO_meth_set_ctrl(made, &control);
    }
    return made;
  }();
  return table;
}

owned<BIO> stream_bio::make(tls_engine& engine) {
  const auto* table = method();
  owned<BIO> out(table != nullptr ? BIO_new(table) : nullptr);
  if (out) {
    BIO_set_data(out.get(), &engine);
    BIO_set_init(out.get(), 1);
  }
  return out;
}

}  // namespace fairlead::net::detail
