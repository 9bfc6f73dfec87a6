#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead get` over TLS and `fairlead probe`, against Python's ssl with certificates made by openssl."""

import json
import pathlib
import re
import ssl
import tempfile
import unittest

from certificates import OPENSSL, Authority
from program import failure, on_terminal, origin, peer, run, unused_port
from proxies import http_proxy


def server(certificate, client_ca=None, alpn=None, newest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if alpn:
        context.set_alpn_protocols(alpn)
    if newest:
        context.maximum_version = newest
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return origin(lambda h: h.reply(200, b"secret", Server="test"), context)


@unittest.skipUnless(OPENSSL, "openssl is missing: apt-get install openssl")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.authority = Authority(pathlib.Path(holder.name))
        cls.good = cls.authority.issue("good", "DNS:localhost,IP:127.0.0.1")
        cls.other = cls.authority.issue("other", "DNS:other.example")

    def test_a_server_is_verified_against_the_ca(self):
        with server(self.good) as (port, _):
            done = run("get", f"https://localhost:{port}/", "--cacert", self.authority.ca, "--timings")
            self.assertEqual((done.returncode, done.stdout), (0, "secret"), done.stderr)
            self.assertGreater(json.loads(done.stderr)["tls"], 0)
            e = failure(run("get", f"https://localhost:{port}/"))
            self.assertEqual((e["kind"], e["stage"], e["sent"]), ("tls_failure", "tls", "not_sent"))

    def test_a_wrong_name_is_refused_unless_told_not_to_look(self):
        with server(self.other) as (port, seen):
            e = failure(run("get", f"https://localhost:{port}/", "--cacert", self.authority.ca))
            self.assertEqual(e["kind"], "tls_failure")
            self.assertIn("other.example", e["message"])
            self.assertEqual(seen, [])
            done = run("get", f"https://localhost:{port}/", "--insecure")
            self.assertEqual((done.returncode, done.stdout), (0, "secret"))

    def test_a_server_that_asks_is_shown_a_certificate(self):
        with server(self.good, client_ca=self.authority.ca) as (port, _):
            url = f"https://localhost:{port}/"
            e = failure(run("get", url, "--cacert", self.authority.ca))
            self.assertIn("the peer demands a client certificate; give one with --cert", e["message"])
            done = run("get", url, "--cacert", self.authority.ca, "--cert", self.good)
            self.assertEqual((done.returncode, done.stdout), (0, "secret"), done.stderr)

    def test_through_a_proxy_it_is_still_the_server_that_is_verified(self):
        asked = []
        with server(self.good) as (port, seen), http_proxy(asked) as proxy:
            words = ("get", f"https://localhost:{port}/", "--proxy", f"http://{proxy}")
            done = run(*words, "--cacert", self.authority.ca, "--timings")
            self.assertEqual((done.returncode, done.stdout), (0, "secret"), done.stderr)
            self.assertGreater(json.loads(done.stderr)["tls"], 0)
            e = failure(run(*words))
            self.assertEqual((e["kind"], e["stage"], len(seen)), ("tls_failure", "tls", 1))
            self.assertEqual(asked, [f"CONNECT localhost:{port} HTTP/1.1"] * 2)

    def test_a_proxy_over_tls_is_verified_too(self):
        for certificate, status in ((self.good, 0), (self.other, 1)):
            asked = []
            with server(self.good) as (port, _), http_proxy(asked, certificate=certificate) as proxy:
                way = f"https://localhost:{proxy.rpartition(':')[2]}"
                done = run("get", f"https://localhost:{port}/", "--proxy", way, "--cacert", self.authority.ca)
                self.assertEqual((done.returncode, len(asked)), (status, 1 - status), done.stderr)
        e = failure(done)
        self.assertEqual((e["kind"], e["stage"], e["url"]), ("tls_failure", "connect", way))
        self.assertIn("is for other.example, not for localhost", e["message"])

    def test_files_that_are_no_certificates_are_wrong_usage(self):
        url = f"https://localhost:{unused_port()}/"
        for words in (["get", url], ["ws", url], ["probe", url]):
            done = run(*words, "--cacert", __file__)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr, f"fairlead {words[0]}: {__file__}: holds no certificate "
                                          '(PEM, "-----BEGIN CERTIFICATE-----")\n')
        done = run("get", url, "--cert", "/nonexistent")
        self.assertEqual((done.returncode, done.stderr),
                         (2, "fairlead get: /nonexistent: cannot be read: No such file or directory\n"))

    def test_probe_shows_every_phase(self):
        with server(self.good, alpn=["http/1.1"]) as (port, _):
            done = run("probe", f"https://localhost:{port}/", "--cacert", self.authority.ca)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for pattern in (r"^resolve +[\d.]+ ms  localhost: \d address", r"^connect +[\d.]+ ms  127\.0\.0\.1:\d+$",
                            r"^tls +[\d.]+ ms  TLSv1\.3, \S+, ALPN http/1\.1$", r"^certificate +CN=good$",
                            r"^ +for localhost, 127\.0\.0\.1$", r"^ +until \S+Z, 4 days left$",
                            r"^ +signed by CN=Test CA$", r"^verified +yes$",
                            r"^first byte +[\d.]+ ms  HTTP/1\.1 200 OK", r"^total +[\d.]+ ms"):
                self.assertTrue(re.search(pattern, done.stdout, re.MULTILINE), (pattern, done.stdout))

    def test_probe_as_json(self):
        with server(self.good, newest=ssl.TLSVersion.TLSv1_2) as (port, _):
            done = run("probe", "--json", f"https://localhost:{port}/x", "--cacert", self.authority.ca)
        self.assertEqual(done.returncode, 0, done.stderr)
        seen = json.loads(done.stdout)
        self.assertEqual(seen["addresses"][-1]["address"], seen["connected_to"])
        self.assertEqual((seen["tls"]["version"], seen["tls"]["alpn"], seen["tls"]["verified"]), ("TLSv1.2", "", True))
        leaf = seen["tls"]["chain"][0]
        self.assertEqual((leaf["subject"], leaf["names"], leaf["days_left"]),
                         ("CN=good", ["localhost", "127.0.0.1"], 4))
        self.assertEqual(seen["status_line"], "HTTP/1.1 200 OK")
        for phase in ("resolve_ms", "tls_ms", "first_byte_ms", "total_ms"):
            self.assertGreaterEqual(seen[phase], 0)

    def test_probe_shows_a_certificate_that_is_refused_and_asks_nothing(self):
        with server(self.other) as (port, seen):
            done = run("probe", f"https://localhost:{port}/", "--cacert", self.authority.ca)
            e = failure(done)
            self.assertEqual((e["kind"], e["stage"]), ("tls_failure", "tls"))
            self.assertIn("for other.example", done.stdout)
            self.assertRegex(done.stdout, r"verified +no: ")
            self.assertEqual(seen, [])


