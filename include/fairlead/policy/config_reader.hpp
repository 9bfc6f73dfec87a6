// SPDX-License-Identifier: BSL-1.0
// Reads configuration out of JSON: every value is checked where it stands, every key must be known,
// and all that is wrong is reported at once. Asked for a schema, it writes down what it would read.
#pragma once

#include <fairlead/core/time.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::policy {

/// One thing that is wrong with a document.
struct config_problem {
  std::string pointer;  ///< RFC 6901
  std::string text;     ///< what is wrong, and what would be right
};

using config_problems = std::vector<config_problem>;

/// Where a number may lie.
struct number_range {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;   ///< `low` itself is not allowed
  bool high_open = false;  ///< `high` itself is not allowed
};

/// Reads one object. `finish` must be called when all its keys have been asked for.
///
/// A value that is wrong is reported and read as its default, so that reading goes on.
class config_reader {
 public:
  using problems = config_problems;

  config_reader(const boost::json::value& value, std::string pointer, problems& found);
  /// Reads nothing, gives defaults and writes the schema of what is asked for.
  config_reader(boost::json::object& schema, problems& unused);
  config_reader(config_reader&&) = default;

  [[nodiscard]] bool recording() const noexcept { return schema_ != nullptr; }
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] const std::string& pointer() const noexcept { return pointer_; }
  [[nodiscard]] std::string pointer_to(std::string_view key) const;
  void problem_at(std::string_view key, std::string text);
  void problem(std::string text);
  /// At another place of the document.
  void problem_below(std::string pointer, std::string text);
  /// How many were found in the whole document so far.
  [[nodiscard]] std::size_t problem_count() const noexcept { return problems_->size(); }
  /// While a schema is written: what stands there for `key`; else nullptr.
  [[nodiscard]] boost::json::object* schema_of(std::string_view key);

  /// Milliseconds, fractions allowed, at least 0.
  duration ms(std::string_view key, duration otherwise, number_range allowed = {});
  /// The same, and less than 0 allowed.
  duration signed_ms(std::string_view key, duration otherwise);
  /// As `ms`, and it must be there.
  duration required_ms(std::string_view key, number_range allowed = {});
  std::uint32_t count(std::string_view key, std::uint32_t otherwise, std::uint32_t low = 0,
                      std::uint32_t high = std::numeric_limits<std::int32_t>::max());
  std::uint32_t required_count(std::string_view key, std::uint32_t low = 0,
                               std::uint32_t high = std::numeric_limits<std::int32_t>::max());
  double number(std::string_view key, double otherwise, number_range allowed);
  double required_number(std::string_view key, number_range allowed);
  bool flag(std::string_view key, bool otherwise);
  /// Not empty.
  std::string text(std::string_view key, std::string_view otherwise);
  std::string required_text(std::string_view key);
  /// The index of the text among `choices`.
  std::size_t choice(std::string_view key, std::initializer_list<std::string_view> choices,
                     std::size_t otherwise);
  std::size_t required_choice(std::string_view key,
                              std::initializer_list<std::string_view> choices);
  /// Any JSON; null when it is missing.
  const boost::json::value& any(std::string_view key);
  /// Reads the object at `key` with `read`, when there is one.
  void object(std::string_view key, const std::function<void(config_reader&)>& read);
  /// Reads an object that is of one of several kinds, as its member `tag` says.
  struct kind {
    std::string_view name;
    std::function<void(config_reader&)> read;
  };
  void kinds(std::string_view key, std::string_view tag, const std::vector<kind>& known);
  /// The same for this object itself.
  void kinds(std::string_view tag, const std::vector<kind>& known);
  /// Adds every number of the array at `key` to `out`.
  void numbers(std::string_view key, std::vector<double>& out, number_range allowed);
  /// Reads every element of the array at `key`.
  void each(std::string_view key, const std::function<void(config_reader&)>& read);
  /// Reads every member of the object at `key`, whose names are free.
  void members(std::string_view key,
               const std::function<void(std::string_view name, config_reader&)>& read);

  /// All of it.
  [[nodiscard]] const boost::json::value& whole() const noexcept { return *value_; }
  /// These keys are known, whether they were asked for or not.
  void know(std::initializer_list<std::string_view> keys);
  /// Its other keys mean nothing, since something before them was wrong.
  void ignore_rest();
  /// Reports the keys that nobody asked for.
  void finish();

 private:
  const boost::json::value* find(std::string_view key);
  const boost::json::value* require(std::string_view key);
  void wrong(std::string_view key, const boost::json::value& got, std::string expected);
  boost::json::object& note(std::string_view key, std::string_view type);
  void note_required(std::string_view key);
  std::optional<double> real(std::string_view key, const boost::json::value* v,
                             const number_range& allowed);
  std::optional<std::uint32_t> whole(std::string_view key, const boost::json::value* v,
                                     std::uint32_t low, std::uint32_t high);
  static duration to_duration(double ms);

  const boost::json::value* value_ = nullptr;
  const boost::json::object* object_ = nullptr;
  std::string pointer_;
  problems* problems_;
  std::vector<std::string> known_;
  boost::json::object* schema_ = nullptr;
};

/// The path of `key` below `pointer`, escaped.
[[nodiscard]] std::string pointer_below(std::string_view pointer, std::string_view key);

/// How a value is named in messages: `"text"`, `-1`, `an object`.
[[nodiscard]] std::string in_words(const boost::json::value& v);

/// The one of `known` that is nearest to `given`, when it is near enough to be what was meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view given,
                                                 const std::vector<std::string>& known);

}  // namespace fairlead::policy
