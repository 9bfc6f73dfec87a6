// SPDX-License-Identifier: BSL-1.0
// The adapter for a service in the same process that runs in another event loop.
#pragma once

#include <fairlead/core/channel.hpp>
#include <fairlead/port/call_queue.hpp>
#include <fairlead/port/detail/operation_limit.hpp>
#include <fairlead/port/detail/served.hpp>
#include <fairlead/port/port.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace fairlead {

namespace detail {

/// A call of `R`: the request is the caller's, the answer is put down here.
template <class S, operation R>
struct service_job final : queued_job {
  service_job(S& s, const R& r, received_call call) noexcept
      : queued_job(&work, call), service(s), request(r) {}

  static task<void> work(queued_job& self, context& cx) {
    auto& job = static_cast<service_job&>(self);
    auto answer = co_await served<S, R>::once(job.service, cx, job.request);
    job.answer.emplace(std::move(answer));
  }

  S& service;
  const R& request;
  std::optional<result<response_t<R>>> answer;
};

/// The same for one that is answered with a stream: items go through a channel.
template <class S, streaming R>
struct service_job<S, R> final : queued_job {
  static constexpr std::size_t most_ahead = 16;

  service_job(S& s, const R& r, received_call call)
      : queued_job(&work, call), service(s), request(r), items(most_ahead) {}

  void ended() noexcept override { items.close(); }

  class writer final : public item_writer<item_t<R>> {
   public:
    explicit writer(channel<item_t<R>>& to) noexcept : to_(to) {}
    task<result<void>> write(context& cx, item_t<R> item) override {
      return to_.send(cx, std::move(item));
    }

   private:
    channel<item_t<R>>& to_;
  };

  static task<void> work(queued_job& self, context& cx) {
    auto& job = static_cast<service_job&>(self);
    writer out(job.items);
    auto answer = co_await served<S, R>::once(job.service, cx, job.request, out);
    job.answer.emplace(std::move(answer));
  }

  S& service;
  const R& request;
  channel<item_t<R>> items;
  std::optional<result<void>> answer;
};

template <class S, class Base, class... Rs>
class queued_adapter;

template <class S, class Base>
class queued_adapter<S, Base> : public Base {
 public:
  queued_adapter(call_queue& queue, std::shared_ptr<S> service)
      : queue_(queue), service_(std::move(service)) {}

 protected:
  call_queue& queue_;
  std::shared_ptr<S> service_;
};

template <class S, class Base, class R, class... Rs>
class queued_adapter<S, Base, R, Rs...> : public queued_adapter<S, Base, Rs...> {
 public:
  using queued_adapter<S, Base, Rs...>::queued_adapter;
  using Base::call;

  task<result<response_t<R>>> call(context& cx, const R& request) override {
    const operation_limit own(cx, operation_timeout<R>());
    context limited = own.under();
    service_job<S, R> job(*this->service_, request, call_of<R>(cx));
    auto ran = this->queue_.enter(limited, job);
    if (ran) {
      const queued_stake here(this->queue_, limited, job);
      ran = co_await this->queue_.join(limited, job);
    }
    if (!ran) {
      own.translate(wire_name<R>(), ran.error());
      co_return fail(std::move(ran).error());
    }
    auto& answer = *job.answer;
    if (!answer) {
      belongs_to_the_caller(limited, answer.error());
      own.translate(wire_name<R>(), answer.error());
    }
    if constexpr (delivery_of<R> == delivery::one_way) {
      if (cx.check()) {
        answer = {};  // what became of it, nobody learns
      }
    }
    co_return std::move(answer);
  }
};

template <class S, class Base, streaming R, class... Rs>
class queued_adapter<S, Base, R, Rs...> : public queued_adapter<S, Base, Rs...> {
 public:
  using queued_adapter<S, Base, Rs...>::queued_adapter;
  using Base::call;

  task<result<void>> call(context& cx, const R& request, item_writer<item_t<R>>& to) override {
    const operation_limit own(cx, operation_timeout<R>());
    context limited = own.under();
    service_job<S, R> job(*this->service_, request, call_of<R>(cx));
    auto outcome = this->queue_.enter(limited, job);
    if (outcome) {
      const queued_stake here(this->queue_, limited, job);
      auto taken = co_await take_items(limited, job, to);
      if (!taken) {
        this->queue_.give_up(job);
      }
      outcome = co_await this->queue_.join(limited, job);
      if (outcome) {
        outcome = std::move(*job.answer);
      }
      if (!taken) {
        outcome = std::move(taken);
      } else if (!outcome) {
        belongs_to_the_caller(limited, outcome.error());
      }
    }
    if (!outcome) {
      own.translate(wire_name<R>(), outcome.error());
    }
    co_return outcome;
  }

 private:
  // Until there are no more, or nobody waits for them. An error is of `to`.
  static task<result<void>> take_items(context& cx, service_job<S, R>& job,
                                       item_writer<item_t<R>>& to) {
    for (;;) {
      auto item = co_await job.items.receive(cx);
      if (!item) {
        co_return result<void>();
      }
      auto taken = co_await to.write(cx, std::move(*item));
      if (!taken) {
        co_return taken;
      }
    }
  }
};

template <class Port, class S>
struct queued_of;
template <operation... Rs, class S>
struct queued_of<port<Rs...>, S> {
  static_assert(
      (serves<S, Rs> && ...),
      "the service needs operator()(context&, const Request&) for every request of the port");
  using type = queued_adapter<S, typename port<Rs...>::interface, Rs...>;
};

}  // namespace detail

/// A port to a service that runs where `queue` is served: on another thread, mostly. Nothing is
/// serialized; request and answer stay in the frame of the caller, who is there until the call has
/// ended. The service's context has the caller's deadline and facts, and is cancelled when the
/// caller is; its environment is the other one.
///
/// *Errors*: those of the service; `pool_exhausted` when too many calls wait; `unavailable` when
/// nobody serves. *Cancellation* and deadline take a call out of the queue, or cancel it and wait
/// for its end. *Thread safety*: calls may come from any thread, each from its own event loop; the
/// service is called on the threads that serve. The event loop of a caller must not be taken down
/// while a call of it runs.
///
/// *Example*: `const auto files = queued<file_port>(to_disk, file_service());`
template <class Port, class S>
[[nodiscard]] Port queued(call_queue& queue, std::shared_ptr<S> service) {
  using adapter = typename detail::queued_of<Port, S>::type;
  return Port(detail::share_adapter<Port>(new adapter(queue, std::move(service))));
}

/// The same for a service that is moved in.
template <class Port, class S>
[[nodiscard]] Port queued(call_queue& queue, S service) {
  return queued<Port>(queue, std::make_shared<S>(std::move(service)));
}

}  // namespace fairlead
