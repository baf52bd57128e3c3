"""sampleproc serve when the machine has no more to give: file descriptors and connections."""

import contextlib
import http.client
import resource
import select
import socket
import time

import cli
from service import ANY_PORT, Service, WithService

FILES = 96


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


class Exhaustion(WithService):
    def start(self, *words):
        return Service(self, *ANY_PORT, *words, preexec_fn=few_files)

    def connect_all(self, service, count):
        clients = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", service.port), timeout=cli.PATIENCE)
            self.addCleanup(client.close)
            clients.append(client)
        return clients

    def first_answer(self, clients):
        """What the first of them to be answered without having asked is told. So many come at once
        that some are closed without a word."""
        waiting = list(clients)
        while True:
            ready, _, _ = select.select(waiting, [], [], cli.PATIENCE)
            self.assertTrue(ready)
            text = b""
            while piece := ready[0].recv(65536):
                text += piece
            if text:
                return text.decode()
            waiting.remove(ready[0])

    def close_all(self, service, clients):
        """Until the service has seen that they are gone, whoever comes is turned away too."""
        for client in clients:
            client.close()
        end = time.monotonic() + cli.PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if service.metric("sampleproc_http_connections") == 1:  # that of the question
                    return
            time.sleep(0.01)
        self.fail("the service still has connections that are closed")

    def check_refusal(self, text, reason):
        self.assertTrue(text.startswith("HTTP/1.1 503 Service Unavailable\r\n"), text)
        for field in ("Connection: close", "Retry-After: 1", "X-Content-Type-Options: nosniff",
                      "Content-Type: application/problem+json"):  # fmt: skip
            self.assertIn("\r\n" + field + "\r\n", text)
        self.assertIn(reason, text)

    def test_without_descriptors_who_comes_is_told_so_and_the_service_lives(self):
        service = self.start("--set", "http.max_connections=2000")
        clients = self.connect_all(service, 3 * FILES)
        self.check_refusal(self.first_answer(clients), "no file descriptor is left")

        begun = time.monotonic(), service.cpu_seconds()
        time.sleep(1)
        took, cpu = time.monotonic() - begun[0], service.cpu_seconds() - begun[1]
        self.assertLess(cpu, took / 2, "waiting for descriptors must not be spinning")

        self.close_all(service, clients)
        self.assertEqual(service.get("/health").status, 200)
        self.assertGreater(service.metric("sampleproc_http_accept_failures_total"), 0)
        service.wait_for("cannot accept connections")
        self.assertEqual(service.stop(), 0)

    def test_by_itself_the_limit_of_connections_leaves_descriptors(self):
        service = self.start()
        clients = self.connect_all(service, 3 * FILES)
        self.check_refusal(self.first_answer(clients), "http.max_connections")
        self.close_all(service, clients)
        self.assertEqual(service.get("/health").status, 200)
        self.assertGreater(service.metric("sampleproc_http_refused_connections_total"), 0)
        self.assertEqual(service.metric("sampleproc_http_accept_failures_total"), 0)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
