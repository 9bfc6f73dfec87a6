// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/otlp_exporter.hpp>

#include <fairlead/http/client.hpp>
#include <fairlead/observe/span_text.hpp>
#include <fairlead/policy/classify.hpp>
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/stack.hpp>

#include "detail/content_encoder.hpp"
#include "detail/option_problems.hpp"
#include "detail/otlp_answer.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace fairlead::http {

namespace {

using observe::span_record;

constexpr std::uint64_t most_answer = std::uint64_t{1} << 20U;

otlp_options checked(otlp_options o) {
  if (const auto problems = o.problems(); !problems.empty()) {
    throw std::invalid_argument("http::otlp_exporter: " + detail::in_one_line(problems));
  }
  return o;
}

client_options client_options_of(const otlp_options& o) {
  auto out = o.client();
  return out.timeout(o.timeout()).max_body(most_answer);
}

headers headers_of(const otlp_options& o) {
  auto out = o.headers();
  out.set("Content-Type", "application/json");
  if (o.coding() == otlp_coding::gzip) {
    out.set("Content-Encoding", "gzip");
  }
  return out;
}

// Which answers are worth another attempt is for the protocol to say.
policy::verdict judge(const error& e) {
  if (e.kind() != error_kind::http_error) {
    return policy::default_verdict(e);
  }
  switch (e.status()) {
    case 429:
    case 502:
    case 503:
    case 504:
      return policy::verdict::failure;
    default:
      return policy::verdict::fatal;
  }
}

bool is_too_large(const result<void>& outcome) {
  return !outcome && outcome.error().kind() == error_kind::http_error &&
         outcome.error().status() == 413;
}

using retrying = policy::stack<policy::retry, policy::classify<policy::verdict (*)(const error&)>>;

}  // namespace

struct otlp_exporter::impl {
  impl(environment& env, otlp_options o)
      : options(checked(std::move(o))),
        fields(headers_of(options)),
        client(env, client_options_of(options)),
        patiently(policy::retry(options.retries(), "otlp"), policy::classify(&judge)) {}

  task<result<void>> send(context& cx, std::span<const span_record> part, std::string text);
  task<result<response>> post(context& cx, const std::string& body) {
    ++counts.requests;
    return client.post<response>(cx, options.url(), body, fields);
  }
  void taken(std::size_t spans, const response& by);
  void lost(std::size_t spans, std::string_view why) const {
    if (options.on_loss()) {
      options.on_loss()(spans, why);
    }
  }

  otlp_options options;
  headers fields;
  http::client client;
  retrying patiently;
  otlp_counts counts;
};

void otlp_exporter::impl::taken(std::size_t spans, const response& by) {
  const auto said = detail::read_otlp_answer(by.body());
  const auto rejected = std::min<std::uint64_t>(said.rejected, spans);
  counts.rejected += rejected;
  counts.sent += spans - rejected;
  if (rejected != 0 || !said.message.empty()) {
    lost(static_cast<std::size_t>(rejected), said.message);
  }
}

// One request; a collector that has spans twice keeps them once.
task<result<void>> otlp_exporter::impl::send(context& cx, std::span<const span_record> part,
                                             std::string text) {
  if (options.coding() == otlp_coding::gzip) {
    std::string coded;
    detail::content_encoder::make(detail::content_coding::gzip, 6)
        ->put(coded, text, detail::content_encoder::until::the_end);
    text = std::move(coded);
  }
  auto within = cx.with_idempotency(idempotency::idempotent);
  const auto once = [this, &text](context& own) { return post(own, text); };
  auto answer = co_await patiently.run(within, once);
  if (!answer) {
    co_return tl::unexpected<error>(std::move(answer).error());
  }
  taken(part.size(), *answer);
  co_return result<void>();
}

otlp_exporter::otlp_exporter(environment& env, otlp_options options)
    : impl_(std::make_unique<impl>(env, std::move(options))) {}

otlp_exporter::~otlp_exporter() = default;

const otlp_counts& otlp_exporter::counts() const noexcept {
  return impl_->counts;
}

task<result<void>> otlp_exporter::export_spans(context& cx, std::span<const span_record> batch) {
  // Or it would never come to an end.
  auto untraced = cx.with_trace(nullptr);
  auto most = batch.size();  // spans of a request
  while (!batch.empty()) {
    const auto part = batch.first(std::min(most, batch.size()));
    auto text = observe::to_otlp_json(part);
    const bool several = part.size() > 1;
    if (several && text.size() > impl_->options.max_request()) {
      most = (part.size() + 1) / 2;
      continue;
    }
    auto done = co_await impl_->send(untraced, part, std::move(text));
    if (several && is_too_large(done)) {
      most = (part.size() + 1) / 2;
      continue;
    }
    if (!done) {
      if (done.error().kind() != error_kind::cancelled) {
        impl_->counts.failed += batch.size();
        impl_->lost(batch.size(), done.error().message());
      }
      co_return done;
    }
    batch = batch.subspan(part.size());
  }
  co_return result<void>();
}

}  // namespace fairlead::http
