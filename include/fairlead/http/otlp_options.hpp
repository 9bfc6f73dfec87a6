// SPDX-License-Identifier: BSL-1.0
// The knobs of the exporter to OpenTelemetry collectors, each with its default, unit and effect.
#pragma once

#include <fairlead/http/client_options.hpp>
#include <fairlead/policy/retry_core.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// Whether what goes to a collector is compressed.
enum class otlp_coding : std::uint8_t { identity, gzip };

/// Told when spans did not arrive: how many, and why. 0 when the collector took them all and had
/// something to say nonetheless. Must not throw.
using otlp_hook = std::function<void(std::size_t spans, std::string_view why)>;

/// Options of an `otlp_exporter`; setters can be chained.
///
/// *Example*:
/// ```cpp
/// auto options = http::otlp_options("http://collector:4318/v1/traces")
///                    .header("api-key", key).coding(http::otlp_coding::gzip);
/// ```
class otlp_options {
 public:
  /// The collector on this machine: "http://localhost:4318/v1/traces", as OpenTelemetry's exporters
  /// have it.
  otlp_options();
  /// The whole URL to which traces are posted, path included.
  explicit otlp_options(std::string_view url);
  otlp_options(const otlp_options& other);
  otlp_options(otlp_options&& other) noexcept;
  otlp_options& operator=(const otlp_options& other);
  otlp_options& operator=(otlp_options&& other) noexcept;
  ~otlp_options();

  /// What the environment asks for, by OpenTelemetry's names; what is not there keeps its default:
  /// OTEL_EXPORTER_OTLP_ENDPOINT (to which "/v1/traces" is appended), _HEADERS ("name=value,...",
  /// percent-encoded), _TIMEOUT (ms) and _COMPRESSION ("gzip", "none"); each of them, the first
  /// without the appendix, also as OTEL_EXPORTER_OTLP_TRACES_..., which goes before.
  ///
  /// *Errors*: `invalid_argument`, which names every variable that cannot be understood.
  [[nodiscard]] static result<otlp_options> from_environment();
  /// The same with variables from elsewhere.
  [[nodiscard]] static result<otlp_options> from_environment(const variable_lookup& lookup);

  otlp_options& url(std::string_view text) {
    url_ = text;
    return *this;
  }
  /// A header for every request: a key, a tenant.
  otlp_options& header(std::string_view name, std::string_view value) {
    headers_.set(name, value);
    return *this;
  }
  /// How long one attempt may take. Default 10 s, as OpenTelemetry's exporters have it. All of
  /// them together: `observe::export_options::limit`.
  otlp_options& timeout(duration limit) {
    timeout_ = limit;
    return *this;
  }
  /// How often a request is sent again when the collector cannot be reached, or answers 429, 502,
  /// 503 or 504; others are not repeated, as the protocol has it. Default: five attempts, 1 s
  /// between the first two, doubling, at most 5 s, with full jitter; never earlier than its
  /// Retry-After asks.
  otlp_options& retries(const policy::retry_options& how) {
    retries_ = how;
    return *this;
  }
  /// Default `identity`, as OpenTelemetry's exporters have it. Gzip makes a batch
  /// of spans some ten times smaller.
  otlp_options& coding(otlp_coding c) {
    coding_ = c;
    return *this;
  }
  /// The largest request, in bytes, before compression; what is more is sent in several. Default
  /// 4 MiB, what gRPC servers take; OpenTelemetry's collector takes 20 MiB over HTTP. One span is
  /// sent whatever its size.
  otlp_options& max_request(std::size_t bytes) {
    max_request_ = bytes;
    return *this;
  }
  /// How the collector is reached: TLS, proxies, a Unix socket, a network of one's own. What the
  /// other options say goes before.
  otlp_options& client(http::client_options how);
  /// Default: nobody hears of it; see `otlp_exporter::counts`.
  otlp_options& on_loss(otlp_hook hook) {
    on_loss_ = std::move(hook);
    return *this;
  }

  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  [[nodiscard]] const http::headers& headers() const noexcept { return headers_; }
  [[nodiscard]] duration timeout() const noexcept { return timeout_; }
  [[nodiscard]] const policy::retry_options& retries() const noexcept { return retries_; }
  [[nodiscard]] otlp_coding coding() const noexcept { return coding_; }
  [[nodiscard]] std::size_t max_request() const noexcept { return max_request_; }
  [[nodiscard]] const http::client_options& client() const noexcept { return client_; }
  [[nodiscard]] const otlp_hook& on_loss() const noexcept { return on_loss_; }

  /// Everything that is wrong, one sentence each; empty when the options can be used.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::string url_ = "http://localhost:4318/v1/traces";
  http::headers headers_;
  duration timeout_ = std::chrono::seconds(10);
  policy::retry_options retries_;
  otlp_coding coding_ = otlp_coding::identity;
  std::size_t max_request_ = std::size_t{4} << 20U;
  http::client_options client_;
  otlp_hook on_loss_;
};

}  // namespace fairlead::http
