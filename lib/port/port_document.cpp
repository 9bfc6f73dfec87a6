// SPDX-License-Identifier: BSL-1.0
#include <fairlead/port/port_document.hpp>

#include <fairlead/json/decode.hpp>
#include <fairlead/port/detail/operation_limit.hpp>
#include <fairlead/port/service_table.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead {

struct port_document::content {
  std::string name;
  std::string version;
  std::vector<std::unique_ptr<operation>> operations;
};

namespace {

using text_view = boost::json::string_view;

// A document, or the first thing that is wrong with it.
class document_reader {
 public:
  explicit document_reader(const boost::json::object& root) : root_(root) {}

  [[nodiscard]] std::string text(const boost::json::object& of, std::string_view name,
                                 const std::string& where) {
    const auto* v = of.if_contains(text_view(name.data(), name.size()));
    if (v == nullptr || !v->is_string()) {
      complain(where + "/" + std::string(name) + " is to be a text");
      return {};
    }
    return std::string(v->as_string());
  }

  [[nodiscard]] std::optional<json::schema_validator> schema(const boost::json::value& v,
                                                             const std::string& where) {
    boost::json::object whole;
    if (const auto* object = v.if_object()) {
      whole = *object;
    }
    if (const auto* defs = root_.if_contains("$defs")) {
      whole["$defs"] = *defs;
    }
    auto made = json::schema_validator::compile(v.is_object() ? boost::json::value(whole) : v);
    if (!made) {
      const auto& p = made.error().front();
      complain(where + p.pointer + ": " + p.message);
      return std::nullopt;
    }
    return std::move(*made);
  }

  void complain(std::string what) {
    if (!problem_) {
      problem_ = std::move(what);
    }
  }
  [[nodiscard]] const std::optional<std::string>& problem() const noexcept { return problem_; }

 private:
  const boost::json::object& root_;
  std::optional<std::string> problem_;
};

template <class T>
struct named {
  std::string_view name;
  T value;
};
constexpr std::array methods = {named<route_method>{"GET", route_method::get},
                                named<route_method>{"POST", route_method::post},
                                named<route_method>{"PUT", route_method::put},
                                named<route_method>{"PATCH", route_method::patch},
                                named<route_method>{"DELETE", route_method::del}};
constexpr std::array deliveries = {named<delivery>{"reply", delivery::reply},
                                   named<delivery>{"one_way", delivery::one_way},
                                   named<delivery>{"stream", delivery::stream}};

template <class T, std::size_t N>
std::optional<T> find_named(const std::array<named<T>, N>& all, std::string_view name) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const auto& n) { return n.name == name; });
  return at == all.end() ? std::nullopt : std::optional(at->value);
}

std::unique_ptr<port_document::operation> read_operation(document_reader& in,
                                                         const boost::json::value& v,
                                                         const std::string& where) {
  const auto* object = v.if_object();
  if (object == nullptr) {
    in.complain(where + " is to be an object");
    return nullptr;
  }
  auto name = in.text(*object, "name", where);
  auto path = in.text(*object, "path", where);
  const auto method = find_named(methods, in.text(*object, "method", where));
  const auto how = find_named(deliveries, in.text(*object, "delivery", where));
  const auto* request = object->if_contains("request");
  if (!method || !how || request == nullptr) {
    in.complain(where + (!method ? "/method is to be GET, POST, PUT, PATCH or DELETE"
                         : !how  ? "/delivery is to be reply, one_way or stream"
                                 : "/request is missing"));
    return nullptr;
  }
  auto request_schema = in.schema(*request, where + "/request");
  std::optional<json::schema_validator> response_schema;
  if (const auto* response = object->if_contains("response")) {
    response_schema = in.schema(*response, where + "/response");
  }
  if (in.problem()) {
    return nullptr;
  }
  auto out = std::make_unique<port_document::operation>(
      port_document::operation{std::move(name),
                               std::move(path),
                               {},
                               {},
                               std::move(*request_schema),
                               std::move(response_schema)});
  const auto* idempotent = object->if_contains("idempotent");
  const auto* timeout = object->if_contains("timeout_ms");
  out->what = {out->name,
               {*method, out->path},
               idempotent != nullptr && idempotent->is_bool() && idempotent->as_bool()
                   ? idempotency::idempotent
                   : idempotency::not_idempotent,
               *how};
  if (timeout != nullptr && timeout->is_int64() && timeout->as_int64() > 0) {
    out->timeout = std::chrono::milliseconds(timeout->as_int64());
  }
  return out;
}

// Whether the text is what the schema asks for.
result<void> check_text(const json::schema_validator& schema, std::string_view text) {
  const auto value = json::decode<boost::json::value>(text);
  if (!value) {
    return fail(value.error());
  }
  return schema.check(*value);
}

