// SPDX-License-Identifier: BSL-1.0
// Reads a text and feeds a decoder.
#pragma once

#include "decoder.hpp"

namespace fairlead::json::detail {

/// Feeds all of `text` to `into`; what is wrong with the text as such becomes a problem there.
void tokenize(std::string_view text, const decode_options& options, const type_desc& type,
              decoder& into);

}  // namespace fairlead::json::detail
