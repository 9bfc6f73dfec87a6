// SPDX-License-Identifier: BSL-1.0
// A recorded piece of a document, to be read again once it is known what it is.
#pragma once

#include "scalar.hpp"

#include <string>
#include <vector>

namespace fairlead::json::detail {

enum class event_kind : std::uint8_t {
  begin_object,
  end_object,
  begin_array,
  end_array,
  key,
  string,
  number,
  boolean,
  null
};

/// The members of an object whose tag did not come first. Texts lie behind each other in one
/// buffer.
class tape {
 public:
  struct event {
    event_kind kind = event_kind::null;
    bool boolean = false;
    std::size_t begin = 0;
    std::size_t size = 0;
    number value{};
  };

  /// `size`: how many members or items the object or array that ends has.
  void add(event_kind kind, std::size_t size = 0) {
    events_.push_back({.kind = kind, .size = size});
  }
  void add(bool value) { events_.push_back({.kind = event_kind::boolean, .boolean = value}); }
  void add(event_kind kind, std::string_view text) {
    events_.push_back({.kind = kind, .begin = texts_.size(), .size = text.size()});
    texts_ += text;
  }
  void add(const number& value) {
    add(event_kind::number, value.text);
    events_.back().value = value;
  }

  [[nodiscard]] const std::vector<event>& events() const { return events_; }
  [[nodiscard]] std::string_view text(const event& e) const {
    return std::string_view(texts_).substr(e.begin, e.size);
  }

 private:
  std::vector<event> events_;
  std::string texts_;
};

}  // namespace fairlead::json::detail
