// SPDX-License-Identifier: BSL-1.0
// One function per content coding; br and zstd exist when they were built in.
#pragma once

#include "content_encoder.hpp"

namespace fairlead::http::detail {

/// 260 KiB while it lives.
[[nodiscard]] std::unique_ptr<content_encoder> make_deflate_encoder(content_coding form, int level);
/// 1.8 MiB while it lives, 2.6 at the highest level.
[[nodiscard]] std::unique_ptr<content_encoder> make_brotli_encoder(int level);
/// 1 MiB while it lives.
[[nodiscard]] std::unique_ptr<content_encoder> make_zstd_encoder(int level);

}  // namespace fairlead::http::detail
