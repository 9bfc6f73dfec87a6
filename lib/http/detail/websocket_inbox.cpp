// SPDX-License-Identifier: BSL-1.0
// How it works: a head is parsed as a whole; then the payload is handed on as it comes, except that
// of control frames, which is short and waited for. Bytes that the inflater could not take yet stay
// in front of the caller's buffer, unmasked already: `unmasked_` remembers how many.
#include "websocket_inbox.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::http::detail {

namespace {

constexpr std::size_t inflated_at_a_time = 16 * 1024;

websocket_inbox::step faulty(close_code code, std::string_view why) {
  websocket_inbox::step out;
  out.what = websocket_inbox::event::fault;
  out.code = code;
  out.data = why;
  return out;
}

// What a peer may send (RFC 6455, 7.4.2 and the IANA registry).
bool may_be_sent(unsigned code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

websocket_inbox::websocket_inbox(const rules& r, message_inflater inflater)
    : rules_(r), inflater_(std::move(inflater)) {}

std::string_view websocket_inbox::against_the_rules(const frame_head& h) const noexcept {
  if (h.masked != (rules_.self == endpoint_role::server)) {
    return h.masked ? "a masked frame from a server" : "an unmasked frame from a client";
  }
  const bool begins = h.code == opcode::text || h.code == opcode::binary;
  if (h.compressed && (!begins || !inflater_)) {
    return inflater_ ? "compression marked where it must not be"
                     : "compression that was not agreed on";
  }
  if (begins && in_message_) {
    return "a new message in the middle of another";
  }
  if (h.code == opcode::continuation && !in_message_) {
    return "a continuation of nothing";
  }
  return {};
}

// Nothing when the frame has begun; else the fault.
std::optional<websocket_inbox::step> websocket_inbox::begin_frame(const frame_head& h) {
  if (const auto why = against_the_rules(h); !why.empty()) {
    return faulty(close_code::protocol_error, why);
  }
  if (!is_control(h.code)) {
    const auto so_far = h.code == opcode::continuation ? message_size_ : 0;
    const bool plain = h.code == opcode::continuation ? !compressed_ : !h.compressed;
    if (plain && h.length > rules_.max_message - so_far) {
      return faulty(close_code::too_large, "a message beyond the limit");
    }
    if (h.code != opcode::continuation) {
      in_message_ = true;
      compressed_ = h.compressed;
      kind_ = h.code == opcode::text ? message_kind::text : message_kind::binary;
      message_size_ = 0;
      text_.reset();
    }
  }
  frame_ = h;
  seen_ = 0;
  in_frame_ = true;
  return std::nullopt;
}

websocket_inbox::step websocket_inbox::feed(std::span<char> bytes) {
  if (!in_message_) {
    inflated_.reset();  // the last piece has been looked at
  }
  std::size_t before = 0;  // the head's size
  if (!in_frame_) {
    const auto parsed = parse_frame_head({bytes.data(), bytes.size()});
    if (!parsed.fault.empty()) {
      return faulty(close_code::protocol_error, parsed.fault);
    }
    if (parsed.size == 0) {
      return {};
    }
    if (auto wrong = begin_frame(parsed.head)) {
      return *wrong;
    }
    before = parsed.size;
  }
  auto rest = bytes.subspan(before);
  const auto left = frame_.length - seen_;
  if (rest.size() > left) {
    rest = rest.first(static_cast<std::size_t>(left));
  }
  if (is_control(frame_.code)) {
    return control(rest, before);
  }
  return compressed_ ? inflated_piece(rest, before) : plain_piece(rest, before);
}

void websocket_inbox::unmask(std::span<char> payload) noexcept {
  if (frame_.masked && payload.size() > unmasked_) {
    apply_mask(payload.subspan(unmasked_), frame_.mask, seen_ + unmasked_);
  }
  unmasked_ = payload.size();
}

void websocket_inbox::end_frame() noexcept {
  in_frame_ = false;
  unmasked_ = 0;
}

websocket_inbox::step websocket_inbox::control(std::span<char> payload, std::size_t before) {
  step out;
  out.taken = before;
  if (payload.size() < frame_.length) {
    return out;  // the head is taken; its payload comes in one piece
  }
  unmask(payload);
  end_frame();
  out.taken += payload.size();
  out.data = {payload.data(), payload.size()};
  if (frame_.code == opcode::close) {
    return closing(out.data, out.taken);
  }
  out.what = frame_.code == opcode::ping ? event::ping : event::pong;
  return out;
}

websocket_inbox::step websocket_inbox::closing(std::string_view payload, std::size_t taken) const {
  step out;
  out.taken = taken;
  out.what = event::close;
  out.code = close_code::none;
  if (payload.empty()) {
    return out;
  }
  if (payload.size() == 1) {
    return faulty(close_code::protocol_error, "a close frame with half a code");
  }
  const unsigned code =
      static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
  if (!may_be_sent(code)) {
    return faulty(close_code::protocol_error, "a close frame with an invalid code");
  }
  out.code = static_cast<close_code>(code);
  out.data = payload.substr(2);
  utf8_checker reason;
  if (!reason.feed(out.data) || !reason.complete()) {
    return faulty(close_code::invalid_text, "a close frame whose reason is not UTF-8");
  }
  return out;
}

websocket_inbox::step websocket_inbox::piece(std::size_t taken, std::string_view data, bool ends) {
  message_size_ += data.size();
  if (kind_ == message_kind::text && (!text_.feed(data) || (ends && !text_.complete()))) {
    return faulty(close_code::invalid_text, "text that is not UTF-8");
  }
  step out;
  out.taken = taken;
  out.what = data.empty() && !ends ? event::more : event::piece;
  out.kind = kind_;
  out.ends = ends;
  out.data = data;
  in_message_ = !ends;
  return out;
}

websocket_inbox::step websocket_inbox::plain_piece(std::span<char> payload, std::size_t before) {
  unmask(payload);
  seen_ += payload.size();
  unmasked_ = 0;
  const bool whole = seen_ == frame_.length;
  if (whole) {
    end_frame();
  }
  return piece(before + payload.size(), {payload.data(), payload.size()}, whole && frame_.last);
}

websocket_inbox::step websocket_inbox::inflated_piece(std::span<char> payload, std::size_t before) {
  unmask(payload);
  if (!inflated_) {
    inflated_ = std::make_unique<char[]>(inflated_at_a_time);
  }
  // One byte more than is allowed, to see that there is more.
  const auto left = rules_.max_message - message_size_;
  const auto room = left < inflated_at_a_time ? left + 1 : inflated_at_a_time;
  const std::span<char> into(inflated_.get(), static_cast<std::size_t>(room));
  auto got = inflater_->read({payload.data(), payload.size()}, into);
  seen_ += got.taken;
  unmasked_ -= got.taken;
  const bool whole = seen_ == frame_.length;
  bool ends = false;
  if (!got.broken && whole && got.exhausted && frame_.last) {
    const auto tail = inflater_->finish(into.subspan(got.given));
    got.given += tail.given;
    got.broken = tail.broken;
    ends = tail.exhausted;
  }
  if (got.broken) {
    return faulty(close_code::invalid_text, "compressed data that is damaged");
  }
  if (message_size_ + got.given > rules_.max_message) {
    return faulty(close_code::too_large, "a message beyond the limit");
  }
  if (whole && (ends || (!frame_.last && got.exhausted))) {
    end_frame();
  }
  return piece(before + got.taken, {into.data(), got.given}, ends);
}

}  // namespace fairlead::http::detail
