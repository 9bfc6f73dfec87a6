// SPDX-License-Identifier: BSL-1.0
#include "detail/nats_info.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fairlead::detail::nats {

namespace {

namespace json = boost::json;

constexpr std::size_t most_urls = 64;
constexpr std::size_t longest_url = 300;

tl::unexpected<error> no_info(std::string_view why) {
  return fail(errors::protocol_error{{}, why});
}

// Reads members of an object; one of a wrong type is noted, one that is missing left alone.
class reader {
 public:
  explicit reader(const json::object& from) noexcept : from_(from) {}

  void read(std::string_view name, std::string& into) {
    if (const auto* v = find(name)) {
      const auto* text = v->if_string();
      wrong_ = wrong_ || text == nullptr;
      into = text != nullptr ? std::string(text->data(), text->size()) : into;
    }
  }
  void read(std::string_view name, bool& into) {
    if (const auto* v = find(name)) {
      const auto* flag = v->if_bool();
      wrong_ = wrong_ || flag == nullptr;
      into = flag != nullptr ? *flag : into;
    }
  }
  void read(std::string_view name, std::size_t& into) {
    if (const auto* v = find(name)) {
      const auto* n = v->if_int64();
      const bool good = n != nullptr && *n > 0;
      wrong_ = wrong_ || !good;
      into = good ? static_cast<std::size_t>(*n) : into;
    }
  }
  void read(std::string_view name, std::vector<std::string>& into) {
    const auto* v = find(name);
    const auto* list = v != nullptr ? v->if_array() : nullptr;
    wrong_ = wrong_ || (v != nullptr && list == nullptr);
    for (std::size_t i = 0; list != nullptr && i < list->size() && i < most_urls; ++i) {
      const auto* text = (*list)[i].if_string();
      wrong_ = wrong_ || text == nullptr;
      if (text != nullptr && text->size() <= longest_url) {
        into.emplace_back(text->data(), text->size());
      }
    }
  }
  [[nodiscard]] bool wrong() const noexcept { return wrong_; }

 private:
  // Null stands for what is not there.
  const json::value* find(std::string_view name) const {
    const auto* v = from_.if_contains(json::string_view(name.data(), name.size()));
    return v != nullptr && v->is_null() ? nullptr : v;
  }

  const json::object& from_;
  bool wrong_ = false;
};

bool contains(std::string_view text, std::string_view lower) noexcept {
  const auto equal = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  };
  return std::search(text.begin(), text.end(), lower.begin(), lower.end(), equal) != text.end();
}

}  // namespace

result<server_info> parse_info(std::string_view text) {
  json::error_code failed;
  const auto parsed = json::parse(json::string_view(text.data(), text.size()), failed);
  if (failed || !parsed.is_object()) {
    return no_info("an INFO that is no JSON object");
  }
  server_info out;
  reader in(parsed.get_object());
  in.read("server_name", out.name);
  in.read("version", out.version);
  in.read("max_payload", out.max_payload);
  in.read("headers", out.headers);
  in.read("auth_required", out.auth_required);
  in.read("tls_required", out.tls_required);
  in.read("tls_available", out.tls_available);
  in.read("ldm", out.lame_duck);
  in.read("connect_urls", out.connect_urls);
  if (in.wrong()) {
    return no_info("an INFO with a member of a wrong type");
  }
  return out;
}

std::string connect_line(const identity& who, bool over_tls) {
  json::object o;
  o["verbose"] = false;
  o["pedantic"] = false;
  o["tls_required"] = over_tls;
  o["lang"] = "c++";
  o["version"] = "1";
  o["protocol"] = 1;  // the server may tell of others, and of its own end
  o["headers"] = true;
  o["no_responders"] = true;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      o[json::string_view(name.data(), name.size())] = value;
    }
  };
  add("name", who.name);
  add("user", who.user);
  add("pass", who.password);
  add("auth_token", who.token);
  return "CONNECT " + json::serialize(o) + "\r\n";
}

error refused(std::string_view server, std::string_view reason) {
  const auto said = std::string(reason.substr(0, 300));
  error e = errors::unavailable{server, said, std::nullopt};
  if (contains(reason, "authorization violation") || contains(reason, "authentication")) {
    e = errors::application{"authorization_violation", said};
  } else if (contains(reason, "permissions violation")) {
    e = errors::application{"permissions_violation", said};
  }
  return e.with_sent(error_sent::not_sent);
}

violation parse_violation(std::string_view reason) noexcept {
  violation out;
  if (!contains(reason, "permissions violation")) {
    return out;
  }
  const auto open = reason.find('"');
  const auto close = open == std::string_view::npos ? open : reason.find('"', open + 1);
  if (close == std::string_view::npos) {
    return out;
  }
  out.what = contains(reason.substr(0, open), "subscription") ? violation::of::subscription
                                                              : violation::of::publish;
  out.subject = reason.substr(open + 1, close - open - 1);
  return out;
}

}  // namespace fairlead::detail::nats
