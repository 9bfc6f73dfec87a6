// SPDX-License-Identifier: BSL-1.0
// How it works: one streamed call, so that the moment of the first byte is known, inside of the
// policies. A status outside 2xx becomes an error inside of them, too: it is what they go by. The
// schema is asked outside: a document that is wrong is not made right by asking again.
#include "exchange.hpp"

#include "durations.hpp"
#include "text_file.hpp"

#include <fairlead/http/date.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/policy/from_json.hpp>
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/timeout.hpp>

#include <boost/json/value.hpp>

#include <memory>

namespace fairlead::cli {

namespace {

using complaint = tl::unexpected<std::string>;

// What a response's body may have at most; more is for files.
constexpr std::uint64_t largest_body = 64 * 1024 * 1024;

bool is_json_type(std::string_view content_type) {
  const auto bare = content_type.substr(0, content_type.find(';'));
  return http::iequals(bare, "application/json") || bare.ends_with("+json");
}

tl::expected<json::schema_validator, std::string> read_schema(const std::string& path) {
  const auto text = read_all(path);
  if (!text) {
    return complaint("cannot read " + path + ": " + text.error());
  }
  auto compiled = json::schema_validator::compile_text(*text);
  if (compiled) {
    return *std::move(compiled);
  }
  std::string lines;
  for (const auto& p : compiled.error()) {
    lines += lines.empty() ? "" : "\n";
    lines += path + (p.pointer.empty() ? "" : " at " + p.pointer) + ": " + p.message;
    lines += p.expected.empty() ? "" : "; expected " + p.expected + ", found " + p.actual;
  }
  return complaint(lines);
}

tl::expected<std::string, std::string> read_data(const exchange_plan& plan) {
  if (!plan.data) {
    return std::string();
  }
  const bool from_file = plan.data->starts_with('@') || plan.data == "-";
  const auto path = plan.data->starts_with('@') ? plan.data->substr(1) : *plan.data;
  auto text = from_file ? read_all(path) : tl::expected<std::string, std::string>(*plan.data);
  if (!text) {
    return complaint("cannot read " + path + ": " + text.error());
  }
  const auto type = plan.headers.get("Content-Type");
  if (!type || is_json_type(*type)) {
    const auto read = json::decode<boost::json::value>(*text);
    if (!read) {
      const auto why = read.error().get<errors::serialization_error>();
      return complaint(
          "--data is not JSON: " + (why ? std::string(why->message) : read.error().message()) +
          (type ? "" : " (for other content give --header 'Content-Type: ...')"));
    }
  }
  return text;
}

tl::expected<policy::any_stack, std::string> make_stack(const exchange_plan& plan) {
  std::vector<policy::any_layer> layers;
  if (plan.policy_file) {
    const auto text = read_all(*plan.policy_file);
    if (!text) {
      return complaint("cannot read " + *plan.policy_file + ": " + text.error());
    }
    const auto read = policy::from_json(*text);
    if (!read) {
      return complaint(*plan.policy_file + ": " + read.error().message());
    }
    layers = read->stack.layers();
    for (const auto& p : read->policies) {
      if (plan.is_download() && p.type == "hedge") {
        return complaint(*plan.policy_file + ": a hedge would write the file twice at a time");
      }
    }
  } else if (plan.attempts > 1) {
    layers.emplace_back(policy::retry({.max_attempts = plan.attempts}));
  } else {
    return policy::any_stack();
  }
  if (!plan.is_download() || plan.timeout_given) {
    layers.insert(layers.begin(), policy::any_layer(policy::total_timeout(plan.timeout)));
  }
  auto made = policy::any_stack::make(std::move(layers));
  if (!made) {
    return complaint(plan.policy_file.value_or("--retry") + ": " + made.error().message());
  }
  return *std::move(made);
}

class exchange {
 public:
  exchange(http::client& client, const prepared_exchange& what, exchange_times& times)
      : client_(client), what_(what), times_(times) {}

  task<result<http::response>> attempt(context& cx) {
    http::request r(what_.plan.method, what_.plan.url);
    r.headers().append(what_.plan.headers);
    if (what_.plan.data) {
      if (!r.headers().contains("Content-Type")) {
        r.header("Content-Type", "application/json");
      }
      r.body(what_.body);
    }
    times_.reused = true;  // until an exchange says otherwise
    const auto begun = cx.now();
    auto stream = co_await client_.stream(cx, std::move(r), {.max_body = largest_body});
    if (!stream) {
      co_return fail(stream.error());
    }
    times_.first_byte = cx.now() - begun;
    auto body = co_await http::read_all(cx, stream->body(), largest_body);
    if (!body) {
      co_return fail(body.error());
    }
    http::response whole = stream->head();
    whole.body(std::move(*body));
    if (!http::is_success(whole.status())) {
      auto why = refused(cx, whole);
      answer_ = std::move(whole);
      co_return fail(std::move(why));
    }
    co_return whole;
  }

  [[nodiscard]] std::optional<http::response>& answer() noexcept { return answer_; }

