"""An HTTP server that stands for somebody else's, in a thread of the test's own."""

import http.server
import socket
import threading

from streams import wait_until


class StandIn:
    """Hands each request to `handle`, until the test ends. Connections are kept and counted."""

    def __init__(self, test, tls=None, address=("127.0.0.1", 0)):
        self.lock = threading.Lock()
        self.open = 0
        self.most_open = 0
        self.accepted = set()  # from where
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # the client was killed

            def do_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stand_in.handle(self, body)

            do_GET = do_POST = do_PUT = do_DELETE = do_any

            def answer(self, status, body=b"", **fields):
                head = "".join(f"{name.replace('_', '-')}: {value}\r\n"
                               for name, value in fields.items())  # fmt: skip
                self.raw(b"HTTP/1.1 %d Stand-In\r\n%sContent-Length: %d\r\n\r\n%s"
                         % (status, head.encode(), len(body), body))  # fmt: skip

            def raw(self, data):
                try:
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def process_request(self, request, client_address):
                with stand_in.lock:
                    stand_in.open += 1
                    stand_in.accepted.add(client_address)
                    stand_in.most_open = max(stand_in.most_open, stand_in.open)
                super().process_request(request, client_address)

            def shutdown_request(self, request):
                super().shutdown_request(request)
                with stand_in.lock:
                    stand_in.open -= 1

        server = Server(address, Handler)
        server.daemon_threads = True
        scheme, host = "http", address[0]
        if tls is not None:
            scheme, host = "https", "localhost"  # whom a certificate can be for
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        self.address = server.server_address[:2]
        self.url = f"{scheme}://{host}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        test.addCleanup(thread.join)
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)

    def await_nobody(self):
        """Returns when nobody is connected: what those asked who were killed has been handled."""
        # Connections are accepted in their order: behind this one none of theirs is still to come.
        with socket.create_connection(self.address) as last:
            wait_until(lambda: last.getsockname() in self.accepted)
        wait_until(lambda: not self.open)

    def handle(self, handler, body):
        """Answers one request by `handler.answer` or, when it misbehaves, `handler.raw`."""
        raise NotImplementedError
