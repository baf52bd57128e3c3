"""sampleproc serve: what /openapi.json says is what the endpoints do, refusals included."""

import hashlib
import http.client
import json
import pathlib
import re
import signal
import socket
import tempfile
import time

import cli
import jsonschema
import pictures
from service import Answer, WithService, as_json

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = "let-me-in"
# With an operation's method, path and Host: each is refused, wherever it goes.
ANYWHERE = {
    "400": b"%(method)s %(path)s HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
    "413": b"%(method)s %(path)s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
    "414": b"%(method)s %(path)s?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "417": b"%(method)s %(path)s HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n",
    "431": b"%(method)s %(path)s HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 20000 + b"\r\n\r\n",
    "501": b"BREW %(path)s HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "505": b"%(method)s %(path)s HTTP/2.0\r\nHost: localhost\r\n\r\n",
}
OTHER_METHOD = {"GET": "POST", "POST": "GET"}

# Who may ask may read them, but for clips, as often as a page does; who shows no token is counted.
EVENTS = "/events"


class OpenApi(WithService):
    def setUp(self):
        self.service = self.serve(*cli.NO_HURRY)
        self.document = self.service.get("/openapi.json").json()

    def operations(self):
        """(method, path, operation) of all, with "gate" in the place of parameters."""
        return [
            (method.upper(), re.sub(r"\{\w+\}", "gate", path), operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        ]

    def check(self, value, schema):
        """Holds a value to a schema of the document's components."""
        whole = {"$ref": f"#/components/schemas/{schema}", "components": self.document["components"]}
        jsonschema.validate(value, whole, jsonschema.Draft202012Validator)

    def check_refusal(self, answer, status):
        self.assertEqual(answer.status, status, answer.body)
        self.check_headers(answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json()
        self.check(problem, "Problem")
        self.assertEqual(problem["status"], status)
        self.assertEqual("Retry-After" in answer.headers, status in (429, 503))

    def ask_raw(self, request, service=None):
        address = ("127.0.0.1", (service or self.service).port)
        with socket.create_connection(address, timeout=cli.PATIENCE) as peer:
            peer.sendall(request)
            response = http.client.HTTPResponse(peer)
            response.begin()
            return Answer(response)

    def test_it_is_the_file_of_the_repository(self):
        published = (ROOT / "config/openapi.json").read_text(encoding="utf-8")
        self.assertEqual(self.service.get("/openapi.json").body.decode(), published)
        self.assertEqual(self.document["openapi"], "3.1.0")
        self.assertEqual(self.document["info"]["version"], cli.run("--version").out.split()[1])

    def test_no_name_in_it_stands_for_two_things(self):
        def check(pairs):
            names = [name for name, _ in pairs]
            self.assertEqual(len(names), len(set(names)), names)

        json.loads(self.service.get("/openapi.json").body, object_pairs_hook=check)

    def test_every_reference_has_its_part_and_every_part_its_reference(self):
        references = set(re.findall(r'"\$ref":"#/([^"]*)"', self.service.get("/openapi.json").body.decode()))
        for reference in references:
            part = self.document
            for step in reference.split("/"):
                part = part[step]
        components = self.document["components"]
        parts = {
            f"components/{kind}/{name}"
            for kind in components
            if kind != "securitySchemes"
            for name in components[kind]
        }
        self.assertEqual(references, parts)
        for schema in components["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_it_lists_what_the_router_has(self):
        listed = [f"{method.upper()} {path}" for path, methods in self.document["paths"].items()
                  for method in methods if path != "/"]  # fmt: skip
        self.assertEqual(self.service.get("/").json()["endpoints"], listed)
        ids = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(len(ids), len(set(ids)))
        service = self.serve("--set", "telemetry.metrics=false")
        self.assertNotIn("/metrics", service.get("/openapi.json").json()["paths"])

    def test_answers_are_what_it_says(self):
        service = self.service
        for path in ("/livez", "/readyz", "/startupz", "/readyz?verbose"):
            self.check(service.get(path).json(), "Probe")
        self.check(service.get("/health").json(), "Health")
        self.check(service.get("/").json(), "Index")
        metrics = service.ask("GET", "/metrics", headers={"Accept": "application/json"})
        self.check(metrics.json(), "Metrics")
        picture = pictures.sample("messi5.jpg")
        body = as_json(picture, {"frame_id": "a", "camera_id": "gate"})
        self.check(json.loads(body), "Frame")
        self.check(service.post(body, "application/json").json(), "Result")
        tracked = service.post(body, "application/json", "/process-with-tracking")
        self.check(tracked.json(), "TrackedResult")
        batch = b'{"frames":[' + body + b',{"frame_data":"?"}]}'
        answer = service.post(batch, "application/json", "/process-batch").json()
        self.check(answer, "BatchResult")
        self.check(answer["results"][0], "Result")
        self.check(answer["results"][1], "FailedFrame")

    def test_every_path_refuses_alike(self):
        for method, path, _ in self.operations():
            place = {b"method": method.encode(), b"path": path.encode()}
            for status, request in ANYWHERE.items():
                with self.subTest(path=path, status=status):
                    self.check_refusal(self.ask_raw(request % place), int(status))
            with self.subTest(path=path, status=405):
                answer = self.service.ask(OTHER_METHOD[method], path)
                self.check_refusal(answer, 405)
                self.assertIn(method, answer.headers["Allow"])
        self.check_refusal(self.service.get("/elsewhere"), 404)

    def test_frames_are_refused_as_it_says(self):
        picture = pictures.sample("messi5.jpg")
        frames = [path for method, path, _ in self.operations() if method == "POST"]
        self.assertEqual(len(frames), 3)
        for path in frames:
            said = self.document["paths"][path]["post"]["responses"]
            refusals = {
                415: self.service.post(b"x", "text/plain", path),
                422: self.service.post(b"{", "application/json", path),
            }
            if "406" in said:
                refusals[406] = self.service.ask(
                    "POST", path, picture, {"Content-Type": "image/jpeg", "Accept": "text/html"}
                )
            for status, answer in refusals.items():
                with self.subTest(path=path, status=status):
                    self.assertIn(str(status), said)
                    self.check_refusal(answer, status)

    def test_no_token_no_answer_but_to_probes_and_the_page_that_asks_for_it(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        tokens = pathlib.Path(folder.name) / "tokens"
        tokens.write_text(hashlib.sha256(TOKEN.encode()).hexdigest() + "\n", encoding="utf-8")
        tokens.chmod(0o600)
        service = self.serve("--set", f"http.auth_tokens_file={tokens}")
        for method, path, operation in self.operations():
            with self.subTest(path=path):
                answer = service.ask(method, path)
                if operation.get("security") == []:
                    self.assertNotEqual(answer.status, 401)
                else:
                    self.check_refusal(answer, 401)
                    self.assertIn("401", operation["responses"])

    def test_the_rate_limit_is_for_what_costs_something(self):
        for method, path, operation in self.operations():
            with self.subTest(path=path):
                service = self.serve("--set", "http.max_requests_per_minute=1")
                first, second = (service.ask(method, path) for _ in range(2))
                self.assertNotEqual(first.status, 429)
                if "429" in operation["responses"] and not path.startswith(EVENTS) or "clip" in path:
                    self.check_refusal(second, 429)
                else:
                    self.assertNotEqual(second.status, 429)

    def test_what_takes_too_long_is_504(self):
        service = self.serve("--set", "process.delay=60s", "--set", "process.deadline=100ms")
        body = as_json(pictures.sample("mask.png"), {})
        for path in ("/process", "/process-with-tracking"):
            self.check_refusal(service.post(body, "application/json", path), 504)
        batch = service.post(b'{"frames":[' + body + b"]}", "application/json", "/process-batch")
        self.check(batch.json(), "BatchResult")
        self.assertEqual(batch.json()["results"][0]["error"]["status"], 504)

    def hold_frame(self, service):
        """A frame in work, or waiting for it, until the service ends."""
        picture = pictures.sample("mask.png")
        peer = socket.create_connection(("127.0.0.1", service.port), timeout=cli.PATIENCE)
        self.addCleanup(peer.close)
        peer.sendall(b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(picture) + picture)  # fmt: skip

    def held(self, service, series, number):
        deadline = time.monotonic() + cli.PATIENCE
        while service.metric(series) != number:
            self.assertLess(time.monotonic(), deadline, series)

    def test_too_much_at_once_is_503(self):
        service = self.serve("--set", "process.delay=60s", "--set", "process.queue_depth=1",
                             "--set", "process.workers=1", *cli.NO_HURRY)  # fmt: skip
        self.hold_frame(service)
        self.held(service, "sampleproc_active_frames", 1)
        self.hold_frame(service)
        self.held(service, "sampleproc_queue_frames", 1)
        frame = as_json(pictures.sample("mask.png"), {})
        bodies = {"/process": frame, "/process-with-tracking": frame,
                  "/process-batch": b'{"frames":[' + frame + b"]}"}  # fmt: skip
        for path, body in bodies.items():
            with self.subTest(path=path):
                self.check_refusal(service.post(body, "application/json", path), 503)

    def test_what_a_stop_refuses_is_503(self):
        service = self.serve("--set", "process.delay=60s", "--set", "service.shutdown_timeout=1h",
                             *cli.NO_HURRY)  # fmt: skip
        self.hold_frame(service)
        self.held(service, "sampleproc_active_frames", 1)
        service.child.send_signal(signal.SIGTERM)
        service.wait_for("shutdown 3/5")
        for method, path, operation in self.operations():
            with self.subTest(path=path):
                answer = service.ask(method, path, b"{}" if method == "POST" else None)
                self.assertIn(str(answer.status), operation["responses"])
                if method == "POST":
                    self.check_refusal(answer, 503)
                else:
                    self.check_headers(answer)

    def test_a_slow_head_is_408(self):
        service = self.serve("--set", "http.header_timeout=100ms")
        self.check_refusal(self.ask_raw(b"GET /livez HTTP/1.1\r\n", service), 408)


if __name__ == "__main__":
    cli.main()
