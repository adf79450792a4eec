"""The wire between the functions and a vendor's simulator: it carries everything, remembers it, and can be told to be unkind."""

import http.client
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlparse

# Headers that belong to one connection and are made anew for the next.
OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    # Names in lower case.
    headers: dict = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Exchange:
    request: Request
    # What the functions were answered; `None`: the connection broke.
    status: int | None
    at: float


class Held:
    """One request that the vendor has acted on, and whose answer is still on the wire."""

    def __init__(self):
        self.arrived = threading.Event()
        self._lost = threading.Event()

    def lose(self):
        """The answer never arrives."""
        self._lost.set()

    def wait(self):
        self._lost.wait()


class Wire:
    """A proxy in front of one simulator, on a port of its own. `close` it."""

    def __init__(self, upstream):
        self._upstream = urlparse(upstream).netloc
        self._lock = threading.Lock()
        self._exchanges = []
        self._troubles = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def seen(self, since=0):
        """What went over it, in order, but for the first `since` exchanges."""
        with self._lock:
            return self._exchanges[since:]

    @contextmanager
    def answering(self, status, headers, when):
        """While it holds, requests for which `when` is true are answered so, and the vendor hears nothing of them."""
        with self._trouble((when, lambda _request: (status, headers, b"{}"))):
            yield

    @contextmanager
    def holding(self, when):
        """The first request for which `when` is true reaches the vendor; its answer waits until it is lost."""
        held = Held()

        def first(request):
            return not held.arrived.is_set() and when(request)

        def act(request):
            self._forward(request)
            held.arrived.set()
            held.wait()
            return None

        try:
            with self._trouble((first, act)):
                yield held
        finally:
            held.lose()

    @contextmanager
    def _trouble(self, trouble):
        with self._lock:
            self._troubles.append(trouble)
        try:
            yield
        finally:
            with self._lock:
                self._troubles.remove(trouble)

    def _act_of(self, request):
        with self._lock:
            return next((act for when, act in self._troubles if when(request)), self._forward)

    def _forward(self, request):
        upstream = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            headers = {name: value for name, value in request.headers.items() if name not in OF_ONE_CONNECTION}
            upstream.request(request.method, request.path, request.body or None, headers)
            answer = upstream.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            upstream.close()

    def _carry(self, request):
        answer = self._act_of(request)(request)
        with self._lock:
            self._exchanges.append(Exchange(request, answer and answer[0], time.monotonic()))
        return answer

    def _handler(self):
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def carry(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = wire._carry(Request(self.command, self.path, headers, body))
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in OF_ONE_CONNECTION - {"date"}:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = carry

            def log_message(self, format, *arguments):
                pass

        return Handler