// Nothing has been sent yet.
result<void> check_request(const port_document::operation& what, std::string_view text) {
  const auto fits = check_text(what.request, text);
  if (fits) {
    return fits;
  }
  error out = fits.error();
  if (const auto wrong = out.get<errors::serialization_error>()) {
    const auto message = "Request validation failed: " + std::string(wrong->message);
    out = errors::serialization_error{message, wrong->pointer, wrong->expected, wrong->actual};
  }
  return fail(out.with_sent(error_sent::not_sent));
}

result<void> check_answer(const port_document::operation& what, std::string_view text) {
  if (!what.response) {
    return {};
  }
  auto fits = check_text(*what.response, text.empty() ? "null" : text);
  return fits ? fits : result<void>(fail(detail::bad_reply(fits.error(), what.name)));
}

// Passes on what the schema accepts.
class checked_items final : public item_writer<std::string> {
 public:
  checked_items(const port_document::operation& what, item_writer<std::string>& to) noexcept
      : what_(what), to_(to) {}
  task<result<void>> write(context& cx, std::string item) override {
    auto good = check_answer(what_, item);
    if (good) {
      good = co_await to_.write(cx, std::move(item));
    }
    co_return good;
  }

 private:
  const port_document::operation& what_;
  item_writer<std::string>& to_;
};

}  // namespace

tl::expected<port_document, std::string> port_document::read(std::string_view text) {
  const auto parsed = json::decode<boost::json::value>(text);
  if (!parsed) {
    return tl::unexpected(parsed.error().message());
  }
  const auto* root = parsed->if_object();
  const auto* mark = root != nullptr ? root->if_contains("fairlead_port") : nullptr;
  const auto* list = root != nullptr ? root->if_contains("operations") : nullptr;
  if (mark == nullptr || list == nullptr || !list->is_array()) {
    return tl::unexpected(std::string(
        "it is no exported port: that has the members \"fairlead_port\" and \"operations\""));
  }
  if (*mark != 1) {
    return tl::unexpected(std::string("/fairlead_port is not 1: a newer fairlead wrote it"));
  }
  document_reader in(*root);
  auto made = std::make_shared<content>();
  made->name = in.text(*root, "name", "");
  made->version = in.text(*root, "version", "");
  for (const auto& one : list->as_array()) {
    const auto where = "/operations/" + std::to_string(made->operations.size());
    auto read = read_operation(in, one, where);
    if (in.problem()) {
      break;
    }
    made->operations.push_back(std::move(read));
  }
  if (in.problem()) {
    return tl::unexpected(*in.problem());
  }
  return port_document(std::move(made));
}

const std::string& port_document::name() const noexcept {
  return content_->name;
}
const std::string& port_document::version() const noexcept {
  return content_->version;
}

std::vector<std::string> port_document::names() const {
  std::vector<std::string> out;
  for (const auto& one : content_->operations) {
    out.push_back(one->name);
  }
  return out;
}

const port_document::operation* port_document::find(std::string_view name) const noexcept {
  for (const auto& one : content_->operations) {
    if (one->name == name) {
      return one.get();
    }
  }
  return nullptr;
}

task<result<std::string>> port_document::call(context& cx, transport& by, const operation& what,
                                              std::string_view request) {
  if (what.what.how != delivery::reply) {
    co_return fail(errors::invalid_argument{what.name, "is not answered with one value"});
  }
  auto good = check_request(what, request);
  if (!good) {
    co_return fail(std::move(good).error());
  }
  const detail::operation_limit own(cx, what.timeout);
  context known = detail::with_nature(own.under(), what.what.nature);
  auto reply = co_await by.call(known, what.what, request);
  if (!reply) {
    own.translate(what.name, reply.error());
    co_return reply;
  }
  if (auto fits = check_answer(what, *reply); !fits) {
    reply = fail(std::move(fits).error());
  }
  co_return reply;
}

task<result<void>> port_document::call_each(context& cx, transport& by, const operation& what,
                                            std::string_view request,
                                            item_writer<std::string>& to) {
  if (what.what.how == delivery::reply) {
    auto reply = co_await call(cx, by, what, request);
    if (!reply) {
      co_return fail(std::move(reply).error());
    }
    result<void> taken;
    if (!reply->empty()) {
      taken = co_await to.write(cx, std::move(*reply));
    }
    co_return taken;
  }
  auto good = check_request(what, request);
  if (!good) {
    co_return fail(std::move(good).error());
  }
  const detail::operation_limit own(cx, what.timeout);
  context known = detail::with_nature(own.under(), what.what.nature);
  result<void> done;
  if (what.what.how == delivery::one_way) {
    done = co_await by.send(known, what.what, request);
  } else {
    checked_items items(what, to);
    done = co_await by.stream(known, what.what, request, items);
  }
  if (!done) {
    own.translate(what.name, done.error());
  }
  co_return done;
}

}  // namespace fairlead
