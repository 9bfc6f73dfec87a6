// SPDX-License-Identifier: BSL-1.0
// A certificate authority for one test: keys are made when the test runs, so none is ever committed
// and none expires.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::testing {

/// A certificate chain and the key of its leaf, both in PEM.
struct issued {
  std::string chain;
  std::string key;
};

/// What a certificate is to say; setters can be chained. By default it is valid for all times that
/// tests live in, real and virtual.
class certificate_request {
 public:
  /// `names` go into the subjectAltName as OpenSSL writes them: "DNS:a.example", "IP:127.0.0.1".
  explicit certificate_request(std::string names) : names_(std::move(names)) {}

  certificate_request& common_name(std::string text) {
    common_name_ = std::move(text);
    return *this;
  }
  /// Both as years: from the first of January of the one to that of the other.
  certificate_request& valid(int from_year, int to_year) {
    from_year_ = from_year;
    to_year_ = to_year;
    return *this;
  }
  /// "serverAuth", "clientAuth"; default both.
  certificate_request& usage(std::string extended) {
    usage_ = std::move(extended);
    return *this;
  }
  /// An RSA key of so many bits instead of one on P-256.
  certificate_request& rsa(int bits) {
    rsa_bits_ = bits;
    return *this;
  }

 private:
  friend class test_ca;
  std::string names_;
  std::string common_name_ = "test";
  std::string usage_ = "serverAuth,clientAuth";
  int from_year_ = 2000;
  int to_year_ = 2099;
  int rsa_bits_ = 0;
};

/// Signs certificates. A root, unless it was made by another one.
class test_ca {
 public:
  explicit test_ca(const std::string& name = "fairlead test CA");
  /// Below `parent`; chains that it issues carry its certificate.
  test_ca(const test_ca& parent, const std::string& name);
  test_ca(const test_ca&) = delete;
  test_ca& operator=(const test_ca&) = delete;
  ~test_ca();

  /// Its own certificate.
  [[nodiscard]] const std::string& pem() const noexcept;
  [[nodiscard]] issued issue(const certificate_request& r) const;
  /// A certificate that nobody else has signed.
  [[nodiscard]] static issued self_signed(const certificate_request& r);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::testing
