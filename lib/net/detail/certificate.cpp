// SPDX-License-Identifier: BSL-1.0
#include "certificate.hpp"

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace fairlead::net::detail {

namespace {

std::chrono::system_clock::time_point instant(const ASN1_TIME* at) {
  std::tm fields{};
  if (at == nullptr || ASN1_TIME_to_tm(at, &fields) != 1) {
    return {};
  }
  // Years up to 9999 are in use, and nanoseconds end in 2262.
  using clock = std::chrono::system_clock;
  const std::chrono::seconds since(::timegm(&fields));
  const auto first = std::chrono::ceil<std::chrono::seconds>(clock::time_point::min());
  const auto last = std::chrono::floor<std::chrono::seconds>(clock::time_point::max());
  return clock::time_point(std::clamp(since, first.time_since_epoch(), last.time_since_epoch()));
}

std::string text_of_name(const X509_NAME* name) {
  const owned<BIO> out(BIO_new(BIO_s_mem()));
  // Escapes control characters and quotes; leaves UTF-8 as it is.
  constexpr unsigned long flags =
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, flags) < 0) {
    return {};
  }
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(bytes);
  const int family = size == 4 ? AF_INET : AF_INET6;
  if ((size != 4 && size != 16) ||
      ::inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4U];
    out += digits[bytes[i] & 15U];
  }
  return out;
}

std::string serial_of(X509* certificate) {
  const owned<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  std::array<unsigned char, 64> bytes{};
  if (!number || BN_num_bytes(number.get()) > static_cast<int>(bytes.size())) {
    return {};
  }
  const int size = BN_bn2bin(number.get(), bytes.data());
  return hexadecimal(bytes.data(), static_cast<std::size_t>(size));
}

}  // namespace

std::string subject_of(X509* certificate) {
  return text_of_name(X509_get_subject_name(certificate));
}

std::string issuer_of(X509* certificate) {
  return text_of_name(X509_get_issuer_name(certificate));
}

std::chrono::system_clock::time_point not_after(const X509* certificate) {
  return instant(X509_get0_notAfter(certificate));
}

std::chrono::system_clock::time_point not_before(const X509* certificate) {
  return instant(X509_get0_notBefore(certificate));
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> out;
  const owned<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type == GEN_DNS) {
      const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName));
      out.emplace_back(text, static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName)));
    } else if (one->type == GEN_IPADD) {
      out.push_back(address_text(one->d.iPAddress));
    }
  }
  return out;
}

std::string in_utc(std::chrono::system_clock::time_point at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &fields)};
}

certificate_info describe(X509* certificate) {
  const clean_error_queue guard;
  certificate_info out;
  out.subject = subject_of(certificate);
  out.issuer = issuer_of(certificate);
  out.names = names_of(certificate);
  out.not_before = not_before(certificate);
  out.not_after = not_after(certificate);
  out.serial = serial_of(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1) {
    out.sha256 = hexadecimal(digest.data(), size);
  }
  return out;
}

}  // namespace fairlead::net::detail
