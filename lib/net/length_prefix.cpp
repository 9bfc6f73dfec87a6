// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/length_prefix.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

namespace fairlead::net {

namespace {

constexpr std::size_t longest_varint = 10;

bool is_little(length_format f) noexcept {
  return f == length_format::u16_little || f == length_format::u32_little ||
         f == length_format::u64_little;
}

std::uint64_t fixed(std::string_view bytes, bool little) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = little ? bytes[bytes.size() - 1 - i] : bytes[i];
    value = value << 8U | static_cast<unsigned char>(c);
  }
  return value;
}

// The most that `size` bytes can count.
std::uint64_t most(std::size_t size) noexcept {
  return size >= 8 ? std::numeric_limits<std::uint64_t>::max()
                   : (std::uint64_t{1} << (8 * size)) - 1;
}

}  // namespace

length_prefix::length_prefix(length_prefix_options options) : options_(options) {
  if (options.limit == 0) {
    throw std::invalid_argument("net::length_prefix: the limit must be at least 1 byte");
  }
  if (options.format == length_format::varint &&
      options.counts == length_counts::header_and_message) {
    throw std::invalid_argument("net::length_prefix: a varint does not count itself");
  }
}

std::size_t length_prefix::fixed_size() const noexcept {
  switch (options_.format) {
    case length_format::u8:
      return 1;
    case length_format::u16_big:
    case length_format::u16_little:
      return 2;
    case length_format::u32_big:
    case length_format::u32_little:
      return 4;
    case length_format::u64_big:
    case length_format::u64_little:
      return 8;
    case length_format::varint:
      break;
  }
  return 0;
}

auto length_prefix::checked(std::size_t header_size, std::uint64_t length) const -> result<header> {
  if (options_.counts == length_counts::header_and_message) {
    if (length < header_size) {
      return fail(errors::protocol_error{{}, "a message length is smaller than its own size"});
    }
    length -= header_size;
  }
  if (length > options_.limit) {
    return fail(errors::too_large{"message", options_.limit, length});
  }
  return header{header_size, static_cast<std::size_t>(length)};
}

auto length_prefix::read_header(std::string_view unread) const -> result<header> {
  if (const auto size = fixed_size(); size > 0) {
    if (unread.size() < size) {
      return header{};
    }
    return checked(size, fixed(unread.substr(0, size), is_little(options_.format)));
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min(unread.size(), longest_varint); ++i) {
    const auto byte = static_cast<unsigned char>(unread[i]);
    if (i == longest_varint - 1 && byte > 1) {
      return fail(errors::protocol_error{{}, "a message length has more than 64 bits"});
    }
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if (byte < 0x80) {
      return checked(i + 1, value);
    }
  }
  return header{};
}

result<frame_step> length_prefix::next(std::string_view unread) {
  auto head = read_header(unread);
  if (!head) {
    return fail(std::move(head).error());
  }
  if (head->size == 0 || unread.size() - head->size < head->message) {
    return frame_step{};
  }
  return frame_step{unread.substr(head->size, head->message), head->size + head->message};
}

result<frame_step> length_prefix::end(std::string_view unread) {
  if (unread.empty()) {
    return frame_step{};
  }
  auto head = read_header(unread);
  if (!head) {
    return fail(std::move(head).error());
  }
  const auto expected = head->size == 0 ? 0 : head->size + head->message;
  return fail(errors::connection_closed{{}, unread.size(), expected});
}

result<frame_edges> length_prefix::edges(std::string_view message) const {
  const auto size = fixed_size();
  const auto own = options_.counts == length_counts::header_and_message ? size : 0;
  const auto countable = size == 0 ? most(8) : most(size) - own;
  const auto limit = std::min<std::uint64_t>(options_.limit, countable);
  if (message.size() > limit) {
    return fail(errors::too_large{"message", limit, message.size()});
  }
  std::uint64_t length = message.size() + own;
  std::array<char, longest_varint> bytes{};
  std::size_t used = size;
  if (size == 0) {
    do {
      const auto low = static_cast<unsigned char>(length & 0x7fU);
      length >>= 7U;
      bytes[used++] = static_cast<char>(length > 0 ? low | 0x80U : low);
    } while (length > 0);
  } else {
    for (std::size_t i = 0; i < size; ++i, length >>= 8U) {
      bytes[is_little(options_.format) ? i : size - 1 - i] = static_cast<char>(length & 0xffU);
    }
  }
  return frame_edges({bytes.data(), used}, {});
}

}  // namespace fairlead::net
