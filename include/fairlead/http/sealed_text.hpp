// SPDX-License-Identifier: BSL-1.0
// Envelopes around JSON that is text already, for code that knows no types.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/envelope.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>

#include <string>
#include <string_view>

namespace fairlead::http {

/// `json`, one value, in an envelope for a request.
[[nodiscard]] std::string seal_request(envelope e, std::string_view json);

/// The value in the envelope of a request, as text; the whole body where `enveloped` takes that.
///
/// *Errors*: `serialization_error` for what is no envelope.
[[nodiscard]] result<std::string> open_request(envelope e, envelope_dialect d, const request& r);

/// `json` in an envelope for the answer to `r`; an empty one is null.
[[nodiscard]] response seal_reply(envelope e, envelope_dialect d, const request& r,
                                  std::string_view json);
/// An error in an envelope, with the status that the dialect gives it.
[[nodiscard]] response seal_failure(envelope e, envelope_dialect d, const error& why);

/// The value in the envelope of an answer, whatever its status, as text; empty when it is missing
/// or null. *Errors*: as `call_enveloped`.
[[nodiscard]] result<std::string> open_reply(envelope e, const response& r);

}  // namespace fairlead::http
