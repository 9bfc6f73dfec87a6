// SPDX-License-Identifier: BSL-1.0
// A body source of given pieces that tells what became of it.
#pragma once

#include <fairlead/http/body_source.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

// Pieces as they are, from the start each time.
class pieces_source final : public http::body_source {
 public:
  explicit pieces_source(std::vector<std::string> all) : all_(std::move(all)) {}
  pieces_source& sized() {
    std::uint64_t sum = 0;
    for (const auto& p : all_) {
      sum += p.size();
    }
    size_ = sum;
    return *this;
  }
  std::optional<std::uint64_t> size() const noexcept override { return size_; }
  bool repeatable() const noexcept override { return repeatable_; }
  task<result<void>> write_to(context& cx, http::body_writer& out) override {
    ++runs;
    for (const auto& p : all_) {
      auto sent = co_await out.write(cx, p);
      if (!sent) {
        last = sent.error();
        co_return sent;
      }
      written += p.size();
    }
    if (trailers_) {
      out.trailer("X-Sum", "7");
    }
    co_return result<void>();
  }

  int runs = 0;
  std::uint64_t written = 0;
  std::optional<error> last;
  bool repeatable_ = false;
  bool trailers_ = false;
  std::optional<std::uint64_t> size_;

 private:
  std::vector<std::string> all_;
};

inline std::shared_ptr<pieces_source> pieces(std::vector<std::string> all) {
  return std::make_shared<pieces_source>(std::move(all));
}
inline std::shared_ptr<pieces_source> sized_pieces(std::vector<std::string> all) {
  auto out = pieces(std::move(all));
  out->sized();
  return out;
}

// The same without braces, which g++ 12 does not compile in an expression that awaits.
template <class... Text>
std::shared_ptr<pieces_source> pieces_of(const Text&... text) {
  std::vector<std::string> all;
  (all.emplace_back(text), ...);
  return pieces(std::move(all));
}
template <class... Text>
std::shared_ptr<pieces_source> sized_pieces_of(const Text&... text) {
  auto out = pieces_of(text...);
  out->sized();
  return out;
}

}  // namespace fairlead::testing
