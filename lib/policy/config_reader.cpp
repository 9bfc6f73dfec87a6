// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/config_reader.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace fairlead::policy {

namespace {

using boost::json::value;

const value nothing;

std::string shortest(double d) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.12g", d);
  return text;
}

std::string range_in_words(const number_range& r) {
  if (r.low == -std::numeric_limits<double>::infinity()) {
    return "a number";
  }
  std::string out = r.low_open ? "a number above " : "a number of at least ";
  out += shortest(r.low);
  if (r.high != std::numeric_limits<double>::infinity()) {
    out += r.high_open ? " and below " : " and at most ";
    out += shortest(r.high);
  }
  return out;
}

bool lies_in(double d, const number_range& r) {
  return (r.low_open ? d > r.low : d >= r.low) && (r.high_open ? d < r.high : d <= r.high);
}

std::string list_of(std::initializer_list<std::string_view> choices) {
  std::string out = "one of";
  const char* before = " ";
  for (const auto c : choices) {
    out += before;
    out += "\"" + std::string(c) + "\"";
    before = ", ";
  }
  return out;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string pointer_below(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string in_words(const value& v) {
  if (v.is_object()) {
    return "an object";
  }
  if (v.is_array()) {
    return "an array";
  }
  auto text = boost::json::serialize(v);
  constexpr std::size_t enough = 60;
  if (text.size() > enough) {
    text.resize(enough);
    text += "...";
  }
  return text;
}

std::optional<std::string> nearest(std::string_view given, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  auto least = std::max<std::size_t>(2, given.size() / 3) + 1;
  for (const auto& k : known) {
    const auto d = distance(given, k);
    if (d < least) {
      least = d;
      best = k;
    }
  }
  return best;
}

config_reader::config_reader(const value& v, std::string pointer, problems& found)
    : value_(&v), object_(v.if_object()), pointer_(std::move(pointer)), problems_(&found) {
  if (object_ == nullptr) {
    problem("expected an object, not " + in_words(v));
  }
}

config_reader::config_reader(boost::json::object& schema, problems& unused)
    : problems_(&unused), schema_(&schema) {
  schema["type"] = "object";
  schema["properties"].emplace_object();
  schema["additionalProperties"] = false;
}

bool config_reader::has(std::string_view key) const {
  return object_ != nullptr && object_->contains(key);
}

std::string config_reader::pointer_to(std::string_view key) const {
  return pointer_below(pointer_, key);
}

void config_reader::problem_at(std::string_view key, std::string text) {
  problems_->push_back({pointer_to(key), std::move(text)});
}

void config_reader::problem(std::string text) {
  problems_->push_back({pointer_, std::move(text)});
}

void config_reader::problem_below(std::string pointer, std::string text) {
  problems_->push_back({std::move(pointer), std::move(text)});
}

boost::json::object* config_reader::schema_of(std::string_view key) {
  return schema_ == nullptr ? nullptr : &note(key, "");
}

const value* config_reader::find(std::string_view key) {
  known_.emplace_back(key);
  return object_ == nullptr ? nullptr : object_->if_contains(key);
}

const value* config_reader::require(std::string_view key) {
  const auto* v = find(key);
  if (v == nullptr && object_ != nullptr) {
    problem_at(key, "missing");
  }
  note_required(key);
  return v;
}

void config_reader::wrong(std::string_view key, const value& got, std::string expected) {
  problem_at(key, "expected " + std::move(expected) + ", not " + in_words(got));
}

boost::json::object& config_reader::note(std::string_view key, std::string_view type) {
  auto& entry = schema_->at("properties").as_object()[key];
  auto& made = entry.is_object() ? entry.as_object() : entry.emplace_object();
  if (!type.empty()) {
    made["type"] = type;
  }
  return made;
}

void config_reader::note_required(std::string_view key) {
  if (schema_ != nullptr) {
    auto& list = (*schema_)["required"];
    (list.is_array() ? list.as_array() : list.emplace_array()).emplace_back(key);
  }
}

std::optional<double> config_reader::real(std::string_view key, const value* v,
                                          const number_range& allowed) {
  if (schema_ != nullptr) {
    auto& made = note(key, "number");
    if (allowed.low != -std::numeric_limits<double>::infinity()) {
      made[allowed.low_open ? "exclusiveMinimum" : "minimum"] = allowed.low;
    }
    if (allowed.high != std::numeric_limits<double>::infinity()) {
      made[allowed.high_open ? "exclusiveMaximum" : "maximum"] = allowed.high;
    }
  }
  if (v == nullptr) {
    return std::nullopt;
  }
  boost::system::error_code ec;
  const auto d = v->is_number() ? v->to_number<double>(ec) : 0.0;
  if (!v->is_number() || ec || !std::isfinite(d) || !lies_in(d, allowed)) {
    wrong(key, *v, range_in_words(allowed));
    return std::nullopt;
  }
  return d;
}

duration config_reader::to_duration(double ms) {
  constexpr double ns_per_ms = 1e6;
  const double ns = std::nearbyint(ms * ns_per_ms);
  // What does not fit is for ever.
  return ns >= 9.2e18 ? duration::max()
                      : std::chrono::duration_cast<duration>(
                            std::chrono::nanoseconds(static_cast<std::int64_t>(ns)));
}

duration config_reader::ms(std::string_view key, duration otherwise, number_range allowed) {
  const auto d = real(key, find(key), allowed);
  return d ? to_duration(*d) : otherwise;
}

duration config_reader::signed_ms(std::string_view key, duration otherwise) {
  const auto d = real(key, find(key), {.low = -std::numeric_limits<double>::infinity()});
  if (!d) {
    return otherwise;
  }
  return *d < 0 ? -to_duration(-*d) : to_duration(*d);
}

duration config_reader::required_ms(std::string_view key, number_range allowed) {
  const auto d = real(key, require(key), allowed);
  return d ? to_duration(*d) : std::chrono::milliseconds(1);
}

std::optional<std::uint32_t> config_reader::whole(std::string_view key, const value* v,
                                                  std::uint32_t low, std::uint32_t high) {
  if (schema_ != nullptr) {
    auto& made = note(key, "integer");
    made["minimum"] = low;
    made["maximum"] = high;
  }
  if (v == nullptr) {
    return std::nullopt;
  }
  boost::system::error_code ec;
  const auto d = v->is_number() ? v->to_number<double>(ec) : -1.0;
  if (!v->is_number() || ec || d != std::floor(d) || d < low || d > high) {
    const bool bounded =
        high != static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
    wrong(key, *v,
          "an integer of at least " + std::to_string(low) +
              (bounded || d > high ? " and at most " + std::to_string(high) : std::string()));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(d);
}

std::uint32_t config_reader::count(std::string_view key, std::uint32_t otherwise, std::uint32_t low,
                                   std::uint32_t high) {
  return whole(key, find(key), low, high).value_or(otherwise);
}

std::uint32_t config_reader::required_count(std::string_view key, std::uint32_t low,
                                            std::uint32_t high) {
  return whole(key, require(key), low, high).value_or(low);
}

double config_reader::number(std::string_view key, double otherwise, number_range allowed) {
  return real(key, find(key), allowed).value_or(otherwise);
}

double config_reader::required_number(std::string_view key, number_range allowed) {
  return real(key, require(key), allowed).value_or(allowed.low);
}

bool config_reader::flag(std::string_view key, bool otherwise) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    note(key, "boolean");
  }
  if (v == nullptr) {
    return otherwise;
  }
  if (!v->is_bool()) {
    wrong(key, *v, "true or false");
    return otherwise;
  }
  return v->as_bool();
}

std::string config_reader::text(std::string_view key, std::string_view otherwise) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    note(key, "string")["minLength"] = 1;
  }
  if (v == nullptr) {
    return std::string(otherwise);
  }
  if (!v->is_string() || v->as_string().empty()) {
    wrong(key, *v, "a text that is not empty");
    return std::string(otherwise);
  }
  return std::string(v->as_string());
}

