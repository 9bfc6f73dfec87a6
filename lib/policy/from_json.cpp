// SPDX-License-Identifier: BSL-1.0
// How it works: budgets are read first, then the policies, each by the reader of its type. A policy
// whose JSON is the same as before a reload goes on with the handle that it had.
#include <fairlead/policy/from_json.hpp>

#include "detail/config_text.hpp"
#include "detail/policy_readers.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace fairlead::policy {

namespace {

using boost::json::value;
using detail::policy_type;
using detail::reading;

class reader {
 public:
  reader(config_reader& from, const config_options& options) : from_(from), options_(options) {}

  std::optional<configuration> read() {
    const auto before = from_.problem_count();
    out_.budgets =
        read_budgets(from_, options_.carry_over == nullptr ? std::vector<configured_budget>{}
                                                           : options_.carry_over->budgets);
    budgets_ = out_.budgets;
    for (const auto& b : budgets_) {
      names_.emplace_back(b.name,
                          "the budget at " + pointer_below(from_.pointer_to("budgets"), b.name));
    }
    if (options_.shared_budgets != nullptr) {
      budgets_.insert(budgets_.end(), options_.shared_budgets->begin(),
                      options_.shared_budgets->end());
    }
    if (!from_.recording() && !from_.has("policies")) {
      from_.problem_at("policies", "missing: a list of policies, the outermost first");
    }
    from_.each("policies", [&](config_reader& one) { read_one_policy(one); });
    refuse_impossible();
    if (from_.recording() || from_.problem_count() != before) {
      return std::nullopt;
    }
    out_.stack = any_stack(std::move(layers_));
    return std::move(out_);
  }

 private:
  void read_one_policy(config_reader& one) {
    if (one.recording()) {
      write_schema(one);
      return;
    }
    std::vector<std::string> known = options_.extension.types;
    for (const auto& t : detail::policy_types()) {
      known.emplace_back(t.name);
    }
    const auto type = one.required_text("type");
    if (type.empty()) {
      one.ignore_rest();
      return;
    }
    const auto name = one.text("name", type);
    if (std::find(known.begin(), known.end(), type) == known.end()) {
      const auto meant = nearest(type, known);
      one.problem_at("type", "there is no policy \"" + type + "\"" +
                                 (meant ? "; did you mean \"" + *meant + "\"?" : std::string()));
      one.ignore_rest();
      return;
    }
    std::optional<detail::read_policy> made;
    if (options_.extension.read) {
      if (auto layer = options_.extension.read(type, one)) {
        made = detail::read_policy{std::move(*layer)};
      }
    }
    if (!made) {
      const auto types = detail::policy_types();
      const auto own = std::find_if(types.begin(), types.end(),
                                    [&](const policy_type& t) { return t.name == type; });
      if (own == types.end()) {
        return;  // the extension has said why
      }
      made = own->read(one, name, {budgets_, options_.origin});
    }
    take_name(one, name, made && made->state.index() != 0);
    if (made) {
      add(one, name, type, std::move(*made));
    }
  }

  // Names of budgets, and of policies with state, stand for them in reports and actions: they must
  // differ.
  void take_name(config_reader& one, const std::string& name, bool state) {
    const auto twice =
        std::find_if(names_.begin(), names_.end(), [&](const auto& n) { return n.first == name; });
    const bool given = one.has("name");
    if (twice != names_.end() && (state || given)) {
      if (given) {
        one.problem_at("name", twice->second + " has the name \"" + name + "\" already");
      } else {
        one.problem(twice->second + " has the name \"" + name +
                    "\" already: give this one a \"name\"");
      }
    }
    if (state || given) {
      names_.emplace_back(name, "the policy at " + one.pointer());
    }
  }

  void add(config_reader& one, const std::string& name, const std::string& type,
           detail::read_policy made) {
    auto shape = boost::json::serialize(one.whole());
    for (const auto& b : budgets_) {
      if (one.has("budget")) {
        shape += b.name + b.shape;  // another budget makes it another policy
      }
    }
    if (options_.carry_over != nullptr && made.state.index() != 0) {
      const auto* old = options_.carry_over->find(name);
      if (old != nullptr && old->type == type && old->shape == shape) {
        made.state = old->state;
        made.layer = *detail::layer_around(made.state);
      }
    }
    layers_.push_back(made.layer);
    pointers_.push_back(one.pointer());
    out_.policies.push_back({name, type, std::move(made.state), std::move(shape)});
  }

  void refuse_impossible() {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      for (std::size_t j = i + 1; j < layers_.size(); ++j) {
        if (layers_[i].nature().repeats && layers_[j].nature().answers_everything) {
          from_.problem_below(pointers_[i], "never sees a failure, since the fallback at " +
                                                pointers_[j] +
                                                " answers every error: put the fallback outside");
        }
      }
    }
  }

  void write_schema(config_reader& one) {
    std::vector<config_reader::kind> kinds;
    for (const auto& t : detail::policy_types()) {
      kinds.push_back({t.name, [&t, this](config_reader& k) {
                         static_cast<void>(k.text("name", {}));
                         static_cast<void>(t.read(k, "", {budgets_, options_.origin}));
                       }});
    }
    one.kinds("type", kinds);
  }

  config_reader& from_;
  const config_options& options_;
  configuration out_;
  std::vector<configured_budget> budgets_;  // those that policies may name
  std::vector<any_layer> layers_;
  std::vector<std::string> pointers_;
  std::vector<std::pair<std::string, std::string>> names_;  // and whose they are
};

}  // namespace

const configured_policy* configuration::find(std::string_view name) const noexcept {
  for (const auto& p : policies) {
    if (p.name == name) {
      return &p;
    }
  }
  return nullptr;
}

std::optional<configuration> read_config(config_reader& from, const config_options& options) {
  return reader(from, options).read();
}

tl::expected<configuration, config_problems> read_config(const value& document,
                                                         const config_options& options) {
  config_problems found;
  config_reader from(document, "", found);
  std::optional<configuration> out;
  if (found.empty()) {
    out = read_config(from, options);
    from.finish();
  }
  if (!found.empty()) {
    return tl::unexpected<config_problems>(std::move(found));
  }
  return std::move(*out);
}

result<configuration> from_json(std::string_view text, const config_options& options) {
  const auto document = detail::parse_config(text);
  if (!document) {
    return tl::unexpected<error>(document.error());
  }
  auto out = read_config(*document, options);
  if (!out) {
    return tl::unexpected<error>(detail::error_of(out.error()));
  }
  return std::move(*out);
}

std::vector<configured_budget> read_budgets(config_reader& from,
                                            const std::vector<configured_budget>& before) {
  std::vector<configured_budget> out;
  from.members("budgets", [&](std::string_view name, config_reader& one) {
    auto shape = one.recording() ? std::string() : boost::json::serialize(one.whole());
    auto budget = detail::read_budget(one, name);
    if (!budget) {
      return;
    }
    for (const auto& old : before) {
      if (old.name == name && old.shape == shape) {
        budget = old.budget;
      }
    }
    out.push_back({std::string(name), std::string(one.whole().at("kind").as_string()), *budget,
                   std::move(shape)});
  });
  return out;
}

value config_schema() {
  boost::json::object schema;
  config_problems unused;
  config_reader from(schema, unused);
  static_cast<void>(read_config(from, {}));
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["required"] = boost::json::array{"policies"};
  return schema;
}

}  // namespace fairlead::policy
