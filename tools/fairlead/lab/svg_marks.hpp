// SPDX-License-Identifier: BSL-1.0
// What outcomes and events look like in a picture. Nothing is told by its colour alone: the colours
// are those of Okabe and Ito, which colour-blind people can tell apart, and each has a pattern or a
// sign of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fairlead::lab::svg {

/// A look with a name: of the end of a run, the end of a call, or the state of a breaker.
struct look {
  std::string_view name;
  std::string_view fill;    ///< a colour, or "url(#...)" of a pattern
  std::string_view stroke;  ///< also the colour of its sign
  std::string_view sign;    ///< path data around 0,0, or nothing
  std::string_view says;    ///< in the legend
};

[[nodiscard]] std::span<const look> run_looks() noexcept;
[[nodiscard]] std::span<const look> call_looks() noexcept;
[[nodiscard]] std::span<const look> state_looks() noexcept;
/// The look with that name; the second, "failure" or "open", for one that is not known.
[[nodiscard]] const look& look_of(std::span<const look> looks, std::string_view name) noexcept;

/// A small mark at an instant.
struct mark {
  std::string_view event;
  std::string_view says;
};
[[nodiscard]] std::span<const mark> marks() noexcept;
[[nodiscard]] const mark* mark_of(std::string_view event) noexcept;

/// The patterns and the shapes of the marks, for the beginning of a picture.
[[nodiscard]] std::string definitions();

/// Fit for the text and the attributes of XML: what XML cannot carry at all is replaced.
[[nodiscard]] std::string escaped(std::string_view text);

/// A coordinate, with two digits after the point at most.
[[nodiscard]] std::string px(double d);

[[nodiscard]] std::string tooltip(std::string_view text);
[[nodiscard]] std::string text_at(double x, double y, std::string_view text,
                                  std::string_view attributes = {});
[[nodiscard]] std::string line(double x1, double y1, double x2, double y2,
                               std::string_view attributes);
/// A rectangle that looks so; `more` are further attributes, `inside` its tooltip.
[[nodiscard]] std::string box(double x, double y, double width, double height, const look& l,
                              std::string_view more = {}, std::string_view inside = {});
/// The sign of a look, around x, y.
[[nodiscard]] std::string sign_at(double x, double y, const look& l);
[[nodiscard]] std::string mark_at(double x, double y, std::string_view event,
                                  std::string_view what);

}  // namespace fairlead::lab::svg
