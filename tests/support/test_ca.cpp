// SPDX-License-Identifier: BSL-1.0
#include "test_ca.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace fairlead::testing {

namespace {

struct deleter {
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, deleter>;

void require(bool good, const char* what) {
  if (!good) {
    throw std::runtime_error(std::string("test_ca: ") + what);
  }
}

owned<EVP_PKEY> make_key(int rsa_bits) {
  owned<EVP_PKEY> key(rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(rsa_bits))
                                   : EVP_EC_gen("P-256"));
  require(key != nullptr, "no key");
  return key;
}

template <class Write>
std::string pem_of(Write write) {
  const owned<BIO> out(BIO_new(BIO_s_mem()));
  require(write(out.get()) == 1, "no PEM");
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* c) {
  return pem_of([&](BIO* out) { return PEM_write_bio_X509(out, c); });
}

std::string pem_of(EVP_PKEY* k) {
  return pem_of([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, k, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const owned<X509_EXTENSION> made(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  require(made && X509_add_ext(certificate, made.get(), -1) == 1, value.c_str());
}

void set_year(ASN1_TIME* at, int year) {
  require(ASN1_TIME_set_string_X509(at, (std::to_string(year) + "0101000000Z").c_str()) == 1,
          "no date");
}

// Unsigned, and without extensions.
owned<X509> bare(EVP_PKEY* key, const std::string& name, int from_year, int to_year) {
  owned<X509> out(X509_new());
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  auto* subject = X509_get_subject_name(out.get());
  require(X509_set_version(out.get(), X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set_uint64(X509_get_serialNumber(out.get()), serial >> 1U) == 1 &&
              X509_set_pubkey(out.get(), key) == 1 &&
              X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                                         -1, 0) == 1,
          "no certificate");
  set_year(X509_getm_notBefore(out.get()), from_year);
  set_year(X509_getm_notAfter(out.get()), to_year);
  return out;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  require(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
              X509_sign(certificate, key, EVP_sha256()) > 0,
          "no signature");
}

owned<X509> authority(EVP_PKEY* key, const std::string& name) {
  auto out = bare(key, name, 2000, 2099);
  extend(out.get(), out.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(out.get(), out.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(out.get(), out.get(), NID_subject_key_identifier, "hash");
  return out;
}

}  // namespace

struct test_ca::impl {
  owned<EVP_PKEY> key = make_key(0);
  owned<X509> certificate;
  std::string pem;
  std::string above;  // what chains carry besides the leaf
};

test_ca::test_ca(const std::string& name) : impl_(std::make_unique<impl>()) {
  impl_->certificate = authority(impl_->key.get(), name);
  sign(impl_->certificate.get(), impl_->certificate.get(), impl_->key.get());
  impl_->pem = pem_of(impl_->certificate.get());
}

test_ca::test_ca(const test_ca& parent, const std::string& name) : impl_(std::make_unique<impl>()) {
  impl_->certificate = authority(impl_->key.get(), name);
  sign(impl_->certificate.get(), parent.impl_->certificate.get(), parent.impl_->key.get());
  impl_->pem = pem_of(impl_->certificate.get());
  impl_->above = impl_->pem + parent.impl_->above;
}

test_ca::~test_ca() = default;

const std::string& test_ca::pem() const noexcept {
  return impl_->pem;
}

issued test_ca::issue(const certificate_request& r) const {
  const auto key = make_key(r.rsa_bits_);
  const auto leaf = bare(key.get(), r.common_name_, r.from_year_, r.to_year_);
  auto* issuer = impl_->certificate.get();
  extend(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  extend(leaf.get(), issuer, NID_ext_key_usage, r.usage_);
  if (!r.names_.empty()) {
    extend(leaf.get(), issuer, NID_subject_alt_name, r.names_);
  }
  sign(leaf.get(), issuer, impl_->key.get());
  return {pem_of(leaf.get()) + impl_->above, pem_of(key.get())};
}

issued test_ca::self_signed(const certificate_request& r) {
  const auto key = make_key(r.rsa_bits_);
  const auto leaf = bare(key.get(), r.common_name_, r.from_year_, r.to_year_);
  extend(leaf.get(), leaf.get(), NID_ext_key_usage, r.usage_);
  if (!r.names_.empty()) {
    extend(leaf.get(), leaf.get(), NID_subject_alt_name, r.names_);
  }
  sign(leaf.get(), leaf.get(), key.get());
  return {pem_of(leaf.get()), pem_of(key.get())};
}

}  // namespace fairlead::testing
