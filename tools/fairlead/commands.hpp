// SPDX-License-Identifier: BSL-1.0
// The commands of `fairlead`: each takes the words behind its name and gives the exit status.
#pragma once

#include <string>
#include <vector>

namespace fairlead::cli {

[[nodiscard]] int get(const std::vector<std::string>& words);
[[nodiscard]] int post(const std::vector<std::string>& words);
[[nodiscard]] int put(const std::vector<std::string>& words);
[[nodiscard]] int del(const std::vector<std::string>& words);
[[nodiscard]] int echo(const std::vector<std::string>& words);
[[nodiscard]] int send(const std::vector<std::string>& words);
[[nodiscard]] int ws(const std::vector<std::string>& words);
[[nodiscard]] int call(const std::vector<std::string>& words);
[[nodiscard]] int probe(const std::vector<std::string>& words);
[[nodiscard]] int top(const std::vector<std::string>& words);
[[nodiscard]] int lab(const std::vector<std::string>& words);

}  // namespace fairlead::cli
