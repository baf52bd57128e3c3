"""sampleproc health: exit codes against a real service and stand-ins that misbehave."""

import json
import os
import pathlib
import socket
import ssl
import tempfile
import threading

import cli
from certificate import make_certificate
import jsonschema
from service import Service

SCHEMA = json.loads(
    (pathlib.Path(__file__).resolve().parents[2] / "config/health.schema.json").read_text("utf-8")
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def answer_with(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def health(*words, **options):
    return cli.run("health", *words, **options)


class StandIn:
    """Takes one connection after the other, reads a request, sends what it is told and closes, or
    with `hold` leaves it to the other side to close. `host` may be the path of a socket."""

    def __init__(self, test, answer, host="127.0.0.1", read=True, hold=False, tls=None):
        if "/" in host:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(host)
            self._listener.listen()
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, 0), family=family)
            self.port = str(self._listener.getsockname()[1])
        self.requests = []
        self._answer, self._read, self._hold, self._tls = answer, read, hold, tls
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
            client.settimeout(cli.PATIENCE)
            try:
                if self._tls:
                    client = self._tls.wrap_socket(client, server_side=True)
                with client:
                    self._answer_one(client)
            except OSError:
                client.close()  # whoever asked has gone, or does not trust us

    def _answer_one(self, client):
        request = b""
        while self._read and not request.endswith(b"\r\n\r\n"):
            piece = client.recv(4096)
            if not piece:
                break
            request += piece
        self.requests.append(request)
        client.sendall(self._answer)
        if self._hold:
            client.recv(1)


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


class Probes(Health):
    def test_each_has_its_path(self):
        for probe, path in (("health", b"/health"), ("live", b"/livez"), ("ready", b"/readyz"),
                            ("startup", b"/startupz")):  # fmt: skip
            stand_in = StandIn(self, OK)
            self.check(health("--port", stand_in.port, "--probe", probe), 0, "healthy (HTTP 200)\n")
            self.assertTrue(stand_in.requests[0].startswith(b"GET " + path + b" HTTP/1.1\r\n"))

    def test_another_is_bad_use(self):
        for words in (["--probe", "deep"], ["--wait", "soon"], ["--wait", "-1s"]):
            result = health(*words)
            self.assertEqual((result.returncode, result.out), (3, ""), words)
            self.assertIn("takes", result.err)

    def test_degraded_is_healthy_by_another_name(self):
        body = b'{"status":"degraded","details":{"status":"unhealthy"}}'
        stand_in = StandIn(self, answer_with(body))
        self.check(health("--port", stand_in.port), 0, "degraded (HTTP 200)\n")


class Lengths(Health):
    """An answer is as long as it says, whoever closes the connection then."""

    def ask(self, answer, **options):
        stand_in = StandIn(self, answer, **options)
        return health("--port", stand_in.port)

    def test_shorter_than_it_says_is_no_answer(self):
        short = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}"
        self.check(self.ask(short), 2, err="its answer ends too early")

    def test_it_does_not_wait_for_the_peer_to_close(self):
        self.check(self.ask(OK, hold=True), 0, "healthy (HTTP 200)\n")
        self.check(self.ask(UNAVAILABLE, hold=True), 1, "unhealthy (HTTP 503)\n")

    def test_without_a_length_it_lasts_until_the_peer_closes(self):
        self.check(self.ask(b"HTTP/1.1 200 OK\r\n\r\n{}"), 0, "healthy (HTTP 200)\n")

    def test_lengths_that_are_none(self):
        for length in (b"x", b"-1", b"", b"99999999999999999999", b"2\r\nContent-Length: 3"):
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n{}"
            self.check(self.ask(answer), 2, err="it does not speak HTTP")

    def test_more_than_64_kib_is_no_answer(self):
        self.check(self.ask(answer_with(b"x" * 70_000)), 2, err="longer than 64 KiB")


