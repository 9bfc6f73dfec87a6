// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/health.hpp>

namespace fairlead::http {

namespace {

response said(const request& r, status s, std::string_view text) {
  auto out = r.reply(s);
  out.body_text().append(R"({"status":")").append(text).append("\"}");
  out.header("Content-Type", "application/json").header("Cache-Control", "no-store");
  return out;
}

class live final : public handler {
 public:
  task<result<response>> handle(context& /*cx*/, const request& r) override {
    co_return said(r, status::ok, "ok");
  }
};

class ready final : public handler {
 public:
  explicit ready(std::function<task<result<void>>(context&)> check) : check_(std::move(check)) {}

  task<result<response>> handle(context& cx, const request& r) override {
    if (!r.server_ready()) {
      co_return said(r, status::service_unavailable, "draining");
    }
    if (check_) {
      const auto good = co_await check_(cx);
      if (!good) {
        co_return said(r, status::service_unavailable, "unavailable").because(good.error());
      }
    }
    co_return said(r, status::ok, "ok");
  }

 private:
  std::function<task<result<void>>(context&)> check_;
};

}  // namespace

std::shared_ptr<handler> liveness() {
  return std::make_shared<live>();
}

std::shared_ptr<handler> readiness(std::function<task<result<void>>(context& cx)> check) {
  return std::make_shared<ready>(std::move(check));
}

}  // namespace fairlead::http
