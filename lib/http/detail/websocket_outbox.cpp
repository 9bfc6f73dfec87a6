// SPDX-License-Identifier: BSL-1.0
#include "websocket_outbox.hpp"

#include <span>
#include <utility>

namespace fairlead::http::detail {

void websocket_outbox::answer(std::string_view payload) {
  answer_.emplace(payload);
}

void websocket_outbox::close(close_code code, std::string_view reason) {
  close_.emplace();
  if (code != close_code::none) {
    const auto number = static_cast<unsigned>(code);
    *close_ += static_cast<char>(number >> 8U);
    *close_ += static_cast<char>(number & 0xffU);
    *close_ += reason;
  }
}

bool websocket_outbox::has_control() const noexcept {
  return ask_ || answer_ || close_ || control_sent_ < control_.size();
}

std::string_view websocket_outbox::control() {
  if (control_sent_ == control_.size()) {
    control_.clear();
    control_sent_ = 0;
    if (answer_) {
      append_control(opcode::pong, *answer_);
      answer_.reset();
    }
    if (std::exchange(ask_, false)) {
      append_control(opcode::ping, {});
    }
    if (close_) {
      append_control(opcode::close, *close_);
      close_.reset();
    }
  }
  return std::string_view(control_).substr(control_sent_);
}

void websocket_outbox::control_written(std::size_t n) noexcept {
  control_sent_ += n;
  if (control_sent_ == control_.size()) {
    std::string().swap(control_);
    control_sent_ = 0;
  }
}

void websocket_outbox::append_control(opcode code, std::string_view payload) {
  const auto pieces = frame(code, payload, true, false);
  control_ += pieces.head;
  control_ += pieces.payload;
}

// A mask that scripts cannot foresee keeps them from making bytes of their choice appear on the
// wire (RFC 6455, 10.3).
frame_mask websocket_outbox::fresh_mask() {
  if (masks_left_ == 0) {
    env_.unpredictable(std::as_writable_bytes(std::span(masks_)));
    masks_left_ = masks_.size();
  }
  return masks_[--masks_left_];
}

websocket_outbox::frame_pieces websocket_outbox::frame(opcode code, std::string_view payload,
                                                       bool last, bool compressed) {
  frame_head h;
  h.code = code;
  h.last = last;
  h.compressed = compressed;
  h.masked = self_ == endpoint_role::client;
  h.length = payload.size();
  if (h.masked) {
    h.mask = fresh_mask();
    masked_ = payload;
    apply_mask(masked_, h.mask, 0);
    payload = masked_;
  }
  const auto size = write_frame_head(h, head_);
  return {{head_.data(), size}, payload};
}

}  // namespace fairlead::http::detail
