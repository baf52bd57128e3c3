"""What a line of the log says: of a request, of a frame, of the service as a whole; each as published."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import cli
import jsonschema
import pictures
from frame_buffer import Buffer, frame
from service import ANY_PORT, NO_RATE_LIMIT, WithService, as_json
from streams import wait_until

SCHEMA = json.loads(
    (pathlib.Path(__file__).resolve().parents[2] / "config/log.schema.json").read_text("utf-8"))
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
JSON = "application/json"


def batch(*frames):
    return b'{"frames": [' + b",".join(frames) + b"]}"


class LogLines(WithService):
    def setUp(self):
        self.picture = pictures.sample("mask.png")

    def check_schema(self, service):
        validator = jsonschema.Draft202012Validator(SCHEMA)
        for line in service.log():
            problems = [error.message for error in validator.iter_errors(line)]
            self.assertEqual(problems, [], line)

    def test_the_lines_of_a_mixed_run_are_as_the_schema_has_them(self):
        buffer = Buffer(self)
        with socket.socket() as nobody:  # bound, not listening: connections are refused
            nobody.bind(("127.0.0.1", 0))
            service = self.serve(
                "--set", "telemetry.log_level=debug", "--set", "telemetry.statistics_interval=1s",
                "--set", f"consumer.http.url={buffer.url}", "--set", "consumer.poll_interval=10ms",
                "--set", "consumer.backoff=20ms", "--set", "consumer.sinks=log,webhook", "--set",
                f"consumer.webhook.url=http://127.0.0.1:{nobody.getsockname()[1]}/hook", "--set",
                "service.shutdown_timeout=2s", *cli.NO_HURRY)  # fmt: skip
            buffer.add(frame("f1", self.picture), frame("f2", b"no picture"))
            service.wait_for("result", frame_id="f1", camera="cam")
            service.wait_for("condition begins", condition="sink")
            buffer.fault = lambda handler: handler.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
            began = service.wait_for("condition begins", condition="source_unreachable")
            self.assertIn('invalid HTTP response from 127.0.0.1:', began["reason"])
            self.assertIn('expected a status line, got "SSH-2.0-OpenSSH_9.2', began["reason"])
            # Where that took longer than the pause, there is none.
            self.assertRegex(began["reason"], r", (the next try is in \d+ m?s|it is tried again at once)$")
            buffer.fault = None
            service.wait_for("condition ends", condition="source_unreachable")
            self.assertEqual(service.post_json(self.picture, camera_id="c \"1").status, 200)
            self.assertEqual(service.post(b"{}", JSON).status, 422)
            self.assertEqual(service.post(batch(b"{}", as_json(self.picture, {})), JSON,
                                          "/process-batch").status, 200)  # fmt: skip
            self.assertEqual(service.get("/nowhere").status, 404)
            self.assertEqual(service.get("/livez").status, 200)
            service.child.send_signal(signal.SIGHUP)
            service.wait_for("reloaded")
            service.child.send_signal(signal.SIGUSR2)
            service.wait_for("a signal without a meaning here")
            told = service.wait_for("statistics")
            self.assertEqual(told["log_lines_lost"], 0)
            service.stop()
        self.check_schema(service)
        self.assertGreater(len({line["msg"] for line in service.log()}), 15)

    def test_statistics_count_what_came_since_the_last_line(self):
        service = self.serve("--set", "telemetry.statistics_interval=1s")
        for _ in range(3):
            service.post(self.picture)
        service.post(b"{}", JSON)

        def told(name):
            return sum(line[name] for line in service.log() if line["msg"] == "statistics")

        wait_until(lambda: told("frames") == 3 and told("failed_frames") == 1)
        count = len([line for line in service.log() if line["msg"] == "statistics"])
        wait_until(lambda: len([line for line in service.log() if line["msg"] == "statistics"]) > count)
        self.assertEqual((told("frames"), told("failed_frames")), (3, 1))
        self.assertEqual(service.stop(), 0)

    def request_line(self, service, answer):
        return service.wait_for("request", request_id=answer.headers["X-Request-ID"])

    def test_a_request_says_which_frame_and_what_was_wrong(self):
        service = self.serve()
        line = self.request_line(service, service.post_json(self.picture, frame_id="f 1", camera_id="door"))
        self.assertEqual((line["frame_id"], line["camera"], line["level"]), ("f 1", "door", "info"))
        self.assertNotIn("error_type", line)
        line = self.request_line(service, service.post(b"no picture", "image/png", "/process?camera_id=door"))
        self.assertEqual((line["camera"], line["level"]), ("door", "info"))
        self.assertIn(line["error_type"], ("invalid-frame", "unsupported-format"))
        answer = service.post(batch(as_json(b"no picture", {"frame_id": "f 2", "camera_id": "yard"})), JSON,
                              "/process-batch")  # fmt: skip
        line = service.wait_for("a frame of a batch cannot be done",
                                request_id=answer.headers["X-Request-ID"])  # fmt: skip
        self.assertEqual((line["frame_id"], line["camera"]), ("f 2", "yard"))
        self.assertEqual((line["index"], line["level"]), (0, "info"))
        self.assertEqual(service.stop(), 0)

    def test_what_the_service_does_not_do_is_a_warning(self):
        service = self.serve("--set", "process.delay=60s", "--set", "http.request_deadline=200ms")
        line = self.request_line(service, service.post(b"{}", JSON))
        self.assertEqual((line["level"], line["error_type"]), ("info", "invalid-frame"))
        answer = service.post_json(self.picture, frame_id="late", camera_id="door")
        self.assertEqual(answer.status, 504)
        line = self.request_line(service, answer)
        self.assertEqual((line["level"], line["error_type"]), ("warning", "deadline"))
        self.assertEqual(service.stop(), 0)

    def test_the_callers_trace_is_told_without_a_collector(self):
        service = self.serve()
        fields = {"traceparent": TRACEPARENT}
        for path, status in (("/health", 200), ("/nowhere", 404)):
            answer = service.ask("GET", path, headers=fields)
            self.assertEqual(answer.status, status)
            if status == 404:
                self.assertEqual(self.request_line(service, answer)["trace_id"], TRACE)
        answer = service.ask("POST", "/process", b"{}", {**fields, "Content-Type": JSON})
        self.assertEqual(self.request_line(service, answer)["trace_id"], TRACE)
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nTraceParent:  %s\r\nBad Name: x\r\n\r\n"
                           % TRACEPARENT.encode())  # fmt: skip
            self.assertIn(b" 400 ", client.recv(1000))
        self.assertEqual(service.wait_for("request", status=400)["trace_id"], TRACE)
        self.assertEqual(service.stop(), 0)

    def test_lines_for_the_journal_begin_with_their_priority(self):
        with tempfile.TemporaryFile() as log:
            info = os.fstat(log.fileno())
            child = subprocess.Popen(
                [cli.BINARY, "serve", *ANY_PORT, *NO_RATE_LIMIT, "--set", "consumer.redis.port=1", "--set",
                 "consumer.redis.host=127.0.0.1", "--set", "consumer.poll_interval=10ms"],
                env={"JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"}, stderr=log)  # fmt: skip
            self.addCleanup(child.wait)
            self.addCleanup(child.kill)

            def text():
                return os.pread(log.fileno(), 1 << 20, 0)

            wait_until(lambda: b'"condition begins"' in text())
            child.terminate()
            child.wait(cli.PATIENCE)
            priorities = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>"}
            lines = [(line[:3], json.loads(line[3:])) for line in text().decode().splitlines()]
        self.assertLessEqual({"<4>", "<6>"}, {priority for priority, _ in lines})
        for priority, line in lines:
            self.assertEqual(priority, priorities[line["level"]])
            self.assertNotIn("ts", line)
            jsonschema.validate(line, SCHEMA)


if __name__ == "__main__":
    cli.main()
