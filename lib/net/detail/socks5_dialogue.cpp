// SPDX-License-Identifier: BSL-1.0
// How it works: greeting (methods) and choice; credentials and verdict where chosen; request and
// reply. A reply is read in two parts, since its length depends on its address type: five bytes,
// the last of which is the first of the address, then the rest.
#include "detail/socks5_dialogue.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <utility>

namespace fairlead::net::detail {

namespace {

constexpr char version = 5;
constexpr char login_version = 1;
constexpr std::uint8_t no_authentication = 0;
constexpr std::uint8_t user_and_password = 2;
constexpr std::uint8_t no_method = 0xff;
constexpr std::uint8_t address_ip4 = 1;
constexpr std::uint8_t address_name = 3;
constexpr std::uint8_t address_ip6 = 4;
constexpr std::size_t longest_text = 255;

std::uint8_t byte(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

void append_text(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size());
  out += text;
}

// The numeric address in network order, or nothing.
template <class Binary>
std::optional<std::string> binary_address(int family, const std::string& text) {
  Binary a{};
  if (::inet_pton(family, text.c_str(), &a) != 1) {
    return std::nullopt;
  }
  return std::string(reinterpret_cast<const char*>(&a), sizeof(a));
}

std::string target_text(std::string_view host, std::uint16_t port) {
  const bool bare_ip6 = host.find(':') != host.npos;
  std::string out(bare_ip6 ? "[" : "");
  out += host;
  out += bare_ip6 ? "]:" : ":";
  return out + std::to_string(port);
}

}  // namespace

socks5_dialogue::socks5_dialogue(std::string_view host, std::uint16_t port,
                                 const std::optional<socks5_credentials>& credentials)
    : host_(host), port_(port), target_(target_text(host, port)), credentials_(credentials) {
  output_ += version;
  append_text(output_, credentials_ ? std::string_view("\0\2", 2) : std::string_view("\0", 1));
}

result<void> socks5_dialogue::check() const {
  if (host_.empty() || host_.size() > longest_text || host_.find('\0') != host_.npos) {
    return fail(errors::invalid_argument{"SOCKS5 host", "must be 1 to 255 bytes, without NUL"});
  }
  if (host_.find('%') != host_.npos) {
    return fail(errors::invalid_argument{host_, "a zone of this machine means nothing to a proxy"});
  }
  if (credentials_ && (credentials_->user.empty() || credentials_->user.size() > longest_text ||
                       credentials_->password.size() > longest_text)) {
    return fail(errors::invalid_argument{"SOCKS5 credentials",
                                         "a user has 1 to 255 bytes, and a password at most 255"});
  }
  return {};
}

std::string socks5_dialogue::take_output() {
  return std::exchange(output_, {});
}

void socks5_dialogue::request() {
  output_ += version;
  output_ += std::string_view("\1\0", 2);  // CONNECT, reserved
  if (const auto v4 = binary_address<in_addr>(AF_INET, host_)) {
    output_ += static_cast<char>(address_ip4);
    output_ += *v4;
  } else if (const auto v6 = binary_address<in6_addr>(AF_INET6, host_)) {
    output_ += static_cast<char>(address_ip6);
    output_ += *v6;
  } else {
    output_ += static_cast<char>(address_name);
    append_text(output_, host_);
  }
  output_ += static_cast<char>(port_ >> 8U);
  output_ += static_cast<char>(port_ & 0xffU);
  state_ = state::replying;
  wanted_ = 5;
}

result<void> socks5_dialogue::method_chosen(std::uint8_t method) {
  if (method == no_authentication) {
    request();
    return {};
  }
  if (method == user_and_password && credentials_) {
    output_ += login_version;
    append_text(output_, credentials_->user);
    append_text(output_, credentials_->password);
    state_ = state::authenticating;
    return {};
  }
  if (method == no_method) {
    return fail(errors::unavailable{target_,
                                    credentials_
                                        ? "the SOCKS5 proxy wants another kind of authentication"
                                        : "the SOCKS5 proxy wants authentication",
                                    std::nullopt});
  }
  return fail(errors::protocol_error{target_, "the SOCKS5 proxy chose what was not offered"});
}

error socks5_dialogue::refused(std::uint8_t code) const {
  const auto says = [this](std::string_view reason) -> error {
    return errors::unavailable{target_, reason, std::nullopt};
  };
  switch (code) {
    case 1:
      return says("the SOCKS5 proxy failed");
    case 2:
      return says("not allowed by the rules of the SOCKS5 proxy");
    case 3:
    case 4:
      return errors::unreachable{target_};
    case 5:
      return errors::connection_refused{target_};
    case 6:
      return says("the SOCKS5 proxy says that the time to live expired");
    case 7:
      return says("the SOCKS5 proxy does not know CONNECT");
    case 8:
      return says("the SOCKS5 proxy does not know this type of address");
    default:
      return errors::protocol_error{target_, "the SOCKS5 proxy gave an unknown reply"};
  }
}

result<void> socks5_dialogue::reply_begun(std::string_view bytes) {
  if (byte(bytes, 1) != 0) {
    return fail(refused(byte(bytes, 1)));
  }
  const std::size_t port_size = 2;
  switch (byte(bytes, 3)) {
    case address_ip4:
      wanted_ = 3 + port_size;
      break;
    case address_ip6:
      wanted_ = 15 + port_size;
      break;
    case address_name:
      wanted_ = byte(bytes, 4) + port_size;
      break;
    default:
      return fail(
          errors::protocol_error{target_, "the SOCKS5 proxy gave an address of unknown type"});
  }
  state_ = state::binding;
  return {};
}

result<void> socks5_dialogue::received(std::string_view bytes) {
  const char expected = state_ == state::authenticating ? login_version : version;
  if (state_ != state::binding && bytes[0] != expected) {
    return fail(errors::protocol_error{target_, "the proxy does not speak SOCKS5"});
  }
  switch (state_) {
    case state::greeting:
      return method_chosen(byte(bytes, 1));
    case state::authenticating:
      if (byte(bytes, 1) != 0) {
        return fail(errors::unavailable{
            target_, "the SOCKS5 proxy does not accept the user and password", std::nullopt});
      }
      request();
      return {};
    case state::replying:
      return reply_begun(bytes);
    case state::binding:
    case state::done:
      state_ = state::done;
      wanted_ = 0;
      return {};
  }
  return {};
}

}  // namespace fairlead::net::detail
