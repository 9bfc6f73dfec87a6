// SPDX-License-Identifier: BSL-1.0
// Real listeners: addresses, stale socket files, sharing, running out of descriptors.
#include <fairlead/core/sleep.hpp>
#include <fairlead/net/network.hpp>

#include <gtest/gtest.h>

#include "support/raw_socket.hpp"
#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::raw_socket;
using fairlead::testing::real_loop;
using fairlead::testing::scratch_dir;

error_kind accept_error(real_loop& loop, listener& l) {
  std::optional<error_kind> kind;
  loop.run([&](context& cx) -> task<void> {
    auto peer = co_await l.accept(cx);
    EXPECT_FALSE(peer);
    kind = peer.error().kind();
  });
  return *kind;
}

TEST(SystemListener, SaysWhichAddressIsInUse) {
  real_loop loop;
  auto first = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(first);
  EXPECT_NE((*first)->local().port(), 0);
  const auto second = system_network().listen(loop.env(), (*first)->local(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), error_kind::invalid_argument);
  EXPECT_NE(second.error().message().find((*first)->local().to_string()), std::string::npos);
  EXPECT_NE(second.error().message().find("in use"), std::string::npos);
}

TEST(SystemListener, RefusesAddressesOfOthers) {
  real_loop loop;
  const auto l = system_network().listen(loop.env(), endpoint::ip("192.0.2.1", 0).value(), {});
  ASSERT_FALSE(l);
  EXPECT_EQ(l.error().kind(), error_kind::invalid_argument);
  EXPECT_NE(l.error().message().find("not an address of this machine"), std::string::npos);
}

TEST(SystemListener, CanListenAgainRightAfterwards) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  const auto where = (*l)->local();
  loop.run([&](context& cx) -> task<void> {
    raw_socket peer(where);
    auto s = co_await (*l)->accept(cx);
    EXPECT_TRUE(s);
    (*s)->close();  // our end closes first and stays in TIME_WAIT
  });
  l->reset();
  EXPECT_TRUE(system_network().listen(loop.env(), where, {}));
}

TEST(SystemListener, SharesAPortWhenAsked) {
  real_loop loop;
  listen_options share;
  share.share_port = true;
  auto first = system_network().listen(loop.env(), endpoint::loopback(), share);
  ASSERT_TRUE(first);
  EXPECT_TRUE(system_network().listen(loop.env(), (*first)->local(), share));
}

TEST(SystemListener, TakesIp4PeersOnTheIp6Wildcard) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::ip("::", 0).value(), {});
  ASSERT_TRUE(l) << l.error().message();
  loop.run([&](context& cx) -> task<void> {
    raw_socket peer(endpoint::loopback((*l)->local().port()));
    auto s = co_await (*l)->accept(cx);
    EXPECT_TRUE(s);
    EXPECT_TRUE((*s)->peer().starts_with("127.0.0.1:")) << (*s)->peer();
  });
}

TEST(SystemListener, AcceptEndsWhenClosedCancelledOrLate) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  loop.run([&](context& cx) -> task<void> {
    auto brief = cx.with_timeout(5ms);
    auto peer = co_await (*l)->accept(brief);
    EXPECT_EQ(peer.error().kind(), error_kind::deadline);
  });
  auto closer = [&](context& cx) -> task<void> {
    auto slept = co_await sleep_for(cx, 5ms);
    EXPECT_TRUE(slept);
    (*l)->close();
  };
  loop.spawn(closer);
  EXPECT_EQ(accept_error(loop, **l), error_kind::unavailable);
  EXPECT_EQ(accept_error(loop, **l), error_kind::unavailable) << "and for good";
  loop.root().cancel();
  EXPECT_EQ(accept_error(loop, **l), error_kind::cancelled);
}

TEST(SystemListener, ReplacesAStaleSocketFile) {
  const scratch_dir dir;
  real_loop loop;
  const auto where = endpoint::unix_path(dir.file("s")).value();
  {
    auto crashed = system_network().listen(loop.env(), where, {});
    ASSERT_TRUE(crashed);
    std::filesystem::create_hard_link(dir.file("s"), dir.file("kept"));
  }
  std::filesystem::rename(dir.file("kept"), dir.file("s"));
  ASSERT_TRUE(std::filesystem::is_socket(dir.file("s")));
  EXPECT_TRUE(system_network().listen(loop.env(), where, {}));
}

TEST(SystemListener, LeavesALiveSocketFileAlone) {
  const scratch_dir dir;
  real_loop loop;
  const auto where = endpoint::unix_path(dir.file("s")).value();
  auto first = system_network().listen(loop.env(), where, {});
  ASSERT_TRUE(first);
  const auto second = system_network().listen(loop.env(), where, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), error_kind::invalid_argument);
  EXPECT_TRUE(std::filesystem::is_socket(dir.file("s")));
}

TEST(SystemListener, NeverRemovesWhatIsNotItsOwn) {
  const scratch_dir dir;
  real_loop loop;
  std::ofstream(dir.file("precious")) << "data";
  const auto refused =
      system_network().listen(loop.env(), endpoint::unix_path(dir.file("precious")).value(), {});
  EXPECT_FALSE(refused);
  EXPECT_TRUE(std::filesystem::exists(dir.file("precious")));
  auto l = system_network().listen(loop.env(), endpoint::unix_path(dir.file("s")).value(), {});
  ASSERT_TRUE(l);
  std::filesystem::remove(dir.file("s"));
  std::ofstream(dir.file("s")) << "somebody else's";
  (*l)->close();
  EXPECT_TRUE(std::filesystem::exists(dir.file("s")));
}

TEST(SystemListener, MissingDirectoryIsTheCallersMistake) {
  const scratch_dir dir;
  real_loop loop;
  const auto l =
      system_network().listen(loop.env(), endpoint::unix_path(dir.file("no/s")).value(), {});
  ASSERT_FALSE(l);
  EXPECT_EQ(l.error().kind(), error_kind::invalid_argument);
}

TEST(SystemListener, RunningOutOfDescriptorsIsAnErrorThatPasses) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  raw_socket peer((*l)->local());
  const int spare = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(spare, 0);
  ::close(spare);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(spare);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const auto kind = accept_error(loop, **l);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(kind, error_kind::system_error);
  loop.run([&](context& cx) -> task<void> {
    auto s = co_await (*l)->accept(cx);
    EXPECT_TRUE(s) << "the peer still stands in line";
  });
}

}  // namespace
}  // namespace fairlead::net
