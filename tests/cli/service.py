"""A `sampleproc serve` of the test's own, on a free port, and requests to it."""

import base64
import http.client
import json
import os
import signal
import socket
import threading

import cli

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-store",
}
ANY_PORT = ("--port", "0")
# Tests ask more often than clients should; a later word of the test's own wins.
NO_RATE_LIMIT = ("--set", "http.max_requests_per_minute=0")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=cli.PATIENCE)
        self.unix_path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(cli.PATIENCE)
        self.sock.connect(self.unix_path)


class Service:
    """Starts and is ready; ends with the test at the latest. Its log is collected as it comes."""

    def __init__(self, test, *words, env=None, **options):
        self.lines = []
        self._news = threading.Condition()
        self._ended = False
        limit = () if "MAX_REQUESTS_PER_MINUTE" in (env or {}) else NO_RATE_LIMIT
        self.child = cli.start(
            test, "serve", *limit, *words, env=env, life=10 * cli.PATIENCE, **options
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        test.addCleanup(self._reader.join)
        test.addCleanup(self.child.kill)  # runs before the join
        self.port = self.wait_for("listening")["port"]

    def _read(self):
        with open(self.child.stderr.fileno(), "rb", closefd=False) as log:
            for line in log:
                with self._news:
                    self.lines.append(line.decode())
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def log(self):
        """The log's lines so far, each of which must be JSON."""
        with self._news:
            return [json.loads(line) for line in self.lines]

    def wait_for_condition(self, name, message="condition begins"):
        """The first line of the log that tells of this condition."""
        return self.wait_for(message, condition=name)

    def conditions(self):
        """Those that last, by (name, subject)."""
        told = self.get("/health").json()["conditions"]
        return {(each["name"], each["subject"]): each["reason"] for each in told}

    def told(self, name):
        """How often the log told of the beginning and of the end of such a condition."""
        lines = [line["msg"] for line in self.log() if line.get("condition") == name]
        return lines.count("condition begins"), lines.count("condition ends")

    def wait_for(self, message, **fields):
        """The first line of the log whose message starts so, with these fields."""

        def found():
            lines = (json.loads(line) for line in self.lines if line.startswith("{"))
            return next((line for line in lines if line["msg"].startswith(message)
                         and fields.items() <= line.items()), None)  # fmt: skip

        with self._news:
            self._news.wait_for(lambda: found() or self._ended, timeout=cli.PATIENCE)
            line = found()
        if line is None:
            raise AssertionError(f"no line '{message}' {fields or ''} in the log: {''.join(self.lines)}")
        return line

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=cli.PATIENCE)

    def ask(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path):
        return self.ask("GET", path)

    def metrics(self):
        """The values of one moment, by `name` or `name{labels}`."""
        lines = self.get("/metrics").body.decode().splitlines()
        return {series: float(value) for series, _, value in
                (line.rpartition(" ") for line in lines if not line.startswith("#"))}  # fmt: skip

    def metric(self, series):
        """One of them; 0 when there is no such series yet."""
        return self.metrics().get(series, 0)

    def memory(self, field="VmRSS"):
        """In bytes, of proc_pid_status(5)."""
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith(field + ":"))
        return int(line.split()[1]) * 1024

    def cpu_seconds(self):
        """User and system time so far, of proc_pid_stat(5)."""
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def post(self, body, content_type=None, path="/process"):
        headers = {} if content_type is None else {"Content-Type": content_type}
        return self.ask("POST", path, body, headers)

    def post_json(self, picture, **metadata):
        return self.post(as_json(picture, metadata), "application/json")

    def stop(self, number=signal.SIGTERM):
        """Ends it and gives its exit code."""
        self.child.send_signal(number)
        return self.wait()

    def wait(self):
        code = self.child.wait(timeout=cli.PATIENCE)
        self._reader.join(timeout=cli.PATIENCE)
        return code


def as_json(picture, metadata):
    frame = {"frame_data": base64.b64encode(picture).decode(), "metadata": metadata}
    return json.dumps(frame).encode()


class WithService(cli.TestCase):
    def serve(self, *words, **options):
        return Service(self, *ANY_PORT, *words, **options)

    def check_headers(self, answer):
        for name, value in SECURITY_HEADERS.items():
            self.assertEqual(answer.headers.get_all(name), [value])
        self.assertRegex(answer.headers["X-Request-ID"], r"^[A-Za-z0-9._-]+$")

    def check_problem(self, answer, status, path="/process"):
        self.assertEqual(answer.status, status, answer.body)
        self.check_headers(answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json()
        self.assertRegex(problem["type"], r"^urn:sampleproc:problem:[a-z-]+$")
        self.assertTrue(problem["title"])
        self.assertEqual((problem["status"], problem["instance"]), (status, path))
        self.assertIsInstance(problem["detail"], str)
        self.assertEqual(problem["request_id"], answer.headers["X-Request-ID"])
        for error in problem.get("errors", []):
            self.assertEqual(list(error), ["type", "loc", "msg"])
        return problem

    def kinds(self, problem):
        return [error["type"] for error in problem["errors"]]
