// SPDX-License-Identifier: BSL-1.0
#include "tls_context.hpp"

#include "certificate.hpp"
#include "pem.hpp"
#include "tls_engine.hpp"

#include <string_view>

namespace fairlead::net::detail {

namespace {

// TLS 1.2 with forward secrecy and AEAD only: RFC 9325, 4.2, and Mozilla's "intermediate". Those of
// TLS 1.3 are OpenSSL's own.
constexpr const char* tls12_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";
constexpr int security_level = 2;        // 112 bits: RSA from 2048 bits, no SHA-1; Debian's default
constexpr long session_lifetime = 7200;  // seconds; OpenSSL's default for TLS 1.3
constexpr int longest_chain = 16;        // certificates between a leaf and a root
constexpr std::string_view session_scope = "fairlead";

int version_number(tls_version v) noexcept {
  return v == tls_version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

void on_message(int sent, int /*version*/, int type, const void* /*bytes*/, std::size_t /*size*/,
                SSL* ssl, void* /*arg*/) noexcept {
  if (sent == 0 && type == SSL3_RT_HANDSHAKE) {
    tls_engine::of(ssl).count_message();
  }
}

// False when OpenSSL cannot do it.
bool configure(SSL_CTX* ctx, tls_version oldest, tls_version newest) {
  SSL_CTX_set_options(ctx,
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                          SSL_OP_IGNORE_UNEXPECTED_EOF);  // the engine tells the two ends apart
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_msg_callback(ctx, &on_message);
  SSL_CTX_set_read_ahead(ctx, 1);  // a record in one read, not its head and then its body
  SSL_CTX_set_security_level(ctx, security_level);
  SSL_CTX_set_verify_depth(ctx, longest_chain);
  auto* param = SSL_CTX_get0_param(ctx);
  return SSL_CTX_set_min_proto_version(ctx, version_number(oldest)) == 1 &&
         SSL_CTX_set_max_proto_version(ctx, version_number(newest)) == 1 &&
         SSL_CTX_set_cipher_list(ctx, tls12_ciphers) == 1 &&
         X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

std::string last_openssl_error() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text != nullptr ? text : "OpenSSL gives no reason";
}

// "\x02h2\x08http/1.1"
std::string alpn_on_the_wire(const std::vector<std::string>& protocols, pem_loader& load) {
  std::string out;
  for (const auto& p : protocols) {
    if (p.empty() || p.size() > 255) {
      load.problem("an ALPN protocol has 1 to 255 bytes, not " + std::to_string(p.size()));
      continue;
    }
    out += static_cast<char>(p.size());
    out += p;
  }
  if (out.size() > 65535) {
    load.problem("the ALPN protocols have more than 65535 bytes together");
  }
  return out;
}

void check_timeout(duration limit, pem_loader& load) {
  if (limit <= duration::zero()) {
    load.problem("handshake_timeout must be positive");
  }
}

std::string name_of(const tls_pem& from, std::string_view what) {
  return from.is_file() ? from.value() : std::string(what);
}

void use_credentials(tls_context& into, const tls_credentials& own, pem_loader& load) {
  if (own.chain().empty() || own.key().empty()) {
    load.problem(own.chain().empty() ? "credentials without a certificate chain"
                                     : "credentials without a key");
    return;
  }
  const auto before = load.problems().size();
  auto chain = load.certificates(own.chain(), "the text of the chain");
  const auto key = load.key(own.key(), "the text of the key");
  if (load.problems().size() != before) {
    return;
  }
  const auto chain_name = name_of(own.chain(), "the text of the chain");
  const clean_error_queue guard;
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    load.problem(name_of(own.key(), "the text of the key") +
                 ": is not the key of the first certificate in " + chain_name + " (" +
                 subject_of(chain.front().get()) + ")");
    return;
  }
  bool taken = SSL_CTX_use_certificate(into.ctx.get(), chain.front().get()) == 1 &&
               SSL_CTX_use_PrivateKey(into.ctx.get(), key.get()) == 1;
  for (std::size_t i = 1; taken && i < chain.size(); ++i) {
    taken = SSL_CTX_add1_chain_cert(into.ctx.get(), chain[i].get()) == 1;
  }
  if (!taken) {
    load.problem(chain_name + ": OpenSSL refuses it: " + last_openssl_error());
  }
  into.leaf = std::move(chain.front());
}

void trust(tls_context& into, const std::vector<tls_pem>& cas, pem_loader& load) {
  auto* store = SSL_CTX_get_cert_store(into.ctx.get());
  for (const auto& source : cas) {
    for (const auto& one : load.certificates(source, "the text of the CA")) {
      const clean_error_queue guard;
      if (X509_STORE_add_cert(store, one.get()) != 1) {
        load.problem(name_of(source, "the text of the CA") +
                     ": OpenSSL refuses it: " + last_openssl_error());
      }
    }
  }
}

int on_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
  tls_engine::of(ssl).keep(session);
  return 0;  // it takes a share of its own
}

// The chain of a client that resumes is not looked at again, so its session must not outlive its
// certificate.
SSL_TICKET_RETURN on_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char* /*name*/,
                            std::size_t /*name_size*/, SSL_TICKET_STATUS status,
                            void* /*arg*/) noexcept {
  switch (status) {
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW:
      if (!tls_engine::of(ssl).outlived_by(session)) {
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
      }
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    default:
      return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
}

// Changes nothing about the verdict.
int on_verification(int good, X509_STORE_CTX* store) noexcept {
  if (good != 1) {
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    tls_engine::of(ssl).objects(X509_STORE_CTX_get_error(store),
                                X509_STORE_CTX_get_current_cert(store));
  }
  return good;
}

int on_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
            const unsigned char* offered, unsigned offered_size, void* arg) noexcept {
  const auto& spoken = static_cast<const tls_context*>(arg)->alpn;
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(
      &chosen, out_size, reinterpret_cast<const unsigned char*>(spoken.data()),
      static_cast<unsigned>(spoken.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_up(tls_context& into, const tls_client_options& o, pem_loader& load) {
  auto* ctx = into.ctx.get();
  into.verifies = o.verifies();
  SSL_CTX_set_verify(ctx, o.verifies() ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, &on_verification);
  trust(into, o.only_cas(), load);
  trust(into, o.extra_cas(), load);
  if (o.only_cas().empty() && SSL_CTX_set_default_verify_paths(ctx) != 1) {
    load.problem("the system's CAs cannot be loaded: " + last_openssl_error());
  }
  if (!o.credentials().empty()) {
    use_credentials(into, o.credentials(), load);
  }
  const auto* protocols = reinterpret_cast<const unsigned char*>(into.alpn.data());
  if (!into.alpn.empty() &&
      SSL_CTX_set_alpn_protos(ctx, protocols, static_cast<unsigned>(into.alpn.size())) != 0) {
    load.problem("the ALPN protocols are refused by OpenSSL");
  }
  if (into.sessions.off()) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  } else {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, &on_new_session);
  }
}

void set_up(tls_context& into, const tls_server_options& o, pem_loader& load) {
  auto* ctx = into.ctx.get();
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets keep the state at the client
  SSL_CTX_set_session_id_context(ctx, reinterpret_cast<const unsigned char*>(session_scope.data()),
                                 static_cast<unsigned>(session_scope.size()));
  SSL_CTX_set_timeout(ctx, session_lifetime);
  SSL_CTX_set_session_ticket_cb(ctx, nullptr, &on_ticket, nullptr);
  if (!o.tickets()) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
  }
  if (o.credentials().empty()) {
    load.problem("a server needs credentials: a certificate chain and its key");
  } else {
    use_credentials(into, o.credentials(), load);
  }
  if (!into.alpn.empty()) {
    SSL_CTX_set_alpn_select_cb(ctx, &on_alpn, &into);
  }
  if (o.asks() == client_certificates::none) {
    return;
  }
  if (o.client_cas().empty()) {
    load.problem("client certificates are asked for, but no CA is named that signs them");
  }
  SSL_CTX_set_verify(ctx,
                     o.asks() == client_certificates::required
                         ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                         : SSL_VERIFY_PEER,
                     &on_verification);
  trust(into, o.client_cas(), load);
  for (const auto& source : o.client_cas()) {
    pem_loader again;  // its problems are known
    for (const auto& one : again.certificates(source, "")) {
      SSL_CTX_add_client_CA(ctx, one.get());
    }
  }
}

