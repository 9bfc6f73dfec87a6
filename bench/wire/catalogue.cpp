// SPDX-License-Identifier: BSL-1.0
#include "catalogue.hpp"

#include "pairs.hpp"

#include <fairlead/json/encode.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace wire {

namespace {

constexpr std::string_view around = R"({"items":[]})";
constexpr std::string_view one = R"({"id":1000,"name":"a thing","price":12.5},)";

}  // namespace

std::size_t catalogue::encoded_size() const noexcept {
  return around.size() + items.size() * one.size() - 1;
}

catalogue make_catalogue(std::size_t bytes) {
  catalogue out;
  const auto count = std::max<std::size_t>(1, (bytes - around.size() + 1) / one.size());
  for (std::size_t i = 0; i < count; ++i) {
    item next;
    next.id = 1000 + static_cast<std::int64_t>(i % 9000);
    next.name = "a thing";
    next.price = 12.5;
    out.items.push_back(std::move(next));
  }
  return out;
}

std::string make_body(std::size_t bytes) {
  return fairlead::json::encode(make_catalogue(bytes)).value();
}

std::span<const pair* const> all_pairs() {
  static const std::array<const pair*, 5> all = {&blocking_sockets, &epoll_sockets,
                                                 &asio_coroutines, &fairlead_text, &fairlead_typed};
  return all;
}

}  // namespace wire
