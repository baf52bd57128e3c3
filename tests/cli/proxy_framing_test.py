"""A real haproxy and a real nginx in front: they and the service agree where each request ends.

Every vector of http_vectors.py is sent to the proxy with a canary behind it. Whatever the proxy
makes of it, on the connections that it keeps to the service there must be as many requests for the
one as for the other: a request that only the service sees was smuggled, and the next client would
get its answer.
"""

import os
import re
import socket
import tempfile
import time

import cli
from http_framing_test import CANARY, parse
from http_vectors import VECTORS
from proxies import KINDS, Proxy
from service import Service, WithService

# A proxy waits for the rest of what looks unfinished, as it should; nobody learns from that here.
ENOUGH = 0.5


class BehindAProxy(WithService):
    def is_whole(self, received):
        """Not cut within an answer."""
        try:
            parse(received)
        except ValueError:
            return not received.startswith(b"HTTP/1.1 ")  # that is none of HTTP/1.1
        return True

    def exchange(self, proxy, data):
        """What comes back, until the end or until nothing more does."""
        received = b""
        end = time.monotonic() + cli.PATIENCE
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(cli.PATIENCE)
            peer.connect(proxy.path)
            try:
                peer.sendall(data)
                peer.settimeout(ENOUGH)
                while True:
                    try:
                        piece = peer.recv(65536)
                    except TimeoutError:
                        if self.is_whole(received) or time.monotonic() > end:
                            break
                        continue
                    if not piece:
                        break
                    received += piece
            except OSError:
                pass
        return received

    def check(self, kind):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "service.sock")
        service = Service(self, "--set", f"http.unix_socket={path}", "--set", "http.port=0",
                          "--set", "telemetry.log_level=debug")  # fmt: skip
        proxy = Proxy(self, kind, [path, path])
        canary = CANARY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        for number, (name, data, _) in enumerate(VECTORS):
            with self.subTest(name):
                received = self.exchange(proxy, data + canary)
                if received.startswith(b"HTTP/1.1 "):
                    self.assertLessEqual(len(parse(received)), 2)
                # The next client, whom the proxy gives a connection that it has kept.
                answer = proxy.ask("GET", "/livez", headers={"X-Request-ID": f"next-{number}"})
                self.assertEqual(
                    (answer.status, answer.getheader("X-Request-ID")), (200, f"next-{number}"))

        self.assertEqual(service.stop(), 0)
        proxy.stop()
        # Its health checks are in no log of haproxy's.
        seen = [line for line in service.log()
                if line["msg"] == "request" and line["path"] != "/readyz"]  # fmt: skip
        ours = [line for line in seen if line["request_id"].startswith("next-")]
        self.assertEqual(len(ours), len(VECTORS))
        sent = self.sent(kind, proxy.text())
        self.assertGreater(sent, len(VECTORS))
        self.assertLessEqual(
            len(seen), sent, f"{len(seen) - sent} requests that only the service saw")

    def sent(self, kind, log):
        """How many requests the proxy meant to send, by its own account."""
        if kind == "haproxy":
            return sum(" sampleproc/" in line and "<NOSRV>" not in line
                       for line in log.splitlines())  # fmt: skip
        tried = re.findall(r'upstream="([^"]*)"', log)
        return sum(len(addresses.split(", ")) for addresses in tried if addresses != "-")

    def test_no_request_is_read_out_of_anothers_bytes(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.check(kind)


if __name__ == "__main__":
    cli.main()
