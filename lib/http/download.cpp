// SPDX-License-Identifier: BSL-1.0
// How it works: `part_file` is what is on the disk, `download_run` what is asked and answered. Two
// requests are made at most: one that continues, and one from the start if that was refused (416)
// or does not tell where the file ends.
#include <fairlead/http/date.hpp>
#include <fairlead/http/download.hpp>

#include "detail/content_range.hpp"
#include "detail/file_handle.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>

namespace fairlead::http {

namespace {

constexpr std::uint64_t most_error_body = 64 * 1024;

// The beginning of a file, and who can tell whether it still is one.
class part_file {
 public:
  explicit part_file(const std::string& path)
      : path_(path), part_(path + ".part"), from_(part_ + ".from") {}

  // How much there is to continue; 0 when nothing can be.
  [[nodiscard]] std::uint64_t size() const {
    struct stat facts{};
    if (validator().empty() || ::stat(part_.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
      return 0;
    }
    return static_cast<std::uint64_t>(facts.st_size);
  }
  // What If-Range says.
  [[nodiscard]] std::string validator() const {
    std::ifstream in(from_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  [[nodiscard]] result<void> begin(std::string_view validator) {
    std::remove(from_.c_str());
    if (auto opened = open(detail::file_handle::mode::fresh); !opened) {
      return opened;
    }
    continuable_ = !validator.empty();
    if (!continuable_) {
      return {};
    }
    auto note = detail::file_handle::open(from_, detail::file_handle::mode::fresh);
    if (!note) {
      return tl::unexpected<error>(std::move(note).error());
    }
    return write_to(*note, from_, validator);
  }
  [[nodiscard]] result<void> append() {
    continuable_ = true;
    return open(detail::file_handle::mode::append);
  }
  [[nodiscard]] result<void> write(std::string_view piece) { return write_to(file_, part_, piece); }

  // On the disk, and under its name.
  [[nodiscard]] result<void> complete() {
    if (::fsync(file_.get()) != 0) {
      return fail(errors::system_error{"writing " + part_, errno});
    }
    if (std::rename(part_.c_str(), path_.c_str()) != 0) {
      return fail(errors::system_error{"renaming " + part_, errno});
    }
    std::remove(from_.c_str());
    const auto slash = path_.rfind('/');
    const auto directory = slash == std::string::npos ? std::string(".")
                           : slash == 0               ? std::string("/")
                                                      : path_.substr(0, slash);
    // The name is a matter of the directory.
    if (const auto opened = detail::file_handle::open(directory, detail::file_handle::mode::read)) {
      static_cast<void>(::fsync(opened->get()));
    }
    return {};
  }
  // What is there is not what the server has.
  void spoil() {
    continuable_ = false;
    std::remove(from_.c_str());
  }
  // What cannot be continued is of no use.
  void give_up() const {
    if (!continuable_) {
      std::remove(part_.c_str());
    }
  }

 private:
  [[nodiscard]] result<void> open(detail::file_handle::mode how) {
    auto file = detail::file_handle::open(part_, how);
    if (!file) {
      return tl::unexpected<error>(std::move(file).error());
    }
    file_ = std::move(*file);
    return {};
  }
  static result<void> write_to(const detail::file_handle& file, const std::string& name,
                               std::string_view text) {
    while (!text.empty()) {
      const auto n = ::write(file.get(), text.data(), text.size());
      if (n < 0 && errno != EINTR) {
        return fail(errors::system_error{"writing " + name, errno});
      }
      text.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
    }
    return {};
  }

  std::string path_;
  std::string part_;
  std::string from_;
  detail::file_handle file_;
  bool continuable_ = false;
};

class download_run {
 public:
  download_run(client& from, std::string target, const std::string& path, download_options how)
      : client_(from), target_(std::move(target)), file_(path), how_(std::move(how)) {}

  task<result<downloaded>> run(context& cx) {
    at_ = how_.continues() == resume::never ? 0 : file_.size();
    auto answer = co_await ask(cx);
    if (answer && at_ > 0 && leads_nowhere(*answer)) {
      at_ = 0;
      answer = fail(errors::cancelled{});  // lets go of its connection, which may be the only one
      answer = co_await ask(cx);
    }
    if (!answer) {
      co_return tl::unexpected<error>(std::move(answer).error());
    }
    if (answer->status() != status::ok && answer->status() != status::partial_content) {
      auto refused = co_await status_error(cx, *answer);
      co_return tl::unexpected<error>(std::move(refused));
    }
    auto done = begin(*answer);
    if (done) {
      done = co_await receive(cx, *answer);
    }
    if (done) {
      done = file_.complete();
    }
    if (!done) {
      file_.give_up();
      co_return tl::unexpected<error>(std::move(done).error());
    }
    co_return downloaded{size_, at_};
  }

 private:
  task<result<response_stream>> ask(context& cx) {
    http::request r(method::get, target_);
    r.header("Accept-Encoding", "identity");
    if (at_ > 0) {
      r.header("Range", "bytes=" + std::to_string(at_) + "-");
      r.header("If-Range", file_.validator());
    }
    stream_options limits;
    limits.timeout = how_.timeout();
    auto answer = co_await client_.stream(cx, std::move(r), limits);
    co_return answer;
  }

  // A part without the length of the whole may be followed by more.
  [[nodiscard]] static bool leads_nowhere(const response_stream& answer) {
    const auto range = detail::parse_content_range(
        answer.headers().get("Content-Range").value_or(std::string_view()));
    return answer.status() == status::range_not_satisfiable ||
           (answer.status() == status::partial_content && range && !range->total);
  }

  task<error> status_error(context& cx, response_stream& answer) const {
    auto body = co_await read_all(cx, answer.body(), most_error_body);
    const auto text = body ? *body : std::string();
    const auto after = answer.headers().get("Retry-After");
    const auto wait = after ? parse_retry_after(*after, cx.env().time().wall_now()) : std::nullopt;
    error out =
        errors::http_error{target_, to_int(answer.status()), text, answer.headers().text(), wait};
    co_return out.mark_repeatable();  // a GET
  }

  // Opens the file where the answer begins.
  [[nodiscard]] result<void> begin(const response_stream& answer) {
    const auto& h = answer.headers();
    if (h.contains("Content-Encoding") && h.get("Content-Encoding") != "identity") {
      return broken("the server encoded the body though it was not to");
    }
    if (answer.status() == status::partial_content) {
      const auto range = detail::parse_content_range(h.get("Content-Range").value_or(""));
      if (at_ == 0 || !range || range->first != at_) {
        return broken("the server sent a part that was not asked for");
      }
      size_ = at_;
      total_ = range->total.value_or(0);
      ends_at_ = range->last + 1;
      return file_.append();
    }
    at_ = 0;
    size_ = 0;
    total_ = answer.announced().value_or(0);
    const auto tag = h.get("ETag").value_or("");
    const bool strong = tag.size() > 1 && tag.starts_with('"');
    return file_.begin(strong ? tag : h.get("Last-Modified").value_or(""));
  }

  task<result<void>> receive(context& cx, response_stream& answer) {
    for (;;) {
      auto piece = co_await answer.read(cx);
      if (!piece) {
        co_return tl::unexpected<error>(std::move(piece).error());
      }
      if (!*piece) {
        break;
      }
      if (size_ > how_.max_size() || (*piece)->size() > how_.max_size() - size_) {
        co_return fail(errors::too_large{"file to download", how_.max_size(), 0});
      }
      auto written = file_.write(**piece);
      if (!written) {
        co_return written;
      }
      size_ += (*piece)->size();
      if (how_.progress()) {
        how_.progress()(size_, total_);
      }
    }
    const bool other_size = (ends_at_ && size_ != *ends_at_) || (total_ > 0 && size_ != total_);
    if (other_size) {
      file_.spoil();
      co_return broken("the body is not as long as the server said");
    }
    co_return result<void>();
  }

  [[nodiscard]] tl::unexpected<error> broken(std::string_view why) const {
    error e = errors::protocol_error{target_, why};
    return tl::unexpected<error>(e.at(error_stage::body).with_sent(error_sent::answered));
  }

  client& client_;
  std::string target_;
  part_file file_;
  download_options how_;
  std::uint64_t at_ = 0;     // where the answer begins
  std::uint64_t size_ = 0;   // of the file so far
  std::uint64_t total_ = 0;  // 0 when it is not known
  std::optional<std::uint64_t> ends_at_;
};

}  // namespace

task<result<downloaded>> download(context& cx, client& from, std::string target, std::string path,
                                  download_options how) {
  download_run run(from, std::move(target), path, std::move(how));
  auto done = co_await run.run(cx);
  co_return done;
}

}  // namespace fairlead::http
