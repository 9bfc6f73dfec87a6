// SPDX-License-Identifier: BSL-1.0
// What spans tell when they have ended, and what they do where nothing is recorded.
#include "support/sim_test.hpp"

#include <fairlead/observe/span.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/names.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/tracer.hpp>
#include <fairlead/observe/tracestate.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead::observe {
namespace {

using namespace std::chrono_literals;
using testing::run_in_world;

constexpr traceparent remote{{0x1234, 0x5678}, {0x9abc}, {trace_flags::sampled_bit}};
constexpr traceparent remote_unsampled{{0x1234, 0x5678}, {0x9abc}, {}};

TEST(Span, TellsWhatWasDone) {
  tracer t({.service = "shop"});
  run_in_world(1, [&](context& cx) -> task<void> {
    const auto started = cx.env().time().wall_now();
    {
      span s(t, cx, "checkout", span_kind::client);
      s.set("user.id", 42);
      s.set("user.name", std::string("Ann"));
      s.set("vip", true);
      s.set("total", 9.5);
      static_cast<void>(co_await sleep_for(cx, 100ms));
      s.event("reserved", {{"items", 3}, {"where", "shelf"}});
      static_cast<void>(co_await sleep_for(cx, 50ms));
    }
    const auto done = t.take();
    EXPECT_EQ(done.size(), 1U);
    const auto& s = done.at(0);
    EXPECT_EQ(s.name, "checkout");
    EXPECT_EQ(s.kind, span_kind::client);
    EXPECT_TRUE(s.id.valid());
    EXPECT_TRUE(s.id.flags.sampled());
    EXPECT_TRUE(s.id.flags.random());
    EXPECT_FALSE(s.parent.valid());
    EXPECT_EQ(s.start, started);
    EXPECT_EQ(s.took, 150ms);
    EXPECT_EQ(s.end(), started + 150ms);
    EXPECT_EQ(s.attributes, (std::vector<attribute>{{"user.id", std::int64_t{42}},
                                                    {"user.name", std::string("Ann")},
                                                    {"vip", true},
                                                    {"total", 9.5}}));
    EXPECT_EQ(s.events.at(0).name, "reserved");
    EXPECT_EQ(s.events.at(0).at, started + 100ms);
    EXPECT_EQ(s.events.at(0).attributes, (std::vector<attribute>{{"items", std::int64_t{3}},
                                                                 {"where", std::string("shelf")}}));
    EXPECT_EQ(s.status, span_status::unset);
    EXPECT_EQ(s.by->service, "shop");
  });
}

TEST(Span, ChildrenBelongToTheTraceOfTheirParent) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    {
      span outer(t, cx, "outer");
      auto traced = outer.under(cx);
      {
        span inner(traced, "inner");
        auto deeper = inner.under(traced);
        const span innermost(t, deeper, "innermost");  // with the tracer, and all the same a child
      }
      const span second(traced, "second");
    }
    const auto done = t.take();
    EXPECT_EQ(done.size(), 4U);
    const auto& innermost = done.at(0);
    const auto& inner = done.at(1);
    const auto& second = done.at(2);
    const auto& outer = done.at(3);
    EXPECT_EQ(outer.name, "outer");
    EXPECT_EQ(inner.parent, outer.id.span);
    EXPECT_EQ(innermost.parent, inner.id.span);
    EXPECT_EQ(second.parent, outer.id.span);
    for (const auto& s : done) {
      EXPECT_EQ(s.id.trace, outer.id.trace);
      EXPECT_EQ(s.id.flags, outer.id.flags);
      EXPECT_FALSE(s.parent_is_remote);
    }
    EXPECT_NE(inner.id.span, second.id.span);
    co_return;
  });
}

TEST(Span, EveryRunOfASimulationDrawsTheSameIds) {
  std::vector<traceparent> drawn;
  for (int i = 0; i < 3; ++i) {
    tracer t;
    run_in_world(i == 2 ? 8 : 7, [&](context& cx) -> task<void> {
      span s(t, cx, "x");
      drawn.push_back(s.id());
      co_return;
    });
  }
  EXPECT_EQ(drawn.at(0), drawn.at(1));
  EXPECT_NE(drawn.at(0).trace, drawn.at(2).trace);
}

