// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/websocket.hpp>

#include "detail/websocket_connection.hpp"

#include <fairlead/core/errors.hpp>

#include <utility>

namespace fairlead::http {

using detail::endpoint_role;
using detail::opcode;
using detail::websocket_connection;

struct websocket_writer::state {
  state(std::shared_ptr<websocket_connection> c, async_mutex::lock_guard held, message_kind k)
      : kept(std::move(c)), connection(*kept), lock(std::move(held)), kind(k) {
    message.code = k == message_kind::text ? opcode::text : opcode::binary;
    message.compressed = connection.compresses();
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (!finished && (message.begun || used)) {
      static_cast<void>(connection.broken(errors::connection_closed{connection.peer(), 0, 0}));
    }
  }

  task<result<void>> put(context& cx, std::string_view piece, bool last) {
    if (finished ||
        (kind == message_kind::text && (!text.feed(piece) || (last && !text.complete())))) {
      return refuse();
    }
    if (connection.broken_) {
      return refuse();
    }
    // What the deflater has seen, the peer must see too.
    used = used || (message.compressed && !piece.empty());
    return connection.write_piece(cx, message, piece, last);
  }

  task<result<void>> refuse() {
    if (connection.broken_) {
      co_return fail(*connection.broken_);
    }
    co_return fail(errors::invalid_argument{
        "websocket_writer",
        finished ? "the message is finished" : "text must be UTF-8; send it as binary"});
  }

  std::shared_ptr<websocket_connection> kept;
  websocket_connection& connection;
  async_mutex::lock_guard lock;
  message_kind kind;
  websocket_connection::message_state message;
  detail::utf8_checker text;
  bool used = false;
  bool finished = false;
};

websocket_writer::websocket_writer(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
websocket_writer::websocket_writer(websocket_writer&&) noexcept = default;
websocket_writer& websocket_writer::operator=(websocket_writer&&) noexcept = default;
websocket_writer::~websocket_writer() = default;

task<result<void>> websocket_writer::write(context& cx, std::string_view piece) {
  return state_->put(cx, piece, false);
}

task<result<void>> websocket_writer::finish(context& cx) {
  auto done = co_await state_->put(cx, {}, true);
  if (done) {
    state_->finished = true;
    state_->lock = {};
  }
  co_return done;
}

websocket::websocket(environment& env, std::unique_ptr<net::stream> s, side self,
                     websocket_options options, std::string protocol)
    : connection_(std::make_shared<websocket_connection>(
          env, std::move(s), self == side::client ? endpoint_role::client : endpoint_role::server,
          std::move(options), std::nullopt, std::move(protocol))) {}
websocket::websocket(std::shared_ptr<websocket_connection> made) noexcept
    : connection_(std::move(made)) {}
websocket::websocket(const websocket&) noexcept = default;
websocket::websocket(websocket&&) noexcept = default;
websocket& websocket::operator=(const websocket&) noexcept = default;
websocket& websocket::operator=(websocket&&) noexcept = default;
websocket::~websocket() = default;

task<result<std::optional<websocket_message>>> websocket::read(context& cx) {
  return connection_->read(cx);
}

task<result<std::optional<websocket_piece>>> websocket::read_piece(context& cx) {
  return connection_->read_piece(cx);
}

task<result<void>> websocket::send(context& cx, std::string_view text) {
  return connection_->send(cx, message_kind::text, text);
}

task<result<void>> websocket::send(context& cx, message_kind kind, std::string_view data) {
  return connection_->send(cx, kind, data);
}

task<result<websocket_writer>> websocket::begin(context& cx, message_kind kind) {
  auto turn = co_await connection_->turn(cx);
  if (!turn) {
    co_return fail(std::move(turn).error());
  }
  co_return websocket_writer(
      std::make_unique<websocket_writer::state>(connection_, std::move(*turn), kind));
}

task<result<void>> websocket::ping(context& cx) {
  return connection_->ping(cx);
}

task<result<void>> websocket::close(context& cx, close_code code, std::string reason) {
  return connection_->close(cx, code, std::move(reason));
}

const std::optional<websocket_end>& websocket::end() const noexcept {
  return connection_->end();
}

const std::string& websocket::protocol() const noexcept {
  return connection_->protocol();
}

bool websocket::compresses() const noexcept {
  return connection_->compresses();
}

const std::string& websocket::peer() const noexcept {
  return connection_->peer();
}

}  // namespace fairlead::http
