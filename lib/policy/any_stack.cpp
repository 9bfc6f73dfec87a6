// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/any_stack.hpp>

#include "detail/text.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fairlead::policy {

namespace detail {

std::vector<std::string> problems_in(const std::vector<any_layer>& layers) {
  std::vector<std::string> out;
  const auto place = [&](std::size_t i) {
    return "position " + std::to_string(i + 1) + " (" + layers[i].describe() + ")";
  };
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (std::size_t j = i + 1; j < layers.size(); ++j) {
      if (layers[i].identity() != nullptr && layers[i].identity() == layers[j].identity()) {
        out.push_back("the same policy stands at position " + std::to_string(i + 1) + " and " +
                      place(j) + ": each call would ask it twice");
      }
      if (layers[i].nature().repeats && layers[j].nature().answers_everything) {
        out.push_back(place(i) + " never sees a failure, since " + place(j) +
                      " answers every error: put the fallback outside");
      }
    }
  }
  return out;
}

std::string text_of(const boost::json::value& v) {
  return boost::json::serialize(v);
}

dynamic_data::dynamic_data(std::vector<any_layer> l, observe::sink* to, std::string_view as)
    : stack_base(nullptr, 0, to, as), layers(std::move(l)) {
  throw_if_any("policy::any_stack", {}, problems_in(layers));
  for (const auto& one : layers) {
    const auto alignment = one.state_alignment();
    room = (room + alignment - 1) / alignment * alignment;
    offsets.push_back(room);
    room += one.state_size();
    copies = copies || one.nature().copies;
    branches = branches || one.nature().branches;
    if (one.nature().repeats || one.nature().copies || one.instead() != nullptr) {
      judged = offsets.size();
    }
    views_.push_back({.layer = &one, .identity = one.identity(), .describe = [](const void* v) {
                        return static_cast<const any_layer*>(v)->describe();
                      }});
  }
  show(views_.data(), views_.size());
}

dynamic_states::dynamic_states(const dynamic_data& data, std::size_t begin)
    : data_(data), begin_(begin), made_(begin), memory_(small_) {
  if (data.room > inline_room) {
    const auto unit = sizeof(std::max_align_t);
    large_ = std::make_unique<std::max_align_t[]>((data.room + unit - 1) / unit);
    memory_ = reinterpret_cast<std::byte*>(large_.get());
  }
  for (; made_ < data.layers.size(); ++made_) {
    data.layers[made_].make_state(at(made_));
  }
}

dynamic_states::~dynamic_states() {
  while (made_ > begin_) {
    --made_;
    data_.layers[made_].destroy_state(at(made_));
  }
}

next dynamic_walk::start(call& c) {
  if (c.cancelled()) {
    c.fail(errors::cancelled{});
    return next::done;
  }
  if (c.expired()) {
    return refuse_late(c);
  }
  return descend(c, begin_);
}

next dynamic_walk::refuse_late(call& c) {
  std::size_t i = begin_;
  while (i < data_.layers.size() && data_.layers[i].nature().answers &&
         data_.layers[i].enter(states_.at(i), c) == step::inward) {
    ++i;
  }
  c.fail(errors::deadline{});
  return ascend(c, i);
}

next dynamic_walk::descend(call& c, std::size_t i) {
  for (; i < data_.layers.size(); ++i) {
    const auto s = data_.layers[i].enter(states_.at(i), c);
    if (s == step::inward) {
      continue;
    }
    at_ = i;
    if (s == step::wait) {
      return next::pause;
    }
    return s == step::branch ? next::branch : ascend(c, i);
  }
  // A caller that gave up, or whose time is over, starts nothing.
  if (c.cancelled()) {
    c.fail(errors::cancelled{});
    return ascend(c, i);
  }
  if (c.expired()) {
    c.fail(errors::deadline{});
    return ascend(c, i);
  }
  return next::invoke;
}

next dynamic_walk::ascend(call& c, std::size_t i) {
  const auto judged = std::max(begin_, data_.judged);
  for (;;) {
    if (i == judged) {
      c.end_attempt();
    }
    if (i == begin_) {
      return next::done;
    }
    --i;
    const auto s = data_.layers[i].leave(states_.at(i), c);
    if (s != step::outward) {
      return follow(c, s, i);
    }
  }
}

next dynamic_walk::follow(call& c, step s, std::size_t i) {
  at_ = i;
  switch (s) {
    case step::inward:
      return descend(c, i + 1);
    case step::wait:
      return next::pause;
    case step::branch:
      return next::branch;
    case step::substitute:
      return data_.layers[i].instead() == nullptr ? ascend(c, i) : next::substitute;
    case step::outward:
      break;
  }
  return ascend(c, i);
}

}  // namespace detail

any_stack::any_stack(std::vector<any_layer> layers)
    : data_(detail::share(new detail::dynamic_data(std::move(layers)))) {}

result<any_stack> any_stack::make(std::vector<any_layer> layers) {
  const auto problems = detail::problems_in(layers);
  if (!problems.empty()) {
    return fail(errors::invalid_argument{"policy::any_stack", detail::joined(problems)});
  }
  return any_stack(std::move(layers));
}

any_stack any_stack::observed_by(observe::sink& sink, std::string_view name) const {
  return any_stack(detail::share(new detail::dynamic_data(layers(), &sink, name)));
}

}  // namespace fairlead::policy
