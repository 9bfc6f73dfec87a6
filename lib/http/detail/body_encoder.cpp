// SPDX-License-Identifier: BSL-1.0
#include "body_encoder.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead::http::detail {

bool body_encoder::write(std::string_view piece) {
  if (how_ == body_framing::length) {
    if (piece.size() > left_) {
      return false;
    }
    left_ -= piece.size();
  }
  taken_ += piece.size();
  if (kept_.size() + piece.size() < most_kept) {
    kept_.append(piece);
  } else {
    emit(piece);
  }
  return true;
}

void body_encoder::flush() {
  emit({});
}

bool body_encoder::finish(const headers& trailers) {
  if (missing() > 0) {
    return false;
  }
  emit({});
  if (how_ == body_framing::chunked) {
    end_.assign(pieces_[4]).append("0\r\n").append(trailers.text()).append("\r\n");
    pieces_[4] = end_;
    sending_ = true;
  }
  return true;
}

void body_encoder::emit(std::string_view piece) {
  pieces_[2] = kept_;
  pieces_[3] = piece;
  const auto size = kept_.size() + piece.size();
  if (how_ == body_framing::chunked && size > 0) {
    auto* const begin = chunk_header_.data();
    auto* end = std::to_chars(begin, begin + chunk_header_.size() - 2, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    pieces_[1] = {begin, static_cast<std::size_t>(end - begin)};
    pieces_[4] = "\r\n";
  }
  sending_ = !all_empty();
}

bool body_encoder::all_empty() const noexcept {
  return std::all_of(pieces_.begin(), pieces_.end(), [](auto p) { return p.empty(); });
}

bool body_encoder::done() const noexcept {
  return !sending_;
}

net::io_attempt body_encoder::try_write(net::stream& s) {
  std::array<std::span<const std::byte>, piece_count> views;
  std::transform(pieces_.begin(), pieces_.end(), views.begin(),
                 [](std::string_view p) { return std::as_bytes(std::span(p)); });
  auto attempt = s.try_write(views);
  if (!attempt || !*attempt) {
    return attempt;
  }
  auto n = **attempt;
  begun_ = begun_ || n > 0;
  for (auto& piece : pieces_) {
    const auto here = std::min(n, piece.size());
    piece.remove_prefix(here);
    n -= here;
  }
  if (all_empty()) {
    kept_.clear();
    sending_ = false;
  }
  return attempt;
}

}  // namespace fairlead::http::detail