class Waiting(Health):
    def test_it_asks_until_the_service_is_there(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        port = str(listener.getsockname()[1])
        self.addCleanup(listener.close)
        child = cli.start(self, "health", "--port", port, "--wait", "10m")
        for answer in (UNAVAILABLE, b"", UNAVAILABLE, OK):
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(answer)
        out, err = child.communicate(timeout=cli.PATIENCE)
        self.assertEqual((child.returncode, out, err), (0, b"healthy (HTTP 200)\n", b""))

    def test_in_the_end_it_gives_up(self):
        self.check(health("--port", self.free_port(), "--wait", "100ms"), 2, err="refused")


class Json(Health):
    def ask(self, *words):
        result = health("--json", *words)
        self.assertEqual(result.err, "")
        self.assertEqual(result.out.count("\n"), 1)
        line = json.loads(result.out)
        jsonschema.validate(line, SCHEMA, jsonschema.Draft202012Validator)
        return result.returncode, line

    def test_each_outcome(self):
        port = self.free_port()
        code, line = self.ask("--port", port, "--probe", "ready")
        self.assertEqual((code, line["outcome"], line["probe"], line["address"]),
                         (2, "no_answer", "ready", "127.0.0.1:" + port))  # fmt: skip
        self.assertIn("refused", line["error"])
        for answer, code, outcome, status, word in (
            (answer_with(b'{"status":"healthy"}'), 0, "healthy", 200, "healthy"),
            (answer_with(b'{"status":"degraded"}'), 0, "degraded", 200, "degraded"),
            (answer_with(b'{"status":"\xff"}'), 0, "healthy", 200, ""),
            (answer_with(b'["status", "degraded"]'), 0, "healthy", 200, ""),
            (UNAVAILABLE, 1, "unhealthy", 503, ""),
        ):
            got, line = self.ask("--port", StandIn(self, answer).port)
            self.assertEqual((got, line["outcome"], line["http_status"], line["status"],
                              line["error"]), (code, outcome, status, word, ""))  # fmt: skip


class UnixSocket(Health):
    def test_the_configured_socket_is_asked(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "s")
        stand_in = StandIn(self, OK, host=path)
        config = self.write(f'http.unix_socket = "{path}"\n')
        self.check(health("--config", config), 0, "healthy (HTTP 200)\n")
        self.assertIn(b"\r\nHost: localhost\r\n", stand_in.requests[0])
        result = health("--config", config, "--json")
        self.assertEqual(json.loads(result.out)["address"], path)

    def test_a_port_on_the_command_line_is_asked_instead(self):
        stand_in = StandIn(self, OK)
        result = health("--set", "http.unix_socket=/nonexistent/s", "--port", stand_in.port)
        self.check(result, 0, "healthy (HTTP 200)\n")

    def test_the_real_service_on_its_socket(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        socket_path = os.path.join(directory.name, "s")
        config = self.write(f'[http]\nunix_socket = "{socket_path}"\nport = 0\n')
        Service(self, "--config", config)
        self.check(health("--config", config), 0, "healthy (HTTP 200)\n")
        self.check(health("--config", config, "--probe", "live"), 0, "healthy (HTTP 200)\n")

    def test_a_socket_that_is_not_there(self):
        self.check(health("--set", "http.unix_socket=/nonexistent/s"), 2, err="No such file")


class Tls(Health):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def certificate(self, name):
        """A key and a certificate of its own making, for a name that nobody asks by."""
        cert, key = (os.path.join(self.directory, name + end) for end in (".crt", ".key"))
        make_certificate(cert, key, "DNS:frames.example.com")
        return cert, key

    def stand_in(self, cert, key, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        if version:
            context.maximum_version = version
        return StandIn(self, OK, tls=context)

    def ask(self, stand_in, cert):
        return health("--port", stand_in.port, "--set", "http.tls_cert=" + cert)

    def test_the_configured_certificate_is_the_anchor(self):
        cert, key = self.certificate("own")
        for version in (None, ssl.TLSVersion.TLSv1_2):
            stand_in = self.stand_in(cert, key, version)
            self.check(self.ask(stand_in, cert), 0, "healthy (HTTP 200)\n")
            self.assertTrue(stand_in.requests[0].startswith(b"GET /health "))

    def test_another_certificate_is_not_trusted(self):
        stand_in = self.stand_in(*self.certificate("other"))
        cert, _ = self.certificate("own")
        self.check(self.ask(stand_in, cert), 2, err="does not lead to http.tls_cert")
        self.assertEqual(stand_in.requests, [])

    def test_plain_text_to_a_service_with_tls_is_told_so(self):
        cert, key = self.certificate("own")
        service = Service(self, "--port", "0", "--set", f"http.tls_cert={cert}",
                          "--set", f"http.tls_key={key}")  # fmt: skip
        why = "this is plain HTTP, and this port speaks TLS"
        result = health("--port", str(service.port))
        self.assertEqual(result.returncode, 1, result.err)
        self.assertIn(f"unhealthy (HTTP 400): {why}", result.out)
        self.assertIn(why, json.loads(health("--port", str(service.port), "--json").out)["error"])
        self.assertEqual(service.stop(), 0)

    def test_a_peer_without_tls(self):
        cert, _ = self.certificate("own")
        self.check(self.ask(StandIn(self, OK, read=False), cert), 2, err="no answer from")

    def test_a_file_that_is_no_certificate_is_bad_use(self):
        path = self.write("no PEM\n")
        result = self.ask(StandIn(self, OK), path)
        self.assertEqual(result.returncode, 3)
        self.assertIn("http.tls_cert cannot be read", result.err)


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
