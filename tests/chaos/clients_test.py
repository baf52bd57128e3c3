"""Clients that are slow, idle, or gone in the middle, by the thousand; an honest one among them."""

import http.client
import os
import random
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import time

import cli
import pictures
from service import WithService

IDLE = 10_000
ABORTS = 10_000
MOST_IDLE_BYTES = 120 * 1000 * 1000


class Honest:
    """Posts a picture on one connection, as a client with nothing to hide."""

    def __init__(self, service):
        self.service = service
        self.picture = pictures.sample("mask.png")
        self.took = []
        self.statuses = set()

    def ask(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.service.port, timeout=cli.PATIENCE)
            fields = {}
            while time.monotonic() < end and fields.get("Connection") != "close":
                begun = time.monotonic()
                connection.request("POST", "/process", self.picture, {"Content-Type": "image/png"})
                answer = connection.getresponse()
                answer.read()
                fields = answer.headers
                self.statuses.add(answer.status)
                self.took.append(time.monotonic() - begun)
                time.sleep(0.01)
            connection.close()
        return self

    def p99(self):
        return statistics.quantiles(self.took, n=100)[98] * 1000


class Clients(WithService):
    @classmethod
    def setUpClass(cls):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def test_ten_thousand_idle_connections(self):
        service = self.serve()
        before = service.memory()
        idle = []
        try:
            for _ in range(IDLE):
                idle.append(socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE))
                if len(idle) % 100 == 0:
                    self.assertEqual(service.get("/livez").status, 200)
            # Each has asked once: what a kept connection holds, not what a new one does.
            for peer in idle:
                peer.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for peer in idle:
                self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 200 "))
            self.assertEqual(service.get("/health").status, 200)
            now = service.memory()
        finally:
            for peer in idle:
                peer.close()
        print(f"\n{IDLE} idle connections: {now >> 20} MiB, {before >> 20} MiB without")
        self.assertLessEqual(now, MOST_IDLE_BYTES)
        self.assertEqual(service.stop(), 0)

    def test_clients_that_are_gone_at_any_byte(self):
        seed = random.randrange(1 << 32)
        print(f"\nseed {seed}")
        chance = random.Random(seed)
        service = self.serve()
        picture = pictures.sample("mask.png")
        request = (b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                   b"Content-Length: %d\r\n\r\n" % len(picture)) + picture  # fmt: skip
        reset = struct.pack("ii", 1, 0)
        for number in range(ABORTS):
            with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as peer:
                peer.sendall(request[: chance.randrange(len(request) + 1)])
                if chance.random() < 0.5:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            if number % 1000 == 0:
                answer = service.post(picture, "image/png")
                # Who has just left may still have a frame in the queue.
                self.assertIn(answer.status, (200, 503))
        deadline = time.monotonic() + cli.PATIENCE
        while self.open_connections(service) > 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.open_connections(service), 1)  # the one that asks
        self.assertEqual(service.post(picture, "image/png").status, 200)
        self.assertEqual(service.stop(), 0)

    def open_connections(self, service):
        return service.metric("sampleproc_http_connections")

    def test_slow_clients_cost_honest_ones_nothing(self):
        self.assertIsNotNone(shutil.which("slowhttptest"), "run packaging/install-deps.sh full")
        # Attackers are elsewhere: here they get what time is left, and what is beside the service
        # shows how much they take all the same.
        service, bystander = self.serve(), self.serve()
        calm = Honest(service).ask(10)
        url = f"http://127.0.0.1:{service.port}"
        common = ["-r", "400", "-l", "60", "-v", "0"]
        slow = [
            ["-H", "-c", "1000", "-i", "3", "-u", url + "/process"],
            ["-B", "-c", "1000", "-i", "3", "-s", "8192", "-u", url + "/process"],
            ["-X", "-c", "500", "-k", "3", "-u", url + "/openapi.json"],
        ]
        attacks = [
            subprocess.Popen(["nice", "-n", "19", "slowhttptest", *mode, *common], cwd="/",
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            for mode in slow
        ]
        for attack in attacks:
            self.addCleanup(attack.wait)
            self.addCleanup(attack.kill)
        time.sleep(4)
        connections = self.open_connections(service)
        busy, beside = Honest(service), Honest(bystander)
        for _ in range(10):
            busy.ask(2)
            beside.ask(2)
        print(f"\n{connections:.0f} slow connections: p99 {busy.p99():.1f} ms, {beside.p99():.1f} ms "
              f"of a service that has none, {calm.p99():.1f} ms on a calm machine, "
              f"{len(busy.took)} requests")  # fmt: skip
        self.assertEqual(busy.statuses, {200})
        self.assertGreater(connections, 1000)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    os.environ.setdefault("PATH", "/usr/bin:/bin")
    cli.main()