class Probe(unittest.TestCase):
    def test_says_where_it_ended(self):
        port = unused_port()
        done = run("probe", f"http://127.0.0.1:{port}/")
        self.assertEqual(failure(done)["kind"], "connection_refused")
        self.assertIn(f"127.0.0.1:{port}: connection_refused", done.stdout)
        done = run("probe", "--json", "http://nosuch.invalid/")
        e = failure(done)
        self.assertEqual((e["kind"], e["host"]), ("dns_failure", "nosuch.invalid"))
        self.assertEqual(json.loads(done.stdout)["addresses"], [])

    def test_colours_are_for_terminals_whose_users_want_them(self):
        words = ("probe", f"http://127.0.0.1:{unused_port()}/")
        self.assertIn("\x1b[31m", on_terminal(*words, which="stdout")[2])
        self.assertNotIn("\x1b", on_terminal(*words, which="stdout", no_color="1")[2])
        self.assertNotIn(b"\x1b", on_terminal(*words, which="stderr")[1])

    def test_a_server_of_something_else_is_told(self):
        with peer(lambda c: (c.recv(1000), c.sendall(b"220 smtp\r\n"))) as address:
            done = run("probe", f"http://{address}/")
            self.assertEqual(failure(done)["kind"], "protocol_error")
            self.assertIn("220 smtp", done.stdout)
        with peer(lambda c: c.recv(1000)) as address:
            self.assertEqual(failure(run("probe", f"http://{address}/"))["stage"], "head")
        with peer(lambda c: c.recv(1000) and c.recv(1)) as address:
            e = failure(run("probe", f"http://{address}/", "--timeout", "200"))
            self.assertEqual((e["kind"], e["limit_ms"]), ("timeout", 200))

    def test_plain_http_has_no_tls(self):
        with origin(lambda h: h.reply(503)) as (port, _):
            done = run("probe", f"http://127.0.0.1:{port}/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("tls", done.stdout)
        self.assertIn("HTTP/1.1 503", done.stdout)

    def test_wrong_usage_gives_2(self):
        for words in ([], ["a", "b"], ["http://h/", "--timeout", "0"], ["nonsense"]):
            done = run("probe", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)


if __name__ == "__main__":
    unittest.main()
