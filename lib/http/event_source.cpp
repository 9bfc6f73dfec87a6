// SPDX-License-Identifier: BSL-1.0
// How it works: `read` takes events from the connection at hand; when that ends, or was never made,
// it waits for its turn and makes one. Nothing runs between reads.
#include <fairlead/http/event_source.hpp>

#include "detail/chars.hpp"

#include <fairlead/core/errors.hpp>
#include <fairlead/core/reconnect_pace.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/http/date.hpp>

#include <algorithm>
#include <utility>

namespace fairlead::http {

namespace {

// Whatever a server asks for, as in Firefox: "retry: 0" is no leave to storm it.
constexpr duration least_wait = std::chrono::milliseconds(500);

}  // namespace

struct event_source::impl {
  impl(client& c, std::string to, event_source_options o)
      : of(c),
        target(std::move(to)),
        options(std::move(o)),
        parser(options.max_event(), options.last_event_id()),
        pace(options.retry(), options.max_retry()) {}

  enum class state : std::uint8_t { going_on, no_more };

  [[nodiscard]] http::request next_request() const {
    http::request r(method::get, target);
    r.headers() = options.headers();
    r.header("Accept", "text/event-stream").header("Cache-Control", "no-store");
    // An id may have control characters, which no header carries; then the server is not told.
    const auto& id = parser.last_id();
    if (!id.empty() && http::headers().add("Last-Event-ID", id).check()) {
      r.header("Last-Event-ID", id);
    }
    return r;
  }

  // The connection is over, for a reason or in order.
  void ended(std::optional<error> why, duration at_least = {}) {
    stream.reset();
    rest = {};
    parser.restart();
    failure = std::move(why);
    if (std::exchange(useful, false)) {
      pace.succeeded();
    }
    if (const auto wait = parser.retry()) {
      pace.first(std::max(*wait, std::min(least_wait, options.retry())));
    }
    const auto now = of.env().now();
    pace.failed(now, of.env().random());
    not_before = std::max(pace.not_before(), saturating_add(now, at_least));
  }

  // Whether another connection may do better.
  [[nodiscard]] static bool may_get_better(const error& e) {
    return e.is_transient() || e.is<errors::connection_closed>();
  }

  result<state> check(const response& head) {
    if (head.status() == status::no_content) {
      return state::no_more;
    }
    const auto type = head.headers().get("Content-Type").value_or(std::string_view());
    if (!iequals(detail::trim(type.substr(0, type.find(';'))), "text/event-stream")) {
      error e = errors::protocol_error{target, "the answer is no event stream, but " +
                                                   std::string(type.empty() ? "untyped" : type)};
      return tl::unexpected<error>(e.at(error_stage::head).with_sent(error_sent::answered));
    }
    return state::going_on;
  }

  task<result<state>> connect(context& cx) {
    auto slept = co_await sleep_until(cx, not_before);
    if (!slept) {
      co_return fail(std::move(slept).error());
    }
    ++made;
    stream_options forever;
    forever.timeout = duration::max();
    forever.read_timeout = options.idle_timeout();
    auto limited = cx.with_timeout(of.options().timeout());
    auto got = co_await of.stream(limited, next_request(), forever);
    if (!got) {
      co_return connect_failed(cx, std::move(got).error());
    }
    if (!is_success(got->status())) {
      co_return refused(*got);
    }
    auto good = check(got->head());
    if (good && *good == state::going_on) {
      stream.emplace(std::move(*got));
    }
    co_return good;
  }

  result<state> connect_failed(const context& cx, error e) {
    if (!cx.check() || !(may_get_better(e) || e.is<errors::deadline>())) {
      return tl::unexpected<error>(std::move(e));
    }
    ended(std::move(e));
    return state::going_on;
  }

  result<state> refused(const response_stream& got) {
    const auto wait = got.headers().get("Retry-After");
    const auto after = wait ? parse_retry_after(*wait, of.env().time().wall_now()) : std::nullopt;
    error e = errors::http_error{target, to_int(got.status()), {}, got.headers().text(), after};
    if (!e.is_transient()) {
      return tl::unexpected<error>(std::move(e));
    }
    ended(std::move(e), after.value_or(duration::zero()));
    return state::going_on;
  }

  task<result<std::optional<server_event>>> read(context& cx) {
    for (;;) {
      auto event = parser.next(rest);
      if (!event) {
        co_return fail(std::move(event).error());
      }
      if (*event) {
        useful = true;
        co_return std::move(*event);
      }
      if (over) {
        co_return std::optional<server_event>();
      }
      if (!stream) {
        auto then = co_await connect(cx);
        if (!then) {
          co_return fail(std::move(then).error());
        }
        over = *then == state::no_more;
        continue;
      }
      auto piece = co_await stream->read(cx);
      if (piece && *piece) {
        rest = **piece;
      } else if (piece) {
        ended(std::nullopt);
      } else if (cx.check() && may_get_better(piece.error())) {
        ended(std::move(piece).error());
      } else {
        // A body whose reading was broken off cannot be read on.
        ended(piece.error());
        co_return fail(std::move(piece).error());
      }
    }
  }

  client& of;
  std::string target;
  event_source_options options;
  event_parser parser;
  reconnect_pace pace;
  time_point not_before = time_point::min();
  std::optional<response_stream> stream;
  std::string_view rest;  // of the piece that was read last
  std::optional<error> failure;
  std::uint64_t made = 0;
  bool useful = false;  // the connection gave an event
  bool over = false;
};

event_source::event_source(client& c, std::string target, event_source_options options)
    : impl_(std::make_unique<impl>(c, std::move(target), std::move(options))) {}
event_source::event_source(event_source&&) noexcept = default;
event_source& event_source::operator=(event_source&&) noexcept = default;
event_source::~event_source() = default;

task<result<std::optional<server_event>>> event_source::read(context& cx) {
  return impl_->read(cx);
}

const std::string& event_source::last_event_id() const noexcept {
  return impl_->parser.last_id();
}

std::uint64_t event_source::connections() const noexcept {
  return impl_->made;
}

const std::optional<error>& event_source::last_failure() const noexcept {
  return impl_->failure;
}

}  // namespace fairlead::http
