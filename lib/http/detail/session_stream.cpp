// SPDX-License-Identifier: BSL-1.0
// The part of a session that handles bodies in pieces, in both directions, and connections that
// change their protocol.
#include "session.hpp"

#include <fairlead/http/error_response.hpp>
#include <fairlead/net/with_prefix.hpp>

namespace fairlead::http::detail {

body_encoder session::encoder() const noexcept {
  const auto size = memory_->answer.source()->size();
  return body_encoder(memory_->head, framing_, size.value_or(0));
}

session_step session::streamed(stream_end how, result<void>&& outcome) {
  auto& m = *memory_;
  if (how == stream_end::unsent) {
    response_access{m.answer}.drop_others();
    return respond_with(outcome.error());
  }
  ++shared_.stats.requests;
  if (how == stream_end::whole) {
    return answered();
  }
  if (how != stream_end::lost && !outcome && !outcome.error().is<errors::cancelled>()) {
    shared_.failed(m.request, outcome.error().message());
    if (m.span) {
      m.span->failed(outcome.error());
    }
  }
  shared_.answered(m, env_, access_record::ending::broken);
  // Whoever reads must notice that this is not all: where the end of the body is the end of the
  // connection, that takes a reset.
  lingers_ = false;
  if (framing_ == body_framing::until_close) {
    stream_->abort();
  }
  return session_step::close;
}

session_step session::stream_threw(stream_end how, std::string_view what) {
  if (how == stream_end::unsent) {
    response_access{memory_->answer}.drop_others();
    return threw(what);
  }
  shared_.failed(memory_->request, what);
  if (memory_->span) {
    memory_->span->threw(what);
    memory_->span->failed(errors::application{"exception", what});
  }
  return streamed(stream_end::lost, {});
}

session_step session::switch_protocols() {
  auto& m = *memory_;
  if (m.request.minor_version() == 0) {
    return threw("an HTTP/1.0 client cannot change the protocol");
  }
  if (body_ != body_end::whole) {
    return threw("the protocol was changed before the body was read");
  }
  if (shared_.draining) {
    return refuse(status::service_unavailable, "unavailable", "the service is going down");
  }
  render_head(m.head, m.answer, {shared_.date(env_), true, 1, body_framing::none, 0});
  out_ = gathered(m.head, {});
  m.body_sent = 0;
  ++shared_.stats.requests;
  close_after_ = false;
  enter(phase::writing);
  return write();
}

session::handed_over session::hand_over() {
  auto& m = *memory_;
  handed_over out{response_access{m.answer}.take_upgrade(),
                  net::with_prefix(std::move(stream_), std::string(m.in.bytes()))};
  release();
  return out;
}

std::string_view session::take_continue() noexcept {
  return std::exchange(continue_due_, false) ? std::string_view("HTTP/1.1 100 Continue\r\n\r\n")
                                             : std::string_view{};
}

session::body_step session::read_body() {
  auto& m = *memory_;
  auto& piece = request_access{m.request}.body();
  piece.clear();
  while (body_ == body_end::open) {
    const auto step = m.reader.feed(m.in.bytes());
    m.in.consume(step.taken);
    if (step.now == progress::done) {
      body_ = body_end::whole;
    } else if (step.now == progress::failed) {
      body_ = body_end::refused;
    }
    if (!piece.empty()) {
      return body_step::piece;
    }
    if (body_ != body_end::open) {
      break;
    }
    if (ended_) {
      static_cast<void>(m.reader.finish());
      body_ = body_end::refused;
      return body_step::failed;
    }
    if (!stream_->worth_trying(net::direction::read)) {
      return body_step::wait;
    }
    m.in.widen(stream_read);
    const auto attempt = stream_->try_read(m.in.room(first_read));
    if (!attempt) {
      return body_step::wait;
    }
    if (!*attempt) {
      body_ = body_end::lost;
      return body_step::failed;
    }
    m.in.commit(**attempt);
    ended_ = **attempt == 0;
  }
  return body_ == body_end::whole ? body_step::end : body_step::failed;
}

error session::body_failure() const {
  const auto& m = *memory_;
  error e = errors::protocol_error{stream_->peer(), m.reader.reason()};
  if (body_ == body_end::lost) {
    e = errors::connection_reset{stream_->peer()};
  } else if (m.reader.failure() == fault::truncated) {
    e = errors::connection_closed{stream_->peer(), m.reader.body_received(),
                                  m.reader.body_expected()};
  } else if (m.reader.failure() == fault::body_too_large) {
    e = errors::too_large{"request body", max_body(),
                          std::max(m.reader.body_received(), m.reader.body_expected())};
  }
  return e.at(error_stage::body);
}

// What the client is told when it is to blame for a body that the handler could not read.
std::optional<session_step> session::refuse_stream() {
  switch (body_) {
    case body_end::refused:
      return refuse();
    case body_end::late:
      return refuse(status::request_timeout, "request_timeout", "the body did not come in time");
    case body_end::lost:
      return session_step::close;  // nobody is left to tell
    default:
      return std::nullopt;
  }
}

// Whether the connection has to be closed for what was not read of the body. Asked before the
// answer is sent: the client must learn it with the head.
bool session::body_in_the_way() noexcept {
  switch (body_) {
    case body_end::whole:
      return false;
    case body_end::open:
      return continue_due_ ||
             (memory_->reader.length_known() &&
              memory_->reader.body_expected() - memory_->reader.body_received() > most_skipped);
    default:
      return true;
  }
}

// After the answer: reads what the handler left of the body, and drops it.
session_step session::skip_body() {
  for (;;) {
    const auto step = read_body();
    skipped_ += memory_->request.body().size();
    if (step == body_step::wait) {
      return session_step::wait_read;
    }
    if (step == body_step::end) {
      return next_request();
    }
    if (step == body_step::failed || skipped_ > most_skipped) {
      lingers_ = !ended_ && body_ != body_end::lost;
      return session_step::close;
    }
  }
}

}  // namespace fairlead::http::detail
