// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"
#include "detail/content_encoder.hpp"
#include "detail/vary.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/http/body_source.hpp>
#include <fairlead/http/compression.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace fairlead::http {

namespace {

using detail::content_coding;
using detail::content_encoder;

constexpr std::size_t most_at_once = 64 * 1024;  // coded without letting others run

// Codes what a source writes.
class coding_writer final : public body_writer {
 public:
  coding_writer(body_writer& out, content_coding coding, int level)
      : out_(out), encoder_(content_encoder::make(coding, level)) {}

  task<result<void>> write(context& cx, std::string_view piece) override {
    return pass(cx, piece, content_encoder::until::now_and_then);
  }
  task<result<void>> flush(context& cx) override {
    auto sent = co_await pass(cx, {}, content_encoder::until::here);
    if (sent) {
      sent = co_await out_.flush(cx);
    }
    co_return sent;
  }
  void trailer(std::string_view name, std::string_view value) override {
    out_.trailer(name, value);
  }
  task<result<void>> finish(context& cx) { return pass(cx, {}, content_encoder::until::the_end); }

 private:
  task<result<void>> pass(context& cx, std::string_view piece, content_encoder::until how) {
    coded_.clear();
    encoder_->put(coded_, piece, how);
    return out_.write(cx, coded_);
  }

  body_writer& out_;
  std::unique_ptr<content_encoder> encoder_;
  std::string coded_;
};

class coded_source final : public body_source {
 public:
  coded_source(std::shared_ptr<body_source> inner, content_coding coding, int level)
      : inner_(std::move(inner)), coding_(coding), level_(level) {}

  [[nodiscard]] bool repeatable() const noexcept override { return inner_->repeatable(); }
  [[nodiscard]] task<result<void>> write_to(context& cx, body_writer& out) override {
    coding_writer coding(out, coding_, level_);
    auto sent = co_await inner_->write_to(cx, coding);
    if (sent) {
      sent = co_await coding.finish(cx);
    }
    co_return sent;
  }

 private:
  std::shared_ptr<body_source> inner_;
  content_coding coding_;
  int level_;
};

// A long text in pieces, so that coding it does not keep everybody else waiting.
class text_source final : public body_source {
 public:
  explicit text_source(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] bool repeatable() const noexcept override { return true; }
  [[nodiscard]] task<result<void>> write_to(context& cx, body_writer& out) override {
    result<void> sent;
    for (std::size_t at = 0; sent && at < text_.size(); at += most_at_once) {
      sent = co_await out.write(cx, std::string_view(text_).substr(at, most_at_once));
      if (sent) {
        sent = co_await yield(cx);
      }
    }
    co_return sent;
  }

 private:
  std::string text_;
};

bool begins_with(std::string_view text, std::string_view start) noexcept {
  return text.size() >= start.size() && iequals(text.substr(0, start.size()), start);
}

bool ends_with(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() && iequals(text.substr(text.size() - end.size()), end);
}

class compressing final : public middleware {
 public:
  compressing(compression_options o, std::vector<content_coding> offered)
      : options_(std::move(o)), offered_(std::move(offered)) {}

  task<result<response>> handle(context& cx, const request& r, next inner) override {
    auto answer = co_await inner(cx);
    if (answer) {
      code(r, *answer);
    }
    co_return answer;
  }

 private:
  [[nodiscard]] bool worth_it(const response& a) const {
    const auto& h = a.headers();
    if (is_bodyless(a.status()) || a.upgrades() || h.contains("Content-Encoding") ||
        h.contains("Content-Range")) {
      return false;
    }
    const auto size =
        a.source() ? a.source()->size() : std::optional<std::uint64_t>(a.body().size());
    if (size && *size < options_.min_size()) {
      return false;
    }
    for (const auto field : h) {
      if (iequals(field.name, "Cache-Control") && has_token(field.value, "no-transform")) {
        return false;
      }
    }
    const auto type = h.get("Content-Type").value_or("");
    return is_text(detail::trim(type.substr(0, type.find(';'))));
  }

  [[nodiscard]] bool is_text(std::string_view type) const {
    constexpr std::array known = {"application/json", "application/xml", "application/javascript",
                                  "application/x-ndjson", "application/openmetrics-text"};
    return (begins_with(type, "text/") && !iequals(type, "text/event-stream")) ||
           ends_with(type, "+json") || ends_with(type, "+xml") ||
           std::any_of(known.begin(), known.end(), [&](auto k) { return iequals(type, k); }) ||
           std::any_of(options_.types().begin(), options_.types().end(), [&](std::string_view t) {
             return t.ends_with("/*") ? begins_with(type, t.substr(0, t.size() - 1))
                                      : iequals(type, t);
           });
  }

  void code(const request& r, response& a) const {
    if (!worth_it(a)) {
      return;
    }
    detail::add_vary(a.headers(), "Accept-Encoding");
    const auto coding = detail::choose_coding(detail::accepted_codings(r), offered_);
    // HEAD too: its Content-Length has to be that of GET.
    if (coding == content_coding::identity) {
      return;
    }
    if (a.source()) {
      a.body(std::make_shared<coded_source>(a.source(), coding, options_.level()));
    } else if (a.body().size() > most_at_once) {
      auto text = std::make_shared<text_source>(std::move(a.body_text()));
      a.body(std::make_shared<coded_source>(std::move(text), coding, options_.level()));
    } else {
      std::string coded;
      content_encoder::make(coding, options_.level())
          ->put(coded, a.body(), content_encoder::until::the_end);
      if (coded.size() >= a.body().size()) {
        return;
      }
      a.body_text() = std::move(coded);
    }
    a.header("Content-Encoding", detail::to_string(coding));
    a.headers().remove("Accept-Ranges");
    const auto tag = a.headers().get("ETag");
    if (tag && !tag->starts_with("W/")) {
      a.header("ETag", "W/" + std::string(*tag));
    }
  }

  compression_options options_;
  std::vector<content_coding> offered_;
};

// Those that are named, or all; empty when they are wrong.
std::vector<content_coding> find_codings(const std::vector<std::string>& names) {
  const auto known = detail::built_in_codings();
  if (names.empty()) {
    return {known.begin(), known.end()};
  }
  std::vector<content_coding> out;
  for (const auto& name : names) {
    const auto at = std::find_if(known.begin(), known.end(),
                                 [&](auto c) { return name == detail::to_string(c); });
    if (at == known.end() || std::find(out.begin(), out.end(), *at) != out.end()) {
      return {};
    }
    out.push_back(*at);
  }
  return out;
}

}  // namespace

std::vector<std::string> compression_codings() {
  std::vector<std::string> out;
  for (const auto coding : detail::built_in_codings()) {
    out.emplace_back(detail::to_string(coding));
  }
  return out;
}

std::shared_ptr<middleware> compression(compression_options options) {
  auto offered = find_codings(options.codings());
  std::string problems;
  if (options.level() < 1 || options.level() > 9) {
    problems += "; the level is from 1 to 9";
  }
  if (offered.empty()) {
    problems += "; codings are some of compression_codings(), each once";
  }
  if (!problems.empty()) {
    throw std::invalid_argument("http::compression: " + problems.substr(2));
  }
  return std::make_shared<compressing>(std::move(options), std::move(offered));
}

}  // namespace fairlead::http
