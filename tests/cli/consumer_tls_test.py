"""sampleproc serve reaching a Redis, as a user of its own, and a webhook over TLS."""

import os
import socket
import ssl
import tempfile

import cli
import pictures
from certificate import make_certificate
from service import WithService
from streams import PROCESSOR, STREAM, RedisServer, entry, free_port, result_ids, wait_until, words
from webhook import Webhook

OWN_ADDRESS, OTHER_ADDRESS = "127.77.0.2", "127.77.0.3"  # of the loopback
SECRET = "word-canary"
# What the consumer does, and nothing else.
RULES = ("on", f">{SECRET}", "~frames:*", "~sample:*", "-@all", "+@stream", "+eval", "+ping",
         "+auth")  # fmt: skip


class Tls(WithService):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.certificate, self.key = self.path("cert.pem"), self.path("key.pem")
        make_certificate(self.certificate, self.key, f"IP:{OWN_ADDRESS}", "DNS:localhost")

    def path(self, name):
        return os.path.join(self.folder, name)


class RedisOverTls(Tls):
    def setUp(self):
        super().setUp()
        self.port = free_port(OWN_ADDRESS)
        self.server = RedisServer(
            self, "--tls-port", str(self.port), "--bind", OWN_ADDRESS, OTHER_ADDRESS,
            "--tls-cert-file", self.certificate, "--tls-key-file", self.key, "--tls-auth-clients", "no")  # fmt: skip
        self.redis = self.server.client()
        self.redis.execute_command("ACL", "SETUSER", "consumer", *RULES)
        self.redis.xadd(STREAM, entry("f-1", pictures.sample("mask.png")))

    def consume(self, host=OWN_ADDRESS, authority=None, password=SECRET, port=None):
        with open(self.path("password"), "w", encoding="ascii") as file:
            file.write(password)
        os.chmod(self.path("password"), 0o600)
        options = {
            "processor_id": PROCESSOR, "redis.host": host, "redis.port": port or self.port,
            "redis.tls": "true", "redis.tls_ca_file": authority or self.certificate,
            "redis.username": "consumer", "redis.password_file": self.path("password"),
        }  # fmt: skip
        given = [word for name, value in options.items()
                 for word in ("--set", f"consumer.{name}={value}")]  # fmt: skip
        return self.serve("--set", "process.pipeline=stats", *given)

    def test_a_server_that_is_trusted(self):
        service = self.consume()
        wait_until(lambda: result_ids(self.redis) == ["f-1"])
        self.assertEqual(service.stop(), 0)
        self.assertNotIn("canary", "".join(service.lines))

    def test_a_server_or_a_word_that_is_not(self):
        other = self.path("other.pem")
        make_certificate(other, self.path("other.key"), f"IP:{OWN_ADDRESS}")
        silent = socket.create_server((OWN_ADDRESS, 0))  # says nothing to what is no line, as Redis does
        self.addCleanup(silent.close)
        cases = (
            ("there is no answer to the TLS handshake", {"port": silent.getsockname()[1]}),
            ("its certificate does not lead to", {"authority": other}),
            (f"its certificate is not for {OTHER_ADDRESS}", {"host": OTHER_ADDRESS}),
            ("Redis refused the login", {"password": "wrong-canary"}),
        )
        for why, how in cases:
            with self.subTest(why=why):
                service = self.consume(**how)
                problem = service.wait_for_condition("source_unreachable")
                self.assertIn(why, problem["reason"])
                self.assertEqual(result_ids(self.redis), [])
                self.assertEqual(service.stop(), 0)
                self.assertNotIn("canary", "".join(service.lines))


class WebhookOverTls(Tls):
    def start(self, webhook, **env):
        server = RedisServer(self)
        server.client().xadd(STREAM, entry("f-1", pictures.sample("mask.png")))
        return self.serve(*words(server), "--set", "process.pipeline=stats", "--set",
                          "consumer.sinks=webhook", "--set", f"consumer.webhook.url={webhook.url}",
                          env=env)  # fmt: skip

    def setUp(self):
        super().setUp()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        self.webhook = Webhook(self, context)

    def test_a_certificate_of_an_authority_of_the_system(self):
        service = self.start(self.webhook, SSL_CERT_FILE=self.certificate)
        wait_until(lambda: self.webhook.ids() == ["f-1"])
        self.assertEqual(service.stop(), 0)

    def test_one_of_nobody(self):
        service = self.start(self.webhook)
        problem = service.wait_for_condition("sink")
        self.assertIn("its certificate does not lead to", problem["reason"])
        self.assertEqual(self.webhook.ids(), [])


if __name__ == "__main__":
    cli.main()
