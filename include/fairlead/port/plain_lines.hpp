// SPDX-License-Identifier: BSL-1.0
// What stands in the lines of peers that read a line and answer with a line.
#pragma once

#include <string>

namespace fairlead {

/// How calls and answers are written as plain lines. Both sides must have the same.
///
/// ```
/// get_user {"id":42}                                        a call
/// {"id":42,"name":"Ann"}                                    its answer, or null
/// ! {"kind":"application","code":"not_found",...}           or an error
/// ```
///
/// With one operation, and as text:
///
/// ```
/// Ann                                                       a call of greet {"name":"Ann"}
/// Hello, Ann                                                its answer, "Hello, Ann"
/// ```
struct plain_form {
  /// The one operation of the service. Empty: every line begins with the name of its operation, and
  /// a blank.
  std::string operation = {};
  /// Requests are lines of text: the one member, of this name, which is a text. An answer that is a
  /// text is the line as it is; the client takes every answer for one. Empty: both are JSON.
  std::string text_field = {};
  /// Of lines of text: what those begin with that tell of an error; its message follows. No other
  /// answer may begin so. Empty: text cannot tell of errors, and the connection is closed.
  std::string failure = {};
};

}  // namespace fairlead