TEST(Span, WithoutATraceIsNothing) {
  run_in_world(1, [&](context& cx) -> task<void> {
    span s(cx, "x");
    EXPECT_FALSE(s.recording());
    EXPECT_FALSE(s.id().valid());
    s.set("a", 1);
    s.event("b", {{"c", 2}});
    s.link(remote);
    s.rename("y");
    s.fail("z");
    s.fail(error(errors::cancelled{}));
    s.succeed();
    s.note(result<int>(1));
    s.note(result<void>(fail(errors::shed{})));
    const auto under = s.under(cx);
    EXPECT_EQ(under.trace(), nullptr);
    set_attribute(under, "a", 1);
    add_event(under, "b");
    s.end();
    s.end();
    co_return;
  });
}

TEST(Span, OfATraceThatIsNotSampledOnlyTheIdsGoOn) {
  tracer t({.sample = sampler::never()});
  run_in_world(1, [&](context& cx) -> task<void> {
    span s(t, cx, "x");
    EXPECT_FALSE(s.recording());
    EXPECT_TRUE(s.id().valid());
    EXPECT_FALSE(s.id().flags.sampled());
    auto traced = s.under(cx);
    span inner(traced, "y");
    EXPECT_FALSE(inner.recording());
    const auto below = inner.under(traced);
    EXPECT_EQ(outgoing_trace(below.trace()).traceparent(), to_string(s.id()));
    const span again(t, traced, "z");  // the decision was made
    EXPECT_FALSE(again.recording());
    co_return;
  });
  EXPECT_EQ(t.counts().ended, 0U);
}

TEST(Span, GoesOnWithATraceFromElsewhere) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    const trace_context came(remote, tracestate::parse("a=1").value(), baggage::parse("b=2"));
    {
      span s(&t, cx, came, "GET /x");
      EXPECT_EQ(s.id().trace, remote.trace);
      EXPECT_NE(s.id().span, remote.span);
      const auto traced = s.under(cx);
      const outgoing_trace sent(traced.trace());
      EXPECT_EQ(sent.traceparent(), to_string(s.id()));
      EXPECT_EQ(sent.tracestate(), "a=1");
      EXPECT_EQ(sent.baggage(), "b=2");
      const span below(traced, "below");
      EXPECT_FALSE(below.id().flags.random());  // as the caller had it
    }
    const auto done = t.take();
    const auto& s = done.at(1);
    EXPECT_EQ(s.kind, span_kind::server);
    EXPECT_EQ(s.parent, remote.span);
    EXPECT_TRUE(s.parent_is_remote);
    EXPECT_EQ(s.tracestate, "a=1");
    EXPECT_EQ(done.at(0).tracestate, "a=1");
    EXPECT_FALSE(done.at(0).parent_is_remote);
    co_return;
  });
}

TEST(Span, BeginsATraceWhenNoneCame) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    const trace_context came({}, {}, baggage::parse("b=2"));
    {
      span s(&t, cx, came, "GET /x");
      EXPECT_TRUE(s.id().valid());
      EXPECT_EQ(outgoing_trace(s.under(cx).trace()).baggage(), "b=2");
    }
    EXPECT_FALSE(t.take().at(0).parent.valid());
    co_return;
  });
}

TEST(Span, FollowsTheCallersDecisionUnlessToldOtherwise) {
  tracer follows;
  tracer never({.sample = sampler::never()});
  tracer always({.sample = sampler::always()});
  run_in_world(1, [&](context& cx) -> task<void> {
    const trace_context sampled(remote, {}, {});
    const trace_context unsampled(remote_unsampled, {}, {});
    EXPECT_TRUE(span(&follows, cx, sampled, "x").recording());
    EXPECT_FALSE(span(&follows, cx, unsampled, "x").recording());
    EXPECT_TRUE(span(&always, cx, unsampled, "x").recording());
    span dropped(&never, cx, sampled, "x");
    EXPECT_FALSE(dropped.recording());
    EXPECT_FALSE(dropped.id().flags.sampled());
    EXPECT_NE(dropped.id().span, remote.span);  // with the flag the parent must change
    co_return;
  });
}

TEST(Span, WithoutATracerPassesOnWhatCame) {
  run_in_world(1, [&](context& cx) -> task<void> {
    const trace_context came(remote, tracestate::parse("a=1").value(), {});
    span s(nullptr, cx, came, "GET /x");
    EXPECT_FALSE(s.recording());
    auto traced = s.under(cx);
    EXPECT_EQ(outgoing_trace(traced.trace()).traceparent(), to_string(remote));
    EXPECT_EQ(outgoing_trace(traced.trace()).tracestate(), "a=1");
    const span below(traced, "below");
    EXPECT_FALSE(below.recording());
    const span nothing(nullptr, cx, trace_context(), "GET /x");
    EXPECT_FALSE(nothing.id().valid());
    co_return;
  });
}