 private:
  error refused(const context& cx, const http::response& r) const {
    const auto after = r.headers().get("Retry-After");
    const auto wait =
        after ? http::parse_retry_after(*after, cx.env().time().wall_now()) : std::nullopt;
    error e(errors::http_error{what_.plan.url, http::to_int(r.status()), r.body(),
                               r.headers().text(), wait});
    e.at(error_stage::body);
    if (http::is_idempotent(what_.plan.method)) {
      e.mark_repeatable();
    }
    return e;
  }

  http::client& client_;
  const prepared_exchange& what_;
  exchange_times& times_;
  std::optional<http::response> answer_;
};

}  // namespace

tl::expected<prepared_exchange, std::string> prepare(exchange_plan plan) {
  auto body = read_data(plan);
  if (!body) {
    return complaint(body.error());
  }
  auto around = make_stack(plan);
  if (!around) {
    return complaint(around.error());
  }
  auto connections = connection_setup::make(plan.connections);
  if (!connections) {
    return complaint(connections.error());
  }
  prepared_exchange out(std::move(plan), *std::move(connections), *std::move(around));
  out.body = *std::move(body);
  using wanted =
      std::pair<const std::optional<std::string>*, std::optional<json::schema_validator>*>;
  for (const auto& [path, slot] : {wanted{&out.plan.schema_file, &out.schema},
                                   wanted{&out.plan.request_schema_file, &out.request_schema}}) {
    if (*path) {
      auto schema = read_schema(**path);
      if (!schema) {
        return complaint(schema.error());
      }
      *slot = *std::move(schema);
    }
  }
  return out;
}

result<void> check_document(const json::schema_validator& schema, std::string_view document,
                            std::string_view prefix) {
  const auto value = json::decode<boost::json::value>(document);
  const auto right = value ? schema.check(*value) : result<void>();
  if (value && right) {
    return {};
  }
  const auto& why = value ? right.error() : value.error();
  const auto told = why.get<errors::serialization_error>();
  if (!told) {
    return fail(why);
  }
  return fail(errors::serialization_error{std::string(prefix) + std::string(told->message),
                                          told->pointer, value ? told->expected : "a JSON document",
                                          told->actual});
}

result<http::client> client_for(environment& env, const prepared_exchange& what,
                                exchange_times& times) {
  const auto& plan = what.plan;
  http::client_options options;
  const bool alone = what.around.layers().empty();  // else a policy keeps the time
  options.timeout(alone ? plan.timeout : duration::max())
      .read_timeout(duration::max())
      .redirects(plan.follow_redirects ? 10 : 0)
      .decode(plan.compressed ? http::decoding::automatic : http::decoding::none)
      .on_exchange([&times](const http::exchange_info& one) {
        times.opening.resolve += one.times.resolve;
        times.opening.connect += one.times.connect;
        times.opening.tls += one.times.tls;
        times.reused = times.reused && one.reused;
      });
  what.connections.apply_to(options);
  if (plan.is_download()) {  // which makes its requests itself
    for (const auto& field : plan.headers) {
      options.header(field.name, field.value);
    }
    if (!plan.headers.contains("Accept")) {
      options.header("Accept", "*/*");
    }
  }
  return http::client::make(env, std::move(options));
}

task<exchange_outcome> run_exchange(context& cx, const prepared_exchange& what) {
  exchange_outcome out;
  const auto& plan = what.plan;
  if (what.request_schema) {
    out.done = check_document(*what.request_schema, what.body, "Request validation failed: ");
    if (!out.done) {
      co_return out;
    }
  }
  exchange_times times;
  auto client = client_for(cx.env(), what, times);
  if (!client) {
    out.done = fail(client.error());
    co_return out;
  }
  exchange one(*client, what, times);
  const auto begun = cx.now();
  const auto ask = [&](context& inner) { return one.attempt(inner); };
  auto answer = co_await what.around.run(cx, ask);
  times.total = cx.now() - begun;
  out.times = times;
  if (!answer) {
    auto why = std::move(answer).error();
    why.with_target(plan.url);
    if (why.is<errors::http_error>()) {
      out.answer = std::move(one.answer());
    }
    out.done = fail(std::move(why));
    co_return out;
  }
  out.answer = *std::move(answer);
  if (what.schema) {
    out.done = check_document(*what.schema, out.answer->body(), "Response validation failed: ");
    if (!out.done) {
      out.done =
          fail(error(out.done.error()).at(error_stage::body).with_sent(error_sent::answered));
    }
  }
  co_return out;
}

std::string timings_line(const exchange_times& t) {
  std::string out;
  const auto add = [&](std::string_view name, duration d) {
    out += out.empty() ? "{\"" : ",\"";
    out += std::string(name) + "\":" + milliseconds_text(d);
  };
  add("resolve", t.opening.resolve);
  add("connect", t.opening.connect);
  add("tls", t.opening.tls);
  add("first_byte", t.first_byte);
  add("total", t.total);
  return out + (t.reused ? R"(,"reused":true})" : R"(,"reused":false})");
}

std::string head_text(const http::response& r) {
  return "HTTP/1." + std::to_string(r.minor_version()) + ' ' +
         std::to_string(http::to_int(r.status())) + ' ' +
         std::string(http::reason_phrase(r.status())) + "\r\n" + std::string(r.headers().text()) +
         "\r\n";
}

}  // namespace fairlead::cli
