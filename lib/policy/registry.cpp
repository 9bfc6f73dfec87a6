// SPDX-License-Identifier: BSL-1.0
// How it works: every name has a slot, which entries share, with the configuration of the moment. A
// document is read completely before the first slot changes.
#include <fairlead/policy/registry.hpp>

#include "detail/config_text.hpp"

#include <map>
#include <mutex>

namespace fairlead::policy {

struct registry::slot {
  mutable std::mutex mutex;
  std::shared_ptr<const configuration> now;  // guarded by the mutex
};

struct registry::shared {
  mutable std::mutex mutex;  // of one load at a time, and of the map
  std::map<std::string, std::shared_ptr<slot>, std::less<>> slots;
  std::vector<configured_budget> budgets;
};

std::shared_ptr<const configuration> registry::entry::current() const {
  const std::lock_guard lock(slot_->mutex);
  return slot_->now;
}

registry::registry() : shared_(std::make_unique<shared>()) {}
registry::~registry() = default;

result<void> registry::load(std::string_view text) {
  const auto document = detail::parse_config(text);
  if (!document) {
    return tl::unexpected<error>(document.error());
  }
  auto loaded = load_document(*document);
  if (!loaded) {
    return tl::unexpected<error>(detail::error_of(loaded.error()));
  }
  return {};
}

tl::expected<void, config_problems> registry::load_document(const boost::json::value& document) {
  const std::lock_guard lock(shared_->mutex);
  config_problems found;
  config_reader from(document, "", found);
  auto budgets = read_budgets(from, shared_->budgets);
  std::map<std::string, std::shared_ptr<const configuration>> made;
  if (!from.has("stacks")) {
    from.problem_at("stacks", "missing: the stacks by their names");
  }
  from.members("stacks", [&](std::string_view name, config_reader& one) {
    config_options options;
    options.shared_budgets = &budgets;
    std::shared_ptr<const configuration> before;
    if (const auto known = shared_->slots.find(name); known != shared_->slots.end()) {
      before = known->second->now;  // only written under this mutex
      options.carry_over = before.get();
    }
    if (auto config = read_config(one, options)) {
      made.emplace(name, std::make_shared<const configuration>(std::move(*config)));
    }
  });
  from.finish();
  if (!found.empty()) {
    return tl::unexpected<config_problems>(std::move(found));
  }
  shared_->budgets = std::move(budgets);
  for (auto& [name, config] : made) {
    auto& at = shared_->slots[name];
    if (!at) {
      at = std::make_shared<slot>();
    }
    const std::lock_guard slot_lock(at->mutex);
    at->now = std::move(config);
  }
  return {};
}

result<registry::entry> registry::find(std::string_view name) const {
  const std::lock_guard lock(shared_->mutex);
  const auto at = shared_->slots.find(name);
  if (at != shared_->slots.end()) {
    return entry(at->second);
  }
  std::string known;
  for (const auto& s : shared_->slots) {
    known += (known.empty() ? "" : ", ") + s.first;
  }
  const auto reason = "there is no stack \"" + std::string(name) +
                      "\"; loaded are: " + (known.empty() ? std::string("none") : known);
  return fail(errors::invalid_argument{"policy::registry", reason});
}

std::vector<std::string> registry::names() const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<std::string> out;
  for (const auto& s : shared_->slots) {
    out.push_back(s.first);
  }
  return out;
}

}  // namespace fairlead::policy