std::string config_reader::required_text(std::string_view key) {
  auto out = text(key, {});
  if (object_ != nullptr && !has(key)) {
    problem_at(key, "missing");
  }
  note_required(key);
  return out;
}

std::size_t config_reader::choice(std::string_view key,
                                  std::initializer_list<std::string_view> choices,
                                  std::size_t otherwise) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    auto& list = note(key, "")["enum"].emplace_array();
    for (const auto c : choices) {
      list.emplace_back(c);
    }
  }
  if (v == nullptr) {
    return otherwise;
  }
  if (v->is_string()) {
    const auto at = std::find(choices.begin(), choices.end(), std::string_view(v->as_string()));
    if (at != choices.end()) {
      return static_cast<std::size_t>(at - choices.begin());
    }
  }
  wrong(key, *v, list_of(choices));
  return otherwise;
}

std::size_t config_reader::required_choice(std::string_view key,
                                           std::initializer_list<std::string_view> choices) {
  const auto out = choice(key, choices, 0);
  if (object_ != nullptr && !has(key)) {
    problem_at(key, "missing: " + list_of(choices));
  }
  note_required(key);
  return out;
}

const value& config_reader::any(std::string_view key) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    note(key, "");
  }
  return v == nullptr ? nothing : *v;
}

void config_reader::object(std::string_view key, const std::function<void(config_reader&)>& read) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    config_reader inner(note(key, "object"), *problems_);
    read(inner);
    return;
  }
  if (v != nullptr) {
    config_reader inner(*v, pointer_to(key), *problems_);
    if (inner.object_ != nullptr) {
      read(inner);
      inner.finish();
    }
  }
}

