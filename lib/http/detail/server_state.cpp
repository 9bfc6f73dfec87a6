// SPDX-License-Identifier: BSL-1.0
#include "server_state.hpp"

#include <fairlead/http/date.hpp>

namespace fairlead::http::detail {

std::unique_ptr<session_memory> server_state::borrow() {
  if (spare_.empty()) {
    return std::make_unique<session_memory>();
  }
  auto memory = std::move(spare_.back());
  spare_.pop_back();
  return memory;
}

void server_state::give_back(std::unique_ptr<session_memory> memory) {
  // What grew for one large message is not kept, nor more than a busy moment needs.
  if (spare_.size() < 64 && memory->request.body().capacity() <= most_kept &&
      response_access{memory->answer}.body().capacity() <= most_kept) {
    memory->in.clear();
    spare_.push_back(std::move(memory));
  }
}

std::string_view server_state::date(environment& env) {
  const auto second = std::chrono::floor<std::chrono::seconds>(env.time().wall_now());
  if (date_.empty() || second != date_second_) {
    date_ = format_date(second);
    date_second_ = second;
  }
  return date_;
}

void server_state::failed(const http::request& r, std::string_view what) const {
  if (!options.on_failure()) {
    return;
  }
  try {
    options.on_failure()(r, what);
  } catch (...) {
    return;  // the client is to have its answer all the same
  }
}

void server_state::answered(session_memory& m, environment& env, access_record::ending how) const {
  if (!options.on_access() && !m.span) {
    return;
  }
  observe::traceparent trace;
  try {
    if (m.span) {
      trace = m.span->id();
      m.span->answered(m.answer, how);
    }
    if (options.on_access()) {
      options.on_access()({m.request, m.answer.status(), m.body_sent, env.now() - m.begun,
                           env.time().wall_now(), how, trace});
    }
  } catch (...) {  // the client has had its answer
  }
  m.span.reset();
}

}  // namespace fairlead::http::detail
