// SPDX-License-Identifier: BSL-1.0
// How it works: each step clears OpenSSL's error queue, calls OpenSSL once or, to write, once per
// record, and reads off what it wants next. What the stream beneath failed with is kept by the BIO
// and given as it is; what the protocol failed with is put into words.
//
// OpenSSL takes the end of the connection for the end that the peer declared
// (SSL_OP_IGNORE_UNEXPECTED_EOF): otherwise it would answer with an alert and forget the session.
// Here the two are told apart, by whether the stream beneath has ended.
#include "tls_engine.hpp"

#include "certificate.hpp"
#include "stream_bio.hpp"
#include "tls_failure.hpp"

#include <fairlead/net/endpoint.hpp>

#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>

namespace fairlead::net::detail {

namespace {

constexpr std::size_t longest_host = 253;  // RFC 1035 in text

// New keys and tickets cost far more to take than to send: 27 bytes, 60 us. So many may come, and
// one more for so many bytes of data. Sessions begin with a few tickets; BoringSSL takes 32 new
// keys in a row, Go 16 records without data.
constexpr std::uint64_t most_messages = 32;
constexpr std::uint64_t data_for_one_more = 65536;

struct host_name {
  std::string text;
  bool address = false;
};

// As certificates have it: without brackets, zone and the dot of the root.
result<host_name> host_of(std::string_view host) {
  const auto given = host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (const auto numeric = endpoint::ip(host, 0)) {
    const auto& text = numeric->address();
    return host_name{text.substr(0, text.find('%')), true};
  }
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  const bool printable =
      std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c < 0x7f; });
  // OpenSSL takes ".example" for every name below it.
  const bool empty_label =
      host.starts_with('.') || host.ends_with('.') || host.find("..") != host.npos;
  if (host.empty() || host.size() > longest_host || !printable || empty_label) {
    return fail(errors::invalid_argument{given, "neither a DNS name in ASCII nor an IP address"});
  }
  return host_name{std::string(host), false};
}

// What tells servers of one name apart: the port of "10.0.0.1:443", the path of "unix:/run/x".
std::string_view after_colon(std::string_view peer) {
  return peer.substr(peer.rfind(':') + 1);
}

std::size_t hash_of(std::span<const std::byte> bytes) {
  return std::hash<std::string_view>()(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// The pieces of a write, record by record.
class record_source {
 public:
  explicit record_source(const_buffers pieces) noexcept : pieces_(pieces) { skip_empty(); }

  // What the next record holds, at most `most` bytes; in `scratch` when it comes from several
  // pieces. Large pieces are not copied.
  std::span<const std::byte> next(std::span<std::byte> scratch, std::size_t most) const {
    const auto first = pieces_.empty() ? std::span<const std::byte>() : rest_of_first();
    if (first.size() >= most || pieces_.size() <= 1) {
      return first.first(std::min(first.size(), most));
    }
    std::size_t filled = 0;
    auto piece = first;
    for (std::size_t i = 0; filled < most; piece = pieces_[i]) {
      const auto n = std::min(piece.size(), most - filled);
      if (n > 0) {
        std::memcpy(scratch.data() + filled, piece.data(), n);
        filled += n;
      }
      if (++i == pieces_.size()) {
        break;
      }
    }
    return scratch.first(filled);
  }

  void consume(std::size_t n) noexcept {
    while (n > 0) {
      const auto part = std::min(n, rest_of_first().size());
      offset_ += part;
      n -= part;
      skip_empty();
    }
  }

 private:
  [[nodiscard]] std::span<const std::byte> rest_of_first() const noexcept {
    return pieces_.front().subspan(offset_);
  }
  void skip_empty() noexcept {
    while (!pieces_.empty() && offset_ == pieces_.front().size()) {
      pieces_ = pieces_.subspan(1);
      offset_ = 0;
    }
  }

  const_buffers pieces_;
  std::size_t offset_ = 0;  // within the first
};

}  // namespace

tls_engine::tls_engine(std::shared_ptr<const tls_context> shared, stream& under)
    : shared_(std::move(shared)), under_(under) {}

tls_engine::~tls_engine() {
  if (ssl_ && !broken_) {
    // Else OpenSSL declares the session unfit to be resumed, though nothing is wrong with it.
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
}

tls_engine& tls_engine::of(SSL* ssl) noexcept {
  return *static_cast<tls_engine*>(SSL_get_app_data(ssl));
}

result<void> tls_engine::begin(wall_time at) {
  ssl_.reset(SSL_new(shared_->ctx.get()));
  auto bio = ssl_ ? stream_bio::make(*this) : nullptr;
  if (!bio) {
    return fail(errors::tls_failure{name_, "OpenSSL has no memory for another connection"});
  }
  at_ = at;
  SSL_set_app_data(ssl_.get(), this);
  auto* both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), std::chrono::system_clock::to_time_t(at));
  return {};
}

