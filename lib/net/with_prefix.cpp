// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/with_prefix.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::net {

namespace {

class prefixed_stream final : public stream {
 public:
  prefixed_stream(std::unique_ptr<stream> under, std::string first)
      : under_(std::move(under)), first_(std::move(first)) {}

  io_attempt try_read(std::span<std::byte> into) override {
    if (!left()) {
      return under_->try_read(into);
    }
    const auto n = std::min(into.size(), first_.size() - taken_);
    std::memcpy(into.data(), first_.data() + taken_, n);
    taken_ += n;
    if (!left()) {
      drop();
    }
    return n;
  }

  io_attempt try_write(const_buffers from) override { return under_->try_write(from); }

  task<result<void>> wait(context& cx, direction towards) override {
    if (towards == direction::read && left() && !cx.cancelled()) {
      return at_once();
    }
    return under_->wait(cx, towards);
  }

  bool worth_trying(direction towards) const noexcept override {
    return (towards == direction::read && left()) || under_->worth_trying(towards);
  }

  bool peer_has_left() noexcept override { return under_->peer_has_left(); }

  const tls_info* tls() const noexcept override { return under_->tls(); }

  task<result<void>> shutdown_write(context& cx) override { return under_->shutdown_write(cx); }

  result<void> set_options(const stream_options& options) override {
    return under_->set_options(options);
  }

  void close() noexcept override {
    drop();
    under_->close();
  }

  void abort() noexcept override {
    drop();
    under_->abort();
  }

  const std::string& peer() const noexcept override { return under_->peer(); }

 private:
  [[nodiscard]] bool left() const noexcept { return taken_ < first_.size(); }

  void drop() noexcept {
    std::string().swap(first_);
    taken_ = 0;
  }

  static task<result<void>> at_once() { co_return result<void>{}; }

  std::unique_ptr<stream> under_;
  std::string first_;
  std::size_t taken_ = 0;
};

}  // namespace

std::unique_ptr<stream> with_prefix(std::unique_ptr<stream> s, std::string first_bytes) {
  if (first_bytes.empty()) {
    return s;
  }
  return std::make_unique<prefixed_stream>(std::move(s), std::move(first_bytes));
}

}  // namespace fairlead::net
