// SPDX-License-Identifier: BSL-1.0
// What a NATS client sends.
#include "detail/nats_session.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace fairlead::detail::nats {

namespace {

error cannot(std::string_view why) {
  error e = errors::unavailable{session::own_name, why, std::nullopt};
  return e.with_sent(error_sent::not_sent);
}

}  // namespace

void session::begin_line(net::stream& s, const server_info& from, time_point now) {
  line = &s;
  info = from;
  unsent.clear();
  sent_of_it = 0;
  written = 0;
  pings = 0;
  pongs = 0;
  pongs_unsent = 0;
  keepalive = 0;
  next_tick = saturating_add(now, options.ping_interval());
  begun = now;
  useful = false;
  lame_duck = false;
  broken.reset();
  said.reset();
  std::string text;
  append_subscribe(text, inbox + "*", {}, inbox_id);
  for (const auto& [id, one] : entries) {
    one->refused.reset();
    if (!one->off) {
      append_subscribe(text, one->pattern, one->group, id);
    }
  }
  say(text);
}

result<void> session::fits(const broker_message& m) const {
  if (!m.headers().empty() && !info.headers) {
    return fail(cannot("the server takes no headers"));
  }
  constexpr std::size_t around_headers = 12;  // "NATS/1.0" and two line ends
  const auto size = m.size() + (m.headers().empty() ? 0 : around_headers);
  if (size > info.max_payload) {
    return fail(errors::too_large{"message", info.max_payload, size});
  }
  return {};
}

void session::pump() {
  while (!waiting.empty() && can_send()) {
    pending_call& o = waiting.pop_front();
    waiting_bytes -= o.weight();
    const auto ok = o.message != nullptr ? fits(*o.message) : result<void>{};
    if (!ok) {
      o.complete(ok);
    } else {
      send(o);
    }
  }
}

void session::send(pending_call& o) {
  head.clear();
  o.begin = written + backlog();
  if (o.is_ping()) {
    head = "PING\r\n";
    o.ping = ++pings;
    o.end = o.begin + head.size();
    o.at = pending_call::place::out;
    pings_out.push_back(o);
    send_pieces({}, {});
    return;
  }
  std::string_view reply_to = o.message->reply_to();
  if (o.what == pending_call::kind::request) {
    answers.assign(inbox).append(token_text(o.token).view());
    reply_to = answers;
  }
  append_publish(head, *o.message, reply_to);
  constexpr std::string_view line_break = "\r\n";
  o.end = o.begin + head.size() + o.message->payload().size() + line_break.size();
  ++counts.published;
  if (o.what == pending_call::kind::request) {
    o.at = pending_call::place::out;
  } else {
    o.at = pending_call::place::writing;
    writing.push_back(o);
  }
  send_pieces(o.message->payload(), line_break);
  settle();
}

// `head`, then these: to the stream what it takes, the rest behind what waits.
void session::send_pieces(std::string_view payload, std::string_view end) {
  const std::array pieces = {std::as_bytes(std::span(std::string_view(head))),
                             std::as_bytes(std::span(payload)), std::as_bytes(std::span(end))};
  std::size_t taken = 0;
  if (unsent.empty() && line->worth_trying(net::direction::write)) {
    auto put = line->try_write(net::const_buffers(pieces));
    if (put && !*put) {
      break_line(std::move(*put).error());
      return;
    }
    taken = put ? **put : 0;
    written += taken;
    counts.bytes_out += taken;
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

void session::say(std::string_view text) {
  head = text;
  send_pieces({}, {});
}

void session::publish_now(const broker_message& m) {
  if (!can_send() || !fits(m) || !check_message(m)) {
    return;
  }
  head.clear();
  append_publish(head, m, m.reply_to());
  ++counts.published;
  send_pieces(m.payload(), "\r\n");
}

// Publications end as their last byte is written.
void session::settle() {
  while (!writing.empty() && writing.front().end <= written) {
    writing.pop_front().complete({});
  }
}

result<void> session::flush() {
  while (sent_of_it < unsent.size()) {
    const auto rest = std::as_bytes(std::span(std::string_view(unsent))).subspan(sent_of_it);
    auto put = line->try_write(net::const_buffers(&rest, 1));
    if (!put) {
      break;
    }
    if (!*put) {
      return fail(std::move(*put).error());
    }
    sent_of_it += **put;
    written += **put;
    counts.bytes_out += **put;
    if (!line->worth_trying(net::direction::write)) {
      break;
    }
  }
  if (sent_of_it == unsent.size()) {
    sent_of_it = 0;
    pongs_unsent = 0;
    if (unsent.capacity() > most_unsent) {
      std::string().swap(unsent);
    }
    unsent.clear();
  } else if (sent_of_it >= most_unsent && sent_of_it >= unsent.size() / 2) {
    unsent.erase(0, sent_of_it);
    sent_of_it = 0;
  }
  settle();
  return {};
}

void session::break_line(error why) {
  if (!broken) {
    broken.emplace(std::move(why));
    if (said) {
      broken->with_cause(*said);
    }
  }
  if (line != nullptr) {
    std::exchange(line, nullptr)->close();
  }
}

}  // namespace fairlead::detail::nats