TEST(Span, ATracerMayJoinAfterOthersPassedOn) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    trace_context came(remote, {}, {});
    const auto passed = cx.with_trace(&came);
    {
      const span s(t, passed, "x");
      EXPECT_TRUE(s.recording());
    }
    const auto done = t.take();
    EXPECT_EQ(done.at(0).parent, remote.span);
    EXPECT_TRUE(done.at(0).parent_is_remote);
    co_return;
  });
}

TEST(Span, CodeBelowMayAnnotateIt) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    {
      span s(t, cx, "x");
      const auto traced = s.under(cx).with_timeout(1s);
      set_attribute(traced, "a", "b");
      add_event(traced, "c", {{"d", 1}});
    }
    const auto done = t.take();
    EXPECT_NE(done.at(0).find("a"), nullptr);
    EXPECT_EQ(done.at(0).find("b"), nullptr);
    EXPECT_EQ(done.at(0).events.at(0).name, "c");
    co_return;
  });
}

TEST(Span, ALaterValueTakesThePlaceOfTheEarlier) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    {
      span s(t, cx, "GET");
      s.set("a", 1);
      s.set("b", 2);
      s.set("a", "three");
      s.rename("GET /users/{id}");
    }
    const auto done = t.take();
    EXPECT_EQ(done.at(0).name, "GET /users/{id}");
    EXPECT_EQ(done.at(0).attributes,
              (std::vector<attribute>{{"a", std::string("three")}, {"b", std::int64_t{2}}}));
    co_return;
  });
}

TEST(Span, FailsWithTheErrorOfACall) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    const auto of = [&](error e) {
      {
        span s(t, cx, "x");
        s.note(result<int>(fail(std::move(e))));
      }
      return t.take().at(0);
    };
    const auto type_of = [](const span_record& s) {
      return std::get<std::string>(*s.find(names::error_type));
    };
    const auto refused = of(errors::connection_refused{"http://a"});
    EXPECT_EQ(refused.status, span_status::error);
    EXPECT_EQ(type_of(refused), "connection_refused");
    EXPECT_NE(refused.message.find("http://a"), std::string::npos) << refused.message;
    EXPECT_EQ(type_of(of(errors::http_error{"u", 503, {}, {}, {}})), "503");
    EXPECT_EQ(type_of(of(errors::application{"no_stock", "none left"})), "no_stock");
    EXPECT_EQ(type_of(of(errors::application{"", "none left"})), "application");
    const auto cancelled = of(errors::cancelled{});
    EXPECT_EQ(cancelled.status, span_status::unset);
    EXPECT_EQ(type_of(cancelled), "cancelled");
    {
      span s(t, cx, "x");
      s.note(result<int>(1));
      s.note(result<void>());
    }
    const auto good = t.take().at(0);
    EXPECT_EQ(good.status, span_status::unset);
    EXPECT_TRUE(good.attributes.empty());
    co_return;
  });
}

TEST(Span, WhatHasSucceededStaysSo) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    {
      span s(t, cx, "x");
      s.fail("early");
      s.succeed();
      s.fail("late", "too late");
    }
    const auto s = t.take().at(0);
    EXPECT_EQ(s.status, span_status::ok);
    EXPECT_EQ(std::get<std::string>(*s.find(names::error_type)), "late");
    co_return;
  });
}

TEST(Span, AnExceptionThatLeavesIsAnError) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    const auto thrower = [&](context& inside) -> task<void> {
      const span s(t, inside, "x");
      static_cast<void>(co_await sleep_for(inside, 1ms));
      throw std::runtime_error("no");
    };
    bool thrown = false;
    try {
      co_await thrower(cx);
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    const auto s = t.take().at(0);
    EXPECT_EQ(s.status, span_status::error);
    EXPECT_EQ(std::get<std::string>(*s.find(names::error_type)), "exception");
  });
}

TEST(Span, MayEndEarly) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    span s(t, cx, "x");
    auto traced = s.under(cx);
    static_cast<void>(co_await sleep_for(cx, 1ms));
    s.end();
    EXPECT_EQ(t.take().at(0).took, 1ms);
    s.set("too", "late");
    add_event(traced, "too late");
    EXPECT_FALSE(s.recording());
    EXPECT_TRUE(s.id().valid());
    {
      const span below(traced, "below");
      EXPECT_TRUE(below.recording());
    }
    EXPECT_EQ(t.take().at(0).parent, s.id().span);
    s.end();
    EXPECT_EQ(t.take().size(), 0U);
  });
}

