// SPDX-License-Identifier: BSL-1.0
// How it works: the text is cut into blocks here, which knows the lines; OpenSSL reads one block at
// a time.
#include "pem.hpp"

#include <openssl/pem.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fairlead::net::detail {

namespace {

constexpr std::string_view pem_begin = "-----BEGIN ";
constexpr std::string_view pem_end = "-----END ";
constexpr std::string_view pem_dashes = "-----";
constexpr std::size_t largest_pem = std::size_t{16} << 20U;  // a bundle of all CAs is 300 KB

std::string at_line(std::size_t line, std::string_view what) {
  return "line " + std::to_string(line) + ": " + std::string(what);
}

// The label of "-----BEGIN label-----", or nothing.
std::string_view label_of(std::string_view line, std::string_view prefix) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
    line.remove_suffix(1);
  }
  if (!line.starts_with(prefix) || line.size() <= prefix.size() + pem_dashes.size() ||
      !line.ends_with(pem_dashes)) {
    return {};
  }
  return line.substr(prefix.size(), line.size() - prefix.size() - pem_dashes.size());
}

bool is_certificate(std::string_view label) {
  return label == "CERTIFICATE" || label == "X509 CERTIFICATE" || label == "TRUSTED CERTIFICATE";
}

bool is_key(std::string_view label) {
  return label.ends_with("PRIVATE KEY");
}

std::string openssl_reason() {
  const char* text = ERR_reason_error_string(ERR_peek_error());
  return text != nullptr ? text : "it is malformed";
}

owned<BIO> reader_of(std::string_view text) {
  return owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Never asks anybody for a pass phrase.
int no_pass_phrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*arg*/) {
  return -1;
}

}  // namespace

pem_split pem_blocks(std::string_view text) {
  pem_split out;
  std::size_t number = 0;
  std::size_t begin = 0;
  pem_block open;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    ++number;
    if (const auto label = label_of(line, pem_begin); !label.empty()) {
      if (!open.label.empty()) {
        out.problem =
            at_line(number, "a block begins inside the one of line ") + std::to_string(open.line);
        return out;
      }
      open = {label, {}, number};
      begin = at;
    } else if (const auto closes = label_of(line, pem_end); !closes.empty()) {
      if (open.label != closes) {
        out.problem = at_line(number, "an END " + std::string(closes) + " without its BEGIN");
        return out;
      }
      open.text = text.substr(begin, std::min(end + 1, text.size()) - begin);
      out.blocks.push_back(open);
      open = {};
    }
    at = end + 1;
  }
  if (!open.label.empty()) {
    out.problem = at_line(open.line, "a block that does not end");
  }
  return out;
}

pem_loader::source pem_loader::open(const tls_pem& from, std::string_view what) {
  source out{std::string(what), {}, true};
  if (!from.is_file()) {
    out.text = from.value();
    return out;
  }
  out.name = from.value();
  const auto close = [](std::FILE* f) { std::fclose(f); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(out.name.c_str(), "rbe"),
                                                         close);
  char some[16384];
  std::size_t n = 0;
  while (file && out.text.size() <= largest_pem &&
         (n = std::fread(some, 1, sizeof(some), file.get())) > 0) {
    out.text.append(some, n);
  }
  if (!file || std::ferror(file.get()) != 0) {
    problem(out.name + ": cannot be read: " + std::strerror(errno));
    out.readable = false;
  } else if (out.text.size() > largest_pem) {
    problem(out.name + ": larger than the 16 MiB that certificates may have");
    out.readable = false;
  }
  return out;
}

std::vector<owned<X509>> pem_loader::certificates(const tls_pem& from, std::string_view what) {
  std::vector<owned<X509>> out;
  const auto in = open(from, what);
  if (!in.readable) {
    return out;
  }
  const auto split = pem_blocks(in.text);
  if (!split.problem.empty()) {
    problem(in.name + ": " + split.problem);
    return out;
  }
  std::size_t seen = 0;
  for (const auto& block : split.blocks) {
    if (!is_certificate(block.label)) {
      continue;
    }
    ++seen;
    const clean_error_queue guard;
    const auto bio = reader_of(block.text);
    owned<X509> one(PEM_read_bio_X509_AUX(bio.get(), nullptr, &no_pass_phrase, nullptr));
    if (one) {
      out.push_back(std::move(one));
    } else {
      problem(in.name + ": " +
              at_line(block.line, "the certificate cannot be read: " + openssl_reason()));
    }
  }
  if (seen == 0) {
    problem(in.name + ": holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\")");
  }
  return out;
}

owned<EVP_PKEY> pem_loader::key(const tls_pem& from, std::string_view what) {
  const auto in = open(from, what);
  if (!in.readable) {
    return nullptr;
  }
  const auto split = pem_blocks(in.text);
  if (!split.problem.empty()) {
    problem(in.name + ": " + split.problem);
    return nullptr;
  }
  for (const auto& block : split.blocks) {
    if (!is_key(block.label)) {
      continue;
    }
    if (block.label.starts_with("ENCRYPTED") || block.text.find("ENCRYPTED") != block.text.npos) {
      problem(in.name + ": " +
              at_line(block.line, "the key is encrypted; decrypt it: openssl pkey -in " + in.name));
      return nullptr;
    }
    const clean_error_queue guard;
    const auto bio = reader_of(block.text);
    owned<EVP_PKEY> one(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_pass_phrase, nullptr));
    if (!one) {
      problem(in.name + ": " + at_line(block.line, "the key cannot be read: " + openssl_reason()));
    }
    return one;
  }
  problem(in.name + ": holds no private key (PEM, \"-----BEGIN PRIVATE KEY-----\")");
  return nullptr;
}

}  // namespace fairlead::net::detail
