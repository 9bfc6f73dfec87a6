// SPDX-License-Identifier: BSL-1.0
#include "open_response.hpp"

#include <algorithm>
#include <limits>

namespace fairlead::http::detail {

namespace {

// What is read on for the sake of the connection when nobody wants the rest.
constexpr std::uint64_t most_drained = 64 * 1024;

constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

}  // namespace

open_response::open_response(client::impl& owner, const context& caller, http::request r,
                             const stream_options& how)
    : request_(std::move(r)),
      read_timeout_(how.read_timeout.value_or(owner.options.read_timeout())),
      call_(owner, caller, request_, answer_rule::any_status,
            how.timeout.value_or(owner.options.timeout())) {
  call_->deliver(delivery::pieces, how.max_body.value_or(no_limit));
}

open_response::~open_response() {
  auto& place = call_->place();
  if (place.stream() == nullptr || failure_ || call_->owner().env.closing()) {
    return;
  }
  if (!call_->steps().head_is_in()) {
    return;  // it was never given to anybody
  }
  std::uint64_t drained = 0;
  auto step = call_->steps().read_piece(*place.stream());
  while (step == next_step::piece && drained < most_drained) {
    drained += call_->steps().piece().size();
    step = call_->steps().read_piece(*place.stream());
  }
  settle();
  call_->report(nullptr);
}

void open_response::opened() {
  call_->tell_status(head());
  const auto& reader = call_->steps().reader();
  if (!reader.has_body()) {
    announced_ = 0;
    static_cast<void>(call_->steps().next_piece());
  } else if (reader.length_known()) {
    announced_ = reader.body_expected();
  }
  settle();
}

// The connection is free once the last byte of the body has come.
void open_response::settle() noexcept {
  auto& place = call_->place();
  if (place.stream() == nullptr || !call_->steps().complete()) {
    return;
  }
  call_->report(nullptr);
  if (call_->steps().reusable()) {
    place.keep();
  } else {
    place.drop();
  }
}

next_step open_response::advance() {
  auto* stream = call_->place().stream();
  const auto step =
      stream == nullptr ? call_->steps().next_piece() : call_->steps().read_piece(*stream);
  settle();
  return step;
}

tl::unexpected<error> open_response::failed(error e) {
  failure_ = std::move(e);
  call_->report(&*failure_);
  call_->place().drop();
  return tl::unexpected<error>(*failure_);
}

context open_response::bounded(const context& cx) const noexcept {
  return cx.with_deadline(std::min(call_->latest(), saturating_add(cx.now(), read_timeout_)));
}

// Whose limit it was that ran out.
error open_response::named(const context& cx, const error& e) const {
  if (!e.is<errors::deadline>()) {
    return e;
  }
  const auto url = call_->url_text();
  const auto now = cx.now();
  if (cx.deadline() <= now) {
    return errors::deadline{url, cx.deadline() - call_->start()};
  }
  if (call_->latest() <= now) {
    return errors::timeout{url, call_->limit(), timeout_scope::total};
  }
  return errors::timeout{url, read_timeout_, timeout_scope::idle};
}

task<result<std::optional<std::string_view>>> open_response::read(context& cx) {
  using piece = std::optional<std::string_view>;
  if (failure_) {
    co_return tl::unexpected<error>(*failure_);
  }
  auto within = bounded(cx);
  auto ready = within.check();
  while (ready) {
    const auto step = advance();
    if (step == next_step::piece) {
      co_return piece(call_->steps().piece());
    }
    if (step == next_step::finished) {
      co_return piece();
    }
    if (step == next_step::failed) {
      co_return failed(call_->failed(call_->steps().failure()).value());
    }
    ready = co_await call_->place().stream()->wait(within, net::direction::read);
  }
  auto why = named(cx, ready.error());
  why.at(error_stage::body).with_sent(error_sent::answered);
  co_return failed(call_->finished(why).value());
}

}  // namespace fairlead::http::detail

namespace fairlead::http {

response_stream::response_stream(std::unique_ptr<detail::open_response> open) noexcept
    : open_(std::move(open)) {}
response_stream::response_stream(response_stream&&) noexcept = default;
response_stream& response_stream::operator=(response_stream&&) noexcept = default;
response_stream::~response_stream() = default;

const response& response_stream::head() const noexcept {
  return open_->head();
}
task<result<std::optional<std::string_view>>> response_stream::read(context& cx) {
  return open_->read(cx);
}
body_reader& response_stream::body() noexcept {
  return *open_;
}
std::optional<std::uint64_t> response_stream::announced() const noexcept {
  return open_->announced();
}
const headers& response_stream::trailers() const noexcept {
  return open_->trailers();
}

}  // namespace fairlead::http