TEST(Span, ACopyOfItsTraceOutlivesIt) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    std::optional<trace_context> kept;
    traceparent was;
    {
      span s(t, cx, "x");
      kept = *s.under(cx).trace();
      was = s.id();
      EXPECT_NE(kept->span(), nullptr);
      set_attribute(cx.with_trace(&*kept), "still", "open");
    }
    EXPECT_NE(t.take().at(0).find("still"), nullptr);
    EXPECT_EQ(kept->span(), nullptr);
    EXPECT_TRUE(kept->recording());
    const auto later = cx.with_trace(&*kept);
    set_attribute(later, "too", "late");
    {
      const span s(later, "afterwards");
    }
    const auto s = t.take().at(0);
    EXPECT_EQ(s.parent, was.span);
    EXPECT_EQ(s.id.trace, was.trace);
    EXPECT_EQ(kept->detached().parent(), was);
    co_return;
  });
}

TEST(Span, IsBounded) {
  tracer t({.limits = {
                .attributes = 2, .events = 3, .links = 1, .attributes_per_event = 1, .text = 16}});
  run_in_world(1, [&](context& cx) -> task<void> {
    {
      span s(t, cx, std::string(100, 'n'));
      for (const char* const key : {"a", "b", "c", "d"}) {
        s.set(key, std::string(100, 'v'));
        s.event(key, {{"x", 1}, {"y", 2}});
        s.link(remote, {{"x", 1}});
      }
      s.set("a", "replaced");
      s.set(std::string(100, 'k'), 1);
      s.fail("type", std::string(1000, 'm'));
    }
    const auto s = t.take().at(0);
    EXPECT_EQ(s.name, std::string(16, 'n'));
    EXPECT_EQ(s.attributes.size(), 2U);
    EXPECT_EQ(s.attributes.at(0).value, attribute_value(std::string("replaced")));
    EXPECT_EQ(s.attributes.at(1).value, attribute_value(std::string(16, 'v')));
    EXPECT_EQ(s.dropped_attributes, 4U);
    EXPECT_EQ(s.events.size(), 3U);
    EXPECT_EQ(s.dropped_events, 1U);
    EXPECT_EQ(s.events.at(0).attributes.size(), 1U);
    EXPECT_EQ(s.events.at(0).dropped_attributes, 1U);
    EXPECT_EQ(s.links.size(), 1U);
    EXPECT_EQ(s.links.at(0).to, remote);
    EXPECT_EQ(s.dropped_links, 3U);
    EXPECT_EQ(s.message, std::string(16, 'm'));
    co_return;
  });
}

TEST(Span, TextIsUtf8AndCutBetweenCharacters) {
  tracer t({.limits = {.text = 16}});
  run_in_world(1, [&](context& cx) -> task<void> {
    {
      span s(t, cx, "123456789012345\xc3\xbc");
      s.set("a", "x\xff");
    }
    const auto s = t.take().at(0);
    EXPECT_EQ(s.name, "123456789012345");
    EXPECT_EQ(s.attributes.at(0).value, attribute_value(std::string("x\xef\xbf\xbd")));
    co_return;
  });
}

TEST(Span, LinksOnlyToWhatExists) {
  tracer t;
  run_in_world(1, [&](context& cx) -> task<void> {
    {
      span s(t, cx, "x");
      s.link({});
      s.link(remote);
    }
    EXPECT_EQ(t.take().at(0).links.size(), 1U);
    co_return;
  });
}

TEST(Span, ValuesOfAllKinds) {
  const auto kept = [](value_view v) { return v.get(); };
  EXPECT_EQ(kept("a"), value_view::variant(std::string_view("a")));
  EXPECT_EQ(kept(false), value_view::variant(false));
  EXPECT_EQ(kept('a'), value_view::variant(std::int64_t{97}));
  EXPECT_EQ(kept(std::uint8_t{7}), value_view::variant(std::int64_t{7}));
  EXPECT_EQ(kept(-7L), value_view::variant(std::int64_t{-7}));
  EXPECT_EQ(kept(~std::uint64_t{0}), value_view::variant(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(kept(0.5F), value_view::variant(0.5));
  EXPECT_EQ(view_of(attribute_value(true)).get(), value_view::variant(true));
  EXPECT_EQ(view_of(attribute_value(std::string("b"))).get(),
            value_view::variant(std::string_view("b")));
}

}  // namespace
}  // namespace fairlead::observe
