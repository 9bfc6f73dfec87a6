// SPDX-License-Identifier: BSL-1.0
// How it works: pieces of the body are parsed where they are; only what the parser leaves is kept
// and put before the next one.
#include "detail/multipart_parser.hpp"

#include <fairlead/http/multipart_reader.hpp>
#include <fairlead/http/route_handler.hpp>

#include <string>
#include <utility>

namespace fairlead::http {

using detail::multipart_parser;

class multipart_reader::impl final : public body_reader {
 public:
  impl() : parser_({}, {}), ended_(true) {}
  impl(body_reader& from, std::string_view boundary, const multipart_limits& limits)
      : from_(&from), parser_(boundary, limits) {}

  task<result<const form_part*>> next(context& cx) {
    for (;;) {
      auto step = co_await advance(cx);
      if (!step) {
        co_return tl::unexpected<error>(std::move(step).error());
      }
      if (ended_) {
        co_return nullptr;
      }
      inside_ = step->now == multipart_parser::event::part;
      if (inside_) {
        co_return &parser_.part();
      }
    }
  }

  task<result<std::optional<std::string_view>>> read(context& cx) override {
    if (!inside_) {
      if (failure_) {
        co_return tl::unexpected<error>(*failure_);
      }
      co_return std::nullopt;
    }
    auto step = co_await advance(cx);
    if (!step) {
      co_return tl::unexpected<error>(std::move(step).error());
    }
    if (step->now == multipart_parser::event::data) {
      co_return std::optional(step->data);
    }
    inside_ = false;
    co_return std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint64_t> announced() const noexcept override {
    return std::nullopt;
  }
  [[nodiscard]] const headers& trailers() const noexcept override { return none_; }

 private:
  // To the next event, `more` at the end.
  task<result<multipart_parser::step>> advance(context& cx) {
    while (!failure_ && !ended_) {
      const auto step = parser_.feed(window_);
      window_.remove_prefix(step.taken);
      if (step.now == multipart_parser::event::failed) {
        fail_with(parser_.failure());
        break;
      }
      if (step.now != multipart_parser::event::more) {
        co_return step;
      }
      co_await fill(cx);
    }
    if (failure_) {
      co_return tl::unexpected<error>(*failure_);
    }
    co_return multipart_parser::step{0, multipart_parser::event::more, {}};
  }

  // Puts the next piece behind what is left.
  task<void> fill(context& cx) {
    std::string left(window_);
    window_ = {};
    auto piece = co_await from_->read(cx);
    if (!piece) {
      fail_with(piece.error());
    } else if (*piece && left.empty()) {
      window_ = **piece;
    } else if (*piece) {
      left += **piece;
      kept_ = std::move(left);
      window_ = kept_;
    } else if (parser_.finish(left)) {
      ended_ = true;
    } else {
      fail_with(parser_.failure());
    }
  }

  void fail_with(error why) {
    inside_ = false;
    failure_ = why.at(error_stage::body);
  }

  body_reader* from_ = nullptr;
  multipart_parser parser_;
  std::string kept_;
  std::string_view window_;  // into `kept_`, or what `from_` has given
  bool inside_ = false;      // of a part
  bool ended_ = false;
  std::optional<error> failure_;
  headers none_;
};

multipart_reader::multipart_reader() : impl_(std::make_unique<impl>()) {}
multipart_reader::multipart_reader(std::unique_ptr<impl> i) noexcept : impl_(std::move(i)) {}
multipart_reader::multipart_reader(multipart_reader&& other) noexcept = default;
multipart_reader& multipart_reader::operator=(multipart_reader&& other) noexcept = default;
multipart_reader::~multipart_reader() = default;

result<multipart_reader> multipart_reader::open(std::string_view content_type, body_reader& body,
                                                const multipart_limits& limits) {
  const auto boundary = detail::multipart_boundary(content_type);
  if (!boundary) {
    return tl::unexpected<error>(boundary.error());
  }
  return multipart_reader(std::make_unique<impl>(body, *boundary, limits));
}

result<multipart_reader> multipart_reader::from_request(const request& r) {
  if (r.incoming() == nullptr) {
    detail::no_stream();
  }
  return open(r.headers().get("Content-Type").value_or(""), *r.incoming());
}

task<result<const form_part*>> multipart_reader::next(context& cx) {
  return impl_->next(cx);
}

body_reader& multipart_reader::content() noexcept {
  return *impl_;
}

}  // namespace fairlead::http
