// SPDX-License-Identifier: BSL-1.0
// Holds a document against a compiled schema.
//
// How it works: a recursive descent over the value, at each place through the nodes that ask
// something there. Depth is bounded; so is the work, which alternatives within alternatives could
// multiply. Alternatives collect their problems apart, and only those of the one that was probably
// meant are told.
#include <fairlead/json/schema_validator.hpp>

#include "rules.hpp"
#include "schema_program.hpp"
#include "timestamp.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fairlead::json {

namespace {

using boost::json::kind;
using boost::json::value;
using detail::schema_node;
using id = schema_node::id;

// References and levels of the value together.
constexpr std::size_t deepest_check = 500;

std::uint8_t types_of(const value& v) {
  switch (v.kind()) {
    case kind::null:
      return detail::null_type;
    case kind::bool_:
      return detail::boolean_type;
    case kind::int64:
    case kind::uint64:
      return detail::integer_type | detail::number_type;
    case kind::double_: {
      const auto d = v.get_double();
      return std::trunc(d) == d ? detail::integer_type | detail::number_type : detail::number_type;
    }
    case kind::string:
      return detail::string_type;
    case kind::array:
      return detail::array_type;
    case kind::object:
      return detail::object_type;
  }
  return 0;
}

bool in_range(const rule& r, bound x) {
  return (r.above ? x > r.low : x >= r.low) && (r.below ? x < r.high : x <= r.high);
}

class checker {
 public:
  explicit checker(const schema_validator::program& all, std::size_t limit)
      : all_(all), limit_(limit) {}

  std::vector<problem> run(const value& document) {
    problems_ = {};
    (void)check(0, document);
    return std::move(problems_);
  }

 private:
  // Goes one level deeper, if that is allowed.
  class level {
   public:
    explicit level(checker& c) : checker_(c) { ++checker_.depth_; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --checker_.depth_; }

   private:
    checker& checker_;
  };

  // A member or an item for as long as it is looked at.
  class inside {
   public:
    template <class Token>
    inside(checker& c, const Token& token) : checker_(c), size_(c.pointer_.size()) {
      detail::append_token(checker_.pointer_, token);
    }
    inside(const inside&) = delete;
    inside& operator=(const inside&) = delete;
    ~inside() { checker_.pointer_.resize(size_); }

   private:
    checker& checker_;
    std::size_t size_;
  };

  [[nodiscard]] bool full() const { return stopped_ || problems_.size() >= limit_; }

  bool report(std::string_view message, std::string expected, std::string actual) {
    if (!full()) {
      problems_.push_back({std::string(message), pointer_, std::move(expected), std::move(actual)});
    }
    return false;
  }

  // False when all that was allowed has been done.
  bool spend(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ <= all_.limits.max_steps || stopped_) {
      return !stopped_;
    }
    return give_up("too much work to check",
                   "at most " + std::to_string(all_.limits.max_steps) + " steps");
  }
  bool give_up(std::string_view message, std::string expected) {
    problems_.clear();  // of alternatives that nobody can compare any more
    (void)report(message, std::move(expected), "more");
    stopped_ = true;
    return false;
  }

  // True when `v` fits; else there is at least one problem more.
  bool check(id which, const value& v) {
    const level one_more(*this);
    if (depth_ > deepest_check) {
      return !stopped_ &&
             give_up("nested too deeply", "at most " + std::to_string(deepest_check) + " levels");
    }
    if (full() || !spend(1)) {
      return false;
    }
    const auto& n = all_.nodes[which];
    if (n.refuses_all) {
      return report("constraint not met", "nothing", detail::shown_value(v));
    }
    const auto types = types_of(v);
    if (n.types != 0 && (n.types & types) == 0) {
      return report("wrong type", detail::describe(all_, which), detail::shown_value(v));
    }
    bool fits = check_allowed(n, which, v);
    switch (v.kind()) {
      case kind::string:
        fits = check_string(n, v) && fits;
        break;
      case kind::array:
        fits = check_array(n, v) && fits;
        break;
      case kind::object:
        fits = check_object(n, v) && fits;
        break;
      case kind::int64:
      case kind::uint64:
      case kind::double_:
        fits = check_number(n, v) && fits;
        break;
      default:
        break;
    }
    return check_combined(n, v) && fits;
  }

