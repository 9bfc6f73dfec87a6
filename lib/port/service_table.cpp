// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/service_table.hpp>

#include <algorithm>
#include <stdexcept>

namespace fairlead {

namespace detail {

result<void> read_request(json::codec form, void* request, std::string_view text) {
  auto read = form.decode_into(request, text.empty() ? "{}" : text);
  if (!read) {
    read.error().with_sent(error_sent::answered);
  }
  return read;
}

result<void> write_reply(json::codec form, const void* reply, std::string_view operation,
                         std::string& out) {
  auto written = form.encode_to(out, reply);
  if (!written) {
    return fail(bad_reply(written.error(), operation));
  }
  return written;
}

error bad_reply(const error& e, std::string_view operation) {
  const auto wrong = e.get<errors::serialization_error>();
  if (!wrong) {
    return e;
  }
  const auto message =
      "Response validation failed: " + std::string(operation) + ": " + std::string(wrong->message);
  error out = errors::serialization_error{message, wrong->pointer, wrong->expected, wrong->actual};
  out.at(error_stage::body).with_sent(error_sent::answered);
  return out;
}

}  // namespace detail

service_table::service_table(std::shared_ptr<void> service, std::vector<served_operation> all)
    : service_(std::move(service)), all_(std::move(all)) {
  const auto by_name = [](const auto& a, const auto& b) { return a.what.name < b.what.name; };
  std::sort(all_.begin(), all_.end(), by_name);
  const auto same = std::adjacent_find(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
    return a.what.name == b.what.name;
  });
  if (same != all_.end()) {
    throw std::invalid_argument("fairlead: two operations of the port are named \"" +
                                std::string(same->what.name) +
                                "\"; give one of them an operation_name or a version");
  }
}

const served_operation* service_table::find(std::string_view name) const noexcept {
  const auto at =
      std::lower_bound(all_.begin(), all_.end(), name,
                       [](const auto& a, std::string_view n) { return a.what.name < n; });
  return at == all_.end() || at->what.name != name ? nullptr : &*at;
}

task<result<std::string>> service_table::run(context& cx, const served_operation& which,
                                             std::string_view request,
                                             item_writer<std::string>* items) const {
  if (auto alive = cx.check(); !alive) {
    co_return fail(std::move(alive).error());
  }
  result<std::string> reply;
  auto done = co_await which.run(service_.get(), cx, request, *reply, items);
  if (!done) {
    reply = fail(std::move(done).error());
  }
  co_return reply;
}

}  // namespace fairlead
