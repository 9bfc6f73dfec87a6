// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/tasks_page.hpp>

#include <fairlead/json/codec.hpp>
#include <fairlead/observe/span.hpp>

#include <boost/describe.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::http {

namespace tasks {

struct one {
  std::optional<std::string> about;
  std::optional<std::string> operation;
  std::optional<std::string> span;
  std::optional<std::string> traceparent;
  std::optional<std::int64_t> left_ms;
};
BOOST_DESCRIBE_STRUCT(one, (), (about, operation, span, traceparent, left_ms))

struct group {
  std::string waits_for;
  std::size_t tasks = 0;
  std::vector<one> latest;
};
BOOST_DESCRIBE_STRUCT(group, (), (waits_for, tasks, latest))

struct all {
  std::size_t tasks = 0;
  std::vector<group> waits;
};
BOOST_DESCRIBE_STRUCT(all, (), (tasks, waits))

constexpr std::size_t most_shown = 20;

one look_at(const waiting_task& t, time_point now) {
  one out;
  if (!t.about.empty()) {
    out.about = t.about;
  }
  if (t.under == nullptr) {
    return out;
  }
  const auto& cx = *t.under;
  if (cx.received() != nullptr) {
    out.operation = std::string(cx.received()->operation);
  }
  if (cx.trace() != nullptr) {
    if (const auto name = observe::span_name(cx); !name.empty()) {
      out.span = std::string(name);
    }
    if (cx.trace()->parent().valid()) {
      out.traceparent = to_string(cx.trace()->parent());
    }
  }
  if (cx.deadline() != no_deadline) {
    const auto left = std::max(cx.remaining(now), duration::zero());
    out.left_ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  }
  return out;
}

all look_at(const environment& env) {
  const auto now = env.now();
  std::map<std::string_view, group> groups;
  all out;
  env.each_waiting([&](const waiting_task& t) {
    auto& g = groups[t.for_what];
    ++out.tasks;
    ++g.tasks;
    if (g.latest.size() < most_shown) {
      g.latest.push_back(look_at(t, now));
    }
  });
  for (auto& [what, g] : groups) {
    g.waits_for = what;
    out.waits.push_back(std::move(g));
  }
  std::sort(out.waits.begin(), out.waits.end(), [](const group& a, const group& b) {
    return a.tasks != b.tasks ? a.tasks > b.tasks : a.waits_for < b.waits_for;
  });
  return out;
}

}  // namespace tasks

namespace {

class tasks_handler final : public handler {
 public:
  task<result<response>> handle(context& cx, const request& r) override {
    const auto now = tasks::look_at(cx.env());
    auto out = r.reply();
    auto written = json::codec::of<tasks::all>().encode_to(out.body_text(), &now);
    if (!written) {
      co_return tl::unexpected<error>(std::move(written).error());
    }
    out.header("Content-Type", "application/json").header("Cache-Control", "no-store");
    co_return out;
  }
};

}  // namespace

std::shared_ptr<handler> tasks_page() {
  return std::make_shared<tasks_handler>();
}

}  // namespace fairlead::http
