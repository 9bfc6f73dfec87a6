// SPDX-License-Identifier: BSL-1.0
#include "lab/duplicate_keys.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <set>
#include <string>
#include <vector>

namespace fairlead::lab {

namespace {

// What basic_parser calls.
class handler {
 public:
  using text_view = boost::json::string_view;
  using code = boost::json::error_code;

  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  explicit handler(policy::config_problems& found) : found_(found) {}

  bool on_document_begin(code&) { return true; }
  bool on_document_end(code&) { return true; }
  bool on_object_begin(code&) { return begin(true); }
  bool on_object_end(std::size_t, code&) { return end(); }
  bool on_array_begin(code&) { return begin(false); }
  bool on_array_end(std::size_t, code&) { return end(); }
  bool on_key_part(text_view s, std::size_t, code&) {
    key_ += std::string_view(s);
    return true;
  }
  bool on_key(text_view s, std::size_t, code&) {
    key_ += std::string_view(s);
    auto& here = levels_.back();
    here.key.swap(key_);
    key_.clear();
    if (!here.keys.insert(here.key).second) {
      found_.push_back({pointer(), "this key is given twice"});
    }
    return true;
  }
  bool on_string_part(text_view, std::size_t, code&) { return true; }
  bool on_string(text_view, std::size_t, code&) { return passed(); }
  bool on_number_part(text_view, code&) { return true; }
  bool on_int64(std::int64_t, text_view, code&) { return passed(); }
  bool on_uint64(std::uint64_t, text_view, code&) { return passed(); }
  bool on_double(double, text_view, code&) { return passed(); }
  bool on_bool(bool, code&) { return passed(); }
  bool on_null(code&) { return passed(); }
  bool on_comment_part(text_view, code&) { return true; }
  bool on_comment(text_view, code&) { return true; }

 private:
  struct level {
    bool object;
    std::size_t index = 0;  // of an array's element
    std::string key = {};   // the present one of an object, and all
    std::set<std::string> keys = {};
  };

  bool begin(bool object) {
    levels_.push_back({.object = object});
    return true;
  }
  bool end() {
    levels_.pop_back();
    return passed();
  }
  bool passed() {
    if (!levels_.empty()) {
      ++levels_.back().index;
    }
    return true;
  }
  [[nodiscard]] std::string pointer() const {
    std::string out;
    for (const auto& l : levels_) {
      out = policy::pointer_below(out, l.object ? l.key : std::to_string(l.index));
    }
    return out;
  }

  policy::config_problems& found_;
  std::vector<level> levels_;
  std::string key_;
};

}  // namespace

policy::config_problems duplicate_keys(std::string_view text) {
  policy::config_problems found;
  boost::json::parse_options how;
  how.max_depth = SIZE_MAX;  // whoever parsed it before has seen to that
  boost::json::basic_parser<handler> parser(how, found);
  boost::json::error_code ec;
  parser.write_some(false, text.data(), text.size(), ec);
  return found;
}

}  // namespace fairlead::lab