  bool check_allowed(const schema_node& n, id which, const value& v) {
    if (!n.allowed) {
      return true;
    }
    for (const auto& one : *n.allowed) {
      if (!spend(1)) {
        return false;
      }
      if (detail::same_json(one, v)) {
        return true;
      }
    }
    return report("unknown value", detail::describe(all_, which), detail::shown_value(v));
  }

  bool check_number(const schema_node& n, const value& v) {
    if (!n.range || in_range(*n.range, detail::number_of(v))) {
      return true;
    }
    const auto type = n.types == detail::integer_type ? detail::integer_type : detail::number_type;
    return report("constraint not met", detail::describe_rule(*n.range, type),
                  detail::shown_value(v));
  }

  bool check_string(const schema_node& n, const value& v) {
    const std::string_view text(v.get_string());
    bool fits = true;
    if (n.length) {
      if (!in_range(*n.length, static_cast<bound>(detail::code_points(text)))) {
        fits = report("constraint not met", detail::describe_rule(*n.length, detail::string_type),
                      detail::shown_size(v));
      }
    }
    if (n.pattern) {
      if (!spend(text.size() * n.pattern->program.count / 8)) {
        return false;
      }
      if (!matches(n.pattern->program, text)) {
        fits = report("constraint not met", "string matching " + n.pattern->text,
                      detail::shown_value(v));
      }
    }
    if (n.format) {
      const bool right =
          n.format->kind == rule_kind::email ? detail::is_email(text) : detail::is_url(text);
      if (!right) {
        fits = report("constraint not met", detail::describe_rule(*n.format, detail::string_type),
                      detail::shown_value(v));
      }
    }
    if (n.is_date_time && !detail::parse_timestamp(text, 1)) {
      fits = report("wrong format", "RFC 3339 timestamp", detail::shown_value(v));
    }
    return fits;
  }

  bool check_array(const schema_node& n, const value& v) {
    const auto& list = v.get_array();
    bool fits = true;
    if (n.items && !in_range(*n.items, static_cast<bound>(list.size()))) {
      fits = report("constraint not met", detail::describe_rule(*n.items, detail::array_type),
                    detail::shown_size(v));
    }
    for (std::size_t i = 0; i < list.size() && !full(); ++i) {
      const auto which =
          i < n.prefix_items.size() ? std::optional(n.prefix_items[i]) : n.other_items;
      if (!which) {
        break;  // nothing is asked of the rest
      }
      const inside here(*this, i);
      fits = check(*which, list[i]) && fits;
    }
    return fits;
  }

  bool check_object(const schema_node& n, const value& v) {
    const auto& object = v.get_object();
    bool fits = true;
    if (n.members && !in_range(*n.members, static_cast<bound>(object.size()))) {
      fits = report("constraint not met", detail::describe_rule(*n.members, detail::object_type),
                    detail::shown_size(v));
    }
    if (!spend(n.required.size())) {
      return false;
    }
    for (const auto& name : n.required) {
      if (!object.contains(name)) {
        const inside here(*this, name);
        const auto known = n.properties.find(name);
        fits = report(
            "missing member",
            known == n.properties.end() ? "any value" : detail::describe(all_, known->second),
            "missing");
      }
    }
    if (n.properties.empty() && !n.additional) {
      return fits;
    }
    for (const auto& member : object) {
      if (full()) {
        return false;
      }
      const std::string_view name = member.key();
      const auto known = n.properties.find(name);
      if (known == n.properties.end() && !n.additional) {
        continue;
      }
      const inside here(*this, name);
      if (known != n.properties.end()) {
        fits = check(known->second, member.value()) && fits;
      } else if (all_.nodes[*n.additional].refuses_all) {
        fits = report("unknown member", detail::describe_members(n),
                      detail::shown_value(member.value()));
      } else {
        fits = check(*n.additional, member.value()) && fits;
      }
    }
    return fits;
  }

