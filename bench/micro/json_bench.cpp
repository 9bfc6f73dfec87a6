// SPDX-License-Identifier: BSL-1.0
// Structs to and from JSON, against Boost.JSON's own conversion: an object of about 200 bytes and
// an array of them of about 10 KB.
#include <fairlead/json/json.hpp>

#include <benchmark/benchmark.h>
#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <stdexcept>

namespace shop {

namespace json = fairlead::json;

enum class status { pending, shipped, delivered };
BOOST_DESCRIBE_ENUM(status, pending, shipped, delivered)

struct order {
  std::int64_t id{};
  std::string customer;
  std::string email;
  double total{};
  std::int32_t items{};
  bool paid{};
  status state{};
  std::vector<std::string> tags;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, customer, email, total, items, paid, state, tags, note))

constexpr auto describe_constraints(json::of<order>) {
  return json::constraints(json::field<&order::id>(json::positive),
                           json::field<&order::customer>(json::length(1, 100)),
                           json::field<&order::items>(json::range(1, 1000)));
}

}  // namespace shop

namespace {

namespace json = fairlead::json;

shop::order example() {
  return {.id = 9007199254740001,
          .customer = "Annette Example-Johnson",
          .email = "annette.johnson@example.org",
          .total = 1234.56,
          .items = 17,
          .paid = true,
          .state = shop::status::shipped,
          .tags = {"express", "gift"},
          .note = "ring twice, then leave it at the door"};
}

std::vector<shop::order> many() {
  return std::vector<shop::order>(50, example());
}

template <class T>
std::string text_of(const T& value) {
  return json::encode(value).value();
}

template <class T>
void decode_fresh(benchmark::State& state, const T& value) {
  const auto text = text_of(value);
  for (auto _ : state) {
    auto r = json::decode<T>(text);
    if (!r) {
      throw std::runtime_error(r.error().message());
    }
    benchmark::DoNotOptimize(r);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

template <class T>
void decode_reused(benchmark::State& state, const T& value) {
  const auto text = text_of(value);
  T object;
  for (auto _ : state) {
    auto r = json::decode_into(object, text);
    benchmark::DoNotOptimize(r);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

template <class T>
void decode_boost(benchmark::State& state, const T& value) {
  const auto text = text_of(value);
  for (auto _ : state) {
    auto object = boost::json::value_to<T>(boost::json::parse(text));
    benchmark::DoNotOptimize(object);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

template <class T>
void encode_reused(benchmark::State& state, const T& value) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    auto r = json::encode_to(out, value);
    benchmark::DoNotOptimize(r);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}

template <class T>
void encode_boost(benchmark::State& state, const T& value) {
  std::size_t size = 0;
  for (auto _ : state) {
    auto out = boost::json::serialize(boost::json::value_from(value));
    size = out.size();
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void validate_value(benchmark::State& state) {
  const auto value = example();
  for (auto _ : state) {
    auto r = json::validate(value);
    benchmark::DoNotOptimize(r);
  }
}

BENCHMARK_CAPTURE(decode_fresh, 200B, example());
BENCHMARK_CAPTURE(decode_reused, 200B, example());
BENCHMARK_CAPTURE(decode_boost, 200B, example());
BENCHMARK_CAPTURE(decode_fresh, 10KB, many());
BENCHMARK_CAPTURE(decode_reused, 10KB, many());
BENCHMARK_CAPTURE(decode_boost, 10KB, many());
BENCHMARK_CAPTURE(encode_reused, 200B, example());
BENCHMARK_CAPTURE(encode_boost, 200B, example());
BENCHMARK_CAPTURE(encode_reused, 10KB, many());
BENCHMARK_CAPTURE(encode_boost, 10KB, many());
BENCHMARK(validate_value);

}  // namespace

BENCHMARK_MAIN();
