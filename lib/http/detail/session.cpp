// SPDX-License-Identifier: BSL-1.0
// How it works: phases with a time limit each. Bytes go into the reader until a request is
// complete; its answer is written as one piece with its head; then the next request is looked for,
// in what has been read already first. Memory is held only from the first byte of a request to the
// last byte of its answer.
#include "session.hpp"

#include "chars.hpp"
#include "incoming_body.hpp"
#include "standard_answers.hpp"

#include <fairlead/http/error_response.hpp>

#include <new>
#include <string>

namespace fairlead::http::detail {

namespace {

constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";

body_framing framing_of(const response& r, int minor_version) noexcept {
  if (is_bodyless(r.status())) {
    return body_framing::none;
  }
  if (!r.source() || r.source()->size()) {
    return body_framing::length;
  }
  return minor_version == 0 ? body_framing::until_close : body_framing::chunked;
}

}  // namespace

session::session(server_state& shared, environment& env, std::unique_ptr<net::stream> s) noexcept
    : shared_(shared), env_(env), stream_(std::move(s)), body_permit_(shared.bodies) {}

session::~session() {
  release();
}

void session::enter(phase p) noexcept {
  phase_ = p;
  limit_known_ = false;
}

time_point session::limit() {
  if (limit_known_ && phase_ != phase::body && phase_ != phase::writing) {
    return limit_;
  }
  const auto now = env_.now();
  if (!limit_known_) {
    const auto& o = shared_.options;
    auto wait = o.idle_timeout();
    switch (phase_) {
      case phase::fresh:
      case phase::head:
        wait = o.head_timeout();
        break;
      case phase::body:
        wait = o.body_timeout();
        memory_->slow = patience(min_body_rate(), wait);
        memory_->moved = 0;
        break;
      case phase::skipping:
        wait = o.body_timeout();
        break;
      case phase::writing:
        wait = o.write_timeout();
        memory_->slow = patience(o.min_write_rate(), wait);
        memory_->moved = 0;
        break;
      case phase::idle:
      case phase::handling:
        break;
    }
    limit_ = saturating_add(now, wait);
    limit_known_ = true;
  }
  return phase_ == phase::body || phase_ == phase::writing ? std::min(limit_, rate_limit(now))
                                                           : limit_;
}

// What moves as a whole moves without anything between its waits, so they are all of its time.
time_point session::rate_limit(time_point now) {
  auto& m = *memory_;
  const auto so_far = phase_ == phase::body ? m.reader.body_received() : out_.written();
  m.slow.end(now);
  m.slow.moved(so_far - m.moved);
  m.moved = so_far;
  return m.slow.begin(now);
}

void session::hurry() {
  constexpr auto soon = std::chrono::seconds(1);
  limit_ = std::min(limit(), saturating_add(env_.now(), soon));
}

void session::begin_request() {
  if (!memory_) {
    memory_ = shared_.borrow();
  }
  const auto& o = shared_.options;
  const request_access access{memory_->request};
  trim_body(server_state::most_kept);
  if (response_access{memory_->answer}.body().capacity() > server_state::most_kept) {
    memory_->answer = response();
  }
  body_ = body_end::whole;
  continue_due_ = false;
  access.set_incoming(nullptr);
  memory_->reader.begin(memory_->request,
                        {o.max_head(), o.max_fields(), o.max_body(), &body_permit_});
  access.set_peer(stream_->peer());
  access.set_spare(&memory_->answer);
  begun_ = true;
}

// Keeps the buffer of a body that has served its purpose if it has at most `most` bytes, and if the
// permit covers it: one that was borrowed just now is not covered yet.
void session::trim_body(std::size_t most) noexcept {
  auto& body = request_access{memory_->request}.body();
  if (body.capacity() <= body_permit::free_of_charge && !body_permit_.holds()) {
    return;
  }
  if (body.capacity() > most || !body_permit_.cover(body.capacity())) {
    std::string().swap(body);
    static_cast<void>(body_permit_.cover(0));
  }
}

void session::release() noexcept {
  if (memory_) {
    memory_->span.reset();
    request_access{memory_->request}.set_peer({});
    request_access{memory_->request}.set_incoming(nullptr);
    response_access{memory_->answer}.drop_others();
    shared_.give_back(std::move(memory_));
    static_cast<void>(body_permit_.cover(0));
  }
  begun_ = false;
}

session_step session::read() {
  if (phase_ == phase::skipping) {
    return skip_body();
  }
  for (;;) {
    if (!begun_) {
      begin_request();
    }
    if (auto step = parse()) {
      return *step;
    }
    if (ended_) {
      return at_end();
    }
    if (!stream_->worth_trying(net::direction::read)) {
      break;
    }
    const auto attempt = stream_->try_read(memory_->in.room(first_read));
    if (!attempt) {
      break;
    }
    if (!*attempt) {
      return session_step::close;
    }
    memory_->in.commit(**attempt);
    ended_ = **attempt == 0;
  }
  if ((phase_ == phase::idle || phase_ == phase::fresh) && !memory_->reader.inside_empty_line()) {
    release();
  }
  return session_step::wait_read;
}

// What follows from the bytes at hand; nothing when more are needed.
std::optional<session_step> session::parse() {
  auto& m = *memory_;
  while (!m.in.empty() || m.reader.head_complete()) {
    const auto step = m.reader.feed(m.in.bytes());
    m.in.consume(step.taken);
    if (m.reader.started() && (phase_ == phase::idle || phase_ == phase::fresh)) {
      // A new connection's limit runs on: the first byte does not buy more time.
      const bool runs_on = phase_ == phase::fresh && limit_known_;
      if (shared_.options.on_access()) {
        m.begun = env_.now();
      }
      enter(phase::head);
      limit_known_ = runs_on;
    }
    switch (step.now) {
      case progress::more:
        return std::nullopt;
      case progress::failed:
        return refuse();
      case progress::head:
        if (auto next = head_is_complete()) {
          return next;
        }
        break;
      case progress::done:
        return dispatch();
    }
  }
  return std::nullopt;
}

std::optional<session_step> session::head_is_complete() {
  auto& m = *memory_;
  enter(phase::body);
  if (auto refused = find_route()) {
    return refused;
  }
  if (shared_.options.takes_traces()) {
    begin_span();
  }
  if (!m.reader.has_body()) {
    return std::nullopt;
  }
  const auto most = max_body();
  m.reader.limit_body(most, overflow::refuse);
  if (m.reader.body_expected() > most) {
    return std::nullopt;  // the reader refuses it next
  }
  const auto expect = m.request.headers().get("Expect");
  const bool expects = expect && m.request.minor_version() != 0;
  if (expects && !iequals(*expect, "100-continue")) {
    return refuse(status::expectation_failed, "expectation_failed", "this expectation is unknown");
  }
  const bool waits = expects && m.in.empty();
  if (waits && m.route.target == nullptr) {
    lingers_ = !ended_;
    return send(standard_answer(m.request, m.route.what, m.route.allow), afterwards::close);
  }
  if (m.route.target != nullptr && m.route.target->takes_stream()) {
    m.reader.take_away_body();
    body_ = body_end::open;
    continue_due_ = waits;
    return run_handler();
  }
  // All that was announced is reserved at once: a body that has begun to arrive is not refused
  // later. A chunked one announces nothing, and the reader reserves while it grows.
  const auto announced = static_cast<std::size_t>(m.reader.body_expected());
  if (!body_permit_.grow(request_access{m.request}.body(), announced, announced)) {
    return refuse_body();
  }
  if (!waits) {
    return std::nullopt;
  }
  interim_ = true;
  out_ = gathered(continue_head, {});
  return write();
}

// What cannot be traced for want of memory is served all the same.
void session::begin_span() {
  auto& m = *memory_;
  m.span.reset();
  try {
    m.span.emplace(env_, shared_.options.tracer(), m.request,
                   stream_->tls() == nullptr ? "http" : "https");
  } catch (const std::bad_alloc&) {
    m.span.reset();
  }
}

std::uint64_t session::max_body() const noexcept {
  const auto* own = memory_->route.options;
  return own != nullptr && own->max_body ? *own->max_body : shared_.options.max_body();
}

duration session::handler_timeout() const noexcept {
  const auto* own = memory_->route.options;
  return own != nullptr && own->deadline ? *own->deadline : shared_.options.handler_timeout();
}

const rate_floor& session::min_body_rate() const noexcept {
  const auto* own = memory_->route.options;
  return own != nullptr && own->min_body_rate ? *own->min_body_rate
                                              : shared_.options.min_body_rate();
}

session_step session::at_end() {
  if (!memory_->reader.started()) {
    return session_step::close;
  }
  static_cast<void>(memory_->reader.finish());
  return refuse();
}

// "http://host/path" is allowed to stand where "/path" usually does; it must name the same host.
bool session::to_origin_form() {
  auto& target = request_access{memory_->request}.target();
  if (target.find('#') != std::string::npos) {
    return false;  // who stands in between may have read no further than up to there
  }
  if (target.starts_with('/')) {
    return true;
  }
  const auto mark = target.find("://");
  if (mark == std::string::npos || !(iequals(std::string_view(target).substr(0, mark), "http") ||
                                     iequals(std::string_view(target).substr(0, mark), "https"))) {
    return false;
  }
  const auto begin = mark + 3;
  const auto end = std::min(target.find_first_of("/?", begin), target.size());
  const auto authority = std::string_view(target).substr(begin, end - begin);
  const auto host = memory_->request.headers().get("Host");
  if (authority.empty() || !std::all_of(authority.begin(), authority.end(), is_host_char) ||
      (host && !iequals(*host, authority))) {
    return false;
  }
  target.erase(0, end);
  if (!target.starts_with('/')) {
    target.insert(0, 1, '/');
  }
  return true;
}

// Looks for who answers. What there is to say where nobody does is said once the body was read.
std::optional<session_step> session::find_route() {
  auto& m = *memory_;
  m.route = {};
  if (m.request.target() == "*" && m.request.method() == method::options) {
    m.route.what = router::outcome::options;
    return std::nullopt;
  }
  if (!to_origin_form()) {
    return refuse(status::bad_request, "bad_request",
                  "the request target is malformed or names another host");
  }
  m.route = shared_.routes->match(m.request);
  return std::nullopt;
}

session_step session::dispatch() {
  auto& m = *memory_;
  if (m.route.target != nullptr) {
    return run_handler();
  }
  return send(standard_answer(m.request, m.route.what, m.route.allow),
              m.reader.keep_alive() ? afterwards::keep_alive : afterwards::close);
}

session_step session::run_handler() {
  if (target().takes_stream()) {
    incoming_ = make_body_reader(*this);
    request_access{memory_->request}.set_incoming(incoming_.get());
  }
  request_access{memory_->request}.set_server_ready(!shared_.withdrawn && !shared_.draining);
  enter(phase::handling);
  return session_step::handle;
}

void session::take_answer(result<response>&& answer) noexcept {
  auto& m = *memory_;
  if (answer) {
    m.answer = std::move(*answer);
    m.failure.reset();
  } else {
    m.failure = std::move(answer).error();
  }
}

session_step session::respond() {
  auto& m = *memory_;
  if (m.failure) {
    return respond_with(*std::exchange(m.failure, std::nullopt));
  }
  if (const auto good = check_headers(m.answer.headers()); !good) {
    return threw(good.error().message());
  }
  if (m.answer.upgrades()) {
    return switch_protocols();
  }
  if (to_int(m.answer.status()) < 200) {
    return threw("a handler answered with an interim status");
  }
  return send_answer(m.reader.keep_alive() ? afterwards::keep_alive : afterwards::close);
}

session_step session::respond_with(const error& failure) {
  if (ended_ && failure.is<errors::cancelled>()) {
    return nobody_left();
  }
  if (auto refused = refuse_stream()) {
    return *refused;
  }
  return send(error_response(failure),
              memory_->reader.keep_alive() ? afterwards::keep_alive : afterwards::close);
}

// The client went away while the handler ran: there is nothing to send, only to record.
session_step session::nobody_left() {
  auto& m = *memory_;
  m.answer = response(access_record::client_left);
  m.body_sent = 0;
  shared_.answered(m, env_, access_record::ending::broken);
  return session_step::close;
}

session_step session::threw(std::string_view what) {
  shared_.failed(memory_->request, what);
  if (memory_->span) {
    memory_->span->threw(what);
  }
  return send(error_response(status::internal_server_error, "internal_error",
                             "something went wrong inside the service"),
              memory_->reader.keep_alive() ? afterwards::keep_alive : afterwards::close);
}

session_step session::refuse() {
  const auto reason = memory_->reader.reason();
  switch (memory_->reader.failure()) {
    case fault::target_too_long:
      return refuse(status::uri_too_long, "uri_too_long", reason);
    case fault::head_too_large:
    case fault::too_many_fields:
      return refuse(status::request_header_fields_too_large, "head_too_large", reason);
    case fault::body_too_large:
      return refuse_large_body();
    case fault::no_body_memory:
      return refuse_body();
    case fault::unknown_method:
    case fault::unknown_coding:
      return refuse(status::not_implemented, "not_implemented", reason);
    case fault::unknown_version:
      return refuse(status::http_version_not_supported, "version_not_supported", reason);
    case fault::truncated:
      lingers_ = false;
      return refuse(status::bad_request, "bad_request", reason);
    default:
      return refuse(status::bad_request, "bad_request", reason);
  }
}

session_step session::refuse(status s, std::string_view code, std::string_view message) {
  lingers_ = !ended_;
  return send(error_response(s, code, message), afterwards::close);
}

// A body of any size is too large where nobody would take it: then that is what the client learns.
session_step session::refuse_large_body() {
  auto& m = *memory_;
  if (m.route.what != router::outcome::found) {
    lingers_ = !ended_;
    return send(standard_answer(m.request, m.route.what, m.route.allow), afterwards::close);
  }
  return refuse(status::payload_too_large, "body_too_large",
                "the body exceeds the limit of " + std::to_string(max_body()) + " bytes");
}

// The server has too many bodies in hand. The client learns it before it has sent its own, may come
// again soon, and its connection is closed, since the body is not going to be read.
session_step session::refuse_body() {
  ++shared_.stats.bodies_refused;
  shared_.failed(memory_->request, "the memory for request bodies is used up");
  lingers_ = !ended_;
  return send(error_response(status::service_unavailable, "overloaded",
                             "the service has no room for this body now")
                  .header("Retry-After", "1"),
              afterwards::close);
}

session_step session::send(response&& r, afterwards then) {
  memory_->answer = std::move(r);
  return send_answer(then);
}

session_step session::send_answer(afterwards then) {
  auto& m = *memory_;
  if (m.answer.cause() != nullptr && to_int(m.answer.status()) >= 500) {
    shared_.failed(m.request, m.answer.cause()->message());
  }
  const bool wants_close = asks_to_close(m.answer.headers());
  const bool in_the_way = body_in_the_way();
  framing_ = framing_of(m.answer, m.request.minor_version());
  close_after_ = then == afterwards::close || shared_.draining || wants_close || ended_ ||
                 in_the_way || framing_ == body_framing::until_close;
  const bool unasked = close_after_ && then == afterwards::keep_alive;
  if (!ended_ && (in_the_way || unasked)) {
    lingers_ = true;  // the client may be sending its next request
  }
  const auto& source = m.answer.source();
  const bool no_body = m.request.method() == method::head || framing_ == body_framing::none;
  const auto length = source ? source->size().value_or(0) : m.answer.body().size();
  render_head(m.head, m.answer,
              {shared_.date(env_), !close_after_, m.request.minor_version(), framing_, length});
  enter(phase::writing);
  if (source && !no_body) {
    return session_step::stream;
  }
  out_ = gathered(m.head, no_body ? std::string_view{} : std::string_view(m.answer.body()));
  m.body_sent = out_.body_left();
  // The request has been answered: however long the client takes to read that, its body is gone.
  trim_body(close_after_ ? body_permit::free_of_charge : server_state::most_kept);
  ++shared_.stats.requests;
  return write();
}

session_step session::write() {
  while (!out_.done()) {
    const auto attempt = out_.try_write(*stream_);
    if (!attempt) {
      return session_step::wait_write;
    }
    if (!*attempt) {
      return write_failed();
    }
  }
  if (std::exchange(interim_, false)) {
    return session_step::read;
  }
  return answered();
}

session_step session::write_failed() {
  lingers_ = false;
  if (!interim_) {
    memory_->body_sent -= out_.body_left();
    shared_.answered(*memory_, env_, access_record::ending::broken);
  }
  return session_step::close;
}

// The last byte of the answer has been written.
session_step session::answered() {
  shared_.answered(*memory_, env_, access_record::ending::whole);
  if (memory_->answer.upgrades()) {
    return session_step::upgrade;
  }
  response_access{memory_->answer}.drop_others();
  if (close_after_) {
    return session_step::close;
  }
  if (body_ == body_end::open) {
    enter(phase::skipping);
    skipped_ = 0;
    return skip_body();
  }
  return next_request();
}

session_step session::next_request() {
  incoming_.reset();
  begun_ = false;
  enter(phase::idle);
  return session_step::read;
}

session_step session::gave_up(const error& why) {
  const bool late = why.is<errors::deadline>();
  if (phase_ == phase::skipping) {
    lingers_ = late;
    return session_step::close;
  }
  if (phase_ == phase::writing) {
    return write_failed();
  }
  if (late && !interim_ && (phase_ == phase::head || phase_ == phase::body)) {
    return refuse(
        status::request_timeout, "request_timeout",
        phase_ == phase::head ? "the head did not come in time" : "the body did not come in time");
  }
  return session_step::close;
}

session::sign session::look() noexcept try {
  if (memory_->in.size() >= first_read) {
    ended_ = stream_->peer_has_left();
    return ended_ ? sign::gone : sign::full;
  }
  const auto attempt = stream_->try_read(memory_->in.room(first_read));
  if (!attempt) {
    return sign::nothing;
  }
  if (!*attempt || **attempt == 0) {
    ended_ = true;
    return sign::gone;
  }
  memory_->in.commit(**attempt);
  return sign::bytes;
} catch (...) {
  return sign::full;  // no memory for what it sends
}

}  // namespace fairlead::http::detail
