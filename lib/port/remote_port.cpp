// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/remote_port.hpp>

#include "detail/call_span.hpp"

#include <fairlead/http/codec.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/port/service_table.hpp>

#include <utility>

namespace fairlead::detail {

task<result<void>> remote_call(context& cx, transport& by, remote_operation what,
                               const void* request, void* response) {
  auto text = http::encode_body(what.request, request);
  if (!text) {
    co_return fail(std::move(text).error());
  }
  observe::span span(cx, what.what.name, observe::span_kind::client);
  describe_call(span, what.what.name);
  const auto traced = span.under(cx);
  const operation_limit own(traced, what.timeout);
  context known = with_nature(own.under(), what.what.nature);
  if (what.what.how == delivery::one_way) {
    auto sent = co_await by.send(known, what.what, *text);
    if (!sent) {
      own.translate(what.what.name, sent.error());
      span.fail(sent.error());
    }
    co_return sent;
  }
  auto reply = co_await by.call(known, what.what, *text);
  if (!reply) {
    own.translate(what.what.name, reply.error());
    span.fail(reply.error());
    co_return fail(std::move(reply).error());
  }
  auto done = what.response.decode_into(response, reply->empty() ? "null" : *reply);
  if (!done) {
    done = fail(bad_reply(done.error(), what.what.name));
    span.fail(done.error());
  }
  co_return done;
}

task<result<void>> remote_stream(context& cx, transport& by, remote_operation what,
                                 const void* request, item_writer<std::string>& to) {
  auto text = http::encode_body(what.request, request);
  if (!text) {
    co_return fail(std::move(text).error());
  }
  observe::span span(cx, what.what.name, observe::span_kind::client);
  describe_call(span, what.what.name);
  const auto traced = span.under(cx);
  const operation_limit own(traced, what.timeout);
  context known = with_nature(own.under(), what.what.nature);
  auto done = co_await by.stream(known, what.what, *text, to);
  if (!done) {
    own.translate(what.what.name, done.error());
    span.fail(done.error());
  }
  co_return done;
}

result<void> read_item(json::codec form, void* item, std::string_view text,
                       std::string_view operation) {
  auto read = form.decode_into(item, text);
  if (!read) {
    return fail(bad_reply(read.error(), operation));
  }
  return read;
}

}  // namespace fairlead::detail
