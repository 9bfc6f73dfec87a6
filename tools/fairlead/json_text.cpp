// SPDX-License-Identifier: BSL-1.0
#include "json_text.hpp"

#include <fairlead/json/encode.hpp>

#include <boost/json/serialize.hpp>

namespace fairlead::cli {

std::string json_text(const boost::json::value& v) {
  auto text = json::encode(v);
  return text ? *std::move(text) : boost::json::serialize(v);
}

}  // namespace fairlead::cli
