# SPDX-License-Identifier: BSL-1.0
"""httpbin behind Werkzeug's server, speaking HTTP/1.1; prints "http PORT"."""
import logging

import httpbin
from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    # httpbin takes chunked bodies from this server only, though Werkzeug's reads them as well.
    server_version = "gunicorn/0"


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, httpbin.app, threaded=True, request_handler=Handler)
    server.daemon_threads = True
    print("http", server.server_port, flush=True)
    server.serve_forever()
