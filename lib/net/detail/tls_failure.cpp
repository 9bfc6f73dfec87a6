// SPDX-License-Identifier: BSL-1.0
#include "tls_failure.hpp"

#include "certificate.hpp"

#include <openssl/sslerr.h>
#include <openssl/tls1.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

namespace fairlead::net::detail {

namespace {

constexpr std::size_t most_names = 5;  // of a certificate that are listed in an error

// The first byte of a record (RFC 8446, 5.1).
bool looks_like_tls(std::span<const unsigned char> first) {
  return first.size() >= 3 && first[0] >= 20 && first[0] <= 24 && first[1] == 3;
}

bool looks_like_http(std::span<const unsigned char> first) {
  const std::string_view text(reinterpret_cast<const char*>(first.data()), first.size());
  for (const std::string_view word :
       {"HTTP/", "GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ", "CONNECT ", "PATCH "}) {
    if (text.starts_with(word)) {
      return true;
    }
  }
  return false;
}

// The version in the peer's hello: after the heads of the record and of the message.
std::string version_in_hello(std::span<const unsigned char> first) {
  if (first.size() < 11 || first[0] != 22 || first[9] != 3 || first[10] > 2) {
    return {};
  }
  constexpr std::string_view names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1"};
  return std::string(names[first[10]]);
}

std::string not_tls(const tls_failure_facts& f) {
  if (!looks_like_http(f.first)) {
    return "the peer does not speak TLS: what it sent is no TLS record; is the port right?";
  }
  return f.client
             ? "the peer does not speak TLS: it answered in plain HTTP; use http:, or the port "
               "that has TLS"
             : "the peer does not speak TLS: it sent a plain HTTP request; it should use https:";
}

std::string old_version(const tls_failure_facts& f) {
  const auto offered = version_in_hello(f.first);
  if (offered.empty()) {
    return "no TLS version in common: the peer speaks none of those allowed here (min_version)";
  }
  return "the peer offers only " + offered +
         ", which is no longer safe (RFC 8996); it must learn TLS 1.2 or newer";
}

std::string from_alert(int alert, const tls_failure_facts& f) {
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
      return "the peer refused the handshake (alert handshake_failure): no cipher, group or "
             "signature in common, or it demands a client certificate";
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "the peer demands a client certificate; give one with tls_client_options::credentials";
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
      return f.client ? "the peer refuses our certificate, or demands one (alert bad_certificate)"
                      : "the peer does not accept our certificate (alert bad_certificate)";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "the peer says that our certificate has expired";
    case SSL_AD_CERTIFICATE_REVOKED:
      return "the peer says that our certificate was revoked";
    case SSL_AD_UNKNOWN_CA:
      return "the peer does not know the CA that signed our certificate (alert unknown_ca); send "
             "the whole chain, or give the peer the CA";
    case SSL_AD_ACCESS_DENIED:
      return "the peer denies access to our certificate (alert access_denied)";
    case SSL_AD_PROTOCOL_VERSION:
      return "no TLS version in common: the peer refuses those allowed here (alert "
             "protocol_version); it may be older than TLS 1.2";
    case SSL_AD_INSUFFICIENT_SECURITY:
      return "the peer demands stronger ciphers (alert insufficient_security)";
    case SSL_AD_UNRECOGNIZED_NAME:
      return "the peer has no host of the name " + std::string(f.host) +
             " (alert unrecognized_name)";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "the peer speaks none of the application protocols offered (ALPN)";
    case SSL_AD_INTERNAL_ERROR:
      return "the peer failed (alert internal_error)";
    default:
      return std::string("the peer ended the connection with the alert \"") +
             SSL_alert_desc_string_long(alert) + "\"";
  }
}

// " (CN=a.example)": the certificate at fault, which may be one further up the chain.
std::string whose(const tls_failure_facts& f) {
  return " (" + subject_of(f.culprit) + ")";
}

std::string wrong_host(X509* certificate, std::string_view host) {
  const auto names = names_of(certificate);
  std::string out = "host name mismatch: the certificate is for ";
  if (names.empty()) {
    out += "no name at all (it has no subjectAltName; the subject does not count)";
  }
  for (std::size_t i = 0; i < std::min(names.size(), most_names); ++i) {
    out += i == 0 ? "" : ", ";
    out += names[i];
  }
  if (names.size() > most_names) {
    out += " and " + std::to_string(names.size() - most_names) + " more";
  }
  return out + ", not for " + std::string(host);
}

std::string from_reason(const tls_failure_facts& f) {
  switch (ERR_GET_REASON(f.code)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return verification_reason(f);
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer sent no client certificate, and one is required here";
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return not_tls(f);
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_PROTOCOL:
      return old_version(f);
    case SSL_R_NO_SHARED_CIPHER:
      return "no cipher in common with the peer";
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return "no signature algorithm in common with the peer";
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
      return "no key exchange group in common with the peer";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "the peer offers no application protocol that is spoken here (ALPN)";
    default:
      break;
  }
  const char* text = ERR_reason_error_string(f.code);
  return std::string(f.established ? "the peer broke the TLS protocol: "
                                   : "the handshake failed: ") +
         (text != nullptr ? text : "OpenSSL gives no reason");
}

}  // namespace

std::string verification_reason(const tls_failure_facts& f) {
  if (f.culprit == nullptr) {
    return std::string("the certificate was not accepted: ") +
           X509_verify_cert_error_string(f.verification);
  }
  switch (f.verification) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "certificate has expired (notAfter " + in_utc(not_after(f.culprit)) + ")" + whose(f) +
             "; it must be renewed there, unless the clock here is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "certificate is not yet valid (notBefore " + in_utc(not_before(f.culprit)) + ")" +
             whose(f) + "; is the clock right?";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "self-signed certificate" + whose(f) +
             "; if it is the peer's own, trust it like a CA (ca_file, extra_ca_file)";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "unknown CA: the chain ends in a self-signed certificate that is not trusted" +
             whose(f) + "; if it is yours, trust it (ca_file, extra_ca_file)";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "unknown CA: the issuer " + issuer_of(f.culprit) +
             " is not trusted; trust it (ca_file, extra_ca_file), or make the peer send its whole "
             "chain";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return wrong_host(f.culprit, f.host);
    case X509_V_ERR_INVALID_PURPOSE:
      return "the certificate" + whose(f) + " may not be used for this (extended key usage)";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return std::string("a certificate of the chain is too weak: ") +
             X509_verify_cert_error_string(f.verification) + whose(f);
    default:
      return std::string("the certificate was not accepted: ") +
             X509_verify_cert_error_string(f.verification) + whose(f);
  }
}

std::string tls_reason(const tls_failure_facts& f) {
  const bool of_ssl = ERR_GET_LIB(f.code) == ERR_LIB_SSL;
  const int reason = ERR_GET_REASON(f.code);
  if (of_ssl && reason >= SSL_AD_REASON_OFFSET) {
    return from_alert(reason - SSL_AD_REASON_OFFSET, f);
  }
  const bool verification = of_ssl && (reason == SSL_R_CERTIFICATE_VERIFY_FAILED ||
                                       reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE);
  if (!f.established && !f.first.empty() && !verification && !looks_like_tls(f.first)) {
    return not_tls(f);
  }
  if (!f.established && (f.ended || f.code == 0) && !verification) {
    return f.first.empty()
               ? "the peer closed the connection during the handshake, without a word; does it "
                 "speak TLS there?"
               : "the peer closed the connection during the handshake";
  }
  return from_reason(f);
}

}  // namespace fairlead::net::detail
