// SPDX-License-Identifier: BSL-1.0
// Writing JSON, for an area that may not use the JSON library.
#pragma once

#include <fairlead/observe/attribute.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::observe::detail {

/// With quotation marks; what is no UTF-8 is replaced by U+FFFD.
void append_json(std::string& to, std::string_view text);
/// As the shortest text that is read as the same number; infinities and NaN as texts.
void append_json(std::string& to, double number);
/// As the JSON value that it is; whole numbers beyond 2^53 stay whole.
void append_json(std::string& to, const value_view& value);

/// Writes the members of one object: puts commas, quotes names.
///
/// *Example*: `json_object o(out); o.add("id", 7); o.end();`
class json_object {
 public:
  explicit json_object(std::string& to) : to_(to) { to_ += '{'; }

  void add(std::string_view name, const value_view& value) {
    key(name);
    append_json(to_, value);
  }
  /// Writes the name; the caller writes the value.
  std::string& key(std::string_view name) {
    to_ += first_ ? "" : ",";
    first_ = false;
    append_json(to_, name);
    to_ += ':';
    return to_;
  }
  void end() { to_ += '}'; }

 private:
  std::string& to_;
  bool first_ = true;
};

/// The same for the elements of an array.
class json_array {
 public:
  explicit json_array(std::string& to) : to_(to) { to_ += '['; }
  /// The caller writes the element.
  std::string& next() {
    to_ += first_ ? "" : ",";
    first_ = false;
    return to_;
  }
  void end() { to_ += ']'; }

 private:
  std::string& to_;
  bool first_ = true;
};

}  // namespace fairlead::observe::detail
