// SPDX-License-Identifier: BSL-1.0
#include "address.hpp"

#include <charconv>

namespace fairlead::cli {

namespace {

bool is_host_name(std::string_view text) {
  return !text.empty() && text.find_first_of(":/[]@ \t") == std::string_view::npos;
}

}  // namespace

tl::expected<address, std::string> address::parse(std::string_view text) {
  address out;
  if (auto numeric = net::endpoint::parse(text)) {
    out.numeric_ = *std::move(numeric);
    return out;
  }
  const auto colon = text.rfind(':');
  const auto* end = text.data() + text.size();
  if (colon != std::string_view::npos && is_host_name(text.substr(0, colon))) {
    const auto [stop, code] = std::from_chars(text.data() + colon + 1, end, out.port_);
    if (code == std::errc() && stop == end) {
      out.host_ = text.substr(0, colon);
      return out;
    }
  }
  return tl::unexpected("an address is HOST:PORT, [IPV6]:PORT or unix:PATH, not \"" +
                        std::string(text) + "\"");
}

task<result<net::endpoint>> address::resolve(context& cx, net::network& net) const {
  if (numeric_) {
    co_return *numeric_;
  }
  auto found = co_await net.resolve(cx, host_, port_);
  if (!found) {
    co_return fail(found.error());
  }
  co_return found->front();
}

bool address::is_unix() const noexcept {
  return numeric_ && numeric_->kind() == net::endpoint::family::unix_socket;
}

}  // namespace fairlead::cli
