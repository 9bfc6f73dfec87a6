// SPDX-License-Identifier: BSL-1.0
// Any bytes as the PEM that a user names: nothing breaks, and what is refused is explained.
#include <fairlead/net/tls_client.hpp>
#include <fairlead/net/tls_server.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace fairlead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto trust = net::tls_client::make(net::tls_client_options().ca_pem(text));
  const auto own =
      net::tls_server::make(net::tls_server_options(net::tls_credentials::text(text, text)));
  if ((!trust && trust.error().message().empty()) || (!own && own.error().message().empty())) {
    std::abort();
  }
  return 0;
}