result<void> tls_engine::be_server(wall_time at) {
  const clean_error_queue guard;
  name_ = under_.peer();
  auto begun = begin(at);
  if (begun) {
    SSL_set_accept_state(ssl_.get());
  }
  return begun;
}

result<void> tls_engine::be_client(std::string_view host, wall_time at) {
  const clean_error_queue guard;
  auto known = host_of(host);
  if (!known) {
    return fail(std::move(known).error());
  }
  client_ = true;
  name_ = std::move(known->text);
  auto begun = begin(at);
  if (!begun) {
    return begun;
  }
  SSL_set_connect_state(ssl_.get());
  auto named = verify_as(name_, known->address);
  if (named && !shared_->sessions.off()) {
    sessions_.append(name_).append(1, ' ').append(after_colon(under_.peer()));
    resume(at);
  }
  return named;
}

result<void> tls_engine::verify_as(const std::string& host, bool address) {
  auto* param = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool told = address ? X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1
                            : X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1 &&
                                  SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
  if (!told) {
    return fail(errors::invalid_argument{host, "OpenSSL does not take it for a host"});
  }
  return {};
}

void tls_engine::resume(wall_time at) {
  auto session = shared_->sessions.take(sessions_);
  if (!session) {
    return;
  }
  // The chain is not looked at again, so a session must not outlive the certificate.
  const auto* peer = SSL_SESSION_get0_peer(session.get());
  if (shared_->verifies && (peer == nullptr || not_after(peer) < at)) {
    return;
  }
  SSL_set_session(ssl_.get(), session.get());
}

void tls_engine::keep(SSL_SESSION* session) noexcept {
  SSL_SESSION_up_ref(session);
  owned<SSL_SESSION> ours(session);
  try {
    shared_->sessions.put(sessions_, std::move(ours));
  } catch (...) {  // then it is not resumed
  }
}

bool tls_engine::outlived_by(const SSL_SESSION* session) const noexcept {
  const auto* peer = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  return peer != nullptr && not_after(peer) < at_;
}

void tls_engine::rest() noexcept {
  constexpr std::string_view between_records = "RH";  // it waits for the head of one
  if (SSL_pending(ssl_.get()) == 0 && SSL_rstate_string(ssl_.get()) == between_records) {
    SSL_free_buffers(ssl_.get());
  }
}

void tls_engine::count_message() noexcept {
  if (!established_ || ++messages_ <= most_messages + data_ / data_for_one_more || read_error_) {
    return;
  }
  try {
    const error flood = errors::tls_failure{
        name_, "the peer sends new keys or tickets without end, and no data with them"};
    read_error_ = flood;
  } catch (...) {  // no memory to say it; the next one tries again
  }
}

void tls_engine::objects(long code, X509* certificate) noexcept {
  if (verification_ == X509_V_OK) {
    verification_ = code;
    if (certificate != nullptr) {
      X509_up_ref(certificate);
      culprit_.reset(certificate);
    }
  }
}

tls_failure_facts tls_engine::facts(unsigned long code) const noexcept {
  tls_failure_facts f;
  f.code = code;
  f.client = client_;
  f.established = established_;
  f.ended = ended_below_;
  f.host = name_;
  f.verification = verification_;
  f.culprit = culprit_.get();
  f.first = std::span(first_).first(first_count_);
  return f;
}

tls_progress tls_engine::failed_with(const error& e) {
  failure_ = e;
  failure_->at(established_ ? error_stage::none : error_stage::tls)
      .with_sent(established_ ? error_sent::unknown : error_sent::not_sent);
  return tls_progress::failed;
}

tls_progress tls_engine::protocol_failed(unsigned long code) {
  broken_ = true;
  return failed_with(errors::tls_failure{name_, tls_reason(facts(code))});
}

tls_progress tls_engine::outcome(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return tls_progress::want_read;
    case SSL_ERROR_WANT_WRITE:
      return tls_progress::want_write;
    case SSL_ERROR_SSL:
      return protocol_failed(ERR_peek_error());
    default:
      break;
  }
  if (read_error_) {
    return failed_with(*read_error_);
  }
  if (write_error_) {
    return failed_with(*write_error_);
  }
  return protocol_failed(0);
}

tls_progress tls_engine::handshake() {
  const clean_error_queue guard;
  reads_ = 0;
  const int returned = SSL_do_handshake(ssl_.get());
  if (returned != 1) {
    return outcome(returned);
  }
  established_ = true;
  return tls_progress::done;
}

