// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/form.hpp>

#include <fairlead/http/headers.hpp>

#include <algorithm>
#include <array>

namespace fairlead::http {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool is_form_safe(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*' ||
         c == '-' || c == '.' || c == '_';
}

void append_form(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_form_safe(c)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex_digits[byte >> 4U];
      out += hex_digits[byte & 15U];
    }
  }
}

// As the HTML Standard escapes a name for multipart/form-data.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "%22";
        break;
      case '\r':
        out += "%0D";
        break;
      case '\n':
        out += "%0A";
        break;
      default:
        out += c;
    }
  }
  out += '"';
}

}  // namespace

form& form::add(std::string_view name, std::string_view value) & {
  if (!text_.empty()) {
    text_ += '&';
  }
  append_form(text_, name);
  text_ += '=';
  append_form(text_, value);
  return *this;
}

class multipart::parts final : public body_source {
 public:
  explicit parts(std::vector<piece> all) : all_(std::move(all)) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override {
    std::uint64_t sum = 0;
    for (const auto& p : all_) {
      const auto own = p.source ? p.source->size() : 0;
      if (!own) {
        return std::nullopt;
      }
      sum += p.text.size() + *own;
    }
    return sum;
  }

  [[nodiscard]] bool repeatable() const noexcept override {
    return std::all_of(all_.begin(), all_.end(),
                       [](const piece& p) { return !p.source || p.source->repeatable(); });
  }

  task<result<void>> write_to(context& cx, body_writer& out) override {
    for (const auto& p : all_) {
      auto sent = co_await out.write(cx, p.text);
      if (sent && p.source) {
        sent = co_await p.source->write_to(cx, out);
      }
      if (!sent) {
        co_return sent;
      }
    }
    co_return result<void>();
  }

 private:
  std::vector<piece> all_;
};

multipart::multipart(random_source& random) : boundary_("----fairlead-") {
  for (int word = 0; word < 2; ++word) {
    auto bits = random();
    for (int digit = 0; digit < 16; ++digit) {
      boundary_ += hex_digits[bits & 15U];
      bits >>= 4U;
    }
  }
}

void multipart::begin_part(std::string_view name) {
  if (pieces_.empty() || pieces_.back().source) {
    pieces_.emplace_back();
  }
  auto& text = pieces_.back().text;
  text += pieces_.size() == 1 && text.empty() ? "--" : "\r\n--";
  text += boundary_;
  text += "\r\nContent-Disposition: form-data; name=";
  append_quoted(text, name);
}

multipart& multipart::field(std::string_view name, std::string_view value) {
  begin_part(name);
  auto& text = pieces_.back().text;
  text += "\r\n\r\n";
  text += value;
  return *this;
}

multipart& multipart::file(std::string_view name, std::string_view file_name,
                           std::shared_ptr<body_source> content, std::string_view content_type) {
  begin_part(name);
  auto& text = pieces_.back().text;
  text += "; filename=";
  append_quoted(text, file_name);
  const bool good = !content_type.empty() && headers().add("Content-Type", content_type).check();
  text += "\r\nContent-Type: ";
  text += good ? content_type : "application/octet-stream";
  text += "\r\n\r\n";
  pieces_.back().source = std::move(content);
  return *this;
}

multipart& multipart::file(std::string_view name, std::string_view file_name, std::string content,
                           std::string_view content_type) {
  file(name, file_name, std::shared_ptr<body_source>(), content_type);
  pieces_.back().text += content;
  return *this;
}

std::string multipart::content_type() const {
  return "multipart/form-data; boundary=" + boundary_;
}

std::shared_ptr<body_source> multipart::body() const {
  auto all = pieces_;
  if (all.empty() || all.back().source) {
    all.emplace_back();
  }
  all.back().text += (all.size() == 1 && all.back().text.empty() ? "--" : "\r\n--") + boundary_;
  all.back().text += "--\r\n";
  return std::make_shared<parts>(std::move(all));
}

}  // namespace fairlead::http
