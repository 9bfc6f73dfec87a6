// SPDX-License-Identifier: BSL-1.0
#include "content_encoder.hpp"

#include "chars.hpp"
#include "content_encoders.hpp"
#include "weight.hpp"

#include <fairlead/http/headers.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace fairlead::http::detail {

namespace {

constexpr int unsaid = -1;

// What one element of an Accept-Encoding value says: of which coding, in thousandths.
std::pair<std::string_view, int> parse_element(std::string_view element) noexcept {
  const auto semicolon = element.find(';');
  const auto name = trim(element.substr(0, semicolon));
  if (semicolon == std::string_view::npos) {
    return {name, 1000};
  }
  const auto parameter = trim(element.substr(semicolon + 1));
  const auto equals = parameter.find('=');
  const bool is_weight =
      equals != std::string_view::npos && iequals(trim(parameter.substr(0, equals)), "q");
  const auto weight = is_weight ? parse_weight(trim(parameter.substr(equals + 1))) : std::nullopt;
  return {name, weight.value_or(0)};
}

// The weight that is said of `coding` itself, `unsaid` when there is none.
int weight_of(std::string_view list, std::string_view coding) noexcept {
  int out = unsaid;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto [name, weight] = parse_element(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (iequals(name, coding) || (coding == "gzip" && iequals(name, "x-gzip"))) {
      out = weight;
    }
  }
  return out;
}

int weight_or_any(std::string_view list, std::string_view coding) noexcept {
  const int own = weight_of(list, coding);
  return own != unsaid ? own : std::max(weight_of(list, "*"), 0);
}

}  // namespace

std::string_view to_string(content_coding c) noexcept {
  switch (c) {
    case content_coding::gzip:
      return "gzip";
    case content_coding::deflate:
      return "deflate";
    case content_coding::br:
      return "br";
    case content_coding::zstd:
      return "zstd";
    case content_coding::identity:
      break;
  }
  return "identity";
}

std::span<const content_coding> built_in_codings() noexcept {
  static constexpr content_coding all[] = {
#ifdef FAIRLEAD_ZSTD
      content_coding::zstd,
#endif
#ifdef FAIRLEAD_BROTLI_ENCODER
      content_coding::br,
#endif
      content_coding::gzip,
      content_coding::deflate,
  };
  return all;
}

content_coding choose_coding(std::string_view accept_encoding,
                             std::span<const content_coding> offered) noexcept {
  auto best = content_coding::identity;
  int weight = 0;
  for (const auto coding : offered) {
    const int own = weight_or_any(accept_encoding, to_string(coding));
    if (own > weight) {
      best = coding;
      weight = own;
    }
  }
  // Not said, identity is acceptable, and last among what is.
  return weight_of(accept_encoding, "identity") > weight ? content_coding::identity : best;
}

std::string accepted_codings(const request& r) {
  std::string out;
  for (const auto field : r.headers()) {
    if (iequals(field.name, "Accept-Encoding")) {
      out.append(out.empty() ? "" : ",").append(field.value);
    }
  }
  return out;
}

bool accepts_coding(const request& r, std::string_view coding) {
  return weight_or_any(accepted_codings(r), coding) > 0;
}

std::unique_ptr<content_encoder> content_encoder::make(content_coding coding, int level) {
#ifdef FAIRLEAD_BROTLI_ENCODER
  if (coding == content_coding::br) {
    return make_brotli_encoder(level);
  }
#endif
#ifdef FAIRLEAD_ZSTD
  if (coding == content_coding::zstd) {
    return make_zstd_encoder(level);
  }
#endif
  return make_deflate_encoder(coding, level);
}

}  // namespace fairlead::http::detail
