// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/form_part.hpp>

namespace fairlead::http {

std::string_view form_part::file_name() const noexcept {
  std::string_view name = file_name_ ? std::string_view(*file_name_) : std::string_view();
  name.remove_prefix(name.find_last_of("/\\") + 1);
  return name == "." || name == ".." ? std::string_view() : name;
}

std::string_view form_part::content_type() const noexcept {
  return headers_.get("Content-Type").value_or("text/plain");
}

}  // namespace fairlead::http
