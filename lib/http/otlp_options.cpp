// SPDX-License-Identifier: BSL-1.0
// How it works: the variables are those of OpenTelemetry's specification of exporters
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/); an empty one is as if it was not
// there.
#include <fairlead/http/otlp_options.hpp>

#include <fairlead/http/percent.hpp>
#include <fairlead/http/proxy_rules.hpp>
#include <fairlead/http/url.hpp>

#include "detail/chars.hpp"
#include "detail/option_problems.hpp"

#include <charconv>
#include <optional>

namespace fairlead::http {

namespace {

constexpr std::string_view path_of_traces = "/v1/traces";

// Asks for a variable of traces alone first.
class variables {
 public:
  explicit variables(const variable_lookup& lookup) : lookup_(lookup) {}

  std::optional<std::string> own(std::string_view name) { return find("TRACES_", name); }
  std::optional<std::string> shared(std::string_view name) { return find("", name); }
  std::optional<std::string> either(std::string_view name) {
    auto value = own(name);
    return value ? value : shared(name);
  }
  /// The one that was found last cannot be understood.
  void refuse(std::string_view why) { problems.push_back(last_ + ": " + std::string(why)); }

  std::vector<std::string> problems;

 private:
  std::optional<std::string> find(std::string_view of, std::string_view name) {
    auto full = "OTEL_EXPORTER_OTLP_" + std::string(of) + std::string(name);
    auto value = lookup_(full);
    if (value) {
      value = std::string(detail::trim(*value));
    }
    if (!value || value->empty()) {
      return std::nullopt;
    }
    last_ = std::move(full);
    return value;
  }

  const variable_lookup& lookup_;
  std::string last_;
};

void read_endpoint(variables& from, otlp_options& to) {
  auto url = from.own("ENDPOINT");
  if (!url) {
    url = from.shared("ENDPOINT");
    if (url) {
      url->erase(url->find_last_not_of('/') + 1);
      *url += path_of_traces;
    }
  }
  if (url) {
    to.url(*url);
    if (!url::parse(*url)) {
      from.refuse("no URL");
    }
  }
}

// "name=value,name=value", as W3C's baggage without properties.
void read_headers(variables& from, otlp_options& to) {
  const auto text = from.either("HEADERS");
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto member = detail::trim(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (member.empty()) {
      continue;
    }
    const auto equals = member.find('=');
    const auto name = detail::trim(member.substr(0, equals));
    const auto value = equals == std::string_view::npos
                           ? std::nullopt
                           : percent_decode(detail::trim(member.substr(equals + 1)));
    if (!value || !http::headers().add(name, *value).check()) {
      from.refuse("no header");  // which may be a secret
      return;
    }
    to.header(name, *value);
  }
}

void read_timeout(variables& from, otlp_options& to) {
  if (const auto text = from.either("TIMEOUT")) {
    std::uint32_t ms = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, ms);
    if (read.ec != std::errc() || read.ptr != end || ms == 0) {
      from.refuse("no number of ms");
    } else {
      to.timeout(std::chrono::milliseconds(ms));
    }
  }
}

void read_coding(variables& from, otlp_options& to) {
  if (const auto text = from.either("COMPRESSION")) {
    if (*text != "gzip" && *text != "none") {
      from.refuse("neither gzip nor none");
    } else {
      to.coding(*text == "gzip" ? otlp_coding::gzip : otlp_coding::identity);
    }
  }
}

}  // namespace

otlp_options::otlp_options() {
  retries_.max_attempts = 5;
  retries_.backoff = policy::exponential(std::chrono::seconds(1), 2, std::chrono::seconds(5));
}

otlp_options::otlp_options(std::string_view url) : otlp_options() {
  url_ = url;
}

otlp_options::otlp_options(const otlp_options& other) = default;
otlp_options::otlp_options(otlp_options&& other) noexcept = default;
otlp_options& otlp_options::operator=(const otlp_options& other) = default;
otlp_options& otlp_options::operator=(otlp_options&& other) noexcept = default;
otlp_options::~otlp_options() = default;

otlp_options& otlp_options::client(http::client_options how) {
  client_ = std::move(how);
  return *this;
}

result<otlp_options> otlp_options::from_environment() {
  return from_environment(process_variable);
}

result<otlp_options> otlp_options::from_environment(const variable_lookup& lookup) {
  variables from(lookup);
  otlp_options out;
  read_endpoint(from, out);
  read_headers(from, out);
  read_timeout(from, out);
  read_coding(from, out);
  if (!from.problems.empty()) {
    return fail(errors::invalid_argument{"environment", detail::in_one_line(from.problems)});
  }
  return out;
}

std::vector<std::string> otlp_options::problems() const {
  std::vector<std::string> out;
  if (const auto parsed = url::parse(url_); !parsed) {
    out.push_back("url: " + parsed.error().message());
  }
  if (timeout_ <= duration::zero()) {
    out.emplace_back("timeout must be positive");
  }
  if (max_request_ < 1024) {
    out.emplace_back("max_request must be at least 1024 bytes");
  }
  for (const auto& p : policy::problems_of(retries_)) {
    out.push_back("retries: " + p);
  }
  if (const auto good = headers_.check(); !good) {
    out.push_back("header: " + good.error().message());
  }
  for (const auto& p : client_.problems()) {
    out.push_back("client: " + p);
  }
  return out;
}

}  // namespace fairlead::http
