// SPDX-License-Identifier: BSL-1.0
// Forms with files (multipart/form-data) as they arrive, one part after the other.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/body_reader.hpp>
#include <fairlead/http/form_part.hpp>
#include <fairlead/http/request.hpp>

#include <memory>
#include <string_view>

namespace fairlead::http {

/// Reads the parts of a multipart/form-data body (RFC 7578) while it arrives, in their order. Files
/// of any size take no more memory than two buffers.
///
/// A handler takes it as an argument, and then gets its body as it arrives, as with `body_reader&`.
/// Give the route the `max_body` and `deadline` that its uploads need.
///
/// What two readers could understand differently is refused: text before the first and behind the
/// last boundary, a boundary at the begin of a longer line, folded fields, bare CR or LF, a part
/// without a name or with two, a content transfer coding.
///
/// *Thread safety*: none. Valid as long as the body it reads from.
///
/// *Example*:
/// ```cpp
/// routes.post("/photos", {.deadline = 10min, .max_body = 2'000'000'000},
///             [&](context& cx, http::multipart_reader form) -> task<result<void>> {
///               for (;;) {
///                 auto part = co_await form.next(cx);
///                 if (!part) { co_return tl::unexpected(std::move(part).error()); }
///                 if (*part == nullptr) { co_return result<void>(); }  // the end
///                 auto done = co_await store.save(cx, (*part)->name(), form.content());
///                 if (!done) { co_return done; }
///               }
///             });
/// ```
class multipart_reader {
 public:
  /// For the arguments of handlers.
  static constexpr bool reads_stream = true;

  /// Reads nothing: `next` gives the end.
  multipart_reader();
  multipart_reader(multipart_reader&& other) noexcept;
  multipart_reader& operator=(multipart_reader&& other) noexcept;
  ~multipart_reader();

  /// Of a body with this Content-Type, which must outlive it.
  ///
  /// *Errors*: `invalid_argument` when that is not multipart/form-data with a boundary of 1 to 70
  /// characters (RFC 2046).
  [[nodiscard]] static result<multipart_reader> open(std::string_view content_type,
                                                     body_reader& body,
                                                     const multipart_limits& limits = {});
  /// Of a request that is read as it arrives, with the limits' defaults. *Errors*: as `open`, so
  /// 400.
  [[nodiscard]] static result<multipart_reader> from_request(const request& r);

  /// Goes to the next part, past what was not read of this one; null behind the last. The head is
  /// valid until the next call.
  ///
  /// *Completes when* its head has come, or the end of the body.
  /// *Errors*: `invalid_argument` when the body is not a form (400); `too_large` beyond the limits
  /// (413); those of the body's reader. The same error again when asked again.
  [[nodiscard]] task<result<const form_part*>> next(context& cx);

  /// What is in the part that `next` has given; ends where the part ends. The same object for all
  /// parts, with nothing in it before the first. Its length is not known, and it has no trailers.
  [[nodiscard]] body_reader& content() noexcept;

 private:
  class impl;
  explicit multipart_reader(std::unique_ptr<impl> i) noexcept;

  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::http