template <class Options>
made_context build(const Options& o, const SSL_METHOD* method, std::size_t session_servers) {
  const clean_error_queue guard;
  made_context out;
  auto made = std::make_shared<tls_context>(session_servers);
  made->ctx.reset(SSL_CTX_new(method));
  if (!made->ctx || !configure(made->ctx.get(), o.min_version(), o.max_version())) {
    out.openssl_failure = "OpenSSL cannot be set up: " + last_openssl_error();
    return out;
  }
  pem_loader load;
  check_timeout(o.handshake_timeout(), load);
  if (o.min_version() > o.max_version()) {
    load.problem("min_version is newer than max_version");
  }
  made->handshake_timeout = o.handshake_timeout();
  made->alpn = alpn_on_the_wire(o.alpn(), load);
  set_up(*made, o, load);
  for (auto& p : load.problems()) {  // of one file that serves twice there may be the same
    if (std::find(out.problems.begin(), out.problems.end(), p) == out.problems.end()) {
      out.problems.push_back(std::move(p));
    }
  }
  if (out.problems.empty()) {
    out.context = std::move(made);
  }
  return out;
}

}  // namespace

made_context make_context(const tls_client_options& options) {
  return build(options, TLS_client_method(), options.session_cache());
}

made_context make_context(const tls_server_options& options) {
  return build(options, TLS_server_method(), 0);
}

result<std::shared_ptr<const tls_context>> made_context::as_result(std::string_view what) && {
  if (context) {
    return std::move(context);
  }
  if (problems.empty()) {
    return fail(errors::tls_failure{what, openssl_failure});
  }
  std::string text;
  for (const auto& p : problems) {
    text += text.empty() ? "" : "; ";
    text += p;
  }
  return fail(errors::invalid_argument{what, text});
}

}  // namespace fairlead::net::detail
