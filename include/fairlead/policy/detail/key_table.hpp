// SPDX-License-Identifier: BSL-1.0
// The table behind `keyed`: a bounded number of things by key, the longest unused forgotten first.
#pragma once

#include <fairlead/policy/keyed_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy::detail {

/// What is kept per key.
class key_slot {
 public:
  key_slot() = default;
  key_slot(const key_slot&) = delete;
  key_slot& operator=(const key_slot&) = delete;
  virtual ~key_slot() = default;
  /// True when nothing is lost if it is made anew later.
  [[nodiscard]] virtual bool forgettable(time_point now) const = 0;
};

/// *Thread safety*: every member may be called from any thread.
class key_table {
 public:
  using maker = std::function<std::shared_ptr<key_slot>()>;

  /// `options` must be free of problems; `make` is called under a lock.
  key_table(const keyed_options& options, maker make);
  key_table(const key_table&) = delete;
  key_table& operator=(const key_table&) = delete;
  ~key_table();

  /// The slot of `key`, made when there is none; null when there is no room. Who holds it keeps it
  /// from being forgotten.
  [[nodiscard]] std::shared_ptr<key_slot> find(std::string_view key, time_point now);

  std::size_t forget_idle(time_point now);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<std::string> keys() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::policy::detail
