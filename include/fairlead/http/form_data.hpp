// SPDX-License-Identifier: BSL-1.0
// Forms with small files (multipart/form-data), whole.
#pragma once

#include <fairlead/http/form_part.hpp>
#include <fairlead/http/request.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// All parts of a multipart/form-data body that has been received whole: an argument for handlers
/// whose forms are within `max_body`. For larger ones see `multipart_reader`, which says also what
/// is refused.
///
/// *Thread safety*: none. Valid as long as the request that it was read from.
///
/// *Example*:
/// ```cpp
/// routes.post("/me", [&](context& cx, http::form_data form) -> task<result<void>> {
///   const auto* photo = form.file("photo");
///   if (photo == nullptr) { return missing("photo"); }
///   return people.rename(cx, form.value("name").value_or(""), photo->content);
/// });
/// ```
class form_data {
 public:
  /// For the arguments of handlers.
  static constexpr bool reads_body = true;

  struct part {
    form_part head;
    std::string_view content;
  };

  form_data() = default;

  /// *Errors*: `invalid_argument` when the body is no such form (400); `too_large` beyond the
  /// limits (413).
  [[nodiscard]] static result<form_data> from_request(const request& r);
  /// The same for any text; `body` must outlive it.
  [[nodiscard]] static result<form_data> parse(std::string_view content_type, std::string_view body,
                                               const multipart_limits& limits = {});

  /// In their order; names may repeat.
  [[nodiscard]] const std::vector<part>& parts() const noexcept { return parts_; }
  /// The content of the first field of that name that is not a file.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const noexcept;
  /// The first file of that name; null when there is none.
  [[nodiscard]] const part* file(std::string_view name) const noexcept;

 private:
  std::vector<part> parts_;
};

}  // namespace fairlead::http
