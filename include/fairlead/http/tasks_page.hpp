// SPDX-License-Identifier: BSL-1.0
// What the tasks of a running program wait for.
#pragma once

#include <fairlead/http/handler.hpp>

#include <memory>

namespace fairlead::http {

/// Answers with what every task of the server's event loop waits for at this moment, as JSON: for
/// the program that does not go on. Tasks that wait for the same kind of thing are one entry, the
/// largest first, with their number and the latest 20 of them: the operation or span that they
/// belong to, their trace, and how many milliseconds they may wait yet.
///
/// It costs nothing until it is asked, then a look at each task. It names peers and operations:
/// give the route a middleware (`basic_auth`), or serve it on a port of its own. Of a fleet it is
/// the thread that answers.
///
/// Socket waits of strands, and of versions of Asio that are not known (docs/compilers.md), are not
/// seen.
///
/// *Example*:
/// ```cpp
/// routes.get("/debug/tasks", http::tasks_page());
/// ```
[[nodiscard]] std::shared_ptr<handler> tasks_page();

}  // namespace fairlead::http
