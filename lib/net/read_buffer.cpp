// SPDX-License-Identifier: BSL-1.0
// How it works: bytes are read behind those that are there. When room runs out they are moved to
// the front if that frees at least half, else the buffer doubles, so each byte is moved a bounded
// number of times.
#include <fairlead/net/read_buffer.hpp>

#include <algorithm>
#include <cstring>

namespace fairlead::net {

io_attempt read_buffer::fill(stream& from) {
  make_room();
  auto got =
      from.try_read(std::as_writable_bytes(std::span(memory_.get() + end_, capacity_ - end_)));
  if (got && *got) {
    end_ += **got;
  }
  return got;
}

void read_buffer::make_room() {
  const auto kept = end_ - begin_;
  if (kept == 0) {
    begin_ = 0;
    end_ = 0;
  }
  if (capacity_ - end_ >= std::max<std::size_t>(capacity_ / 2, 1)) {
    return;
  }
  if (kept <= capacity_ / 2 && capacity_ > 0) {
    std::memmove(memory_.get(), memory_.get() + begin_, kept);
  } else {
    const auto larger = std::max({capacity_ * 2, first_size_, std::size_t{1}});
    auto moved = std::make_unique_for_overwrite<char[]>(larger);
    std::copy_n(memory_.get() + begin_, kept, moved.get());
    memory_ = std::move(moved);
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = kept;
}

void read_buffer::release() noexcept {
  if (begin_ == end_) {
    memory_.reset();
    capacity_ = 0;
    begin_ = 0;
    end_ = 0;
  }
}

}  // namespace fairlead::net
