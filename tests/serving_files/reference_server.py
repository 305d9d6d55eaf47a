"""Answers the client by the rules of REST and gRPC; used only in tests.

It knows no network: a file that says "cat" is a cat, one that says "bad" is
refused as a picture that cannot be decoded.
"""

import base64
import http.server
import json
import threading


def label_of(content: bytes) -> str:
    return content.decode()


class Rest:
    """A server whose next answers can be set beforehand.

    Attributes:
        planned: Statuses that the next requests get, 0 for none at all.
        batches: The number of pictures in each request that came.
        most_at_once: How many requests were there at the same time.
    """

    def __init__(self):
        self.planned, self.batches, self.paths = [], [], []
        self.connections = set()
        self.num_now = self.most_at_once = 0
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), _handler(self)
        )
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, body):
        """Returns (status, JSON) of a request."""
        contents = [base64.b64decode(each["b64"]) for each in body["instances"]]
        with self.lock:
            self.batches.append(len(contents))
            planned = self.planned.pop(0) if self.planned else 200
        if planned != 200:
            return planned, {"error": f"planned {planned}"}
        if b"bad" in contents:
            return 400, {"error": "Unknown image file format"}
        return 200, {
            "predictions": [
                {
                    "labels": [label_of(each), "other", "third"],
                    "probabilities": [0.9, 0.06, 0.04],
                    "orientation": 6 if each == b"turned" else 1,
                }
                for each in contents
            ]
        }


def _handler(rest):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            with rest.lock:
                rest.paths.append(self.path)
                rest.connections.add(self.client_address)
                rest.num_now += 1
                rest.most_at_once = max(rest.most_at_once, rest.num_now)
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            status, answer = rest.answer(body)
            with rest.lock:
                rest.num_now -= 1
            if not status:  # as if the server had gone away
                self.close_connection = True
                return
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    return Handler
