// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/socks5.hpp>

#include "detail/socks5_dialogue.hpp"

#include <array>
#include <utility>

namespace fairlead::net {

namespace {

constexpr std::size_t longest_part = 255 + 2;  // of what a proxy says

error at_connect(error e) {
  return e.at(error_stage::connect).with_sent(error_sent::not_sent);
}

// The proxy's connection, under the name of what it leads to.
class proxied_stream final : public stream {
 public:
  proxied_stream(std::unique_ptr<stream> under, std::string peer)
      : under_(std::move(under)), peer_(std::move(peer)) {}

  io_attempt try_read(std::span<std::byte> into) override { return under_->try_read(into); }
  io_attempt try_write(const_buffers from) override { return under_->try_write(from); }
  task<result<void>> wait(context& cx, direction towards) override {
    return under_->wait(cx, towards);
  }
  bool worth_trying(direction towards) const noexcept override {
    return under_->worth_trying(towards);
  }
  bool peer_has_left() noexcept override { return under_->peer_has_left(); }
  const tls_info* tls() const noexcept override { return under_->tls(); }
  task<result<void>> shutdown_write(context& cx) override { return under_->shutdown_write(cx); }
  result<void> set_options(const stream_options& options) override {
    return under_->set_options(options);
  }
  void close() noexcept override { under_->close(); }
  void abort() noexcept override { under_->abort(); }
  const std::string& peer() const noexcept override { return peer_; }

 private:
  std::unique_ptr<stream> under_;
  std::string peer_;
};

task<result<void>> converse(context& cx, stream& s, detail::socks5_dialogue dialogue) {
  if (auto fit = dialogue.check(); !fit) {
    co_return fail(at_connect(std::move(fit).error()));
  }
  std::array<char, longest_part> part{};
  while (dialogue.wanted() > 0) {
    const std::string output = dialogue.take_output();
    auto done = co_await write_all(cx, s, output);
    if (done) {
      const auto into = std::span(part).first(dialogue.wanted());
      done = co_await read_exactly(cx, s, std::as_writable_bytes(into));
      if (done) {
        done = dialogue.received({into.data(), into.size()});
      }
    }
    if (!done) {
      co_return fail(at_connect(std::move(done).error()));
    }
  }
  co_return result<void>{};
}

}  // namespace

task<result<void>> socks5_connect(context& cx, stream& s, std::string_view host,
                                  std::uint16_t port) {
  return converse(cx, s, detail::socks5_dialogue(host, port, std::nullopt));
}

task<result<void>> socks5_connect(context& cx, stream& s, std::string_view host, std::uint16_t port,
                                  const socks5_credentials& who) {
  return converse(cx, s, detail::socks5_dialogue(host, port, who));
}

task<result<connection>> connect_through(context& cx, network& net, const socks5_proxy& proxy,
                                         std::string_view host, std::uint16_t port,
                                         connect_options options) {
  auto made = co_await connect_to(cx, net, proxy.host, proxy.port, options);
  if (!made) {
    co_return fail(std::move(made).error());
  }
  const auto begun = cx.env().now();
  detail::socks5_dialogue dialogue(host, port, proxy.credentials);
  auto through = co_await converse(cx, **made, std::move(dialogue));
  if (!through) {
    co_return fail(std::move(through).error());
  }
  auto times = made->times;
  times.connect += cx.env().now() - begun;
  const bool bare_ip6 = host.find(':') != host.npos;
  std::string name(bare_ip6 ? "[" : "");
  name.append(host).append(bare_ip6 ? "]:" : ":").append(std::to_string(port));
  co_return connection(std::make_unique<proxied_stream>(std::move(made->stream), std::move(name)),
                       times);
}

}  // namespace fairlead::net
