// SPDX-License-Identifier: BSL-1.0
// A NATS server in virtual time, as far as a client can tell: for what a real one is too slow and
// too well-behaved.
#pragma once

#include "detail/subject_index.hpp"

#include <fairlead/core/background.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/wait_slot.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

using namespace std::chrono_literals;

/// Listens on port 4222 of its machine in a simulated network, from `start` to `stop` or `crash`;
/// or serves the streams that it is given. Its tasks run in the background of the environment.
class fake_nats {
 public:
  /// What a connection does in place of being served; `number` counts them from 1.
  using script = std::function<task<void>(context&, net::stream&, int number)>;

  explicit fake_nats(environment& env) : env_(env) {}
  fake_nats(environment& env, sim::network& net, std::string machine = "nats")
      : env_(env), net_(&net), machine_(std::move(machine)) {}
  fake_nats(const fake_nats&) = delete;
  fake_nats& operator=(const fake_nats&) = delete;
  ~fake_nats() = default;

  // What it is like; members of INFO to begin with.
  std::string info = R"("server_name":"fake","headers":true,"max_payload":1048576)";
  std::string token;                 ///< must be told, when there is one
  std::set<std::string> forbidden;   ///< subjects and patterns
  bool mute = false;                 ///< answers no ping
  bool deaf = false;                 ///< reads nothing any more
  script instead;                    ///< of serving connections, while it is set
  std::vector<std::string> greeted;  ///< CONNECT lines

  [[nodiscard]] int connections() const { return accepted_; }
  [[nodiscard]] std::size_t open() const { return links_.size(); }

  void start() {
    auto made = net_->host(machine_).listen(env_, *net::endpoint::parse("0.0.0.0:4222"), {});
    EXPECT_TRUE(made);
    auto shared = std::shared_ptr<net::listener>(std::move(*made));
    listener_ = shared;
    env_.background().spawn([this, shared](context& cx) { return serve(cx, shared); });
  }
  /// Ends in order: closes everything.
  void stop() {
    if (listener_) {
      listener_->close();
      listener_.reset();
    }
    for (auto* l : links_) {
      l->stream->close();
    }
  }
  /// As if its machine had lost power and came back.
  void crash() {
    if (listener_) {
      listener_->close();
      listener_.reset();
    }
    net_->crash(machine_);
  }
  /// Serves this one.
  void adopt(std::unique_ptr<net::stream> s) {
    auto shared = std::make_shared<std::unique_ptr<net::stream>>(std::move(s));
    const int number = ++accepted_;
    env_.background().spawn(
        [this, shared, number](context& cx) { return connection(cx, shared, number); });
  }
  /// Says this on its oldest connection.
  void say_to_first(const std::string& text) { say(*links_.at(0), text); }

 private:
  struct link;
  struct listening {
    link* who;
    std::string id;
    std::string group;
    bool operator==(const listening&) const = default;
  };
  struct link {
    explicit link(fake_nats& f, std::unique_ptr<net::stream> s) : self(f), stream(std::move(s)) {
      self.links_.push_back(this);
    }
    link(const link&) = delete;
    link& operator=(const link&) = delete;
    ~link() {
      std::erase(self.links_, this);
      for (const auto& [id, what] : subscribed) {
        self.index_.remove(what.first, listening{this, id, what.second});
      }
    }
    fake_nats& self;
    std::unique_ptr<net::stream> stream;
    std::string in;
    std::string out;
    net::wait_slot more;
    std::map<std::string, std::pair<std::string, std::string>> subscribed;  // pattern, group by id
    bool welcome = false;
  };

  task<void> serve(context& cx, std::shared_ptr<net::listener> at) {
    for (;;) {
      auto made = co_await at->accept(cx);
      if (!made) {
        break;
      }
      adopt(std::move(*made));
    }
  }

