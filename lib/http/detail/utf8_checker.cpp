// SPDX-License-Identifier: BSL-1.0
// How it works: the table of well-formed sequences in the Unicode standard (3-7) narrows only the
// second byte; so one pair of bounds and a count are all the state there is.
#include "utf8_checker.hpp"

#include <cstring>

namespace fairlead::http::detail {

bool utf8_checker::begin(unsigned char first) noexcept {
  least_ = 0x80;
  most_ = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    missing_ = 1;
  } else if (first >= 0xe0 && first <= 0xef) {
    missing_ = 2;
    least_ = first == 0xe0 ? 0xa0 : 0x80;
    most_ = first == 0xed ? 0x9f : 0xbf;
  } else if (first >= 0xf0 && first <= 0xf4) {
    missing_ = 3;
    least_ = first == 0xf0 ? 0x90 : 0x80;
    most_ = first == 0xf4 ? 0x8f : 0xbf;
  } else {
    return false;
  }
  return true;
}

bool utf8_checker::feed(std::string_view piece) noexcept {
  std::size_t i = 0;
  while (i < piece.size()) {
    if (missing_ == 0) {
      // Most text is ASCII: eight bytes at a time.
      std::uint64_t eight = 0;
      while (piece.size() - i >= sizeof eight) {
        std::memcpy(&eight, piece.data() + i, sizeof eight);
        if ((eight & 0x8080808080808080U) != 0) {
          break;
        }
        i += sizeof eight;
      }
      if (i == piece.size()) {
        break;
      }
    }
    const auto c = static_cast<unsigned char>(piece[i++]);
    if (missing_ > 0) {
      if (c < least_ || c > most_) {
        return false;
      }
      --missing_;
      least_ = 0x80;
      most_ = 0xbf;
    } else if (c >= 0x80 && !begin(c)) {
      return false;
    }
  }
  return true;
}

}  // namespace fairlead::http::detail
