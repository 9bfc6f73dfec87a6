// SPDX-License-Identifier: BSL-1.0
// Any bytes as what a NATS server says, in pieces of any size: it means the same however it is cut,
// nothing is larger than allowed, no more is asked for than that, and messages can be written and
// read again.
//
// How it works: the first byte is the seed of the pieces, the second the limits; the rest is what
// the server says.
#include "detail/nats_info.hpp"
#include "detail/nats_protocol.hpp"
#include "detail/nats_servers.hpp"

#include <fairlead/core/random.hpp>
#include <fairlead/port/broker_message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace fairlead;
using namespace fairlead::detail::nats;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

std::string text_of(const server_op& op) {
  std::string out = std::to_string(static_cast<int>(op.what)) + "|";
  if (op.what != verb::message) {
    return out + std::string(op.text);
  }
  out.append(op.subject).append("|").append(op.reply_to).append("|");
  out.append(std::to_string(op.subscription)).append("|").append(std::to_string(op.size));
  return op.oversized ? out + "|oversized"
                      : out + "|" + std::string(op.headers) + "|" + std::string(op.payload);
}

// The headers of a message as they would be published, and what that is read as.
void write_again(const server_op& op) {
  const auto block = parse_headers(op.headers);
  if (!block) {
    return;
  }
  broker_message m("a", std::string(op.payload));
  for (const auto& h : block->headers) {
    m.header(h.name, h.value);
  }
  if (!check_message(m) || m.headers().empty()) {
    return;
  }
  std::string wire;
  append_publish(wire, m, {});
  const auto end = wire.find("\r\n");
  require(end != std::string::npos);
  const auto again = parse_headers(std::string_view(wire).substr(end + 2));
  require(again && again->headers == m.headers());
}

void look_into(const server_op& op, const protocol_limits& limits) {
  if (op.what == verb::message && !op.oversized) {
    require(op.headers.size() + op.payload.size() == op.size && op.size <= limits.message);
    if (!op.headers.empty()) {
      write_again(op);
    }
  } else if (op.what == verb::info) {
    const auto info = parse_info(op.text);
    require(!info || (info->max_payload > 0 && info->connect_urls.size() <= 64));
    if (info) {
      server_pool pool({server{}}, reconnect_pace(duration(1), duration(2)));
      pool.announced(info->connect_urls);
      require(pool.size() >= 1 && pool.size() <= 64);
    }
  } else if (op.what == verb::error) {
    const auto seen = parse_violation(op.text);
    require(seen.subject.size() <= op.text.size());
    require(refused("s", op.text).message().size() < 1000);
  }
}

std::vector<std::string> read_in_pieces(std::string_view text, const protocol_limits& limits,
                                        std::uint64_t seed) {
  random_source random(seed);
  std::vector<std::string> out;
  std::string unread;
  server_op op;
  framer rule(op, limits);
  const auto most = std::max({limits.control_line, limits.info}) + limits.message + 16;
  while (!text.empty()) {
    const auto n = seed == 0 ? text.size() : 1 + random.below(1 + text.size() / 4);
    unread += text.substr(0, n);
    text.remove_prefix(std::min<std::size_t>(n, text.size()));
    for (;;) {
      const auto step = rule.next(unread);
      if (!step) {
        out.push_back("<" + std::string(to_string(step.error().kind())) + ">");
        return out;
      }
      require(step->consumed <= unread.size());
      if (step->frame) {
        require(step->consumed >= step->frame->size() && !step->frame->empty());
        look_into(op, limits);
        out.push_back(text_of(op));
      }
      unread.erase(0, step->consumed);
      if (!step->frame) {
        require(unread.size() <= most);
        break;
      }
    }
  }
  out.push_back(rule.end(unread) ? "end" : "cut");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::uint64_t seed = data[0];
  protocol_limits limits;
  limits.control_line = 16 + data[1];
  limits.info = 2 * limits.control_line;
  limits.message = 8 + data[1] / 2;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto whole = read_in_pieces(text, limits, 0);
  require(read_in_pieces(text, limits, seed + 1) == whole);
  const auto url = parse_server(text);
  require(!url || (!url->host.empty() && url->port != 0));
  return 0;
}
