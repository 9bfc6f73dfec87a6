// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"
#include "detail/conditions.hpp"
#include "detail/content_encoder.hpp"
#include "detail/rooted_file.hpp"
#include "detail/vary.hpp"

#include <fairlead/http/body_source.hpp>
#include <fairlead/http/date.hpp>
#include <fairlead/http/error_response.hpp>
#include <fairlead/http/percent.hpp>
#include <fairlead/http/static_files.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace fairlead::http {

namespace {

using detail::byte_range;
using detail::rooted_file;

constexpr std::size_t read_size = 64 * 1024;

// Text, then bytes of the file.
struct part {
  std::string text;
  byte_range bytes;
};

// Parts of a file, one after the other.
class parts_source final : public body_source {
 public:
  parts_source(std::shared_ptr<const detail::file_handle> file, std::vector<part> parts)
      : file_(std::move(file)), parts_(std::move(parts)) {
    for (const auto& p : parts_) {
      size_ += p.text.size() + p.bytes.size;
    }
  }

  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_; }
  [[nodiscard]] bool repeatable() const noexcept override { return true; }

  task<result<void>> write_to(context& cx, body_writer& out) override {
    const auto room = std::make_unique<char[]>(read_size);
    for (const auto& p : parts_) {
      auto sent = co_await out.write(cx, p.text);
      for (std::uint64_t done = 0; sent && done < p.bytes.size;) {
        const auto n = read_at(p.bytes.first + done, p.bytes.size - done, room.get());
        if (!n) {
          co_return tl::unexpected<error>(n.error());
        }
        sent = co_await out.write(cx, std::string_view(room.get(), *n));
        done += *n;
      }
      if (!sent) {
        co_return sent;
      }
    }
    co_return result<void>();
  }

 private:
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t at, std::uint64_t most,
                                            char* room) const {
    ssize_t n = 0;
    do {
      n = ::pread(file_->get(), room,
                  static_cast<std::size_t>(std::min<std::uint64_t>(most, read_size)),
                  static_cast<off_t>(at));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
      return fail(errors::system_error{"reading a file", errno});
    }
    if (n == 0) {
      return fail(errors::unavailable{"file", "it became shorter while it was sent", {}});
    }
    return static_cast<std::size_t>(n);
  }

  std::shared_ptr<const detail::file_handle> file_;
  std::vector<part> parts_;
  std::uint64_t size_ = 0;
};

std::string content_range(const byte_range& r, std::uint64_t size) {
  return "bytes " + std::to_string(r.first) + "-" + std::to_string(r.first + r.size - 1) + "/" +
         std::to_string(size);
}

std::string boundary(random_source& random) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (int word = 0; word < 2; ++word) {
    auto bits = random();
    for (int digit = 0; digit < 16; ++digit) {
      out += digits[bits & 15U];
      bits >>= 4U;
    }
  }
  return out;
}

response absent() {
  return error_response(status::not_found, "not_found", "there is nothing at this path");
}

// What is to be sent: a file, perhaps in a coding.
struct selected {
  rooted_file file;
  std::string_view coding;
};

class directory final : public handler {
 public:
  directory(std::string root, static_files_options o)
      : root_(std::move(root)), options_(std::move(o)) {}

  task<result<response>> handle(context& cx, const request& r) override { co_return answer(cx, r); }

 private:
  [[nodiscard]] result<response> answer(context& cx, const request& r) const {
    if (r.param_count() == 0) {
      return fail(
          errors::invalid_argument{"static_files", "its route needs a parameter, {path...}"});
    }
    std::string path(r.param(r.param_count() - 1));
    if (hides_slash(r, path)) {
      return absent();
    }
    const bool as_directory = path.empty() || path.ends_with('/');
    if (path.ends_with('/')) {
      path.pop_back();
    }
    if (!detail::stays_below(path) || (!options_.shows_hidden_files() && has_hidden(path))) {
      return absent();
    }
    if (as_directory) {
      if (options_.index().empty()) {
        return absent();
      }
      path += path.empty() ? "" : "/";
      path += options_.index();
    }
    auto found = select(r, path);
    if (!found) {
      return tl::unexpected<error>(std::move(found).error());
    }
    switch (found->file.what) {
      case rooted_file::kind::file:
        return send(cx, r, path, *found);
      case rooted_file::kind::directory:
        return as_directory || options_.index().empty() ? absent() : to_directory(r);
      case rooted_file::kind::absent:
        break;
    }
    return absent();
  }

  // Whether a slash in `path` was encoded. No name has one, and "/files/private%2fx" must not pass
  // by whoever guards "/files/private/".
  [[nodiscard]] static bool hides_slash(const request& r, std::string_view path) {
    const auto slashes = std::count(path.begin(), path.end(), '/');
    if (!r.route().ends_with("...}")) {
      return slashes > 0;  // of one segment
    }
    const auto target = r.path();
    auto begin = target.size();
    for (auto left = slashes + 1; left > 0; --left) {
      begin = begin == 0 ? std::string_view::npos : target.rfind('/', begin - 1);
      if (begin == std::string_view::npos) {
        return true;
      }
    }
    return percent_decode(target.substr(begin + 1)) != path;
  }

