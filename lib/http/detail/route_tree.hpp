// SPDX-License-Identifier: BSL-1.0
// Patterns, and the tree that matches paths against all of them at once.
#pragma once

#include "message_access.hpp"

#include <fairlead/http/handler.hpp>
#include <fairlead/http/method.hpp>
#include <fairlead/http/router.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {

/// One segment of a pattern.
struct pattern_segment {
  enum class kind : std::uint8_t { literal, integer, any, rest };
  kind what;
  std::string_view text;  ///< the literal, or the name
};

/// The segments of "/users/{id}". Throws `std::invalid_argument` that says what is wrong.
[[nodiscard]] std::vector<pattern_segment> parse_pattern(std::string_view pattern);

/// A path split at '/' and percent-decoded, in the memory of the request it belongs to.
class decoded_path {
 public:
  /// Only the first `most` segments are told apart, since a peer decides how many there are.
  decoded_path(request& r, std::size_t most) noexcept : memory_{r}, most_(most) {}

  /// False when the path is one that is refused (see `router`).
  [[nodiscard]] bool assign(std::string_view path);

  [[nodiscard]] std::size_t size() const noexcept { return memory_.pieces().size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    const auto& p = memory_.pieces()[i];
    return std::string_view(memory_.path_text()).substr(p.offset, p.size);
  }

  /// Keeps only the segments that `segments` calls parameters, with their names.
  void keep_parameters(const std::vector<pattern_segment>& segments);

 private:
  request_access memory_;
  std::size_t most_;
};

class route_tree {
 public:
  struct route {
    std::string pattern;
    std::vector<pattern_segment> segments;  // views into pattern
    method m;
    route_options options;
    std::shared_ptr<handler> target;
  };
  /// What ends at a node: a route per method.
  struct endpoint {
    std::array<const route*, method_count> by_method{};
    std::string allow;
    const route* first = nullptr;  ///< that was added
    /// Who says that there is no route for a method, and which there are; null: the server itself.
    std::shared_ptr<handler> refused;
    std::shared_ptr<handler> asked;
    [[nodiscard]] const route* find(method m) const noexcept {
      return by_method[static_cast<std::size_t>(m)];
    }
    [[nodiscard]] bool used() const noexcept { return !allow.empty(); }
  };

  route_tree();
  route_tree(const route_tree&) = delete;
  route_tree& operator=(const route_tree&) = delete;
  ~route_tree();

  /// Where a route was added; both live as long as the tree.
  struct added {
    struct route* route;
    endpoint* at;
  };
  /// Throws `std::invalid_argument` on a conflict.
  added add(method m, std::string_view pattern, std::shared_ptr<handler> target);

  /// The best match that has the method (or, for HEAD, GET); else the best that has another; else
  /// nothing.
  struct found {
    const endpoint* at = nullptr;
    const route* with = nullptr;
  };
  [[nodiscard]] found find(method m, const decoded_path& path) const;
  /// How many segments of a path `find` has to tell apart: one more than the longest pattern has.
  [[nodiscard]] std::size_t segments_needed() const noexcept { return longest_ + 1; }

  [[nodiscard]] const std::vector<std::unique_ptr<route>>& routes() const noexcept {
    return routes_;
  }

 private:
  struct node;
  static const route* route_for(const endpoint& e, method m) noexcept;
  static bool visit(const node& n, method m, const decoded_path& path, std::size_t i, found& best);

  std::vector<std::unique_ptr<route>> routes_;
  std::unique_ptr<node> root_;
  std::size_t longest_ = 0;  // pattern, in segments
};

}  // namespace fairlead::http::detail
