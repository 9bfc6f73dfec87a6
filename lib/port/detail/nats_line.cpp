// SPDX-License-Identifier: BSL-1.0
#include "detail/nats_line.hpp"

#include <utility>

namespace fairlead::detail::nats {

namespace {

protocol_limits limits_of(const nats_options& o) noexcept {
  protocol_limits out;
  out.message = o.max_message();
  return out;
}

// The next thing that the server says, in `line.op`.
task<result<void>> next(context& cx, open_line& line) {
  const auto got = co_await line.in.read(cx);
  if (!got) {
    co_return fail(got.error());
  }
  if (!*got) {
    co_return fail(errors::connection_closed{line.stream->peer()});
  }
  co_return result<void>{};
}

result<void> take_info(open_line& line) {
  auto parsed = parse_info(line.op.text);
  if (!parsed) {
    return fail(std::move(parsed).error().with_target(line.stream->peer()));
  }
  line.info = std::move(*parsed);
  return {};
}

// The first thing that a server says is INFO.
task<result<void>> read_info(context& cx, open_line& line) {
  auto ok = co_await next(cx, line);
  if (ok && line.op.what == verb::error) {
    ok = fail(refused(line.stream->peer(), line.op.text));
  } else if (ok && line.op.what != verb::info) {
    ok = fail(errors::protocol_error{line.stream->peer(), "does not begin with INFO"});
  } else if (ok) {
    ok = take_info(line);
  }
  co_return ok;
}

// Until the server has answered the PING behind CONNECT: before that it says why it does not want
// us.
task<result<void>> until_welcome(context& cx, open_line& line) {
  for (;;) {
    auto ok = co_await next(cx, line);
    if (!ok || line.op.what == verb::pong) {
      co_return ok;
    }
    if (line.op.what == verb::error) {
      co_return fail(refused(line.stream->peer(), line.op.text));
    }
    if (line.op.what == verb::message) {
      co_return fail(errors::protocol_error{line.stream->peer(), "a message before its time"});
    }
    if (line.op.what == verb::info) {
      ok = take_info(line);
    } else if (line.op.what == verb::ping) {
      ok = co_await net::write_all(cx, *line.stream, "PONG\r\n");
    }
    if (!ok) {
      co_return ok;
    }
  }
}

// What makes the certificate, the name and the CAs of the system unless others were given.
result<net::tls_client> trust_of(const nats_options& o) {
  if (o.tls()) {
    return *o.tls();
  }
  return net::tls_client::make();
}

using line_ptr = std::unique_ptr<open_line>;

task<result<line_ptr>> secure(context& cx, const nats_options& o, const server& to,
                              line_ptr plain) {
  const std::string peer = plain->stream->peer();
  if (!plain->info.tls_required && !plain->info.tls_available) {
    error e = errors::tls_failure{peer, "TLS was asked for, and the server has none"};
    co_return fail(e.at(error_stage::tls));
  }
  // What comes before TLS could come from anybody, and would be taken for the server's.
  if (plain->in.has_unread()) {
    co_return fail(errors::protocol_error{peer, "says something between INFO and TLS"});
  }
  const auto trust = trust_of(o);
  if (!trust) {
    co_return fail(trust.error());
  }
  auto secured = co_await net::tls_connect(cx, std::move(plain->stream), *trust, to.certified);
  if (!secured) {
    co_return fail(std::move(secured).error());
  }
  auto line = std::make_unique<open_line>(std::move(*secured), limits_of(o));
  line->info = std::move(plain->info);
  co_return line;
}

identity who_of(const nats_options& o, const server& to) {
  identity who = to.who;
  if (who.user.empty() && who.token.empty()) {
    who.user = o.user();
    who.password = o.password();
    who.token = o.token();
  }
  who.name = o.name();
  return who;
}

task<result<line_ptr>> greet(context& cx, const nats_options& o, const server& to,
                             std::unique_ptr<net::stream> s) {
  auto line = std::make_unique<open_line>(std::move(s), limits_of(o));
  auto ok = co_await read_info(cx, *line);
  if (!ok) {
    co_return fail(std::move(ok).error());
  }
  const bool over_tls = to.tls || o.tls() || line->info.tls_required;
  if (over_tls) {
    auto secured = co_await secure(cx, o, to, std::move(line));
    if (!secured) {
      co_return fail(std::move(secured).error());
    }
    line = std::move(*secured);
  }
  const auto text = connect_line(who_of(o, to), over_tls) + "PING\r\n";
  ok = co_await net::write_all(cx, *line->stream, text);
  if (ok) {
    ok = co_await until_welcome(cx, *line);
  }
  if (!ok) {
    co_return fail(std::move(ok).error());
  }
  co_return line;
}

}  // namespace

task<result<std::unique_ptr<open_line>>> open(context& cx, const nats_options& options,
                                              const server& to) {
  auto limited = cx.with_timeout(options.connect_timeout());
  auto made = co_await net::connect_to(limited, options.network(), to.host, to.port);
  result<line_ptr> line;
  if (made) {
    line = co_await greet(limited, options, to, std::move(made->stream));
  } else {
    line = fail(std::move(made).error());
  }
  if (!line) {
    error e = std::move(line).error();
    if (e.is<errors::deadline>() && limited.deadline() < cx.deadline()) {
      const error behind = e;
      const auto name = to.name();
      e = errors::timeout{name, options.connect_timeout(), timeout_scope::connect};
      e.at(behind.stage()).with_cause(behind);
    }
    e.with_sent(error_sent::not_sent);
    co_return fail(std::move(e));
  }
  co_return line;
}

}  // namespace fairlead::detail::nats
