// SPDX-License-Identifier: BSL-1.0
#include "connect_dialogue.hpp"

#include "annotate.hpp"

#include <fairlead/core/errors.hpp>
#include <fairlead/http/date.hpp>
#include <fairlead/http/status.hpp>

namespace fairlead::http::detail {

namespace {

error before_the_origin(error e) {
  return e.at(error_stage::connect).with_sent(error_sent::not_sent);
}

}  // namespace

std::string host_and_port(const url& to) {
  const bool ip6 = to.host().find(':') != std::string_view::npos;
  std::string out(ip6 ? "[" : "");
  out.append(to.host()).append(ip6 ? "]:" : ":").append(std::to_string(to.port()));
  return out;
}

connect_dialogue::connect_dialogue(const proxy& via, const url& to, const connect_terms& terms)
    : via_(via), terms_(terms), target_(host_and_port(to)) {
  request_.append("CONNECT ").append(target_).append(" HTTP/1.1\r\nHost: ").append(target_);
  if (!terms.user_agent.empty()) {
    request_.append("\r\nUser-Agent: ").append(terms.user_agent);
  }
  if (!via.authorization().empty()) {
    request_.append("\r\nProxy-Authorization: ").append(via.authorization());
  }
  request_ += "\r\n\r\n";
  begin_answer();
}

void connect_dialogue::begin_answer() {
  reader_.begin(answer_, {terms_.max_head, terms_.max_fields, terms_.max_error_body});
}

connect_dialogue::step connect_dialogue::fail_with(const error& why) {
  failure_ = before_the_origin(why);
  return step::failed;
}

connect_dialogue::step connect_dialogue::received(std::size_t n) {
  in_.commit(n);
  if (n > 0) {
    return parse();
  }
  if (refused_) {
    return step::failed;
  }
  return fail_with(errors::connection_closed{via_.name()});
}

connect_dialogue::step connect_dialogue::parse() {
  for (;;) {
    const auto got = reader_.feed(in_.bytes());
    in_.consume(got.taken);
    if (got.now == progress::head) {
      if (const auto s = head_is_complete(); s != step::read) {
        return s;
      }
    } else if (got.now == progress::more) {
      return !refused_ ? step::read : reader_.cut() ? step::failed : step::refused;
    } else if (refused_) {
      return step::failed;  // its reasons are complete, or as broken as they may be
    } else if (got.now == progress::failed) {
      break;
    }
    if (in_.empty() && !refused_) {
      return step::read;
    }
  }
  switch (reader_.failure()) {
    case fault::head_too_large:
      return fail_with(errors::too_large{"head of the proxy's answer", terms_.max_head, 0});
    case fault::too_many_fields:
      return fail_with(
          errors::too_large{"number of header fields of the proxy's answer", terms_.max_fields, 0});
    default:
      return fail_with(errors::protocol_error{
          via_.name(), "the proxy's answer to CONNECT: " + std::string(reader_.reason())});
  }
}

// `read`: an interim answer, or one whose reasons are to be read.
connect_dialogue::step connect_dialogue::head_is_complete() {
  const auto s = answer_.status();
  if (is_success(s)) {
    // Its Content-Length, if there is one, means nothing.
    if (!in_.empty()) {
      return fail_with(errors::protocol_error{
          via_.name(), "the proxy sent bytes of its own behind its answer to CONNECT"});
    }
    return step::tunnel;
  }
  if (s == status::switching_protocols) {
    return fail_with(errors::protocol_error{via_.name(), "the proxy answered CONNECT with 101"});
  }
  if (to_int(s) / 100 == 1) {
    if (++interim_ > most_interim) {
      return fail_with(errors::protocol_error{via_.name(), "too many interim responses"});
    }
    begin_answer();
    return step::read;
  }
  refused_ = true;
  reader_.limit_body(terms_.max_error_body, overflow::cut);
  return step::read;
}

error connect_dialogue::broken(const error& why) const {
  if (why.is<errors::cancelled>() || why.is<errors::deadline>()) {
    return before_the_origin(why);
  }
  return before_the_origin(with_url(why, via_.name()));
}

error connect_dialogue::failure(std::chrono::system_clock::time_point now) const {
  if (!refused_) {
    return *failure_;
  }
  const auto code = to_int(answer_.status());
  const auto after = answer_.headers().get("Retry-After");
  const auto wait = after ? parse_retry_after(*after, now) : std::nullopt;
  const auto said = before_the_origin(
      errors::http_error{via_.name(), code, answer_.body(), answer_.headers().text(), wait});
  error out = errors::unavailable{target_,
                                  "the proxy " + via_.name() + " answered CONNECT with " +
                                      std::to_string(code) + " " +
                                      std::string(reason_phrase(answer_.status())),
                                  wait};
  if (code == 407) {
    // The same credentials will not do another time either.
    out.with_pushback(duration(-1));
  }
  return before_the_origin(out.with_cause(said));
}

}  // namespace fairlead::http::detail
