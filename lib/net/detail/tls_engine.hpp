// SPDX-License-Identifier: BSL-1.0
// TLS over a stream without waiting: every step says how far it came and what it waits for.
#pragma once

#include "openssl.hpp"
#include "tls_context.hpp"
#include "tls_failure.hpp"

#include <fairlead/net/stream.hpp>
#include <fairlead/net/tls_info.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::net::detail {

enum class tls_progress : std::uint8_t { done, want_read, want_write, failed };

/// `bytes` may have moved even when the step then had to stop.
struct tls_step {
  tls_progress what = tls_progress::done;
  std::size_t bytes = 0;
};

/// One connection. Talks to the stream beneath through attempts only, by a BIO of its own.
class tls_engine {
 public:
  using wall_time = std::chrono::system_clock::time_point;

  tls_engine(std::shared_ptr<const tls_context> shared, stream& under);
  tls_engine(const tls_engine&) = delete;
  tls_engine& operator=(const tls_engine&) = delete;
  ~tls_engine();

  /// One of these comes first. `at` is what the dates of certificates are held against.
  ///
  /// *Errors*: `invalid_argument` for a host that is none; `tls_failure`, `system_error` for want
  /// of memory.
  [[nodiscard]] result<void> be_client(std::string_view host, wall_time at);
  [[nodiscard]] result<void> be_server(wall_time at);

  [[nodiscard]] tls_progress handshake();
  /// `done` with 0 bytes is the end that the peer declared.
  [[nodiscard]] tls_step read(std::span<std::byte> into);
  /// After it stopped, the next one must begin with the bytes that were not written.
  [[nodiscard]] tls_step write(const_buffers from);
  /// Says that no more will be written.
  [[nodiscard]] tls_progress close_notify();
  /// Why the last step failed.
  [[nodiscard]] const error& failure() const noexcept { return *failure_; }

  /// Bytes of the peer are here that nobody has read; they may be less than a record.
  [[nodiscard]] bool has_pending() const noexcept { return SSL_has_pending(ssl_.get()) == 1; }
  [[nodiscard]] bool peer_ended() const noexcept {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  /// Nothing failed, and no write stands half done: the end may be declared.
  [[nodiscard]] bool may_end() const noexcept;

  /// Gives back the buffers that hold nothing, 33 KB of them: before a wait, which may be long.
  /// (SSL_MODE_RELEASE_BUFFERS does so after every record, at 200 ns each, and forgets it on a
  /// client whose tickets came along.)
  ///
  /// Never in the middle of a record: OpenSSL before 3.0.14, 3.1.6, 3.2.2 gives back what it reads
  /// from (CVE-2024-4741).
  void rest() noexcept;

  [[nodiscard]] tls_info describe() const;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] duration handshake_timeout() const noexcept { return shared_->handshake_timeout; }

  /// The engine of a connection, for OpenSSL's callbacks.
  [[nodiscard]] static tls_engine& of(SSL* ssl) noexcept;
  /// Keeps a session that can be resumed.
  void keep(SSL_SESSION* session) noexcept;
  /// Whether the client's certificate in a session that it wants to resume is out of date.
  [[nodiscard]] bool outlived_by(const SSL_SESSION* session) const noexcept;
  /// The peer sent a message of the handshake: after it, one that carries no data.
  void count_message() noexcept;
  /// Remembers what is wrong with the peer's chain.
  void objects(long code, X509* certificate) noexcept;

 private:
  friend struct stream_bio;
  static constexpr std::size_t longest_record = 16384;
  using record = std::array<std::byte, longest_record>;

  [[nodiscard]] result<void> begin(wall_time at);
  [[nodiscard]] result<void> verify_as(const std::string& host, bool address);
  void resume(wall_time at);
  [[nodiscard]] tls_failure_facts facts(unsigned long code) const noexcept;
  [[nodiscard]] tls_progress outcome(int returned);
  [[nodiscard]] tls_progress protocol_failed(unsigned long code);
  [[nodiscard]] tls_progress failed_with(const error& e);
  [[nodiscard]] tls_progress abandoned();
  void hear_why();

  std::shared_ptr<const tls_context> shared_;
  stream& under_;
  owned<SSL> ssl_;
  std::string name_;      // of the peer, for errors: the host, or where the client is
  std::string sessions_;  // the key of the cache
  wall_time at_{};        // of the handshake
  bool client_ = false;
  bool established_ = false;
  bool broken_ = false;        // the protocol failed: nothing goes either way
  bool ended_below_ = false;   // the stream beneath gave its end
  bool end_declared_ = false;  // by us
  std::uint8_t first_count_ = 0;
  std::array<unsigned char, 11> first_{};  // bytes of the peer
  long verification_ = X509_V_OK;
  owned<X509> culprit_;
  unsigned reads_ = 0;          // of the stream beneath, in this step
  std::uint64_t data_ = 0;      // bytes of the peer that were read
  std::uint64_t messages_ = 0;  // of the peer that were none, since the handshake
  std::size_t unfinished_ = 0;  // bytes of a write that stopped half done
  std::size_t unfinished_hash_ = 0;
  std::optional<error> read_error_;   // of the stream beneath
  std::optional<error> write_error_;  // the same
  std::optional<error> failure_;
};

}  // namespace fairlead::net::detail