void config_reader::kinds(std::string_view tag, const std::vector<kind>& known) {
  if (schema_ != nullptr) {
    boost::json::array forms;
    for (const auto& k : known) {
      boost::json::object form;
      config_reader inner(form, *problems_);
      inner.note(tag, "")["const"] = k.name;
      inner.note_required(tag);
      k.read(inner);
      // What holds for every kind stands beside.
      for (const auto& common : schema_->at("properties").as_object()) {
        form.at("properties").as_object().insert(common);
      }
      forms.push_back(std::move(form));
    }
    schema_->clear();
    (*schema_)["oneOf"] = std::move(forms);
    return;
  }
  std::string all = "one of";
  const char* before = " ";
  for (const auto& k : known) {
    all += before + ("\"" + std::string(k.name) + "\"");
    before = ", ";
  }
  const auto* v = find(tag);
  if (v == nullptr) {
    if (object_ != nullptr) {
      problem_at(tag, "missing: " + all);
    }
    return;
  }
  for (const auto& k : known) {
    if (v->is_string() && std::string_view(v->as_string()) == k.name) {
      k.read(*this);
      return;
    }
  }
  wrong(tag, *v, all);
  ignore_rest();
}

void config_reader::ignore_rest() {
  if (object_ != nullptr) {
    for (const auto& member : *object_) {
      known_.emplace_back(member.key());
    }
  }
}

void config_reader::kinds(std::string_view key, std::string_view tag,
                          const std::vector<kind>& known) {
  object(key, [&](config_reader& inner) { inner.kinds(tag, known); });
}

void config_reader::numbers(std::string_view key, std::vector<double>& out, number_range allowed) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    note(key, "array")["items"] = {{"type", "number"}};
    return;
  }
  if (v == nullptr) {
    return;
  }
  if (!v->is_array()) {
    wrong(key, *v, "an array of numbers");
    return;
  }
  std::size_t i = 0;
  for (const auto& element : v->as_array()) {
    boost::system::error_code ec;
    const auto d = element.is_number() ? element.to_number<double>(ec) : 0.0;
    if (!element.is_number() || ec || !lies_in(d, allowed)) {
      problem_below(pointer_below(pointer_to(key), std::to_string(i)),
                    "expected " + range_in_words(allowed) + ", not " + in_words(element));
    } else {
      out.push_back(d);
    }
    ++i;
  }
}

void config_reader::know(std::initializer_list<std::string_view> keys) {
  for (const auto k : keys) {
    known_.emplace_back(k);
  }
}

void config_reader::each(std::string_view key, const std::function<void(config_reader&)>& read) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    auto& made = note(key, "array");
    config_reader inner(made["items"].emplace_object(), *problems_);
    read(inner);
    return;
  }
  if (v == nullptr) {
    return;
  }
  if (!v->is_array()) {
    wrong(key, *v, "an array");
    return;
  }
  std::size_t i = 0;
  for (const auto& element : v->as_array()) {
    config_reader inner(element, pointer_below(pointer_to(key), std::to_string(i++)), *problems_);
    if (inner.object_ != nullptr) {
      read(inner);
      inner.finish();
    }
  }
}

void config_reader::members(
    std::string_view key, const std::function<void(std::string_view name, config_reader&)>& read) {
  const auto* v = find(key);
  if (schema_ != nullptr) {
    auto& made = note(key, "object");
    config_reader inner(made["additionalProperties"].emplace_object(), *problems_);
    read("", inner);
    return;
  }
  if (v == nullptr) {
    return;
  }
  if (!v->is_object()) {
    wrong(key, *v, "an object");
    return;
  }
  for (const auto& member : v->as_object()) {
    config_reader inner(member.value(), pointer_below(pointer_to(key), member.key()), *problems_);
    if (inner.object_ != nullptr) {
      read(member.key(), inner);
      inner.finish();
    }
  }
}

void config_reader::finish() {
  if (object_ == nullptr) {
    return;
  }
  for (const auto& member : *object_) {
    const std::string key(member.key());
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) {
      continue;
    }
    std::string text = "unknown key";
    if (const auto meant = nearest(key, known_)) {
      text += "; did you mean \"" + *meant + "\"?";
    } else {
      text += "; known are";
      const char* before = " ";
      auto sorted = known_;
      std::sort(sorted.begin(), sorted.end());
      sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
      for (const auto& k : sorted) {
        text += before + k;
        before = ", ";
      }
    }
    problem_at(key, text);
  }
}

}  // namespace fairlead::policy
