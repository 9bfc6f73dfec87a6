# SPDX-License-Identifier: BSL-1.0
"""Certificates for the tests of the command, made by openssl."""

import pathlib
import shutil
import subprocess

OPENSSL = shutil.which("openssl")


class Authority:
    """A CA in a directory, and what it signs."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = str(directory / "ca.pem")
        self.key = str(directory / "ca.key")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                     self.key, "-out", self.ca, "-days", "10", "-subj", "/CN=Test CA")

    def openssl(self, *words):
        subprocess.run([OPENSSL, *words], check=True, capture_output=True)

    def issue(self, name, names, days=5):
        """A file with chain and key."""
        key, request, extra, out = (str(self.directory / f"{name}.{kind}") for kind in ("key", "csr", "ext", "pem"))
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                     request, "-subj", f"/CN={name}")
        pathlib.Path(extra).write_text(f"subjectAltName={names}\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.key, "-CAcreateserial", "-out",
                     out, "-days", str(days), "-extfile", extra)
        with open(out, "a") as both:
            both.write(pathlib.Path(key).read_text())
        return out
