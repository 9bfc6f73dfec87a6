// SPDX-License-Identifier: BSL-1.0
#include "body_decoding.hpp"

namespace fairlead::http::detail {

body_decoding::outcome body_decoding::decode(std::string& encoded, std::string& decoded,
                                             std::size_t most) {
  const auto before = decoded.size();
  for (;;) {
    const auto have = decoded.size();
    if (have - before >= most) {
      return outcome::full;
    }
    const auto step =
        by_->decode(std::string_view(encoded).substr(at_), decoded, most - (have - before));
    if (step.now == decode_step::state::failed) {
      return outcome::broken;
    }
    at_ += step.taken;
    guard_.saw(step.taken, decoded.size() - have);
    if (guard_.decoded() > limit_) {
      return outcome::too_large;
    }
    if (guard_.suspicious()) {
      return outcome::bomb;
    }
    if (step.now == decode_step::state::more) {
      encoded.clear();
      at_ = 0;
      return outcome::all;
    }
  }
}

}  // namespace fairlead::http::detail