tls_step tls_engine::read(std::span<std::byte> into) {
  if (broken_) {
    return {tls_progress::failed};
  }
  if (into.empty()) {
    return {};
  }
  const clean_error_queue guard;
  reads_ = 0;
  std::size_t n = 0;
  const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
  if (returned == 1) {
    data_ += n;
    if (client_ && !has_pending()) {
      rest();  // it may idle in a pool now, where nobody waits for it
    }
    return {tls_progress::done, n};
  }
  if (SSL_get_error(ssl_.get(), returned) != SSL_ERROR_ZERO_RETURN) {
    return {outcome(returned)};
  }
  if (!ended_below_) {
    return {};  // the peer declared it
  }
  const error cut = errors::tls_failure{
      name_, "the connection ended without the close_notify of TLS: it may have been cut"};
  error ended = errors::connection_closed{under_.peer()};
  return {failed_with(ended.with_cause(cut))};
}

tls_progress tls_engine::abandoned() {
  return failed_with(errors::invalid_argument{
      "TLS stream",
      "a write was given up half done, and another one followed; only close is of "
      "use then"});
}

// A peer that turns us away says why, and closes: what is written then fails for a connection that
// is gone, while the alert is here unread.
void tls_engine::hear_why() {
  if (broken_) {
    return;
  }
  ERR_clear_error();
  std::byte unused{};
  std::size_t n = 0;
  if (SSL_peek_ex(ssl_.get(), &unused, 1, &n) == 1) {
    return;
  }
  const auto code = ERR_peek_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET) {
    static_cast<void>(protocol_failed(code));
  }
}

tls_step tls_engine::write(const_buffers from) {
  if (broken_) {
    return {tls_progress::failed};
  }
  if (end_declared_) {
    return {failed_with(errors::connection_closed{under_.peer()})};
  }
  const clean_error_queue guard;
  reads_ = 0;
  record scratch;
  record_source source(from);
  tls_step out;
  for (;;) {
    const auto most = unfinished_ > 0 ? unfinished_ : longest_record;
    const auto bytes = source.next(scratch, most);
    if (unfinished_ > 0 && (bytes.size() != unfinished_ || hash_of(bytes) != unfinished_hash_)) {
      out.what = abandoned();
      return out;
    }
    if (bytes.empty() || (out.bytes > 0 && !under_.worth_trying(direction::write))) {
      return out;
    }
    std::size_t n = 0;
    const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
    if (returned != 1) {
      out.what = outcome(returned);
      if (out.what == tls_progress::failed) {
        hear_why();
      } else {
        unfinished_ = bytes.size();
        unfinished_hash_ = hash_of(bytes);
      }
      return out;
    }
    unfinished_ = 0;
    source.consume(n);
    out.bytes += n;
  }
}

bool tls_engine::may_end() const noexcept {
  return established_ && !broken_ && !write_error_ && unfinished_ == 0 && !end_declared_;
}

tls_progress tls_engine::close_notify() {
  if (end_declared_) {  // OpenSSL would wait for the peer's
    return tls_progress::done;
  }
  if (broken_) {
    return tls_progress::failed;
  }
  if (unfinished_ > 0) {
    return abandoned();
  }
  if (write_error_) {
    return failed_with(*write_error_);
  }
  const clean_error_queue guard;
  const int returned = SSL_shutdown(ssl_.get());
  if (returned < 0) {
    return outcome(returned);
  }
  end_declared_ = true;
  return tls_progress::done;
}

tls_info tls_engine::describe() const {
  const clean_error_queue guard;
  tls_info out;
  auto* ssl = ssl_.get();
  out.version = SSL_get_version(ssl);
  out.cipher = SSL_get_cipher_name(ssl);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  if (size > 0) {
    out.alpn.assign(reinterpret_cast<const char*>(protocol), size);
  }
  if (const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name); asked != nullptr) {
    out.server_name = asked;
  }
  out.resumed = SSL_session_reused(ssl) == 1;
  auto* leaf = SSL_get0_peer_certificate(ssl);
  if (leaf != nullptr) {
    out.chain.push_back(detail::describe(leaf));
    const auto* chain = SSL_get_peer_cert_chain(ssl);
    // On a client it begins with the leaf, on a server behind it.
    for (int i = client_ ? 1 : 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
      out.chain.push_back(detail::describe(sk_X509_value(chain, i)));
    }
  }
  const auto verdict = SSL_get_verify_result(ssl);
  out.verified = leaf != nullptr && verdict == X509_V_OK;
  if (leaf == nullptr) {
    out.problem = "the peer showed no certificate";
  } else if (!out.verified) {
    auto f = facts(0);
    f.verification = verdict;
    out.problem = verification_reason(f);
  }
  return out;
}

}  // namespace fairlead::net::detail
