// SPDX-License-Identifier: BSL-1.0
// What the body says.
#pragma once

#include <boost/describe.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace wire {

struct item {
  std::int64_t id = 0;
  std::string name;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (id, name, price))

struct catalogue {
  std::vector<item> items;

  /// The bytes of its JSON, cheaply: every item of `make_catalogue` is equally long.
  [[nodiscard]] std::size_t encoded_size() const noexcept;
};
BOOST_DESCRIBE_STRUCT(catalogue, (), (items))

/// One whose JSON has about `bytes` bytes.
[[nodiscard]] catalogue make_catalogue(std::size_t bytes);

}  // namespace wire
