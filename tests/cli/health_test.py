"""sampleproc health: exit codes against a real service and stand-ins that misbehave."""

import os
import socket
import tempfile
import threading

import cli
from service import Service

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def health(*words, **options):
    return cli.run("health", *words, **options)


class StandIn:
    """Takes one connection after the other, reads a request, sends what it is told and closes."""

    def __init__(self, test, answer, host="127.0.0.1", read=True):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = str(self._listener.getsockname()[1])
        self.requests = []
        self._answer, self._read = answer, read
        thread = threading.Thread(target=self._serve)
        thread.start()
        test.addCleanup(thread.join)
        test.addCleanup(self._listener.close)
        test.addCleanup(self._listener.shutdown, socket.SHUT_RDWR)  # runs first, ends accept()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                client.settimeout(cli.PATIENCE)
                try:
                    request = b""
                    while self._read and not request.endswith(b"\r\n\r\n"):
                        piece = client.recv(4096)
                        if not piece:
                            break
                        request += piece
                    self.requests.append(request)
                    client.sendall(self._answer)
                except OSError:
                    pass  # whoever asked has gone


class Health(cli.TestCase):
    def write(self, text):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "sampleproc.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def free_port(self):
        """One that nobody listens on, and nobody can while the test runs."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])

    def check(self, result, code, out="", err=""):
        self.assertEqual(result.returncode, code, result.err)
        self.assertEqual(result.out, out)
        if err:
            self.assertIn(err, result.err)
            self.assertEqual(len(result.err.splitlines()), 1)
        else:
            self.assertEqual(result.err, "")


class AgainstAService(Health):
    def test_the_same_configuration_file_leads_to_it(self):
        path = self.write(f"http.port = {self.free_port()}\n")
        self.check(health("--config", path), 2, err="no answer from 127.0.0.1:")
        # The service takes a free port, which only then can be written down for both.
        service = Service(self, "--port", "0", "--config", path)
        path = self.write(f"http.port = {service.port}\n")
        self.check(health("--config", path), 0, "healthy (HTTP 200)\n")
        self.check(health(env={"SAMPLEPROC_CONFIG": path}), 0, "healthy (HTTP 200)\n")
        self.check(health(env={"PORT": str(service.port)}), 0, "healthy (HTTP 200)\n")
        self.assertEqual(service.stop(), 0)
        self.check(health("--config", path), 2, err="no answer from 127.0.0.1:")

    def test_listening_on_all_addresses_means_asking_on_the_loopback(self):
        service = Service(self, "--host", "0.0.0.0", "--port", "0")
        path = self.write(f'[http]\nhost = "0.0.0.0"\nport = {service.port}\n')
        self.check(health("--config", path), 0, "healthy (HTTP 200)\n")
        self.check(health("--host", "localhost", "--config", path), 0, "healthy (HTTP 200)\n")

    def test_listening_on_all_addresses_of_ipv6_too(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("this machine has no IPv6")
        service = Service(self, "--host", "::", "--port", "0")
        self.check(health("--host", "::", "--port", str(service.port)), 0, "healthy (HTTP 200)\n")
        self.check(health("--host", "::1", "--port", str(service.port)), 0, "healthy (HTTP 200)\n")


class AgainstAStandIn(Health):
    def ask(self, answer, **options):
        stand_in = StandIn(self, answer, **options)
        return stand_in, health("--port", stand_in.port)

    def test_what_it_asks(self):
        stand_in, result = self.ask(OK)
        self.check(result, 0, "healthy (HTTP 200)\n")
        (request,) = stand_in.requests
        lines = request.decode("ascii").split("\r\n")
        self.assertEqual(lines[0], "GET /health HTTP/1.1")
        self.assertIn("Host: 127.0.0.1:" + stand_in.port, lines)
        self.assertIn("Connection: close", lines)

    def test_the_unspecified_address_means_the_loopback(self):
        stand_in = StandIn(self, OK)
        self.check(
            health("--host", "0.0.0.0", "--port", stand_in.port), 0, "healthy (HTTP 200)\n"
        )
        self.assertIn(b"Host: 127.0.0.1:", stand_in.requests[0])

    def test_unhealthy_is_1(self):
        _, result = self.ask(UNAVAILABLE)
        self.check(result, 1, "unhealthy (HTTP 503)\n")
        _, result = self.ask(OK.replace(b"200 OK", b"500 Oh no"))
        self.check(result, 1, "unhealthy (HTTP 500)\n")

    def test_nobody_there_is_2(self):
        self.check(health("--port", self.free_port()), 2, err="Connection refused")

    def test_no_answer_is_2(self):
        for answer in (b"", b"H", b"HTTP/1.1 200", OK[:30], OK.split(b"\r\n\r\n", maxsplit=1)[0]):
            with self.subTest(answer=answer):
                _, result = self.ask(answer)
                self.check(result, 2, err="no answer from 127.0.0.1:")
        _, result = self.ask(b"", read=False)  # closes with the request unread: a reset
        self.check(result, 2, err="no answer from 127.0.0.1:")

    def test_what_is_no_http_is_2(self):
        for answer in (
            b"\x00\xff\x1b[2J" * 100 + b"\r\n\r\n",
            b"220 mail.example.org ESMTP\r\n\r\n",
            b"HTTP/1.1 abc\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 -20 OK\r\n\r\n",
            b"HTTP/1.1 099 OK\r\n\r\n",
            b"HTTP/1.1200 OK\r\n\r\n",
            b"x" * 1_000_000,
        ):
            with self.subTest(answer=answer[:20]):
                _, result = self.ask(answer)
                self.check(result, 2, err="it does not speak HTTP")
                self.assertNotIn("\x1b", result.err)


class BadUse(Health):
    def test_of_the_command_line_is_3(self):
        for words in (["--bogus"], ["operand"], ["--port"], ["--port", "x"], ["--port", "70000"],
                      ["--set", "http.port"], ["--set", "http.prot=1"]):  # fmt: skip
            result = health(*words)
            self.assertEqual((result.returncode, result.out), (3, ""), words)
            self.assertTrue(result.err)

    def test_of_the_configuration_is_3(self):
        path = self.write("[http]\nport = 70000\n")
        result = health("--config", path)
        self.assertEqual((result.returncode, result.out), (3, ""))
        self.assertTrue(result.err.startswith(path + ":2:8: "), result.err)
        self.assertEqual(health("--config", path + ".missing").returncode, 3)
        self.assertEqual(health(env={"PORT": "x"}).returncode, 3)

    def test_port_0_can_be_listened_on_and_not_asked(self):
        self.assertIn(health("--port", "0").returncode, (2, 3))


if __name__ == "__main__":
    cli.main()
