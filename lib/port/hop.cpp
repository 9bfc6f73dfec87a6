// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/hop.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace fairlead {

namespace {

constexpr std::array classes = {criticality::critical_plus, criticality::critical,
                                criticality::sheddable_plus, criticality::sheddable};

// What nobody means: a caller who says so is not believed.
constexpr std::uint64_t longest_ms = 365ULL * 24 * 3600 * 1000;
constexpr std::uint64_t most_attempts = 1'000'000;

enum known : std::uint8_t { timeout = 1, importance = 2, attempt = 4, key = 8 };

bool same(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

std::uint8_t find(std::string_view name) noexcept {
  if (same(name, timeout_field)) {
    return known::timeout;
  }
  if (same(name, criticality_field)) {
    return known::importance;
  }
  if (same(name, attempt_field)) {
    return known::attempt;
  }
  return same(name, idempotency_key_field) ? std::uint8_t{known::key} : std::uint8_t{0};
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) noexcept {
  std::uint64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, n);
  if (parsed.ec != std::errc{} || parsed.ptr != end || n > most) {
    return std::nullopt;
  }
  return n;
}

bool is_key(std::string_view text) noexcept {
  return text.size() <= longest_idempotency_key &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::string_view to_string(criticality c) noexcept {
  switch (c) {
    case criticality::critical_plus:
      return "critical_plus";
    case criticality::critical:
      return "critical";
    case criticality::sheddable_plus:
      return "sheddable_plus";
    case criticality::sheddable:
      return "sheddable";
  }
  return "critical";
}

std::string_view outgoing_hop::digits(std::uint64_t n) noexcept {
  char* begin = text_.data() + used_;
  const auto end = std::to_chars(begin, text_.data() + text_.size(), n).ptr;
  used_ = static_cast<std::size_t>(end - text_.data());
  return {begin, static_cast<std::size_t>(end - begin)};
}

outgoing_hop::outgoing_hop(const context& cx, hop_trace trace) noexcept
    : trace_(trace == hop_trace::carried ? cx.trace() : nullptr) {
  trace_.each([this](std::string_view name, std::string_view value) { add(name, value); });
  if (cx.deadline() != no_deadline) {
    const auto left = std::max(cx.remaining(cx.now()), duration::zero());
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    add(timeout_field, digits(std::min(static_cast<std::uint64_t>(ms), longest_ms)));
  }
  if (cx.criticality() != criticality::critical) {
    add(criticality_field, to_string(cx.criticality()));
  }
  if (cx.attempt() > 1) {
    add(attempt_field, digits(cx.attempt()));
  }
  const auto key = cx.idempotency_key();
  bad_key_ = !is_key(key);
  if (!key.empty() && !bad_key_) {
    add(idempotency_key_field, key);
  }
}

result<void> outgoing_hop::check() const {
  if (bad_key_) {
    error bad = errors::invalid_argument{
        "idempotency_key", "an idempotency key is at most 255 visible ASCII characters"};
    bad.with_sent(error_sent::not_sent);
    return fail(std::move(bad));
  }
  return {};
}

void incoming_hop::take(std::string_view name, std::string_view value) {
  const auto which = find(name);
  if (which == 0 && trace_mode_ == hop_trace::carried) {
    trace_.take(name, value);
  }
  if (which == 0 || (seen_ & which) != 0) {
    return;
  }
  seen_ = static_cast<std::uint8_t>(seen_ | which);
  switch (which) {
    case known::timeout:
      if (const auto ms = number(value, longest_ms)) {
        timeout_ = std::chrono::milliseconds(*ms);
      }
      break;
    case known::importance:
      for (const auto c : classes) {
        matters_ = value == to_string(c) ? c : matters_;
      }
      break;
    case known::attempt:
      if (const auto n = number(value, most_attempts); n && *n > 0) {
        attempt_ = static_cast<std::uint32_t>(*n);
      }
      break;
    default:
      if (is_key(value)) {
        idempotency_key_ = value;
      }
      break;
  }
}

context incoming_hop::under(const context& cx, time_point arrived,
                            const received_call& call) const noexcept {
  auto out = cx.with_criticality(matters_).with_received(call);
  return timeout_ == duration::max() ? out : out.with_deadline(saturating_add(arrived, timeout_));
}

}  // namespace fairlead
