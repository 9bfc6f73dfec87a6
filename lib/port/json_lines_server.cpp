// SPDX-License-Identifier: BSL-1.0
// How it works: a session per connection knows the calls in progress by their id, so that word of
// them (given up, more items wanted) finds them.
#include <fairlead/port/json_lines_server.hpp>

#include "detail/call_lines.hpp"
#include "detail/served_call.hpp"

#include <fairlead/core/semaphore.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/port/hop.hpp>

#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace fairlead {

struct json_lines_server::shared {
  service_table table;
  duration most;                     // for a call
  const served_operation* fallback;  // of lines that name no operation; may be null
  observe::tracer* tracer;           // may be null
};

namespace {

net::json_lines framer_of(const json_lines_server_options& o) {
  net::json_lines_options lines;
  lines.limit = o.max_line;
  return net::json_lines(lines);
}

net::framed_server_options server_options_of(const json_lines_server_options& o) {
  net::framed_server_options out;
  out.max_connections = o.max_connections;
  out.max_concurrent = o.max_concurrent;
  out.read_timeout = o.read_timeout;
  out.idle_timeout = o.idle_timeout;
  out.handler_timeout = o.handler_timeout;
  out.write_timeout = o.write_timeout;
  return out;
}

error unknown_operation(std::string_view name) {
  error out = errors::application{
      "unknown_operation", name.empty() ? std::string("the line names no operation")
                                        : "there is no operation \"" + std::string(name) + "\""};
  out.with_sent(error_sent::answered);
  return out;
}

// A call in progress, in the frame of its handler.
struct running_call {
  running_call(const context& cx, std::uint32_t credit) : scope(cx), items(credit) {}
  cancel_scope scope;
  detail::permit_count items;  // that the caller is ready for
};

class session final : public net::message_session {
 public:
  session(const service_table& table, const served_operation* fallback, duration most,
          observe::tracer* tracer) noexcept
      : table_(table), fallback_(fallback), most_(most), tracer_(tracer) {}

  bool settle(std::string_view message) override;
  void heard_all() noexcept override;
  task<result<void>> handle(context& cx, std::string_view message,
                            net::message_sender& out) override;

 private:
  // A call that others can find by its id, while its handler runs.
  class known_call {
   public:
    known_call(session& s, std::string_view id, running_call& call) : session_(s), id_(id) {
      known_ = !id_.empty() && session_.running_.emplace(id_, &call).second;
    }
    known_call(const known_call&) = delete;
    known_call& operator=(const known_call&) = delete;
    ~known_call() {
      if (known_) {
        session_.running_.erase(id_);
      }
    }
    [[nodiscard]] bool known() const noexcept { return known_; }

   private:
    session& session_;
    std::string id_;
    bool known_ = false;
  };

  task<result<std::string>> answer(running_call& call, const detail::call_line& line,
                                   std::string_view message, net::message_sender& out);
  [[nodiscard]] const served_operation* find(const detail::call_line& line) const noexcept {
    return line.op.empty() ? fallback_ : table_.find(line.op);
  }

  const service_table& table_;
  const served_operation* fallback_;
  duration most_;
  observe::tracer* tracer_;
  std::unordered_map<std::string, running_call*> running_;
};

// Sends the items of one call, as many as the caller is ready for.
class item_sender final : public item_writer<std::string> {
 public:
  item_sender(running_call& call, std::string_view id, net::message_sender& out) noexcept
      : call_(call), id_(id), out_(out) {}

  task<result<void>> write(context& cx, std::string item) override {
    auto wanted = co_await call_.items.acquire(cx);
    if (!wanted) {
      if (wanted.error().is<errors::unavailable>()) {
        wanted = fail(errors::cancelled{});  // the caller has gone
      }
      co_return wanted;
    }
    const auto line = detail::write_reply(id_, "item", item);
    auto sent = co_await out_.send(cx, line);
    co_return sent;
  }

 private:
  running_call& call_;
  std::string_view id_;
  net::message_sender& out_;
};

// Lines about calls and not of them are short, and begin so.
bool session::settle(std::string_view message) {
  constexpr std::size_t longest = 1024;
  if (message.size() > longest) {
    return false;
  }
  const auto line = detail::read_line(message);
  if (!line || !line->payload.empty() || !line->op.empty()) {
    return false;
  }
  const auto which = line->cancel.empty() ? line->id : line->cancel;
  if (line->cancel.empty() && line->credit == 0) {
    return false;
  }
  const auto found = running_.find(std::string(which));
  if (found != running_.end()) {
    if (line->cancel.empty()) {
      found->second->items.release(std::min<std::uint32_t>(line->credit, 65'536));
    } else {
      found->second->scope.cancel();
    }
  }
  return true;
}

// Nobody is left to say how many items are wanted.
void session::heard_all() noexcept {
  for (const auto& [id, call] : running_) {
    call->items.close();
  }
}

task<result<void>> session::handle(context& cx, std::string_view message,
                                   net::message_sender& out) {
  const auto line = detail::read_line(message);
  if (!line) {
    const auto reply = detail::write_failure({}, line.error());
    auto sent = co_await out.send(cx, reply);
    co_return sent;
  }
  running_call call(cx.with_timeout(most_), line->credit);
  const known_call here(*this, line->one_way ? std::string_view() : line->id, call);
  auto reply = co_await answer(call, *line, message, out);
  if (line->one_way) {
    co_return result<void>();
  }
  const auto text = reply ? detail::write_reply(line->id, "ok", *reply)
                          : detail::write_failure(line->id, reply.error());
  auto sent = co_await out.send(cx, text);
  if (!sent && sent.error().is<errors::too_large>()) {
    const auto instead = detail::write_failure(line->id, sent.error());
    sent = co_await out.send(cx, instead);
  }
  co_return sent;
}

task<result<std::string>> session::answer(running_call& call, const detail::call_line& line,
                                          std::string_view message, net::message_sender& out) {
  const auto* which = find(line);
  if (which == nullptr) {
    co_return fail(unknown_operation(line.op));
  }
  incoming_hop hop;
  detail::take_headers(hop, line.headers);
  const auto about = hop.call_of(which->what.name);
  context limited = hop.under(call.scope, call.scope.now(), about);
  const auto from = hop.trace();
  const auto request = line.payload.empty() ? message : line.payload;
  item_sender items(call, line.id, out);
  const detail::served_call made{table_, *which, tracer_, from};
  auto reply = co_await detail::run_served(limited, made, request, &items);
  co_return reply;
}

}  // namespace

json_lines_server::json_lines_server(service_table service, json_lines_server_options options)
    : shared_([&] {
        auto made = std::make_shared<shared>(
            shared{std::move(service), options.handler_timeout, nullptr, options.tracer});
        if (!options.operation.empty()) {
          made->fallback = made->table.find(options.operation);
          if (made->fallback == nullptr) {
            throw std::invalid_argument("json_lines_server: the service has no operation \"" +
                                        options.operation + "\"");
          }
        }
        return made;
      }()),
      server_(framer_of(options), net::open_session([table = shared_](std::string_view /*peer*/) {
                return std::make_unique<session>(table->table, table->fallback, table->most,
                                                 table->tracer);
              }),
              server_options_of(options)) {}

json_lines_server::~json_lines_server() = default;

task<result<void>> json_lines_server::serve(context& cx, std::unique_ptr<net::listener> from) {
  return server_.serve(cx, std::move(from));
}

task<result<void>> json_lines_server::drain(context& cx, duration grace) {
  return server_.drain(cx, grace);
}

net::framed_server_stats json_lines_server::stats() const noexcept {
  return server_.stats();
}

}  // namespace fairlead
