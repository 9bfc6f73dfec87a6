// SPDX-License-Identifier: BSL-1.0
#include "served_call.hpp"

#include "call_span.hpp"

#include <exception>

namespace fairlead::detail {

task<result<std::string>> run_served(context& cx, const served_call& call, std::string_view request,
                                     item_writer<std::string>* items) {
  observe::span span(call.tracer, cx, call.from, call.which.what.name);
  describe_call(span, call.which.what.name);
  context traced = span.under(cx);
  std::string thrown;
  try {
    auto reply = co_await call.table.run(traced, call.which, request, items);
    span.note(reply);
    co_return reply;
  } catch (const std::exception& e) {
    thrown = e.what();
  } catch (...) {
    thrown = "an exception that is not a std::exception";
  }
  error broken = errors::application{"internal", thrown};
  span.fail(broken);
  co_return fail(std::move(broken));
}

}  // namespace fairlead::detail
