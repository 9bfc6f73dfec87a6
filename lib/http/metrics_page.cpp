// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/metrics_page.hpp>

#include <fairlead/observe/metric_registry.hpp>
#include <fairlead/observe/metrics_snapshot.hpp>

#include "detail/accept.hpp"

#include <stdexcept>
#include <utility>

namespace fairlead::http {

namespace {

// Whoever does not name the newer format may not be able to read it.
bool wants_openmetrics(const headers& asked) {
  const auto open = detail::welcome_of(asked, "application/openmetrics-text", "1.0.0");
  const auto plain = detail::welcome_of(asked, "text/plain", "0.0.4");
  return open.by > detail::welcome::range::anything && open.weight > 0 &&
         open.weight >= plain.weight;
}

class page final : public handler {
 public:
  explicit page(std::function<observe::metrics_snapshot()> take) : take_(std::move(take)) {
    if (!take_) {
      throw std::invalid_argument("http::metrics_page: the function is empty");
    }
  }

  task<result<response>> handle(context& /*cx*/, const request& r) override {
    const bool open = wants_openmetrics(r.headers());
    const auto now = take_();
    auto out = r.reply();
    out.body(open ? observe::to_openmetrics(now) : observe::to_prometheus(now));
    out.header("Content-Type", open ? observe::openmetrics_type : observe::prometheus_type)
        .header("Cache-Control", "no-store")
        .header("Vary", "Accept");
    co_return out;
  }

 private:
  std::function<observe::metrics_snapshot()> take_;
};

}  // namespace

std::shared_ptr<handler> metrics_page(const observe::metric_registry& of) {
  return metrics_page([&of] { return of.snapshot(); });
}

std::shared_ptr<handler> metrics_page(std::function<observe::metrics_snapshot()> take) {
  return std::make_shared<page>(std::move(take));
}

}  // namespace fairlead::http
