// SPDX-License-Identifier: BSL-1.0
// The routes of a router, its groups, and what their middlewares make of them.
#pragma once

#include "route_tree.hpp"

#include <fairlead/http/middleware.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fairlead::http::detail {

/// Group 0 is the router itself.
class route_table {
 public:
  route_table();

  void add(std::size_t group, method m, std::string_view pattern, const route_options& options,
           std::shared_ptr<handler> h, std::size_t parameters);
  void use(std::size_t group, std::shared_ptr<middleware> m);
  void limit(std::size_t group, const route_options& options);
  [[nodiscard]] std::size_t add_group(std::size_t within, std::string_view prefix);

  [[nodiscard]] const route_tree& tree() const noexcept { return tree_; }
  /// Null where the server answers by itself.
  [[nodiscard]] handler* not_found() const noexcept { return not_found_.get(); }
  [[nodiscard]] handler* bad_path() const noexcept { return bad_path_.get(); }

 private:
  struct group {
    std::string prefix;  // with those of the groups that it is in
    std::size_t within;
    std::vector<std::shared_ptr<middleware>> layers;
    route_options limits;
  };
  struct entry {
    route_tree::added place;
    std::size_t group;
    route_options options;
    std::shared_ptr<handler> target;
  };

  void compose();
  void compose(const entry& e);
  [[nodiscard]] std::shared_ptr<handler> around(std::size_t group,
                                                std::shared_ptr<handler> h) const;
  [[nodiscard]] bool bare(std::size_t group) const noexcept;

  route_tree tree_;
  std::vector<group> groups_;
  std::vector<entry> entries_;
  std::shared_ptr<handler> not_found_;
  std::shared_ptr<handler> bad_path_;
};

}  // namespace fairlead::http::detail
