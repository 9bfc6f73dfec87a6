// SPDX-License-Identifier: BSL-1.0
#include "detail/connection.hpp"

#include <algorithm>

namespace fairlead::sim::detail {

class sim_stream final : public net::stream {
 public:
  sim_stream(std::shared_ptr<connection> c, lane& in, lane& out, std::string peer)
      : connection_(std::move(c)), in_(in), out_(out), peer_(std::move(peer)) {}
  ~sim_stream() override { close(); }

  net::io_attempt try_read(std::span<std::byte> into) override {
    if (closed_) {
      return fail(unknown(errors::connection_closed{peer_}));
    }
    if (in_.readable()) {
      return in_.read(into);
    }
    if (in_.broken()) {
      return fail(unknown(errors::connection_reset{peer_}));
    }
    return in_.ended() ? net::io_attempt(0) : std::nullopt;
  }

  net::io_attempt try_write(net::const_buffers from) override {
    if (in_.broken()) {
      return fail(unknown(errors::connection_reset{peer_}));
    }
    if (finished_) {
      return fail(unknown(errors::connection_closed{peer_}));
    }
    std::size_t wanted = 0;
    std::size_t moved = 0;
    for (const auto piece : from) {
      const auto n = std::min(piece.size(), out_.room());
      out_.send(piece.first(n));
      wanted += piece.size();
      moved += n;
    }
    return moved == 0 && wanted > 0 ? net::io_attempt() : net::io_attempt(moved);
  }

  task<result<void>> wait(context& cx, net::direction towards) override {
    if (worthwhile(towards) && !cx.cancelled()) {
      co_return result<void>{};
    }
    auto& slot = towards == net::direction::read ? in_.reader : out_.writer;
    auto ready = co_await slot.wait(cx);
    co_return ready;
  }

  task<result<void>> shutdown_write(context& cx) override {
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    if (in_.broken()) {
      co_return fail(unknown(errors::connection_reset{peer_}));
    }
    finished_ = true;
    out_.send_end();
    co_return result<void>{};
  }

  void close() noexcept override { close(ending::orderly); }
  void abort() noexcept override { close(ending::abrupt); }

  bool peer_has_left() noexcept override { return closed_ || in_.end_is_here() || in_.broken(); }

  const std::string& peer() const noexcept override { return peer_; }

 private:
  enum class ending : std::uint8_t { orderly, abrupt };

  void close(ending how) noexcept {
    if (closed_) {
      return;
    }
    closed_ = true;
    finished_ = true;
    if (!in_.broken()) {
      // Linux resets by itself when data was not read.
      if (in_.abandon() || how == ending::abrupt) {
        out_.send_reset();
      } else {
        out_.send_end();
      }
    }
    in_.reader.notify();
    out_.writer.notify();
  }

  static error unknown(error e) { return e.with_sent(error_sent::unknown); }

  bool worthwhile(net::direction towards) const {
    if (closed_ || in_.broken()) {
      return true;
    }
    return towards == net::direction::read ? in_.readable() || in_.ended()
                                           : finished_ || out_.room() > 0;
  }

  std::shared_ptr<connection> connection_;
  lane& in_;
  lane& out_;
  std::string peer_;
  bool finished_ = false;
  bool closed_ = false;
};

connection::connection(std::shared_ptr<fabric> f, machine_id client, machine_id server)
    : fabric_(std::move(f)),
      name_("c" + std::to_string(fabric_->next_connection())),
      forward_(*fabric_, client, server,
               name_ + " " + fabric_->name(client) + " > " + fabric_->name(server)),
      backward_(*fabric_, server, client,
                name_ + " " + fabric_->name(server) + " > " + fabric_->name(client)) {
  forward_.answer_with(backward_);
  backward_.answer_with(forward_);
}

std::unique_ptr<net::stream> connection::client_end(std::shared_ptr<connection> c,
                                                    std::string peer) {
  auto& self = *c;
  return std::make_unique<sim_stream>(std::move(c), self.backward_, self.forward_, std::move(peer));
}

std::unique_ptr<net::stream> connection::server_end(std::shared_ptr<connection> c,
                                                    std::string peer) {
  auto& self = *c;
  return std::make_unique<sim_stream>(std::move(c), self.forward_, self.backward_, std::move(peer));
}

bool connection::between(machine_id a, machine_id b) const noexcept {
  const auto x = forward_.from();
  const auto y = forward_.to();
  return (x == a && y == b) || (x == b && y == a);
}

void connection::reset() {
  note("reset");
  forward_.break_now();
  backward_.break_now();
}

void connection::crashed(machine_id m) {
  for (lane* in : {&forward_, &backward_}) {
    if (in->to() == m) {
      lane& out = in == &forward_ ? backward_ : forward_;
      in->break_now();
      in->abandon();
      out.send_reset();
      out.writer.notify();
    }
  }
}

void connection::healed() {
  forward_.healed();
  backward_.healed();
}

}  // namespace fairlead::sim::detail
