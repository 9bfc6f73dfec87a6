// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/tls_server.hpp>

#include "detail/certificate.hpp"
#include "detail/tls_context.hpp"
#include "detail/tls_stream.hpp"

#include <mutex>
#include <stdexcept>
#include <utility>

namespace fairlead::net {

namespace {

constexpr std::string_view server_name = "net::tls_server";

}  // namespace

// What a reload replaces.
struct tls_server::core {
  core(tls_server_options o, std::shared_ptr<const detail::tls_context> made)
      : options(std::move(o)), current(std::move(made)) {}

  [[nodiscard]] std::shared_ptr<const detail::tls_context> now() const {
    const std::lock_guard lock(mutex);
    return current;
  }

  mutable std::mutex mutex;
  tls_server_options options;
  std::shared_ptr<const detail::tls_context> current;
};

tls_server_options& tls_server_options::credentials(tls_credentials own) {
  credentials_ = std::move(own);
  return *this;
}

tls_server_options& tls_server_options::alpn(std::vector<std::string> protocols) {
  alpn_ = std::move(protocols);
  return *this;
}

tls_server_options& tls_server_options::client_ca_file(client_certificates ask,
                                                       std::string_view path) {
  asks_ = ask;
  client_cas_.push_back(tls_pem::file(path));
  return *this;
}

tls_server_options& tls_server_options::client_ca_pem(client_certificates ask,
                                                      std::string_view text) {
  asks_ = ask;
  client_cas_.push_back(tls_pem::text(text));
  return *this;
}

std::vector<std::string> tls_server_options::problems() const {
  return detail::make_context(*this).problems;
}

tls_server::tls_server(const tls_server_options& options) {
  auto made = make(options);
  if (!made) {
    throw std::invalid_argument(made.error().message());
  }
  core_ = std::move(made->core_);
}

result<tls_server> tls_server::make(const tls_server_options& options) {
  auto made = detail::make_context(options).as_result(server_name);
  if (!made) {
    return fail(std::move(made).error());
  }
  return tls_server(std::make_shared<core>(options, std::move(*made)));
}

result<void> tls_server::reload(const tls_server_options& options) {
  auto made = detail::make_context(options).as_result(server_name);
  if (!made) {
    return fail(std::move(made).error());
  }
  tls_server_options copy = options;
  const std::lock_guard lock(core_->mutex);
  core_->options = std::move(copy);
  core_->current.swap(*made);  // the old one goes after the lock
  return {};
}

result<void> tls_server::reload() {
  std::unique_lock lock(core_->mutex);
  const tls_server_options same = core_->options;
  lock.unlock();
  return reload(same);
}

certificate_info tls_server::certificate() const {
  return detail::describe(core_->now()->leaf.get());
}

task<result<std::unique_ptr<stream>>> tls_accept(context& cx, std::unique_ptr<stream> under,
                                                 const tls_server& server) {
  auto made = std::make_unique<detail::tls_stream>(server.core_->now(), std::move(under));
  auto done = made->engine().be_server(cx.env().time().wall_now());
  if (done) {
    done = co_await made->handshake(cx);
  }
  if (!done) {
    error why = std::move(done).error();
    co_return fail(why.at(error_stage::tls).with_sent(error_sent::not_sent));
  }
  co_return std::move(made);
}

}  // namespace fairlead::net
