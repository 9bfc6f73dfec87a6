// SPDX-License-Identifier: BSL-1.0
// What a NATS client makes of what comes.
#include "detail/nats_session.hpp"

#include <utility>

namespace fairlead::detail::nats {

namespace {

constexpr std::size_t most_pongs = 10'000;  // that a server which reads nothing may ask for

}  // namespace

void session::tick(time_point now) {
  if (now < next_tick || line == nullptr) {
    return;
  }
  if (pongs < keepalive) {
    break_line(errors::timeout{line->peer(), options.ping_timeout(), timeout_scope::idle});
    return;
  }
  keepalive = ++pings;
  next_tick = saturating_add(now, options.ping_timeout());
  say("PING\r\n");
}

void session::take(const server_op& op, time_point now) {
  switch (op.what) {
    case verb::message:
      take_message(op);
      break;
    case verb::ping:
      if (++pongs_unsent > most_pongs) {
        break_line(errors::protocol_error{line->peer(), "asks without end, and reads nothing"});
      } else {
        say("PONG\r\n");
        pongs_unsent = unsent.empty() ? 0 : pongs_unsent;
      }
      break;
    case verb::pong:
      take_pong(now);
      break;
    case verb::info:
      take_info(op.text);
      break;
    case verb::error:
      take_error(op.text);
      break;
    case verb::ok:
      break;
  }
}

void session::take_pong(time_point now) {
  if (pongs == pings) {
    break_line(errors::protocol_error{line->peer(), "a PONG that nobody asked for"});
    return;
  }
  ++pongs;
  if (pongs == keepalive) {
    next_tick = saturating_add(now, options.ping_interval());
  }
  while (!pings_out.empty() && pings_out.front().ping <= pongs) {
    pings_out.pop_front().complete({});
  }
}

void session::take_info(std::string_view text) {
  auto parsed = parse_info(text);
  if (!parsed) {
    error e = std::move(parsed).error();
    break_line(e.with_target(line->peer()));
    return;
  }
  info = std::move(*parsed);
  if (options.discovery() == nats_discovery::follow) {
    servers.announced(info.connect_urls);
  }
  if (info.lame_duck && servers.size() > 1 && !lame_duck) {
    lame_duck = true;
    to_leave.notify();
  }
}

void session::take_error(std::string_view reason) {
  const auto seen = parse_violation(reason);
  error e = refused(line->peer(), reason);
  said = e;
  if (seen.what == violation::of::publish) {
    ++counts.refused;
    requests.for_each([&](pending_call& o) {
      if (o.at == pending_call::place::out && o.message->subject() == seen.subject) {
        o.complete(fail(e));
      }
    });
  } else if (seen.what == violation::of::subscription) {
    ++counts.refused;
    for (const auto& [id, one] : entries) {
      if (one->pattern == seen.subject) {
        one->refused = e;
      }
    }
  }
}

result<broker_message> session::message_of(const server_op& op) {
  broker_message m{std::string(op.subject), std::string(op.payload)};
  m.reply_to(std::string(op.reply_to));
  if (!op.headers.empty()) {
    auto parsed = parse_headers(op.headers);
    if (!parsed) {
      return fail(std::move(parsed).error());
    }
    for (auto& h : parsed->headers) {
      m.header(std::move(h.name), std::move(h.value));
    }
    if (parsed->status != 0) {
      m.header("Status", std::to_string(parsed->status));
      if (!parsed->description.empty()) {
        m.header("Description", std::string(parsed->description));
      }
    }
  }
  return m;
}

void session::take_answer(const server_op& op) {
  const bool ours = op.subject.starts_with(inbox);
  pending_call* const o = ours ? requests.find(op.subject.substr(inbox.size())) : nullptr;
  if (o == nullptr || o->at != pending_call::place::out || o->begin >= written) {
    ++counts.late;
    return;
  }
  const auto ends = [&](error why, error_sent sent) {
    why.with_target(o->message->subject());
    o->complete(fail(why.with_sent(sent)));
  };
  if (op.oversized) {
    ++counts.oversized;
    ends(errors::too_large{"answer", options.max_message(), op.size}, error_sent::answered);
    return;
  }
  const auto nobody = [&]() {
    const auto parsed = op.payload.empty() && !op.headers.empty() ? parse_headers(op.headers)
                                                                  : result<header_block>{};
    return parsed && parsed->status == 503;
  };
  if (nobody()) {
    ends(errors::unavailable{o->message->subject(), "nobody has subscribed to it", std::nullopt},
         error_sent::not_sent);
    return;
  }
  auto m = message_of(op);
  if (!m) {
    ++counts.malformed;
    ends(std::move(m).error(), error_sent::answered);
    return;
  }
  o->reply = std::move(*m);
  o->complete({});
}

void session::take_message(const server_op& op) {
  ++counts.received;
  useful = true;
  last_failure.reset();
  if (op.subscription == inbox_id) {
    take_answer(op);
    return;
  }
  const auto found = entries.find(op.subscription);
  if (found == entries.end()) {
    ++counts.unclaimed;
    return;
  }
  if (op.oversized) {
    ++counts.oversized;
    return;
  }
  auto m = message_of(op);
  if (!m) {
    ++counts.malformed;
    return;
  }
  const auto to = found->second;
  to->inbox->offer(std::make_shared<const broker_message>(std::move(*m)));
}

}  // namespace fairlead::detail::nats
