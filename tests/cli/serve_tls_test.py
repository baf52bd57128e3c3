"""sampleproc serve over TLS: versions, fields, a new certificate on SIGHUP, handshakes that hang."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import cli
import streams
from certificate import make_certificate
from service import WithService

REQUEST = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Tls(WithService):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.certificate = os.path.join(folder.name, "cert.pem")
        self.key = os.path.join(folder.name, "key.pem")
        make_certificate(self.certificate, self.key, "DNS:localhost")

    def start(self, *words):
        return self.serve(
            "--set", f"http.tls_cert={self.certificate}", "--set", f"http.tls_key={self.key}", *words
        )

    def connect(self, service, version=None):
        context = ssl.create_default_context(cafile=self.certificate)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        plain = socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE)
        self.addCleanup(plain.close)
        return context.wrap_socket(plain, server_hostname="localhost")

    def ask(self, service, version=None):
        with self.connect(service, version) as client:
            client.sendall(REQUEST)
            received = b""
            # An end without close_notify would raise.
            while piece := client.recv(65536):
                received += piece
            return received, client.version(), client.getpeercert()["serialNumber"]

    def test_versions_and_fields(self):
        service = self.start()
        for version, name in (
            (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
            (ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ):
            answer, spoken, _ = self.ask(service, version)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
            self.assertIn(b"\r\nStrict-Transport-Security: ", answer)
            self.assertEqual(spoken, name)
        self.assertEqual(self.ask(service)[1], "TLSv1.3")
        self.assertEqual(service.stop(), 0)

    def end_of_validity(self):
        said = subprocess.run(["openssl", "x509", "-enddate", "-noout", "-in", self.certificate],
                              check=True, capture_output=True, text=True).stdout  # fmt: skip
        return int(ssl.cert_time_to_seconds(said.strip().removeprefix("notAfter=")))

    def metrics_by(self, service):
        with self.connect(service) as client:
            client.sendall(REQUEST.replace(b"/livez", b"/metrics"))
            return b"".join(iter(lambda: client.recv(65536), b"")).decode()

    def ask_until(self, service, request, status):
        """Who comes at the limit has little time to ask, and a busy machine may not give it."""
        end = time.monotonic() + cli.PATIENCE
        answer = b""
        while not answer.startswith(b"HTTP/1.1 %d " % status):
            self.assertLess(time.monotonic(), end, answer)
            with contextlib.suppress(OSError), self.connect(service) as client:
                client.sendall(request)
                answer = b""
                while piece := client.recv(65536):
                    answer += piece
        return answer

    def test_at_the_limit_of_connections_a_probe_is_answered_and_others_are_told(self):
        # Those who take the places keep them, however long the others need.
        service = self.start("--set", "http.max_connections=2", "--set", "http.idle_timeout=1h")
        taken = [self.connect(service) for _ in range(2)]
        self.ask_until(service, REQUEST, 200)
        refused = self.ask_until(service, REQUEST.replace(b"/livez", b"/"), 503)
        self.assertIn(b"http.max_connections", refused)
        for client in taken:
            client.close()
        self.ask_until(service, REQUEST.replace(b"/livez", b"/"), 200)
        self.assertEqual(service.stop(), 0)

    def test_a_new_certificate_on_sighup_and_a_bad_one_kept_out(self):
        service = self.start()
        first = self.ask(service)[2]
        old = self.connect(service)
        make_certificate(self.certificate, self.key, "DNS:localhost")
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        second = self.ask(service)[2]
        self.assertNotEqual(first, second)
        self.assertIn(f"\nsampleproc_tls_certificate_expiry_timestamp_seconds {self.end_of_validity()}\n",
                      self.metrics_by(service))
        old.sendall(REQUEST)
        self.assertTrue(old.recv(4096).startswith(b"HTTP/1.1 200"))
        old.close()

        with open(self.key, "w", encoding="ascii") as file:
            file.write("no key\n")
        service.child.send_signal(signal.SIGHUP)
        self.assertIn("http.tls_key", service.wait_for("reload:")["problem"])
        self.assertEqual(self.ask(service)[2], second)
        self.assertEqual(service.stop(), 0)

    def failed_handshakes(self, service):
        name = "sampleproc_tls_handshake_failures_total "
        return float(re.search("^" + name + "(.*)$", self.metrics_by(service), re.MULTILINE)[1])

    def test_what_is_no_handshake_or_never_ends_is_closed_and_counted(self):
        config = os.path.join(os.path.dirname(self.certificate), "sampleproc.toml")
        self.write(config, '[http]\ntls_handshake_timeout = "100ms"\n')
        service = self.start("--config", config)
        hello = b"\x16\x03\x01\x40\x00\x01"  # headers of a record and of a message
        for said in (b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00", b"", hello, hello + b"\x02\x00\x00"):
            with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
                client.sendall(said)
                with contextlib.suppress(ConnectionResetError):  # bytes of it were unread
                    self.assertNotIn(b"HTTP/1.1", client.recv(4096))
        # Who asks for the count needs a handshake too, which on a busy machine takes longer.
        self.write(config, '[http]\ntls_handshake_timeout = "5m"\n')
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        streams.wait_until(lambda: self.failed_handshakes(service) == 4)
        # As load balancers look whether a port is open.
        socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE).close()
        self.assertEqual(self.ask(service)[1], "TLSv1.3")
        self.assertEqual(self.failed_handshakes(service), 4)
        self.assertEqual(service.stop(), 0)

    def test_who_speaks_plain_http_is_told_so_and_logged(self):
        service = self.start()
        body = b"POST /process HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + bytes(1000000)
        asked = [REQUEST.replace(b"GET", method) for method in (b"GET", b"HEAD", b"OPTIONS", b"DELETE")]
        for said in (*asked, body):
            with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
                with contextlib.suppress(ConnectionError):
                    client.sendall(said)
                answer = b"".join(iter(lambda: client.recv(65536), b""))
            head, _, told = answer.partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 400 "), answer)
            self.assertNotIn(b"Strict-Transport-Security", head)  # RFC 6797, 7.2
            if said.startswith(b"HEAD"):
                self.assertEqual(told, b"")
            else:
                self.assertIn(b"this is plain HTTP, and this port speaks TLS: https://", told)
        # What is no request either is answered as on any port, and the rest of it is not heard.
        for said in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + REQUEST):
            with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
                client.sendall(said)
                answer = b"".join(iter(lambda: client.recv(65536), b""))
                self.assertRegex(answer, b"^HTTP/1.1 (400|505) ")
                self.assertEqual(answer.count(b"X-Request-ID: "), 1, answer)
        streams.wait_until(lambda: self.failed_handshakes(service) == 7)
        self.assertEqual(service.stop(), 0)
        told = [(line["method"], line["path"]) for line in service.log()
                if line["msg"] == "request" and "plain HTTP" in line.get("detail", "")]  # fmt: skip
        self.assertEqual(told, [(method, "/livez") for method in ("GET", "HEAD", "OPTIONS", "DELETE")]
                         + [("POST", "/process")])  # fmt: skip

    def test_new_keys_without_end_end_the_connection(self):
        service = self.start("--set", "http.header_timeout=5m")
        child = subprocess.Popen(
            ["openssl", "s_client", "-tls1_3", "-connect", f"127.0.0.1:{service.port}"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)

        def has_ended():
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(b"k\n")  # its command for a new key, if it is read by itself
                child.stdin.flush()
            return child.poll() is not None

        streams.wait_until(has_ended)
        self.assertEqual(self.ask(service)[1], "TLSv1.3")
        self.assertEqual(service.stop(), 0)

    def test_who_says_nothing_keeps_no_probe_out_and_holds_up_no_stop(self):
        service = self.start(
            "--set", "http.max_connections=2", "--set", "http.tls_handshake_timeout=5m",
            "--set", "http.idle_timeout=1h", "--set", "service.shutdown_timeout=10m")  # fmt: skip
        taken = [self.connect(service) for _ in range(2)]
        for client in taken:
            self.addCleanup(client.close)
        silent = []
        answered = 0
        for _ in range(20):
            for _ in range(40):
                silent.append(socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE))
                self.addCleanup(silent[-1].close)
            with contextlib.suppress(OSError):
                answered += self.ask(service)[0].startswith(b"HTTP/1.1 200")
        self.assertGreater(answered, 10)
        taken[0].close()
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE):
            self.assertEqual(service.stop(), 0)

    def test_certificate_and_key_out_of_pipes(self):
        """As a shell's process substitution hands them over."""
        writers = []
        for path in (self.certificate, self.key):
            with open(path, encoding="ascii") as file:
                text = file.read()
            os.rename(path, path + ".file")
            os.mkfifo(path, 0o600)
            writers.append(threading.Thread(target=self.write, args=(path, text)))
            writers[-1].start()
        service = self.start()
        for writer in writers:
            writer.join()
        self.certificate += ".file"
        self.assertTrue(self.ask(service)[0].startswith(b"HTTP/1.1 200"))
        service.child.send_signal(signal.SIGHUP)
        self.assertIn("no regular file", service.wait_for("reload:")["problem"])
        self.assertEqual(service.stop(), 0)

    def write(self, path, text):
        with open(path, "w", encoding="ascii") as pipe:
            pipe.write(text)

    def test_what_is_wrong_is_said_in_words(self):
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True)

        with open(self.key, encoding="ascii") as file:
            key = file.read()
        with open(self.certificate, encoding="ascii") as file:
            certificate = file.read()
        locked = self.key + ".locked"
        openssl("pkey", "-in", self.key, "-aes256", "-passout", "pass:x", "-out", locked)
        other = self.key + ".other"
        openssl("genrsa", "-out", other, "2048")
        with open(locked, encoding="ascii") as file:
            locked = file.read()
        with open(other, encoding="ascii") as file:
            other = file.read()
        for name, path, text, why in (
            ("tls_cert", self.certificate, certificate[:300], "torn or damaged"),
            ("tls_cert", self.certificate, certificate + certificate[:300], "of the chain"),
            ("tls_cert", self.certificate, "junk\n", '"-----BEGIN CERTIFICATE-----"'),
            ("tls_key", self.key, key[:100], "torn or damaged"),
            ("tls_key", self.key, certificate, '"-----BEGIN PRIVATE KEY-----"'),
            ("tls_key", self.key, locked, "is encrypted"),
            ("tls_key", self.key, other, "is not the key of http.tls_cert"),
        ):
            with self.subTest(name=name, why=why), open(path, encoding="ascii") as file:
                before = file.read()
                self.write(path, text)
                result = cli.run("validate-config", "--set", f"http.tls_cert={self.certificate}",
                                 "--set", f"http.tls_key={self.key}")  # fmt: skip
                self.write(path, before)
                self.assertEqual(result.returncode, 65, result.err)
                self.assertIn(f"http.{name}: {path}: ", result.err)
                self.assertIn(why, result.err)

    def test_a_certificate_that_cannot_be_used(self):
        for key, code in ((self.key + ".missing", 78), (self.certificate, 78)):
            result = cli.run("serve", "--port", "0", "--set", f"http.tls_cert={self.certificate}",
                             "--set", f"http.tls_key={key}")  # fmt: skip
            self.assertEqual(result.returncode, code, result.err)
            self.assertIn("http.tls_key", result.err)


if __name__ == "__main__":
    cli.main()
