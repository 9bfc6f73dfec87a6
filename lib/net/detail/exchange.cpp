// SPDX-License-Identifier: BSL-1.0
#include "detail/exchange.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::net::detail {

namespace {

constexpr std::size_t most_unsent = 65536;  // bytes that wait to be written before calls wait

error gone(error_sent sent) {
  error e = errors::unavailable{exchange::own_name, "the client has ended", std::nullopt};
  return e.with_sent(sent);
}

}  // namespace

exchange::exchange(any_framer f, reply_rules r, const framed_client_options& o)
    : rule(std::move(f)),
      protocol(std::move(r)),
      options(o),
      out(protocol.id_of ? matcher::order::by_id : matcher::order::of_requests, o.max_in_flight),
      pace(o.first_pause, o.longest_pause) {}

bool exchange::can_send() const noexcept {
  return line != nullptr && !out.full() && unsent.size() - sent_of_it < most_unsent;
}

void exchange::begin_line(stream& s) {
  line = &s;
  unsent.clear();
  sent_of_it = 0;
  written = 0;
  useful = false;
  overrun = false;
  broken.reset();
}

result<void> exchange::prepare(const context& cx, pending& c, std::string_view request) {
  if (draining || ended) {
    return fail(errors::unavailable{own_name, "the client is drained", std::nullopt});
  }
  if (auto allowed = cx.check(); !allowed) {
    return allowed;
  }
  auto edges = rule.edges(request);
  if (!edges) {
    error e = std::move(edges).error();
    return fail(e.at(error_stage::write).with_sent(error_sent::not_sent));
  }
  if (protocol.id_of && c.replies != pending::expects::none) {
    auto id = protocol.id_of(request);
    if (!id || out.in_use(*id)) {
      return fail(errors::invalid_argument{"request id", id ? "is in use" : "is missing"});
    }
    c.id = std::move(*id);
  }
  c.request = request;
  c.edges = *edges;
  c.limit = c.replies == pending::expects::several ? no_deadline
                                                   : saturating_add(cx.now(), options.call_timeout);
  if (line == nullptr && pace.not_before() > std::min(c.limit, cx.deadline()) && last_failure) {
    return fail(in_pause(cx));
  }
  if (!can_send() && waiting.size() >= options.max_waiting) {
    error e = errors::pool_exhausted{own_name, options.max_waiting};
    return fail(e.at(error_stage::pool));
  }
  return {};
}

error exchange::in_pause(const context& cx) const {
  error e = errors::unavailable{own_name, "waits to connect again", pace.not_before() - cx.now()};
  return e.at(error_stage::connect).with_cause(*last_failure);
}

void exchange::enter(pending& c) {
  c.at = pending::place::waiting;
  waiting.push_back(c);
  pump();
  work.notify();
}

void exchange::leave(pending& c) noexcept {
  --live;
  if (c.at == pending::place::waiting) {
    waiting.remove(c);
  } else if (c.at == pending::place::posted) {
    posted.remove(c);
  } else if (c.at == pending::place::out) {
    tell_given_up(c.id);
    out.abandon(c.ticket);
    if (out.abandoned() >= std::min(options.max_given_up, options.max_in_flight) &&
        line != nullptr) {
      overrun = true;
      std::exchange(line, nullptr)->abort();  // so that the peer stops working for nobody
    }
  }
  if (live == 0) {
    enders.notify_all();
  }
}

// What is not said is not missed: the peer finds out when it replies.
void exchange::tell_given_up(std::string_view id) noexcept try {
  if (protocol.give_up && line != nullptr) {
    const auto message = protocol.give_up(id);
    if (const auto edges = rule.edges(message)) {
      put(message, *edges);
    }
  }
} catch (...) {
  return;
}

error exchange::given_up(const context& cx, const pending& c, wake why) const {
  const bool begun =
      c.at == pending::place::out || (c.at == pending::place::posted && c.begin < written);
  const auto sent = begun ? error_sent::unknown : error_sent::not_sent;
  if (why == wake::cancelled) {
    error e = errors::cancelled{};
    return e.with_sent(sent);
  }
  const std::string_view target = line != nullptr ? std::string_view(line->peer()) : own_name;
  error e = errors::deadline{target, {}};
  if (c.limit < cx.deadline()) {
    e = errors::timeout{target, options.call_timeout, timeout_scope::total};
  }
  e.with_sent(sent);
  if (line == nullptr && last_failure) {
    e.with_cause(*last_failure);
  }
  return e;
}

// ---- what goes out

// Something of a message is here that no request has asked for. The next request would take it for
// its reply.
bool exchange::unasked() const noexcept {
  return !protocol.id_of && out.size() == 0 && incoming != nullptr && incoming->has_unread();
}

void exchange::break_off_unasked() {
  const std::string peer = line != nullptr ? line->peer() : std::string(own_name);
  break_line(errors::protocol_error{peer, "a message that is no reply to any one request"});
}

void exchange::pump() {
  if (line != nullptr && !waiting.empty() && unasked()) {
    break_off_unasked();
  }
  while (!waiting.empty() && can_send()) {
    pending& c = waiting.front();
    waiting.remove(c);
    if (c.replies != pending::expects::none && out.in_use(c.id)) {
      complete(c, fail(errors::invalid_argument{"request id", "is in use"}));
    } else {
      send(c);
    }
  }
}

void exchange::send(pending& c) {
  c.begin = written + unsent.size() - sent_of_it;
  c.end = c.begin + c.edges.before().size() + c.request.size() + c.edges.after().size();
  if (c.replies == pending::expects::none) {
    c.at = pending::place::posted;
    posted.push_back(c);
  } else {
    c.at = pending::place::out;
    c.ticket = out.add(c, c.id);
  }
  put(c.request, c.edges);
  end_posted();
}