  [[nodiscard]] static bool has_hidden(std::string_view path) noexcept {
    return path.starts_with('.') || path.find("/.") != std::string_view::npos;
  }

  // Relative, so that neither "//host" nor "scheme:" at the begin of a name leads elsewhere.
  [[nodiscard]] static response to_directory(const request& r) {
    const auto path = r.path();
    std::string where = "./";
    where.append(path.substr(path.rfind('/') + 1)).append("/");
    if (r.target().find('?') != std::string::npos) {
      where.append("?").append(r.query());
    }
    return response(status::moved_permanently).header("Location", where);
  }

  [[nodiscard]] result<selected> select(const request& r, const std::string& path) const {
    auto plain = detail::open_below(root_, path);
    if (!plain) {
      return tl::unexpected<error>(std::move(plain).error());
    }
    if (plain->what == rooted_file::kind::file && options_.wants_precompressed()) {
      for (const auto& [coding, end] :
           {std::pair<std::string_view, const char*>("br", ".br"), {"gzip", ".gz"}}) {
        if (!detail::accepts_coding(r, coding)) {
          continue;
        }
        auto coded = detail::open_below(root_, path + end);
        if (coded && coded->what == rooted_file::kind::file) {
          return selected{std::move(*coded), coding};
        }
      }
    }
    return selected{std::move(*plain), {}};
  }

  [[nodiscard]] response send(context& cx, const request& r, const std::string& path,
                              const selected& s) const {
    const auto tag = "\"" + s.file.tag + "\"";
    const detail::representation of{tag, s.file.modified, s.file.size};
    auto out = r.reply(status::ok);
    out.header("ETag", tag);
    out.header("Last-Modified", format_date(std::min(s.file.modified, cx.env().time().wall_now())));
    if (!options_.cache_control().empty()) {
      out.header("Cache-Control", options_.cache_control());
    }
    if (options_.wants_precompressed()) {
      detail::add_vary(out.headers(), "Accept-Encoding");
    }
    switch (detail::check_conditions(r, of)) {
      case detail::condition::not_modified:
        out.status(status::not_modified);
        return out;
      case detail::condition::failed:
        return error_response(status::precondition_failed, "precondition_failed",
                              "the file is not what the request expects");
      case detail::condition::proceed:
        break;
    }
    out.header("Accept-Ranges", "bytes").header("X-Content-Type-Options", "nosniff");
    if (!s.coding.empty()) {
      out.header("Content-Encoding", s.coding);
    }
    const auto ranges = detail::wanted_ranges(r, of, options_.max_ranges());
    if (ranges && ranges->empty()) {
      return error_response(status::range_not_satisfiable, "range_not_satisfiable",
                            "no part of it lies within the file")
          .header("Content-Range", "bytes */" + std::to_string(of.size));
    }
    const auto type = content_type(path);
    std::vector<part> parts;
    if (!ranges) {
      parts.push_back({{}, {0, of.size}});
      out.header("Content-Type", type);
    } else if (ranges->size() == 1) {
      parts.push_back({{}, ranges->front()});
      out.status(status::partial_content).header("Content-Type", type);
      out.header("Content-Range", content_range(ranges->front(), of.size));
    } else {
      const auto mark = boundary(cx.env().random());
      for (const auto& one : *ranges) {
        auto text = parts.empty() ? "--" + mark : "\r\n--" + mark;
        text.append("\r\nContent-Type: ").append(type).append("\r\nContent-Range: ");
        text.append(content_range(one, of.size)).append("\r\n\r\n");
        parts.push_back({std::move(text), one});
      }
      parts.push_back({"\r\n--" + mark + "--\r\n", {0, 0}});
      out.status(status::partial_content);
      out.header("Content-Type", "multipart/byteranges; boundary=" + mark);
    }
    out.body(std::make_shared<parts_source>(s.file.handle, std::move(parts)));
    return out;
  }

  [[nodiscard]] std::string_view content_type(std::string_view path) const noexcept {
    for (const auto& [end, type] : options_.types()) {
      if (path.size() >= end.size() && iequals(path.substr(path.size() - end.size()), end)) {
        return type;
      }
    }
    return content_type_of_file(path);
  }

  std::string root_;
  static_files_options options_;
};

}  // namespace

std::shared_ptr<handler> static_files(std::string root, static_files_options options) {
  std::string text;
  const auto wrong = [&](const std::string& what) {
    text += text.empty() ? "http::static_files: " : "; ";
    text += what;
  };
  const auto there = detail::open_below(root, "");
  if (!there) {
    wrong(there.error().message());
  }
  if (!options.cache_control().empty() &&
      !headers().add("Cache-Control", options.cache_control()).check()) {
    wrong("cache_control cannot stand in a header");
  }
  for (const auto& [end, type] : options.types()) {
    if (end.empty() || !headers().add("Content-Type", type).check()) {
      wrong("\"" + end + "\": the end of a name and a content type are needed");
    }
  }
  if (!options.index().empty() &&
      (!detail::stays_below(options.index()) || options.index().find('/') != std::string::npos)) {
    wrong("index is the name of a file");
  }
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
  return std::make_shared<directory>(std::move(root), std::move(options));
}

}  // namespace fairlead::http
