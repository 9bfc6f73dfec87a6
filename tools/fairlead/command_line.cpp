// SPDX-License-Identifier: BSL-1.0
#include "command_line.hpp"

#include <fairlead/policy/config_reader.hpp>

#include <algorithm>
#include <utility>

namespace fairlead::cli {

std::optional<std::string> arguments::value(std::string_view name) const {
  const auto at = options.find(name);
  if (at == options.end()) {
    return std::nullopt;
  }
  return at->second.back();
}

std::optional<std::string> nearest(std::string_view given, const std::vector<std::string>& known) {
  return policy::nearest(given, known);
}

tl::expected<arguments, std::string> parse(const std::vector<std::string>& words,
                                           const std::vector<option>& known) {
  arguments out;
  bool only_operands = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (only_operands || word.size() < 2 || word[0] != '-') {
      out.operands.push_back(word);
      continue;
    }
    if (word == "--") {
      only_operands = true;
      continue;
    }
    const auto equals = word.find('=');
    const auto name = word == "-h" ? std::string("--help") : word.substr(0, equals);
    const auto at =
        std::find_if(known.begin(), known.end(), [&](const option& o) { return o.name == name; });
    if (at == known.end()) {
      std::vector<std::string> names;
      for (const auto& o : known) {
        names.emplace_back(o.name);
      }
      const auto meant = nearest(name, names);
      return tl::unexpected<std::string>("unknown option " + name +
                                         (meant ? "; did you mean " + *meant + "?" : ""));
    }
    auto& values = out.options[std::string(name)];
    if (at->value.empty()) {
      if (equals != std::string::npos) {
        return tl::unexpected<std::string>(name + " takes no value");
      }
      values.emplace_back();
    } else if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      values.push_back(words[++i]);
    } else {
      return tl::unexpected<std::string>(name + " needs a value: " + std::string(at->value));
    }
  }
  return out;
}

std::string help_of(const std::vector<option>& known) {
  std::vector<std::string> left;
  std::size_t width = 0;
  for (const auto& o : known) {
    left.push_back("  " + std::string(o.name) +
                   (o.value.empty() ? "" : " " + std::string(o.value)));
    width = std::max(width, left.back().size());
  }
  std::string out;
  for (std::size_t i = 0; i < known.size(); ++i) {
    out +=
        left[i] + std::string(width - left[i].size() + 2, ' ') + std::string(known[i].help) + "\n";
  }
  return out;
}

}  // namespace fairlead::cli
