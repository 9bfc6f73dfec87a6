# SPDX-License-Identifier: BSL-1.0
"""Python's http.server on a directory: `origin.py 1.0|1.1 DIRECTORY`; prints "http PORT"."""
import functools
import http.server
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/" + sys.argv[1]

    def log_message(self, *_):
        pass

    def do_POST(self):
        """Answers with what came, without announcing how much that is where the protocol allows it."""
        if self.headers.get("Transfer-Encoding"):
            self.send_error(411)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        if self.protocol_version == "HTTP/1.1":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[2]))
    print("http", server.server_address[1], flush=True)
    server.serve_forever()
