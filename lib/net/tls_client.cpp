// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/tls_client.hpp>

#include "detail/tls_context.hpp"
#include "detail/tls_stream.hpp"

#include <stdexcept>
#include <utility>

namespace fairlead::net {

tls_client_options& tls_client_options::ca_file(std::string_view path) {
  only_cas_.push_back(tls_pem::file(path));
  return *this;
}

tls_client_options& tls_client_options::ca_pem(std::string_view text) {
  only_cas_.push_back(tls_pem::text(text));
  return *this;
}

tls_client_options& tls_client_options::extra_ca_file(std::string_view path) {
  extra_cas_.push_back(tls_pem::file(path));
  return *this;
}

tls_client_options& tls_client_options::extra_ca_pem(std::string_view text) {
  extra_cas_.push_back(tls_pem::text(text));
  return *this;
}

tls_client_options& tls_client_options::credentials(tls_credentials own) {
  credentials_ = std::move(own);
  return *this;
}

tls_client_options& tls_client_options::alpn(std::vector<std::string> protocols) {
  alpn_ = std::move(protocols);
  return *this;
}

std::vector<std::string> tls_client_options::problems() const {
  return detail::make_context(*this).problems;
}

tls_client::tls_client(const tls_client_options& options) {
  auto made = detail::make_context(options).as_result("net::tls_client");
  if (!made) {
    throw std::invalid_argument(made.error().message());
  }
  shared_ = std::move(*made);
}

result<tls_client> tls_client::make(const tls_client_options& options) {
  auto made = detail::make_context(options).as_result("net::tls_client");
  if (!made) {
    return fail(std::move(made).error());
  }
  return tls_client(std::move(*made));
}

std::size_t tls_client::cached_sessions() const noexcept {
  return shared_->sessions.servers();
}

void tls_client::forget_sessions() noexcept {
  shared_->sessions.clear();
}

task<result<std::unique_ptr<stream>>> tls_connect(context& cx, std::unique_ptr<stream> under,
                                                  const tls_client& client, std::string_view host) {
  auto made = std::make_unique<detail::tls_stream>(client.shared_, std::move(under));
  auto done = made->engine().be_client(host, cx.env().time().wall_now());
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
