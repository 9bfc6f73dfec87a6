// SPDX-License-Identifier: BSL-1.0
// One nginx with a site for each thing that can be right or wrong with TLS, for clients of ours.
#pragma once

#include <gtest/gtest.h>

#include "support/child_process.hpp"
#include "support/scratch_dir.hpp"
#include "support/test_ca.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::testing {

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// Each site gives "hello from nginx" for /hello.txt, on a port of its own.
class nginx_sites {
 public:
  /// `program` is nginx.
  explicit nginx_sites(const std::string& program) {
    const std::string ours = "DNS:localhost,IP:127.0.0.1";
    const certificate_request right(ours);
    auto old = right;
    add("good", ca.issue(right), "ssl_protocols TLSv1.2 TLSv1.3;");
    add("rsa", ca.issue(certificate_request(ours).rsa(2048)));
    add("expired", ca.issue(old.valid(2001, 2002)));
    add("elsewhere", ca.issue(certificate_request("DNS:elsewhere.example")));
    add("self", test_ca::self_signed(right));
    add("unknown", other.issue(right));
    add("ancient", ca.issue(right), "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;");
    add("tls12", ca.issue(right), "ssl_protocols TLSv1.2;");
    write_file(dir.file("ca.pem"), ca.pem());
    add("asks", ca.issue(right),
        "ssl_verify_client on; ssl_client_certificate " + dir.file("ca.pem") + ";");
    ports["plain"] = free_port();
    sites_ += "server { listen 127.0.0.1:" + std::to_string(ports["plain"]) + "; }\n";
    std::filesystem::create_directory(dir.file("files"));
    write_file(dir.file("files/hello.txt"), "hello from nginx");
    std::filesystem::permissions(dir.file(""), std::filesystem::perms(0755));
    write_file(dir.file("nginx.conf"),
               "daemon off; master_process off; pid " + dir.file("pid") +
                   "; error_log stderr;\n"
                   "events { worker_connections 64; }\n"
                   "http { access_log off; client_body_temp_path " +
                   dir.file("body") + "; proxy_temp_path " + dir.file("proxy") +
                   "; fastcgi_temp_path " + dir.file("fastcgi") + "; uwsgi_temp_path " +
                   dir.file("uwsgi") + "; scgi_temp_path " + dir.file("scgi") + "; root " +
                   dir.file("files") + ";\n" + sites_ + "}\n");
    server_.emplace(std::vector<std::string>{program, "-c", dir.file("nginx.conf"), "-e", "stderr",
                                             "-p", dir.file("")},
                    dir.file("nginx.log"));
  }

  /// "https://localhost:PORT" of a site, by whatever name; "http://" for "plain".
  [[nodiscard]] std::string url(const std::string& site,
                                const std::string& host = "localhost") const {
    return (site == "plain" ? "http://" : "https://") + host + ":" + std::to_string(ports.at(site));
  }
  [[nodiscard]] std::string output() const { return server_->output(); }

  test_ca ca;
  test_ca other{"another CA"};
  scratch_dir dir;  ///< has the CA's certificate as "ca.pem"
  std::map<std::string, std::uint16_t> ports;

 private:
  void add(const std::string& name, const issued& own, const std::string& more = {}) {
    write_file(dir.file(name + ".pem"), own.chain);
    write_file(dir.file(name + ".key"), own.key);
    ports[name] = free_port();
    sites_ += "server { listen 127.0.0.1:" + std::to_string(ports[name]) + " ssl; " +
              "ssl_certificate " + dir.file(name + ".pem") + "; ssl_certificate_key " +
              dir.file(name + ".key") + "; " + more + "}\n";
  }

  std::string sites_;
  std::optional<child_process> server_;
};

/// A test that needs it.
class NginxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto program = find_program("nginx");
    if (program.empty()) {
      GTEST_SKIP() << "nginx is not installed: nothing was tested (scripts/setup --ci)";
    }
    nginx.emplace(program);
  }
  std::optional<nginx_sites> nginx;
};

}  // namespace fairlead::testing
