"""A secret at every place where one can stand, and everything that a service says: it is in none of it."""

import base64
import hashlib
import json
import os

import cli
import pictures
from collector import Collector
from folder import WithDirectory
from frame_buffer import Buffer, frame
from service import ANY_PORT, Service
from stand_in import StandIn
from streams import DEAD, PROCESSOR, RESULTS, STREAM, RedisServer, entry, wait_until
from webhook import Webhook

# Each secret is this with a word behind it that says where it stood.
CANARY = "canary4711"


# Who knows the path of a webhook may post there. It is in its owner's configuration, and nowhere else.
HOOK = "hook4711"


def secret(where):
    return CANARY + where


TOKEN = secret("-token")
HASH = hashlib.sha256(TOKEN.encode()).hexdigest()
LOGGED_IN = {"Authorization": f"Bearer {TOKEN}"}


def disguises(text):
    """How it may be said: as it is, and as a login is sent."""
    yield text
    for shift in range(3):
        # In base64 three bytes are four digits; those that depend on its neighbours are left out.
        padded = base64.b64encode(b"\0" * shift + text.encode() + b"\0" * 3).decode()
        yield padded[(shift * 8 + 5) // 6 : (shift + len(text)) * 8 // 6]


class Refusing(StandIn):
    """Whatever it is asked for, it says that one has to log in."""

    def __init__(self, test):
        super().__init__(test)
        self.asked = 0

    def handle(self, handler, body):
        self.asked += 1
        handler.answer(401, WWW_Authenticate='Basic realm="r"')


def with_login(url, where):
    return url.replace("http://", f"http://user:{secret(where)}@")


class Secrets(WithDirectory):
    def file(self, name, text):
        path = self.write(name, text.encode())
        os.chmod(path, 0o600)
        return path

    def check(self, told):
        """`told`: what was said, by where."""
        found = [(where, each) for where, text in told.items()
                 for each in (*disguises(CANARY), HOOK)
                 if each in text and (each, where) != (HOOK, "--print-effective")]  # fmt: skip
        self.assertEqual(found, [], told)

    def serve(self, config, collector, **env):
        env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": with_login(collector.url, "-collector"),
                "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={secret('-header')}",
                "SAMPLEPROC_TELEMETRY_SPAN_DELAY": "10ms", "JWT_SECRET": secret("-jwt")}  # fmt: skip
        shown = cli.run("validate-config", "--print-effective", config, env=env)
        self.assertEqual(shown.returncode, 0, shown.err)
        self.told = {"--print-effective": shown.out, "validate-config": shown.err}
        return Service(self, *ANY_PORT, "--config", config, "--set", "telemetry.log_level=debug", env=env)

    def config(self, *more, away, stop="1m"):
        text = "\n".join((
            "[http]",
            f"auth_tokens_file = {json.dumps(self.file('tokens', HASH + ' me'))}",
            "[service]",
            f'shutdown_timeout = "{stop}"',
            "[process]",
            'pipeline = ["stats"]',
            *more,
            "[camera.door]",
            f'url = "{away.url.replace("http://", "http://user@")}/live"',
            f"password_file = {json.dumps(self.file('camera', secret('-camera')))}",
            "[camera.inline]",
            f'url = "{with_login(away.url, "-url")}/live?token={secret("-query")}"',
            ""))  # fmt: skip
        return self.file("sampleproc.toml", text)

    def ask_badly(self, service):
        """Requests with secrets in every part of them that is no part of the answer by contract."""
        picture = pictures.sample("mask.png")
        headers = {"Authorization": f"Bearer {secret('-bearer')}", "Cookie": f"session={secret('-cookie')}",
                   "Proxy-Authorization": f"Basic {secret('-proxy')}", "X-Api-Key": secret("-key"),
                   "baggage": f"user={secret('-baggage')}",
                   "Referer": f"http://u:{secret('-referer')}@h/"}  # fmt: skip
        metadata = json.dumps({"password": secret("-metadata"), "url": with_login("http://h/", "-link")})
        for method, path, body, kind in (
            ("GET", "/health", None, None),
            ("GET", f"/nowhere?token={secret('-target')}", None, None),
            ("POST", f"/process?token={secret('-parameter')}", picture, "image/png"),
            ("POST", "/process", b"no picture", "image/png"),
            ("POST", "/process", json.dumps({"frame_id": "m", "metadata": metadata, "frame_data":
                                             base64.b64encode(picture).decode()}).encode(),
             "application/json"),
            ("POST", "/process", json.dumps({"frame_data": secret("-body") + "!"}).encode(),
             "application/json"),
            ("POST", "/process-with-tracking", picture, "image/png"),
            ("POST", "/process-batch", json.dumps({"frames": [{"metadata": metadata}]}).encode(),
             "application/json"),
        ):  # fmt: skip
            for auth in (headers, headers | LOGGED_IN):
                more = {} if kind is None else {"Content-Type": kind}
                answer = service.ask(method, path, body, auth | more)
                self.told[f"{method} {path} {answer.status}"] = str(answer.headers) + answer.body.decode(
                    "latin-1")  # fmt: skip

    def look_around(self, service):
        for path in ("/", "/health", "/health?verbose", "/readyz?verbose", "/metrics", "/cameras",
                     "/cameras/door", "/cameras/inline", "/console", "/openapi.json", "/events"):  # fmt: skip
            for accept in ("*/*", "application/json"):
                answer = service.ask("GET", path, headers=LOGGED_IN | {"Accept": accept})
                self.told[f"GET {path} as {accept}"] = answer.body.decode()

    def end(self, service, collector, code=0):
        # A stop that is cut off may leave spans behind.
        wait_until(lambda: any(b"POST /process" in body for body in collector.bodies))
        self.assertEqual(service.stop(), code)
        self.told["the log"] = "".join(service.lines)
        self.told["the traces"] = "".join(body.decode() for body in collector.bodies)
        self.assertIn("POST /process", self.told["the traces"])
        self.check(self.told)

    def test_frames_of_redis(self):
        away, collector, webhook = Refusing(self), Collector(self), Webhook(self)
        server = RedisServer(self, password=secret("-redis"))
        redis = server.client()
        config = self.config(
            "[consumer]", f'processor_id = "{PROCESSOR}"', 'sinks = ["log", "file", "webhook"]',
            'frame_url_hosts = ["127.0.0.1"]',
            f'orchestrator_url = "{with_login(away.url, "-orchestrator")}"', "[consumer.file]",
            f"path = {json.dumps(self.path('results'))}", "[consumer.webhook]",
            f'url = "{with_login(webhook.url, "-webhook")}/{HOOK}/{secret("-of-24-characters-or-more")}'
            f'?token={secret("-hook")}"', away=away, stop="1s")  # fmt: skip
        url = self.file("redis", f"unix://:{secret('-redis')}@{server.path}\n")
        service = self.serve(config, collector, REDIS_URL_FILE=url)
        hidden = json.dumps({"password": secret("-metadata"), "frame_url":
                             with_login(away.url, "-pixels") + f"/p?sig={secret('-signature')}"})  # fmt: skip
        webhook.status = 400  # before there is anything to send to it
        redis.xadd(STREAM, entry("done", pictures.sample("mask.png"), camera="c-1", metadata=hidden))
        redis.xadd(STREAM, entry("away", camera="c-2", metadata=hidden))
        redis.xadd(STREAM, entry("dead", b"no picture", camera="c-3", metadata=hidden))
        wait_until(lambda: redis.xlen(RESULTS) == 1 and redis.xlen(DEAD) == 1 and webhook.refused == 1)
        webhook.status = 503
        service.wait_for_condition("pixel_host")
        service.wait_for_condition("orchestrator")
        wait_until(lambda: {("camera", "door"), ("camera", "inline")} <= self.conditions(service))
        self.ask_badly(service)
        self.look_around(service)
        self.told["results"] = str(redis.xrange(RESULTS)) + str(webhook.records)
        with open(self.path("results"), encoding="utf-8") as file:
            self.told["results in the file"] = file.read()
        # The letter is the entry itself, with what is said of its death.
        self.told["letters"] = str({name: value for _, letter in redis.xrange(DEAD) for name, value in
                                    letter.items() if name != b"metadata"})  # fmt: skip
        # A changed file is compared with what was in force.
        with open(config, "a", encoding="utf-8") as file:
            file.write(f'[camera.new]\nurl = "{with_login(away.url, "-new")}/live"\n')
        self.reload(service)
        with open(config, "a", encoding="utf-8") as file:
            file.write(f'url = "http://user:{secret("-broken")}@h:port/"\n')
        self.reload(service)
        server.kill()  # what cannot be reached is told with its address
        service.wait_for_condition("source_unreachable")
        self.end(service, collector, code=1)  # with a frame in hand

    def conditions(self, service):
        told = service.ask("GET", "/health", headers=LOGGED_IN).json()["conditions"]
        return {(each["name"], each["subject"]) for each in told}

    def reload(self, service):
        count = len(service.lines)
        service.child.send_signal(1)
        wait_until(lambda: any("reload" in line for line in service.lines[count:]))

    def test_frames_of_a_buffer(self):
        away, collector, buffer = Refusing(self), Collector(self), Buffer(self)
        hidden = json.dumps({"password": secret("-metadata")})
        config = self.config(
            "[consumer]", 'source = "http"', 'poll_interval = "10ms"', 'sinks = ["log"]', "[consumer.http]",
            f'url = "{with_login(buffer.url, "-buffer")}"', 'spool = "disk"',
            f"spool_dir = {json.dumps(self.path('spool'))}", away=away)  # fmt: skip
        service = self.serve(config, collector)
        buffer.add(frame("done", pictures.sample("mask.png")) | {"metadata": hidden},
                   frame("dead", b"no picture") | {"metadata": hidden})  # fmt: skip
        service.wait_for("result", frame_id="done")
        service.wait_for("a pulled frame cannot be done", frame_id="dead")
        buffer.fault = lambda handler: handler.answer(401)
        service.wait_for_condition("source_unreachable")
        self.ask_badly(service)
        self.look_around(service)
        self.end(service, collector)


if __name__ == "__main__":
    cli.main()
