// SPDX-License-Identifier: BSL-1.0
// What `fairlead echo` answers, protocol by protocol: text in, text out.
#pragma once

#include <fairlead/core/error.hpp>
#include <fairlead/http/handler.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

/// One line of JSON-lines: `{"_id": I, "_payload": X}` gives `{"_id": I, "_status": "ok",
/// "_payload": X}`; an object without `_payload` is the payload itself. What is no JSON object is
/// answered with an error.
[[nodiscard]] std::string jsonl_reply(std::string_view request);

/// `{"_id": ..., "_status": "error", "_error_type": ..., "_message": ...}`; the id of `request`, if
/// it has one.
[[nodiscard]] std::string jsonl_error(std::string_view request, std::string_view type,
                                      std::string_view message);

/// Method, path, query, headers and body of a request as JSON. A body that is JSON by its type
/// stands as JSON, text as a string; what is neither stands as `body_base64`.
[[nodiscard]] http::response http_reply(const http::request& r);

/// `{"data": X}` gives `{"success": true, "data": X}`; without "data" X is null. What cannot be
/// read is a 400 or 422 with `{"success": false, "error": ...}`.
[[nodiscard]] std::shared_ptr<http::handler> envelope_echo();

/// `{"success": false, "error": message}`.
[[nodiscard]] http::response envelope_error(http::status s, std::string_view message);

/// The texts that a request for events wants sent: each "data" of its query, then each line of its
/// body.
[[nodiscard]] std::vector<std::string> texts_to_send(const http::request& r);

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace fairlead::cli
