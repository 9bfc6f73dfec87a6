// SPDX-License-Identifier: BSL-1.0
#include "probe.hpp"

#include "connections.hpp"
#include "given_values.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <span>

namespace fairlead::cli {

namespace {

// What of an answer is looked at.
constexpr std::size_t longest_head = 16 * 1024;

class prober {
 public:
  prober(net::network& net, const probe_plan& plan, const net::tls_client& trust,
         const http::url& to, probe_report& out)
      : net_(net), plan_(plan), trust_(trust), to_(to), out_(out) {}

  task<result<void>> run(context& cx) {
    auto tried = co_await try_addresses(cx);
    if (!tried) {
      co_return tried;
    }
    if (to_.scheme() == "https") {
      auto secured = co_await shake_hands(cx);
      if (!secured) {
        co_return secured;
      }
    }
    auto asked = co_await ask(cx);
    co_return asked;
  }

 private:
  task<result<void>> try_addresses(context& cx) {
    const auto begun = cx.now();
    auto found = co_await net_.resolve(cx, to_.host(), to_.port());
    if (!found) {
      co_return fail(found.error());
    }
    out_.resolve = cx.now() - begun;
    for (const auto& at : *found) {
      // No address may use up what the others and the phases behind them need.
      auto part = cx.with_timeout(plan_.timeout / static_cast<int>(found->size() + 1));
      const auto from = cx.now();
      auto made = co_await net_.connect(part, at);
      probed_address one{at.to_string(), cx.now() - from, std::nullopt};
      if (!made) {
        one.failure = made.error();
      } else if (stream_ == nullptr) {
        stream_ = std::move(*made);
        out_.connected_to = one.address;
      }
      out_.addresses.push_back(std::move(one));
      if (const auto go_on = cx.check(); !go_on) {
        co_return go_on;
      }
    }
    if (stream_ == nullptr) {
      co_return fail(*out_.addresses.front().failure);
    }
    co_return result<void>();
  }

  task<result<void>> shake_hands(context& cx) {
    const auto begun = cx.now();
    auto secured = co_await net::tls_connect(cx, std::move(stream_), trust_, to_.host());
    if (!secured) {
      co_return fail(secured.error());
    }
    out_.handshake = cx.now() - begun;
    stream_ = std::move(*secured);
    out_.tls = *stream_->tls();
    if (!out_.tls->verified) {
      error e(errors::tls_failure{plan_.url, out_.tls->problem});
      e.at(error_stage::tls);
      co_return fail(std::move(e));
    }
    co_return result<void>();
  }

  task<result<void>> ask(context& cx) {
    std::string text = "GET " + std::string(to_.target()) + " HTTP/1.1\r\nHost: ";
    text += to_.authority();
    text += "\r\nUser-Agent: fairlead-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    const auto begun = cx.now();
    auto sent = co_await net::write_all(cx, *stream_, text);
    if (!sent) {
      co_return sent;
    }
    std::string head;
    std::array<std::byte, 4096> piece;
    while (head.find("\r\n\r\n") == std::string::npos && head.size() < longest_head) {
      const auto n = co_await net::read_some(cx, *stream_, std::span<std::byte>(piece));
      if (!n) {
        co_return fail(error(n.error()).at(error_stage::head));
      }
      if (*n == 0) {
        break;
      }
      if (head.empty()) {
        out_.first_byte = cx.now() - begun;
      }
      head.append(reinterpret_cast<const char*>(piece.data()), *n);
    }
    co_return understand(head);
  }

  result<void> understand(const std::string& head) {
    if (head.empty()) {
      error e(errors::connection_closed{plan_.url});
      return fail(e.at(error_stage::head));
    }
    out_.status_line = head.substr(0, head.find_first_of("\r\n"));
    if (!out_.status_line.starts_with("HTTP/")) {
      error e(errors::protocol_error{plan_.url, "what came does not begin like HTTP"});
      return fail(e.at(error_stage::head));
    }
    for (std::size_t at = head.find('\n'); at != std::string::npos; at = head.find('\n', at + 1)) {
      const auto line = std::string_view(head).substr(at + 1, head.find('\r', at) - at - 1);
      if (line.size() > 7 && http::iequals(line.substr(0, 7), "server:")) {
        const auto value = line.find_first_not_of(' ', 7);
        out_.server = value == std::string_view::npos ? "" : std::string(line.substr(value));
        break;
      }
    }
    return {};
  }

  net::network& net_;
  const probe_plan& plan_;
  const net::tls_client& trust_;
  const http::url& to_;
  probe_report& out_;
  std::unique_ptr<net::stream> stream_;
};

}  // namespace

const std::vector<option>& probe_options() {
  static const std::vector<option> all{
      {"--json", "", "print JSON in place of the table"},
      {"--timeout", "MS", "how long all of it may take; default 10000"},
      {"--cacert", "FILE", "trust the CAs of this PEM file, and no others"},
      {"--errors", "text|json", "how a failure is told; default: json unless on a terminal"},
      {"--help", "", "print this text"},
  };
  return all;
}

tl::expected<probe_plan, std::string> plan_probe(const arguments& from) {
  given_values given(from);
  probe_plan plan;
  if (given.operands().size() != 1) {
    given.complain("give one URL");
  } else {
    plan.url = given.operands().front();
  }
  plan.timeout = given.milliseconds("--timeout").value_or(plan.timeout);
  plan.ca_file = given.text("--cacert");
  plan.json = given.has("--json");
  plan.errors = given.errors();
  if (given.problem()) {
    return tl::unexpected(*given.problem());
  }
  return plan;
}

tl::expected<net::tls_client, std::string> probe_trust(const probe_plan& plan) {
  net::tls_client_options options;
  options.alpn({"http/1.1"}).insecure_skip_verification();
  if (plan.ca_file) {
    options.ca_file(*plan.ca_file);
  }
  return read_trust(options);
}

task<void> run_probe(context& cx, net::network& net, const probe_plan& plan,
                     const net::tls_client& trust, probe_report& into) {
  into.url = plan.url;
  into.at = cx.env().time().wall_now();
  const auto to = http::url::parse(plan.url);
  if (!to) {
    into.failure = to.error();
    co_return;
  }
  into.host = to->host();
  const auto begun = cx.now();
  auto limited = cx.with_timeout(plan.timeout);
  prober one(net, plan, trust, *to, into);
  auto outcome = co_await one.run(limited);
  into.total = cx.now() - begun;
  if (outcome) {
    co_return;
  }
  into.failure = std::move(outcome).error();
  if (into.failure->is<errors::deadline>() && !cx.cancelled()) {
    const auto stage = into.failure->stage();
    into.failure = errors::timeout{plan.url, plan.timeout, timeout_scope::total};
    into.failure->at(stage);
  }
}

}  // namespace fairlead::cli
