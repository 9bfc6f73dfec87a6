// SPDX-License-Identifier: BSL-1.0
#include "exchange.hpp"

namespace fairlead::http::detail {

void exchange::begin() {
  const bool bodied = request_.source() != nullptr || !request_.body().empty();
  expects_ = bodied && wants_consent();
  makes_body_ = expects_ || request_.source() != nullptr;
  request_frame frame{to_.target, to_.to->authority(), &defaults_,
                      expects_ ? request_frame::consent::ask : request_frame::consent::none};
  if (to_.via != nullptr) {
    frame.origin = to_.to->origin();
    frame.proxy_authorization = to_.via->authorization();
  }
  render_head(m_.head, request_, frame);
  out_ = gathered(m_.head, makes_body_ ? std::string_view() : request_.body());
  m_.in.clear();
  failure_.reset();
  interim_ = 0;
  wrote_ = written_ = answered_ = broken_ = ended_ = abandoned_ = complete_ = false;
  consented_ = early_ = decoded_enough_ = false;
  decoding_.end();
  begin_response();
}

bool exchange::wants_consent() const {
  if (const auto own = request_.headers().get("Expect")) {
    return iequals(*own, "100-continue");
  }
  const auto* source = request_.source().get();
  const auto size = source == nullptr ? request_.body().size() : source->size();
  return options_.expect_continue_from() && (!size || *size >= *options_.expect_continue_from());
}

void exchange::begin_response() {
  const reader_limits limits{options_.max_head(), options_.max_fields(), max_body_};
  const auto rule = request_.method() == method::head ? response_reader::body_rule::bodyless
                                                      : response_reader::body_rule::normal;
  m_.reader.begin(m_.answer, limits, rule);
}

error_stage exchange::stage() const noexcept {
  if (m_.reader.head_complete()) {
    return error_stage::body;
  }
  return written_ ? error_stage::head : error_stage::write;
}

error_sent exchange::sent() const noexcept {
  if (answered_) {
    return error_sent::answered;
  }
  return wrote_ ? error_sent::unknown : error_sent::not_sent;
}

next_step exchange::fail_with(const error& e, error_stage stage) {
  failure_ = e;
  failure_->at(stage).with_sent(sent());
  return next_step::failed;
}

error exchange::interrupted(const error& e) const {
  error out = e;
  out.at(stage()).with_sent(sent());
  return out;
}

next_step exchange::stream_failed(const error& e) {
  broken_ = true;
  return fail_with(e, stage());
}

next_step exchange::write(net::stream& s) {
  while (!out_.done()) {
    const auto attempt = out_.try_write(s);
    if (!attempt) {
      return next_step::wait_write;
    }
    if (!*attempt) {
      return write_failed(s, attempt->error());
    }
    wrote(**attempt);
  }
  return makes_body_ ? next_step::body : sent_all();
}

next_step exchange::write_failed(net::stream& s, const error& broke) {
  if (early_) {
    return early_step();
  }
  const error why = broke;
  if (wrote_) {
    const auto got = read(s, attempts::all);
    if (got == next_step::finished || got == next_step::head ||
        (got == next_step::failed && !broken_)) {
      return got;
    }
  }
  failure_.reset();
  return stream_failed(why);
}

bool exchange::head_is_in() const noexcept {
  return early_ || (m_.reader.head_complete() && to_int(m_.answer.status()) / 100 != 1);
}

next_step exchange::listen(net::stream& s) {
  if (early_) {
    return next_step::body;
  }
  const auto step = read(s, attempts::all);
  const bool good = is_success(m_.answer.status());
  // One that is whole is no reason to stop either, but for a server that says it reads no more.
  const bool whole = step == next_step::finished && m_.reader.keep_alive() && !ended_;
  if (good && (step == next_step::head || whole)) {
    early_ = true;
    return next_step::body;
  }
  if (step == next_step::wait_read) {
    return head_is_in() && !good ? next_step::read : next_step::body;
  }
  return step;
}

next_step exchange::early_step() const noexcept {
  return delivery_ == delivery::pieces ? next_step::head : next_step::finished;
}

next_step exchange::sent_all() noexcept {
  written_ = true;
  return early_ ? early_step() : next_step::read;
}

next_step exchange::read(net::stream& s, attempts which) {
  for (;;) {
    if (const auto step = parse(); step != next_step::wait_read) {
      return step;
    }
    if (ended_) {
      return at_end();
    }
    if (which == attempts::worthwhile && !s.worth_trying(net::direction::read)) {
      return next_step::wait_read;
    }
    if (const auto got = fill(s); got != next_step::read) {
      return got;
    }
  }
}

next_step exchange::next_piece() {
  if (decoding_.active()) {
    return next_decoded_piece();
  }
  m_.answer.body_text().clear();
  if (complete_) {
    return next_step::finished;
  }
  const auto step = parse();
  if (!m_.answer.body().empty() && step != next_step::failed) {
    return next_step::piece;
  }
  return step == next_step::wait_read && ended_ ? at_end() : step;
}

next_step exchange::read_piece(net::stream& s) {
  for (;;) {
    const auto step = next_piece();
    if (step != next_step::wait_read || !s.worth_trying(net::direction::read)) {
      return step;
    }
    if (const auto got = fill(s); got != next_step::read) {
      return got;
    }
  }
}

// One attempt to read: `read` when something or the end has come.
next_step exchange::fill(net::stream& s) {
  const auto attempt = s.try_read(m_.in.room(first_read));
  if (!attempt) {
    return next_step::wait_read;
  }
  if (!*attempt) {
    return stream_failed(attempt->error());
  }
  m_.in.commit(**attempt);
  ended_ = **attempt == 0;
  answered_ = answered_ || **attempt > 0;
  return next_step::read;
}

next_step exchange::parse() {
  while (!m_.in.empty() || m_.reader.head_complete()) {
    const auto step = m_.reader.feed(m_.in.bytes());
    m_.in.consume(step.taken);
    switch (step.now) {
      case progress::more:
        if (rest_is_too_much()) {
          abandoned_ = true;
          return ended_well();
        }
        return unpack();
      case progress::failed:
        return fail_with(parse_error(),
                         m_.reader.head_complete() ? error_stage::body : error_stage::head);
      case progress::head:
        if (const auto next = head_is_complete(); next != next_step::read) {
          return next;
        }
        break;
      case progress::done:
        if (to_int(m_.answer.status()) / 100 != 1) {
          complete_ = true;
          return ended_well();
        }
        begin_response();
        break;
    }
  }
  return next_step::wait_read;
}

// Once the body of an error was cut, the rest is read only to use the connection again; a body
// without end must not hold the error back.
bool exchange::rest_is_too_much() const noexcept {
  if (!m_.reader.cut()) {
    return false;
  }
  const auto expected = m_.reader.body_expected();
  return expected == 0 || expected - m_.reader.body_received() > most_dropped;
}

next_step exchange::head_is_complete() {
  const auto s = m_.answer.status();
  if (to_int(s) / 100 == 1) {
    return interim_is_complete();
  }
  if (watcher_ != nullptr && watcher_->on_head(m_.answer) == head_verdict::skip) {
    m_.reader.limit_body(most_dropped, overflow::cut);
    return next_step::read;
  }
  if (decodes_ && m_.reader.has_body()) {
    start_decoding();
  }
  if (delivery_ == delivery::pieces) {
    return next_step::head;
  }
  if (is_error()) {
    m_.reader.limit_body(options_.max_error_body(), overflow::cut);
  }
  return next_step::read;
}

next_step exchange::interim_is_complete() {
  const auto s = m_.answer.status();
  if (s == status::switching_protocols) {
    if (delivery_ == delivery::switched) {
      return next_step::head;
    }
    return fail_with(errors::protocol_error{"", "the server switched protocols unasked"},
                     error_stage::head);
  }
  consented_ = consented_ || s == status::continue_;
  if (++interim_ > most_interim) {
    return fail_with(errors::protocol_error{"", "too many interim responses"}, error_stage::head);
  }
  return next_step::read;
}

next_step exchange::at_end() {
  if (m_.reader.finish() == progress::done) {
    complete_ = true;
    return ended_well();
  }
  broken_ = true;
  return fail_with(
      errors::connection_closed{"", m_.reader.body_received(), m_.reader.body_expected()}, stage());
}

bool exchange::is_error() const noexcept {
  return rule_ == answer_rule::success_only && !is_success(m_.answer.status());
}

void exchange::start_decoding() {
  const auto coding = m_.answer.headers().get("Content-Encoding");
  if (!coding || m_.answer.headers().count("Content-Encoding") > 1) {
    return;
  }
  auto by = content_decoder::make(*coding);
  if (!by) {
    return;
  }
  decoding_.begin(std::move(by), is_error() ? options_.max_error_body() : max_body_);
  m_.decoded.clear();
  m_.answer.headers().remove("Content-Encoding");
  m_.answer.headers().remove("Content-Length");
}

// What has come of a whole body goes through the decoder: `wait_read` or `failed`.
next_step exchange::unpack() {
  using outcome = body_decoding::outcome;
  if (!decoding_.active() || delivery_ == delivery::pieces) {
    return next_step::wait_read;
  }
  auto& encoded = m_.answer.body_text();
  if (!decoded_enough_) {
    const auto got = decoding_.decode(encoded, m_.decoded, std::string::npos);
    if (got != outcome::all && !is_error()) {
      return decoding_failed(got);
    }
    // The status says more than the trouble with its body.
    decoded_enough_ = got != outcome::all;
    const auto most = options_.max_error_body();
    if (decoded_enough_ && m_.decoded.size() > most) {
      m_.decoded.resize(static_cast<std::size_t>(most));
    }
  }
  if (decoded_enough_) {
    encoded.clear();
  }
  return next_step::wait_read;
}

next_step exchange::ended_well() {
  if (!decoding_.active() || delivery_ == delivery::pieces) {
    return next_step::finished;
  }
  if (const auto step = unpack(); step == next_step::failed) {
    return step;
  }
  if (!decoding_.complete() && !is_error()) {
    return ends_early();
  }
  m_.answer.body_text().swap(m_.decoded);
  m_.decoded.clear();
  return next_step::finished;
}

next_step exchange::next_decoded_piece() {
  constexpr std::size_t most = 64 * 1024;
  m_.decoded.clear();
  for (;;) {
    const auto got = decoding_.decode(m_.answer.body_text(), m_.decoded, most);
    if (got != body_decoding::outcome::all && got != body_decoding::outcome::full) {
      return decoding_failed(got);
    }
    if (!m_.decoded.empty()) {
      return next_step::piece;
    }
    if (complete_) {
      return decoding_.complete() ? next_step::finished : ends_early();
    }
    auto step = parse();
    if (step == next_step::wait_read && ended_ && m_.answer.body().empty()) {
      step = at_end();
    }
    if (step == next_step::failed || (m_.answer.body().empty() && !complete_)) {
      return step;
    }
  }
}

next_step exchange::decoding_failed(body_decoding::outcome why) {
  switch (why) {
    case body_decoding::outcome::too_large:
      return fail_with(errors::too_large{"decoded response body", decoding_.limit(), 0},
                       error_stage::body);
    case body_decoding::outcome::bomb:
      return fail_with(
          errors::too_large{"response body, for what it was on the wire", decode_guard::free, 0},
          error_stage::body);
    default:
      return fail_with(
          errors::protocol_error{"", "the body is not what its Content-Encoding says: " +
                                         std::string(decoding_.reason())},
          error_stage::body);
  }
}

next_step exchange::ends_early() {
  return fail_with(
      errors::protocol_error{"", "the body ends in the middle of its Content-Encoding"},
      error_stage::body);
}

error exchange::parse_error() const {
  switch (m_.reader.failure()) {
    case fault::head_too_large:
      return errors::too_large{"response head", options_.max_head(), 0};
    case fault::too_many_fields:
      return errors::too_large{"number of response header fields", options_.max_fields(), 0};
    case fault::body_too_large:
      return errors::too_large{"response body", max_body_, m_.reader.body_expected()};
    default:
      return errors::protocol_error{"", m_.reader.reason()};
  }
}

// The server does as it was told, whether it says so or not.
bool exchange::asked_to_close() const noexcept {
  const auto& own = request_.headers();
  return asks_to_close(own.contains("Connection") ? own : defaults_);
}

bool exchange::reusable() const noexcept {
  return written_ && !ended_ && !abandoned_ && m_.in.empty() && m_.reader.keep_alive() &&
         !asked_to_close();
}

}  // namespace fairlead::http::detail
