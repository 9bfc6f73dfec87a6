// SPDX-License-Identifier: BSL-1.0
#include "annotate.hpp"
#include "client_impl.hpp"
#include "message_access.hpp"

#include <fairlead/http/date.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <new>

namespace fairlead::http::detail {

held_call::held_call(client::impl& owner, const context& caller, http::request& r, answer_rule rule,
                     duration limit)
    : owner_(&owner), slot_(owner.borrow()) {
  slot_->now.emplace(owner, slot_->memory, caller, r, rule, limit);
}

held_call::held_call(held_call&& other) noexcept = default;

held_call& held_call::operator=(held_call&& other) noexcept {
  held_call before(std::move(*this));
  owner_ = other.owner_;
  slot_ = std::move(other.slot_);
  return *this;
}

held_call::~held_call() {
  if (slot_) {
    slot_->now.reset();
    owner_->give_back(std::move(slot_));
  }
}

call::call(client::impl& owner, exchange_memory& memory, const context& caller, http::request& r,
           answer_rule rule, duration limit)
    : owner_(owner),
      memory_(memory),
      request_(r),
      rule_(rule),
      max_body_(owner.options.max_body()),
      caller_(caller),
      start_(caller.now()),
      limit_(limit),
      bounded_(caller.with_deadline(saturating_add(start_, limit))),
      asked_as_(r.method()),
      traced_(caller.trace() != nullptr && owner.options.trace() == tracing::automatic) {
  ++owner_.calls;
  if (owner.options.on_exchange()) {
    track_.emplace();
  }
}

call::~call() {
  --owner_.calls;
}

result<void> call::prepare() {
  if (request_.method() == method::connect) {
    return fail(errors::invalid_argument{
        "http::client", "CONNECT opens a tunnel; that is the business of a connector"});
  }
  auto to = owner_.resolve(memory_, request_.target());
  if (!to) {
    return tl::unexpected<error>(std::move(to).error());
  }
  to_ = *to;
  if (const auto key = caller_.idempotency_key(); !key.empty()) {
    if (!request_.headers().contains("Idempotency-Key")) {
      request_.headers().add("Idempotency-Key", key);
    }
  }
  if (owner_.decodes && request_.headers().contains("Range") &&
      !request_.headers().contains("Accept-Encoding")) {
    // A part of a compressed body cannot be undone.
    request_.headers().add("Accept-Encoding", "identity");
  }
  if (auto checked = check_headers(request_.headers()); !checked) {
    return checked;
  }
  if (auto checked = check_host(request_.headers()); !checked) {
    return checked;
  }
  if (auto checked = check_proxy_headers(); !checked) {
    return checked;
  }
  if (auto aimed = aim(); !aimed) {
    return aimed;
  }
  if (auto alive = caller_.check(); !alive) {
    return failed(alive.error());
  }
  if (owner_.base && to_.to != &*owner_.base && to_.to->origin() != owner_.base->origin()) {
    strip_defaults();
  }
  if (owner_.options.redirects() > 0 && delivery_ != delivery::switched) {
    planner_.emplace(owner_.options.redirects(), owner_.options.redirects_to_http());
  }
  add_cookies();
  make_exchange();
  return {};
}

void call::add_cookies() {
  auto& own = request_.headers();
  if (!owner_.options.cookies()) {
    return;
  }
  if (std::exchange(jar_cookies_, false)) {
    own.remove("Cookie");  // of the hop before
  }
  if (own.contains("Cookie") || owner_.defaults.contains("Cookie")) {
    return;
  }
  const auto text = owner_.options.cookies()->header_for(here(), owner_.env.time().wall_now());
  if (!text.empty()) {
    own.add("Cookie", text);
    jar_cookies_ = true;
  }
}

void call::note_now(phase p) noexcept {
  const auto now = bounded_.now();
  auto& t = *track_;
  const auto since = now - t.last;
  switch (p) {
    case phase::began:
      t = exchange_track{true, t.count + 1, now, now, {}};
      return;
    case phase::placed:
      t.times.pool = since;
      break;
    case phase::ready:
      break;
    case phase::written:
      t.times.write = since;
      break;
    case phase::heard:
      if (t.times.first_byte != duration::zero() || !exchange_->answered()) {
        return;
      }
      t.times.first_byte = since;
      break;
  }
  t.last = now;
}

void call::begin_trace_now() {
  const auto* sent = caller_.trace();
  if (sent->recording()) {
    const auto before = caller_.attempt() - std::min(caller_.attempt(), 1U) + exchanges_;
    try {
      span_.emplace(caller_, request_, *to_.to, to_.target, before);
      sent = span_->trace(caller_);
    } catch (const std::bad_alloc&) {
      span_.reset();
    }
  }
  ++exchanges_;
  auto& own = request_.headers();
  if (trace_fields_ == trace_fields::unknown) {
    trace_fields_ =
        own.contains(observe::traceparent_field) ? trace_fields::theirs : trace_fields::ours;
  }
  if (trace_fields_ == trace_fields::ours) {
    observe::outgoing_trace(sent).each(
        [&](std::string_view name, std::string_view value) { own.set(name, value); });
  }
}

void call::end_span(const error* why) noexcept {
  const auto* stream = place_.stream();
  span_->ended(head_came() ? &memory_.answer : nullptr,
               stream == nullptr ? std::string_view() : std::string_view(stream->peer()), why);
  span_.reset();
}

void call::tell(const error* why) {
  auto& t = *track_;
  t.open = false;
  t.times.total = bounded_.now() - t.began;
  const auto url = url_text();
  const auto* stream = place_.stream();
  const std::string remote = stream == nullptr ? std::string() : stream->peer();
  exchange_info info;
  info.method = request_.method();
  info.url = url;
  info.status = head_came() ? to_int(memory_.answer.status()) : 0;
  info.exchange = t.count;
  info.reused = stream != nullptr && place_.reused();
  info.remote = remote;
  info.times = t.times;
  info.failure = why;
  owner_.options.on_exchange()(info);
}

void call::tell_status(const response& r) const {
  if (const auto* hook = owner_.options.on_status(r.status()); hook != nullptr && *hook) {
    (*hook)(r);
  }
}

// Put together, not resolved: a target is a path, also when it begins like "//host".
url call::here() const {
  std::string text(to_.to->origin());
  text += to_.target;
  return *url::parse(text);
}

void call::keep_cookies(const response& head) {
  const auto at = here();
  for (const auto field : head.headers()) {
    if (iequals(field.name, "Set-Cookie")) {
      owner_.options.cookies()->store(at, field.value, owner_.env.time().wall_now());
    }
  }
}

result<void> call::aim() {
  connector_ = owner_.connector_of(*to_.to);
  if (connector_ == nullptr) {
    return fail(errors::invalid_url{
        url_text(), "scheme " + std::string(to_.to->scheme()) + " needs a connector"});
  }
  proxied_ = false;
  if (owner_.to_proxy) {
    const auto* via = owner_.proxy_of(*to_.to);
    proxied_ = via != nullptr;
    // What is to become another protocol goes through a tunnel, which no proxy reads.
    if (proxied_ && to_.to->scheme() == "http" && via->speaks() != proxy::protocol::socks5 &&
        delivery_ != delivery::switched) {
      to_.via = via;
      connector_ = owner_.to_proxy.get();
    }
  }
  return {};
}

// On a client with proxies, who hears of credentials is decided by the proxy they belong to.
result<void> call::check_proxy_headers() const {
  if (owner_.to_proxy && request_.headers().contains("Proxy-Authorization")) {
    return fail(errors::invalid_argument{
        "headers", "Proxy-Authorization comes from the URL of the proxy; setting it is refused"});
  }
  return {};
}

void call::make_exchange() {
  exchange_.emplace(memory_, owner_.options, stripped_ ? *stripped_ : owner_.defaults, request_,
                    to_, rule_);
  exchange_->deliver(delivery_, max_body_);
  if (owner_.decodes && !request_.headers().contains("Accept-Encoding")) {
    exchange_->undo_codings();
  }
  if (planner_ || owner_.options.cookies()) {
    exchange_->watch(this);
  }
}

head_verdict call::on_head(response& head) {
  if (owner_.options.cookies()) {
    keep_cookies(head);
  }
  if (planner_) {
    const auto& source = request_.source();
    const auto at = here();
    planned_ = planner_->plan(head, {at, request_.method(), !source || !source_spent_});
    if (!planned_ || *planned_) {
      return head_verdict::skip;
    }
    if (planner_->hops() > 0) {
      response_access{head}.set_redirected_to(at.to_string());
    }
  }
  return head_verdict::take;
}

call::follows call::follow(result<void>& outcome) {
  if (!planned_) {
    outcome = finished(planned_.error().with_sent(error_sent::answered).at(error_stage::head));
    return follows::failed;
  }
  if (!*planned_) {
    return follows::no;
  }
  auto hop = std::move(**planned_);
  planned_ = std::nullopt;
  // What the server did with the request that it redirected is done.
  sent_before_ = error_sent::answered;
  went_again_ = false;
  apply_hop(request_, hop);
  if (hop.credentials == redirect_hop::credentials_rule::strip) {
    strip_defaults();
  }
  memory_.elsewhere = std::move(hop.to);
  to_ = {&*memory_.elsewhere, memory_.elsewhere->target()};
  if (auto aimed = aim(); !aimed) {
    outcome = finished(aimed.error());
    return follows::failed;
  }
  add_cookies();
  make_exchange();
  return follows::yes;
}

// The headers of every request were meant for the base URL; whose credentials they hold is not
// known to another origin.
void call::strip_defaults() {
  if (!stripped_) {
    stripped_ = owner_.defaults;
    strip_credentials(*stripped_);
  }
}

std::string call::url_text() const {
  std::string out(to_.to->origin());
  out += to_.target;
  return out;
}

tl::unexpected<error> call::failed_at(error_stage stage, const error& e) const {
  error placed = e;
  if (placed.stage() == error_stage::none) {
    placed.at(stage);
  }
  return failed(placed);
}

tl::unexpected<error> call::failed(const error& e) const {
  return finished(source_failed_ ? e : named(e));
}

tl::unexpected<error> call::finished(const error& e) const {
  auto out = with_history(e);
  if (repeatable() && !e.is<errors::cancelled>()) {
    out.mark_repeatable();
  }
  return tl::unexpected<error>(std::move(out));
}

// What the first attempt put on its way stays possible, whatever became of the second.
error call::with_history(const error& e) const {
  error out = e;
  if (out.sent() == error_sent::not_sent) {
    out.with_sent(sent_before_);
  }
  return out;
}

error call::named(const error& e) const {
  const auto url = url_text();
  if (e.is<errors::deadline>()) {
    const bool own = bounded_.deadline() < caller_.deadline();
    error out = own ? error(errors::timeout{url, limit_, timeout_scope::total})
                    : error(errors::deadline{url, caller_.deadline() - start_});
    out.at(e.stage()).with_sent(e.sent());
    return out;
  }
  if (proxied_ && (e.stage() == error_stage::resolve || e.stage() == error_stage::connect)) {
    return e;
  }
  return with_url(e, url);
}

tl::unexpected<error> call::pool_exhausted() const {
  error e = errors::pool_exhausted{pool_key(), owner_.options.pool().per_origin};
  e.at(error_stage::pool);
  return tl::unexpected<error>(with_history(e));
}

std::shared_ptr<body_source> call::begin_body() noexcept {
  const auto& source = request_.source();
  source_spent_ = source && !source->repeatable();
  return source;
}

bool call::replayable(method m) const noexcept {
  if (source_spent_) {
    return false;
  }
  switch (caller_.idempotency()) {
    case idempotency::idempotent:
      return true;
    case idempotency::not_idempotent:
      return false;
    case idempotency::by_operation:
      break;
  }
  return is_idempotent(m) || request_.headers().contains("Idempotency-Key");
}

bool call::may_go_again() {
  const auto& x = *exchange_;
  if (went_again_ || !place_.reused() || !x.broken() || x.answered() ||
      (x.wrote_any() && !replayable(request_.method()))) {
    return false;
  }
  went_again_ = true;
  ++owner_.stale_retries;
  sent_before_ = x.failure().sent();
  return true;
}

error call::status_error(const response& r) const {
  const auto after = r.headers().get("Retry-After");
  const auto wait = after ? parse_retry_after(*after, owner_.env.time().wall_now()) : std::nullopt;
  error out =
      errors::http_error{url_text(), to_int(r.status()), r.body(), r.headers().text(), wait};
  if (repeatable()) {
    out.mark_repeatable();
  }
  return out;
}

result<void> call::hand_over(const answer_taker& take) {
  auto& r = memory_.answer;
  tell_status(r);
  if (rule_ == answer_rule::success_only && !is_success(r.status())) {
    return tl::unexpected<error>(status_error(r));
  }
  auto taken = take.take(take.slot, r);
  if (!taken) {
    taken.error().at(error_stage::body).with_sent(error_sent::answered);
  }
  return taken;
}

}  // namespace fairlead::http::detail
