// SPDX-License-Identifier: BSL-1.0
#include "content_decoder.hpp"

#include "content_decoders.hpp"

#include <fairlead/http/headers.hpp>

namespace fairlead::http::detail {

std::unique_ptr<content_decoder> content_decoder::make(std::string_view coding) {
  if (iequals(coding, "gzip") || iequals(coding, "x-gzip")) {
    return make_gzip_decoder();
  }
  if (iequals(coding, "deflate")) {
    return make_deflate_decoder();
  }
#ifdef FAIRLEAD_BROTLI
  if (iequals(coding, "br")) {
    return make_brotli_decoder();
  }
#endif
#ifdef FAIRLEAD_ZSTD
  if (iequals(coding, "zstd")) {
    return make_zstd_decoder();
  }
#endif
  return nullptr;
}

std::string_view content_decoder::accepted() noexcept {
  return "gzip, deflate"
#ifdef FAIRLEAD_BROTLI
         ", br"
#endif
#ifdef FAIRLEAD_ZSTD
         ", zstd"
#endif
      ;
}

}  // namespace fairlead::http::detail
