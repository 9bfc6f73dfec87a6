// SPDX-License-Identifier: BSL-1.0
// Goes over a value by its descriptor, checks it, and writes it when there is a writer.
#pragma once

#include "text.hpp"
#include "writer.hpp"

#include <fairlead/json/problem.hpp>

#include <boost/json/fwd.hpp>

#include <vector>

namespace fairlead::json::detail {

/// Deepest nesting of a value; recursive types could go on until the stack ends.
inline constexpr std::size_t max_value_depth = 1000;

class walker {
 public:
  /// Stops after `limit` problems. `out` is null for checks only.
  walker(writer* out, std::size_t limit) : out_(out), limit_(limit) {}

  void run(const type_desc& type, const void* at) { value(type, at, {}, {}); }

  [[nodiscard]] std::vector<problem>& problems() { return problems_; }

 private:
  // Where we are: a list of stack objects, rendered only when something is wrong.
  struct place {
    const place* up = nullptr;
    std::string_view name{};
    std::size_t index = 0;
    bool is_index = false;
    std::size_t depth = 0;
  };

  // All of these answer false when it is time to stop.
  bool value(const type_desc& type, const void* at, const rule_set& rules, const place& here);
  bool integer(const type_desc& type, const void* at);
  bool floating(const type_desc& type, const void* at, const place& here);
  bool string(std::string_view text, const place& here);
  bool enumeration(const type_desc& type, const void* at, const place& here);
  bool timestamp(const type_desc& type, const void* at, const place& here);
  bool object(const type_desc& type, const void* at, const place& here, const variant_desc* tagged,
              std::string_view tag);
  bool sequence(const type_desc& type, const void* at, const rule_set& rules, const place& here);
  bool map(const type_desc& type, const void* at, const rule_set& rules, const place& here);
  bool variant(const type_desc& type, const void* at, const rule_set& rules, const place& here);
  bool raw(const boost::json::value& value, const place& here);

  [[nodiscard]] bool too_deep(const place& here) const { return here.depth >= max_value_depth; }
  bool refuse_depth(const place& here);
  bool report(const place& here, std::string message, std::string expected, std::string actual);

  void put(char c) {
    if (out_ != nullptr) {
      out_->put(c);
    }
  }
  void put(std::string_view text) {
    if (out_ != nullptr) {
      out_->put(text);
    }
  }

  writer* out_;
  std::size_t limit_;
  std::vector<problem> problems_;
};

}  // namespace fairlead::json::detail
