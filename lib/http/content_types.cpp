// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"

#include <fairlead/http/headers.hpp>
#include <fairlead/http/static_files.hpp>

#include <array>

namespace fairlead::http {

namespace {

struct known_type {
  std::string_view extension;
  std::string_view content_type;
};

constexpr std::array known_types = {
    known_type{".html", "text/html; charset=utf-8"},
    known_type{".htm", "text/html; charset=utf-8"},
    known_type{".css", "text/css; charset=utf-8"},
    known_type{".js", "text/javascript; charset=utf-8"},
    known_type{".mjs", "text/javascript; charset=utf-8"},
    known_type{".json", "application/json"},
    known_type{".map", "application/json"},
    known_type{".webmanifest", "application/manifest+json"},
    known_type{".txt", "text/plain; charset=utf-8"},
    known_type{".log", "text/plain; charset=utf-8"},
    known_type{".md", "text/markdown; charset=utf-8"},
    known_type{".csv", "text/csv; charset=utf-8"},
    known_type{".xml", "application/xml"},
    known_type{".pdf", "application/pdf"},
    known_type{".svg", "image/svg+xml"},
    known_type{".png", "image/png"},
    known_type{".jpg", "image/jpeg"},
    known_type{".jpeg", "image/jpeg"},
    known_type{".gif", "image/gif"},
    known_type{".webp", "image/webp"},
    known_type{".avif", "image/avif"},
    known_type{".ico", "image/vnd.microsoft.icon"},
    known_type{".woff", "font/woff"},
    known_type{".woff2", "font/woff2"},
    known_type{".ttf", "font/ttf"},
    known_type{".otf", "font/otf"},
    known_type{".wasm", "application/wasm"},
    known_type{".mp3", "audio/mpeg"},
    known_type{".ogg", "audio/ogg"},
    known_type{".wav", "audio/wav"},
    known_type{".mp4", "video/mp4"},
    known_type{".webm", "video/webm"},
    known_type{".zip", "application/zip"},
    known_type{".gz", "application/gzip"},
    known_type{".tar", "application/x-tar"},
};

}  // namespace

std::string_view content_type_of_file(std::string_view name) noexcept {
  const auto dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    for (const auto& known : known_types) {
      if (iequals(name.substr(dot), known.extension)) {
        return known.content_type;
      }
    }
  }
  return "application/octet-stream";
}

}  // namespace fairlead::http
