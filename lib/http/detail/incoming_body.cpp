// SPDX-License-Identifier: BSL-1.0
#include "incoming_body.hpp"

#include "patience.hpp"
#include "session.hpp"

#include <optional>

namespace fairlead::http::detail {

namespace {

class incoming_body final : public body_reader {
 public:
  explicit incoming_body(session& s) noexcept
      : session_(s), patience_(s.min_body_rate(), s.options().body_timeout()) {}

  task<result<std::optional<std::string_view>>> read(context& cx) override {
    if (failure_) {
      co_return tl::unexpected<error>(*failure_);
    }
    const auto go_on = session_.take_continue();
    if (!go_on.empty()) {
      allowed_ = session_.options().write_timeout();
      auto limited = cx.with_timeout(allowed_);
      auto said = co_await net::write_all(limited, session_.stream(), go_on);
      if (!said) {
        co_return gave_up(cx, said.error());
      }
    }
    for (;;) {
      const auto step = session_.read_body();
      count();
      if (step == session::body_step::piece) {
        co_return std::optional(std::string_view(session_.request().body()));
      }
      if (step == session::body_step::end) {
        co_return std::nullopt;
      }
      if (step == session::body_step::failed) {
        co_return failed(session_.body_failure());
      }
      allowed_ = patience_.left();
      auto limited = cx.with_deadline(patience_.begin(cx.now()));
      auto ready = co_await session_.stream().wait(limited, net::direction::read);
      patience_.end(cx.now());
      if (!ready) {
        co_return gave_up(cx, ready.error());
      }
    }
  }

  std::optional<std::uint64_t> announced() const noexcept override {
    const auto& r = session_.reader();
    return r.length_known() ? std::optional(r.body_expected()) : std::nullopt;
  }

  const headers& trailers() const noexcept override { return session_.request().trailers(); }

 private:
  using outcome = result<std::optional<std::string_view>>;

  void count() noexcept {
    const auto so_far = session_.reader().body_received();
    patience_.moved(so_far - moved_);
    moved_ = so_far;
  }

  // The wait ended without the connection being ready: by the server's limit or by the handler's.
  outcome gave_up(const context& cx, error why) {
    const bool late = why.is<errors::deadline>() && cx.now() < cx.deadline();
    if (late) {
      session_.give_up_body(session::body_end::late);
      why = errors::timeout{session_.stream().peer(), allowed_, timeout_scope::idle};
    } else {
      const bool ours = why.is<errors::deadline>() || why.is<errors::cancelled>();
      session_.give_up_body(ours ? session::body_end::given_up : session::body_end::lost);
    }
    return failed(why.at(error_stage::body));
  }

  outcome failed(const error& why) {
    failure_ = why;
    return tl::unexpected<error>(why);
  }

  session& session_;
  patience patience_;
  duration allowed_{};       // for the last wait
  std::uint64_t moved_ = 0;  // bytes that the patience knows of
  std::optional<error> failure_;
};

}  // namespace

std::unique_ptr<body_reader> make_body_reader(session& s) {
  return std::make_unique<incoming_body>(s);
}

}  // namespace fairlead::http::detail
