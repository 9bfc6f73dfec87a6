// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/request_metrics.hpp>

#include <fairlead/observe/metric_registry.hpp>
#include <fairlead/observe/names.hpp>

#include "detail/span_facts.hpp"

#include <array>
#include <charconv>
#include <new>
#include <string_view>
#include <utility>

namespace fairlead::http {

namespace {

namespace names = observe::names;

/// A status as text, without memory.
class status_text {
 public:
  explicit status_text(unsigned code) noexcept
      : digits_{static_cast<char>('0' + code / 100 % 10), static_cast<char>('0' + code / 10 % 10),
                static_cast<char>('0' + code % 10)},
        size_(code == 0 ? 0 : digits_.size()) {}
  [[nodiscard]] std::string_view text() const noexcept { return {digits_.data(), size_}; }

 private:
  std::array<char, 3> digits_;
  std::size_t size_;
};

/// Between "scheme://" and the path.
std::string_view authority_of(std::string_view url) noexcept {
  const auto mark = url.find("://");
  const auto rest = mark == std::string_view::npos ? url : url.substr(mark + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

void count(const observe::duration_family& took, const exchange_info& e) {
  const auto to = detail::split_address(authority_of(e.url));
  const unsigned usual = e.url.starts_with("https:") ? 443 : 80;
  std::array<char, 8> digits{};
  const auto* const end =
      std::to_chars(digits.data(), digits.data() + digits.size(), to.port == 0 ? usual : to.port)
          .ptr;
  const std::string_view port(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const status_text status(e.status);
  const auto failure = e.failure != nullptr ? to_string(e.failure->kind())
                       : e.status >= 400    ? status.text()
                                            : std::string_view();
  took.with({to_string(e.method), to.address, port, status.text(), failure}).record(e.times.total);
}

}  // namespace

std::function<void(const access_record&)> server_metrics(
    observe::metric_registry& into, std::function<void(const access_record&)> then) {
  const auto took = into.durations(
      {.name = names::http_server_request_duration,
       .help = "How long requests took, from their first byte to the last of the answer.",
       .labels = {names::http_request_method, names::http_route, names::http_response_status_code,
                  names::error_type}});
  const auto sent = into.sizes({.name = names::http_server_response_body_size,
                                .help = "Bodies of answers.",
                                .unit = "By",
                                .labels = {names::http_request_method, names::http_route,
                                           names::http_response_status_code}});
  return [took, sent, then = std::move(then)](const access_record& r) {
    const auto code = to_int(r.status);
    const status_text status(r.status == access_record::client_left ? 0 : code);
    const auto method = to_string(r.request.method());
    const bool broken = r.ended == access_record::ending::broken;
    const auto failure = code >= 500 ? status.text() : std::string_view(broken ? "cancelled" : "");
    took.with({method, r.request.route(), status.text(), failure}).record(r.took);
    sent.with({method, r.request.route(), status.text()}).record(r.bytes);
    if (then) {
      then(r);
    }
  };
}

exchange_hook client_metrics(observe::metric_registry& into, exchange_hook then) {
  const auto took = into.durations(
      {.name = names::http_client_request_duration,
       .help = "How long exchanges took, to the last byte read.",
       .labels = {names::http_request_method, names::server_address, names::server_port,
                  names::http_response_status_code, names::error_type}});
  return [took, then = std::move(then)](const exchange_info& e) {
    try {
      count(took, e);
    } catch (const std::bad_alloc&) {  // for a new set of labels: this one is not counted
    }
    if (then) {
      then(e);
    }
  };
}

}  // namespace fairlead::http