  task<void> connection(context& cx, std::shared_ptr<std::unique_ptr<net::stream>> s, int number) {
    if (instead) {
      const auto script_now = instead;
      co_await script_now(cx, **s, number);
      (*s)->close();
      co_return;
    }
    link l(*this, std::move(*s));
    const auto body = [&](task_scope& beside) -> task<result<void>> {
      beside.spawn([&](context& own) { return write_all_of(own, l); });
      say(l, "INFO {" + info + "}\r\n");
      co_await read_all_of(cx, l);
      l.stream->close();
      beside.cancel();
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    static_cast<void>(ended);
  }

  static task<void> write_all_of(context& cx, link& l) {
    for (;;) {
      if (l.out.empty()) {
        auto woken = co_await l.more.wait(cx);
        if (!woken) {
          co_return;
        }
        continue;
      }
      const std::string now = std::exchange(l.out, {});
      auto put = co_await net::write_all(cx, *l.stream, now);
      if (!put) {
        co_return;
      }
    }
  }

  task<void> read_all_of(context& cx, link& l) {
    std::array<std::byte, 4096> bytes{};
    for (;;) {
      while (deaf) {
        auto slept = co_await sleep_for(cx, 100ms);
        if (!slept) {
          co_return;
        }
      }
      auto n = co_await net::read_some(cx, *l.stream, bytes);
      if (!n || *n == 0) {
        co_return;
      }
      l.in.append(reinterpret_cast<const char*>(bytes.data()), *n);
      while (take(l)) {
      }
    }
  }

  static void say(link& l, const std::string& text) {
    l.out += text;
    l.more.notify();
  }

  // The first thing in `l.in`, if it has come whole.
  bool take(link& l) {
    const auto end = l.in.find("\r\n");
    if (end == std::string::npos) {
      return false;
    }
    std::istringstream words(l.in.substr(0, end));
    std::vector<std::string> w;
    for (std::string one; words >> one;) {
      w.push_back(one);
    }
    std::size_t whole = end + 2;
    if (w.at(0) == "PUB" || w.at(0) == "HPUB") {
      const auto size = std::stoul(w.back());
      if (l.in.size() < whole + size + 2) {
        return false;
      }
      const auto body = l.in.substr(whole, size);
      EXPECT_EQ(l.in.substr(whole + size, 2), "\r\n");
      whole += size + 2;
      publish(l, w, body);
    } else if (w.at(0) == "CONNECT") {
      greeted.push_back(l.in.substr(0, end));
      l.welcome = token.empty() || greeted.back().find('"' + token + '"') != std::string::npos;
      if (!l.welcome) {
        say(l, "-ERR 'Authorization Violation'\r\n");
      }
    } else if (w.at(0) == "PING") {
      if (l.welcome && !mute) {
        say(l, "PONG\r\n");
      }
    } else if (w.at(0) == "SUB") {
      subscribe(l, w);
    } else if (w.at(0) == "UNSUB") {
      const auto what = l.subscribed[w.at(1)];
      index_.remove(what.first, listening{&l, w.at(1), what.second});
      l.subscribed.erase(w.at(1));
    } else {
      EXPECT_EQ(w.at(0), "PONG") << l.in.substr(0, end);
    }
    l.in.erase(0, whole);
    return true;
  }

  void subscribe(link& l, const std::vector<std::string>& w) {
    if (forbidden.contains(w.at(1))) {
      say(l, "-ERR 'Permissions Violation for Subscription to \"" + w.at(1) + "\"'\r\n");
      return;
    }
    const bool grouped = w.size() == 4;
    index_.add(w.at(1), {&l, w.back(), grouped ? w.at(2) : ""});
    EXPECT_FALSE(l.subscribed.contains(w.back())) << "twice";
    l.subscribed[w.back()] = {w.at(1), grouped ? w.at(2) : ""};
  }

  void publish(link& from, const std::vector<std::string>& w, const std::string& body) {
    const bool headers = w.at(0) == "HPUB";
    const std::size_t numbers = headers ? 2 : 1;
    const auto& subject = w.at(1);
    const std::string reply = w.size() == 3 + numbers ? w.at(2) : "";
    if (forbidden.contains(subject)) {
      say(from, "-ERR 'Permissions Violation for Publish to \"" + subject + "\"'\r\n");
      return;
    }
    const std::string sizes = (headers ? w.at(w.size() - 2) + " " : "") + w.back();
    std::map<std::string, std::vector<listening>> groups;
    std::vector<listening> to;
    for (const auto& one : index_.find(subject)) {
      if (one.group.empty()) {
        to.push_back(one);
      } else {
        groups[one.group].push_back(one);
      }
    }
    for (const auto& [name, members] : groups) {
      to.push_back(members[env_.random().below(members.size())]);
    }
    for (const auto& one : to) {
      say(*one.who, (headers ? "HMSG " : "MSG ") + subject + " " + one.id + " " +
                        (reply.empty() ? "" : reply + " ") + sizes + "\r\n" + body + "\r\n");
    }
    if (to.empty() && !reply.empty()) {
      for (const auto& one : index_.find(reply)) {
        say(*one.who, "HMSG " + reply + " " + one.id + " 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
      }
    }
  }

  environment& env_;
  sim::network* net_ = nullptr;
  std::string machine_;
  std::shared_ptr<net::listener> listener_;
  std::vector<link*> links_;
  detail::subject_index<listening> index_;
  int accepted_ = 0;
};

}  // namespace fairlead::testing