void exchange::put(std::string_view message, const frame_edges& edges) {
  const std::array pieces = {std::as_bytes(std::span(edges.before())),
                             std::as_bytes(std::span(message)),
                             std::as_bytes(std::span(edges.after()))};
  std::size_t taken = 0;
  if (unsent.empty() && line->worth_trying(direction::write)) {
    auto put = line->try_write(const_buffers(pieces));
    if (put && !*put) {
      break_line(std::move(*put).error());
      return;
    }
    taken = put ? **put : 0;
    written += taken;
  }
  for (const auto piece : pieces) {
    const auto skip = std::min(taken, piece.size());
    taken -= skip;
    const auto rest = piece.subspan(skip);
    unsent.append(reinterpret_cast<const char*>(rest.data()), rest.size());
  }
  if (!unsent.empty()) {
    to_write.notify();
  }
}

// Those whose last byte is written are done.
void exchange::end_posted() {
  while (!posted.empty() && posted.front().end <= written) {
    pending& c = posted.front();
    posted.remove(c);
    complete(c, std::string());
  }
}

result<void> exchange::flush() {
  while (sent_of_it < unsent.size()) {
    const auto rest = std::as_bytes(std::span(unsent)).subspan(sent_of_it);
    auto put = line->try_write(const_buffers(&rest, 1));
    if (!put) {
      return {};
    }
    if (!*put) {
      return fail(std::move(*put).error());
    }
    sent_of_it += **put;
    written += **put;
    end_posted();
    if (sent_of_it < unsent.size() && !line->worth_trying(direction::write)) {
      return {};
    }
  }
  sent_of_it = 0;
  if (unsent.capacity() > most_unsent) {
    std::string().swap(unsent);
  }
  unsent.clear();
  return {};
}

void exchange::break_line(error why) {
  if (!broken) {
    broken.emplace(std::move(why));
  }
  if (line != nullptr) {
    std::exchange(line, nullptr)->close();
  }
}

// ---- what comes back

void exchange::complete(pending& c, result<std::string> outcome) {
  c.at = pending::place::nowhere;
  c.outcome.emplace(std::move(outcome));
  if (c.who != nullptr) {
    c.who->notify();
  }
}

void exchange::take(std::string_view message) {
  std::optional<std::string> id;
  if (protocol.id_of) {
    id = protocol.id_of(message);
  }
  std::optional<std::string_view> which;
  if (id) {
    which = *id;
  }
  if (protocol.more && protocol.more(message)) {
    take_one_of_several(out.peek(which), message);
    return;
  }
  const auto found = out.reply(which);
  switch (found.what) {
    case matcher::verdict::belongs:
      if (found.call->begin >= written) {  // not a byte of its request has gone out
        found.call->at = pending::place::waiting;
        waiting.push_front(*found.call);
        break_off_unasked();
        break;
      }
      ++counts.replies;
      useful = true;
      pace.succeeded();
      last_failure.reset();
      complete(*found.call, std::string(message));
      break;
    case matcher::verdict::swallowed:
      ++counts.swallowed;
      break;
    case matcher::verdict::unknown:
      ++counts.unknown;
      break;
    case matcher::verdict::ambiguous:
      break_off_unasked();
      break;
  }
}

void exchange::take_one_of_several(const matcher::match& found, std::string_view message) {
  switch (found.what) {
    case matcher::verdict::belongs:
      break;
    case matcher::verdict::swallowed:
      ++counts.swallowed;
      return;
    case matcher::verdict::unknown:
      ++counts.unknown;
      return;
    case matcher::verdict::ambiguous:
      break_off_unasked();
      return;
  }
  auto& c = *found.call;
  if (c.replies != pending::expects::several || c.begin >= written ||
      c.untaken.size() >= options.max_untaken) {
    const std::string peer = line != nullptr ? line->peer() : std::string(own_name);
    break_line(errors::protocol_error{peer, "more replies to a request than it allows"});
    return;
  }
  useful = true;
  c.untaken.emplace_back(message);
  if (c.who != nullptr) {
    c.who->notify();
  }
}

// A call of the connection that is gone.
void exchange::settle_unwritten(pending& c, const error& why, pending_queue& again) {
  const bool untouched = c.begin >= written;
  if (untouched && broken && !c.moved) {
    c.moved = true;
    c.at = pending::place::waiting;
    again.push_front(c);
  } else {
    error e = why;
    complete(c, fail(e.with_sent(untouched ? error_sent::not_sent : error_sent::unknown)));
  }
}

void exchange::end_line() {
  error why = broken ? *broken : gone(error_sent::unknown);
  pending_queue again;
  while (!posted.empty()) {
    pending& c = posted.front();
    posted.remove(c);
    settle_unwritten(c, why, again);
  }
  while (out.size() > 0) {
    pending* const c = out.take_oldest();
    if (c == nullptr) {
      continue;
    }
    settle_unwritten(*c, why, again);
  }
  while (!again.empty()) {
    pending& newest = again.front();
    again.remove(newest);
    waiting.push_front(newest);
  }
}

void exchange::end_waiting(const error& why) {
  while (!waiting.empty()) {
    pending& c = waiting.front();
    waiting.remove(c);
    complete(c, fail(why));
  }
}

void exchange::end_all() noexcept {
  broken.reset();
  end_line();
  end_waiting(gone(error_sent::not_sent));
}

}  // namespace fairlead::net::detail