  bool check_combined(const schema_node& n, const value& v) {
    bool fits = !n.target || check(*n.target, v);
    for (const auto one : n.all_of) {
      fits = check(one, v) && fits;
    }
    if (!n.any_of.empty()) {
      fits = check_alternatives(n.any_of, v, false) && fits;
    }
    if (!n.one_of.empty()) {
      fits = check_alternatives(n.one_of, v, true) && fits;
    }
    if (n.is_not) {
      const auto found = apart(*n.is_not, v);
      if (found.fits) {
        fits = report("constraint not met", "not " + detail::describe(all_, *n.is_not),
                      detail::shown_value(v));
      }
    }
    return fits && !stopped_;
  }

  struct attempt {
    bool fits = false;
    std::vector<problem> problems;
  };

  // Checks without telling.
  attempt apart(id which, const value& v) {
    auto kept = std::exchange(problems_, {});
    const auto limit = std::exchange(limit_, max_problems);
    attempt out;
    out.fits = check(which, v);
    limit_ = limit;
    if (stopped_) {
      return out;  // what is told is why
    }
    out.problems = std::exchange(problems_, std::move(kept));
    return out;
  }

  // Whether an alternative fails on more than what kind of value it is for.
  [[nodiscard]] bool was_meant(const attempt& a) const {
    return std::none_of(a.problems.begin(), a.problems.end(), [&](const problem& p) {
      if (p.message == "wrong type") {
        return p.pointer == pointer_;
      }
      // A constant of the value itself or of one of its members: a tag.
      return p.message == "unknown value" &&
             p.pointer.find('/', pointer_.size() + 1) == std::string::npos;
    });
  }

  bool check_alternatives(const std::vector<id>& all, const value& v, bool only_one) {
    std::vector<attempt> failed;
    std::size_t fitting = 0;
    for (const auto one : all) {
      auto tried = apart(one, v);
      if (stopped_) {
        return false;
      }
      if (!tried.fits) {
        failed.push_back(std::move(tried));
        continue;
      }
      if (!only_one) {
        return true;
      }
      if (++fitting == 2) {
        return report("constraint not met", "exactly one of the alternatives",
                      "more than one of them");
      }
    }
    if (fitting == 1) {
      return true;
    }
    const auto meant = [&](const attempt& a) { return was_meant(a); };
    const auto first = std::find_if(failed.begin(), failed.end(), meant);
    if (first != failed.end() && std::find_if(first + 1, failed.end(), meant) == failed.end()) {
      for (auto& p : first->problems) {
        if (!full()) {
          problems_.push_back(std::move(p));
        }
      }
      return false;
    }
    return report("constraint not met", describe_any(all), detail::shown_value(v));
  }

  // What is too long to be read, and what says nothing, is left out.
  [[nodiscard]] std::string describe_any(const std::vector<id>& all) const {
    constexpr std::size_t most = 200;
    std::string out;
    bool whole = true;
    for (const auto one : all) {
      const auto text = detail::describe(all_, one);
      if (out.find(text) != std::string::npos) {
        continue;
      }
      if (text == "any value" || out.size() + text.size() >= most) {
        whole = false;
        continue;
      }
      out += (out.empty() ? "" : " or ") + text;
    }
    if (out.empty()) {
      return "one of the alternatives";
    }
    return whole ? out : out + " or another alternative";
  }

  const schema_validator::program& all_;
  std::size_t limit_;
  std::vector<problem> problems_;
  std::string pointer_;
  std::size_t depth_ = 0;
  std::uint64_t steps_ = 0;
  bool stopped_ = false;
};

}  // namespace

std::vector<problem> schema_validator::validate(const boost::json::value& document) const {
  return checker(*compiled_, max_problems).run(document);
}

result<void> schema_validator::check(const boost::json::value& document) const {
  const auto problems = checker(*compiled_, 1).run(document);
  if (problems.empty()) {
    return {};
  }
  return tl::unexpected<error>(problems.front().to_error());
}

}  // namespace fairlead::json
