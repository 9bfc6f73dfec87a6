// SPDX-License-Identifier: BSL-1.0
// Keep-alive GETs of a JSON body over loopback: fairlead beside Asio coroutines and bare sockets,
// in interleaved rounds. CPU time per request of client and server, allocations, latency.
#include "report.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

namespace {

constexpr std::string_view usage =
    "usage: http-keepalive [option ...]\n"
    "\n"
    "  --rounds N       rounds, in each of which every contestant runs once; default 9\n"
    "  --requests N     counted requests in a run; default 20000\n"
    "  --body BYTES     only bodies of about so many bytes; default 100, then 10240\n"
    "  --connections N  so many at a time; with more than one, latency is not measured; default 1\n"
    "  --only NAME      only this contestant; may be given several times\n"
    "  --cores one|two  both processes on one core (default), or a core each\n"
    "  --quick          3 rounds of 3000 requests\n"
    "  --json FILE      every round as it was measured, too\n";

struct options {
  std::uint64_t rounds = 9;
  std::uint64_t requests = 20'000;
  std::uint64_t connections = 1;
  std::vector<std::size_t> bodies = {100, 10'240};
  std::vector<pair> contestants;
  placement where = placement::one_core;
  std::string json;
};

std::uint64_t read_number(std::string_view name, std::string_view text) {
  std::uint64_t n = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || n == 0) {
    throw std::invalid_argument(std::string(name) + " needs a positive number");
  }
  return n;
}

const pair& find_pair(std::string_view name) {
  for (const auto* p : all_pairs()) {
    if (p->name == name) {
      return *p;
    }
  }
  throw std::invalid_argument("there is no contestant named " + std::string(name));
}

options read_options(const std::vector<std::string_view>& args) {
  options out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto name = args[i];
    if (name == "--quick") {
      out.rounds = 3;
      out.requests = 3000;
      continue;
    }
    if (i + 1 == args.size()) {
      throw std::invalid_argument(std::string(name) + " is unknown, or needs a value");
    }
    const auto value = args[++i];
    if (name == "--rounds") {
      out.rounds = read_number(name, value);
    } else if (name == "--requests") {
      out.requests = read_number(name, value);
    } else if (name == "--connections") {
      out.connections = read_number(name, value);
    } else if (name == "--body") {
      out.bodies = {read_number(name, value)};
    } else if (name == "--only") {
      out.contestants.push_back(find_pair(value));
    } else if (name == "--json") {
      out.json = value;
    } else if (name == "--cores" && (value == "one" || value == "two")) {
      out.where = value == "one" ? placement::one_core : placement::two_cores;
    } else {
      throw std::invalid_argument(std::string(name) + " " + std::string(value) + " is unknown");
    }
  }
  if (out.contestants.empty()) {
    for (const auto* p : all_pairs()) {
      if (out.connections == 1 || p != &blocking_sockets) {
        out.contestants.push_back(*p);
      }
    }
  }
  return out;
}

// In each round every contestant runs three times: with itself, and each of its sides with the
// other side of the plainest one, which tells what that side costs.
std::vector<series> measure_all(const options& o) {
  std::vector<series> all;
  const auto& plain = o.connections == 1 ? blocking_sockets : epoll_sockets;
  for (const auto body : o.bodies) {
    const auto first = all.size();
    for (const auto& p : o.contestants) {
      all.push_back({p, make_body(body).size(), {}});
    }
    const workload work{body, o.requests / 10 + 10 * o.connections, o.requests, o.connections,
                        o.where};
    for (std::uint64_t n = 0; n < o.rounds; ++n) {
      const auto floor = run_pair(plain, plain, work);
      for (auto i = first; i < all.size(); ++i) {
        const auto& p = all[i].who;
        const auto both = run_pair(p, p, work);
        const auto client = run_pair(p, plain, work);
        const auto server = run_pair(plain, p, work);
        all[i].rounds.push_back({.client_ns = client.cpu_ns - floor.cpu_ns / 2,
                                 .server_ns = server.cpu_ns - floor.cpu_ns / 2,
                                 .both_ns = both.cpu_ns,
                                 .p50_us = both.p50_us,
                                 .p99_us = both.p99_us,
                                 .client_allocations = both.client_allocations,
                                 .server_allocations = both.server_allocations});
      }
    }
  }
  return all;
}

int run(const std::vector<std::string_view>& args) {
  const auto o = read_options(args);
  std::printf("%llu interleaved rounds of %llu requests over %llu connection%s, %s\n",
              static_cast<unsigned long long>(o.rounds),
              static_cast<unsigned long long>(o.requests),
              static_cast<unsigned long long>(o.connections), o.connections == 1 ? "" : "s",
              o.where == placement::one_core ? "client and server on one core"
                                             : "client and server on a core each");
  std::fflush(stdout);  // the children must not inherit it
  const auto all = measure_all(o);
  std::fputs(to_markdown(all).c_str(), stdout);
  std::putchar('\n');
  for (const auto& p : o.contestants) {
    std::printf("%.*s: %.*s\n", static_cast<int>(p.name.size()), p.name.data(),
                static_cast<int>(p.what.size()), p.what.data());
  }
  if (!o.json.empty()) {
    std::ofstream file(o.json);
    file << to_json(all) << '\n';
    if (!file.flush()) {
      throw std::runtime_error("cannot write " + o.json);
    }
  }
  return 0;
}

}  // namespace

}  // namespace wire

int main(int argc, char** argv) {
  const std::vector<std::string_view> args(argv + 1, argv + argc);
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    std::fputs(wire::usage.data(), stdout);
    return 0;
  }
  try {
    return wire::run(args);
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "http-keepalive: %s\n%s", e.what(), wire::usage.data());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "http-keepalive: %s\n", e.what());
    return 1;
  }
}
