"""What becomes of a service whose log cannot be written, and what the log says of refusals."""

import contextlib
import fcntl
import http.client
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import cli
import pictures
from service import NO_RATE_LIMIT, UnixConnection, WithService, as_json
from streams import BROKEN_DECODER, wait_until

REQUESTS = 200
# A sanitizer would take such a signal for its own report, and end the process in its way.
UNHANDLED = {f"{name}_OPTIONS": "handle_segv=0:handle_sigbus=0" for name in ("ASAN", "TSAN")}


class Log(cli.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "http.sock")

    def start(self, *shell, stderr=None, env=None):
        """A service that says nowhere when it is ready."""
        words = [*shell, cli.BINARY, "serve", *NO_RATE_LIMIT, "--port", "0", "--set",
                 f"http.unix_socket={self.path}", "--set", "process.pipeline=stats",
                 "--set", "telemetry.log_level=debug"]  # fmt: skip
        child = subprocess.Popen(words, env=env or {}, stderr=stderr)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        deadline = time.monotonic() + cli.PATIENCE
        while not self.listens():
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(child.poll())
            time.sleep(0.01)
        return child

    def listens(self):
        """A socket has its name before somebody listens there."""
        with socket.socket(socket.AF_UNIX) as peer:
            return peer.connect_ex(self.path) == 0

    def get(self, path):
        connection = UnixConnection(self.path)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            return answer.read().decode()
        finally:
            connection.close()

    def lost(self):
        name = "sampleproc_log_lines_lost_total "
        lines = self.get("/metrics").splitlines()
        return next(int(line[len(name) :]) for line in lines if line.startswith(name))

    def start_on(self, writer, size, env=None):
        """On a pipe, its writing end, with room for `size` bytes."""
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, size)
        child = self.start(stderr=writer, env=env)
        os.close(writer)
        return child

    def ask(self, count):
        """Each is a line, and says which one it is."""
        connection = UnixConnection(self.path)
        try:
            for number in range(count):
                connection.request("GET", f"/{number}/" + 200 * "x")
                self.assertEqual(connection.getresponse().read()[:1], b"{")
        finally:
            connection.close()

    def lose(self):
        while self.lost() < REQUESTS / 2:
            self.ask(REQUESTS)

    def serve_on(self, child):
        self.lose()
        child.terminate()
        self.assertEqual(child.wait(cli.PATIENCE), 0)

    def test_a_disk_that_is_full(self):
        with open("/dev/full", "wb") as full:
            self.serve_on(self.start(stderr=full))

    def conditions(self):
        return {each["name"]: each["reason"] for each in json.loads(self.get("/health"))["conditions"]}

    def test_a_file_of_its_largest_size_is_told_until_it_may_grow_again(self):
        path = os.path.join(os.path.dirname(self.path), "service.log")
        with open(path, "ab") as log:
            child = self.start(stderr=log)
        self.assertNotIn("log", self.conditions())
        limit = os.path.getsize(path) + 300
        before = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (limit, before[1]))
        self.ask(3)
        reason = wait_until(lambda: self.conditions().get("log"))
        self.assertIn(path, reason)
        self.assertIn(f"{limit} bytes", reason)
        self.assertIn("rotate or truncate it", reason)
        self.assertEqual(json.loads(self.get("/health"))["status"], "degraded")
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, before)
        wait_until(lambda: "log" not in self.conditions())
        child.terminate()
        self.assertEqual(child.wait(cli.PATIENCE), 0)
        with open(path, encoding="utf-8") as log:  # in which one line is torn
            lines = [json.loads(line) for line in log if line.startswith("{") and line.endswith("}\n")]
        told = [line for line in lines if line["msg"] == "log lines could not be written"]
        self.assertEqual([line["reason"] for line in told], ["File too large"])
        # Its beginning was lost with the other lines.
        ends = [line["reason"] for line in lines if line["msg"] == "condition ends"]
        self.assertEqual(len(ends), 1)
        self.assertIn("lines can be written again; before: the log cannot be written to " + path, ends[0])
        self.assertGreaterEqual(told[0]["lines"], 2)

    def test_no_log_at_all(self):
        self.serve_on(self.start("sh", "-c", 'exec "$0" "$@" 2>&-'))

    def test_a_reader_that_does_not_read_until_later(self):
        reader, writer = os.pipe()
        with open(reader, "rb") as log:
            child = self.start_on(writer, 16384)
            self.serve_on(child)
            self.assertIn(b'"msg":"listening"', log.read())

    def test_a_reader_that_is_late_loses_nothing(self):
        reader, writer = os.pipe()
        with open(reader, "rb") as log:
            child = self.start_on(writer, 4096)
            self.ask(REQUESTS)
            self.assertEqual(self.lost(), 0)
            child.terminate()
            lines = [json.loads(line) for line in log]
        self.assertEqual(child.wait(cli.PATIENCE), 0)
        paths = [line["path"].split("/")[1] for line in lines if line.get("status") == 404]
        self.assertEqual(paths, [str(number) for number in range(REQUESTS)])
        self.assertEqual(lines[-1]["msg"], "shutdown: done")

    def check_crash(self, crash, number, env=None):
        """What waits for the log's reader is read after the crash, and the signal is what it died of."""
        reader, writer = os.pipe()
        with open(reader, "rb") as log:
            child = self.start_on(writer, 4096, env)
            self.ask(REQUESTS)
            lines = []
            reading = threading.Thread(target=lambda: lines.extend(json.loads(line) for line in log))
            reading.start()
            crash(child)
            self.assertEqual(child.wait(cli.PATIENCE), -number)
            reading.join()
        paths = [line["path"].split("/")[1] for line in lines if line.get("status") == 404]
        self.assertEqual(paths, [str(number) for number in range(REQUESTS)])

    def test_a_crash_loses_no_line_that_waits(self):
        for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT):
            with self.subTest(signal=number):
                self.check_crash(lambda child, number=number: child.send_signal(number), number, UNHANDLED)

    def test_a_worker_that_aborts_loses_no_line_that_waits(self):
        def crash(_):
            connection = UnixConnection(self.path)
            with contextlib.suppress(http.client.HTTPException, OSError):
                connection.request("POST", "/process", pictures.poison("crash"), {"Content-Type": "image/jpeg"})
                connection.getresponse()
            connection.close()

        self.check_crash(crash, signal.SIGABRT, BROKEN_DECODER)

    def test_a_crash_waits_for_no_reader_that_does_not_read(self):
        reader, writer = os.pipe()
        with open(reader, "rb"):
            child = self.start_on(writer, 4096, UNHANDLED)
            self.ask(REQUESTS)
            child.send_signal(signal.SIGSEGV)
            self.assertEqual(child.wait(cli.PATIENCE), -signal.SIGSEGV)

    def test_room_again(self):
        reader, writer = os.pipe()
        with open(reader, "rb", buffering=0) as log:
            child = self.start_on(writer, 16384)
            self.lose()
            read = log.read(65536)
            self.lost()
            child.terminate()
            read += b"".join(iter(lambda: log.read(65536), b""))
        told = [line for line in read.splitlines() if b"log lines could not be written" in line]
        self.assertEqual(len(told), 1)
        self.assertRegex(told[0], rb'^\{"ts":.*"lines":[0-9]+,"reason":"its reader takes the lines too slowly"\}$')
        self.assertEqual(child.wait(cli.PATIENCE), 0)


class AnswersInTheLog(WithService):
    """Who was refused finds the line of the log by the answer, and why in it."""

    def check(self, service, sent, status, path, method, detail):
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b" %d " % status, head)
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        problem = json.loads(body)
        self.assertTrue(fields["X-Request-ID"])
        self.assertEqual(problem["request_id"], fields["X-Request-ID"])
        self.assertEqual(problem["instance"], path)
        self.assertIn(detail, problem["detail"])
        line = service.wait_for("request", request_id=fields["X-Request-ID"])
        found = (line["status"], line["path"], line["method"], line["detail"])
        self.assertEqual(found, (status, path, method, problem["detail"][:200]))

    def test_a_head_that_is_refused(self):
        service = self.serve()
        for sent, status, path, method, detail in (
            (b"FOO /health?x HTTP/1.1\r\nHost: a\r\n\r\n", 501, "/health", "FOO", "method"),
            (b"GET /health HTTP/1.1\r\n\r\n", 400, "/health", "GET", "Host is missing"),
            (b"GET /health HTTP/1.1\nHost: a\n\n", 400, "", "", "LF without CR"),
            (b"GET /health HTTP/1.1\r\nHost: a\r\n", 400, "/health", "GET", "ends before"),
            (b"POST /process HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n"
             b"\r\n", 400, "/process", "POST", "more than once"),
            (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431,
             "/health", "GET", "larger than"),
            (b"GET http://b/health HTTP/1.1\r\nHost: a\r\n\r\n", 400, "/health", "GET", "differ"),
        ):  # fmt: skip
            with self.subTest(sent=sent[:60]):
                self.check(service, sent, status, path, method, detail)
        self.assertEqual(service.stop(), 0)

    def test_a_client_that_speaks_tls_to_a_plain_port(self):
        """It is told at once: no line may end within its first record."""
        service = self.serve()
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + 500 * b"x"
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
            client.sendall(hello)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        self.assertIn(b"this is TLS, and this port speaks plain HTTP", answer)
        self.assertEqual(service.stop(), 0)

    @staticmethod
    def gone(service):
        return [line for line in service.log() if line.get("path") == "/process" and
                (line["status"], line["detail"]) == (499, "the client has gone before its answer")]  # fmt: skip

    def test_a_client_that_goes_in_the_middle_of_a_head(self):
        service = self.serve()
        with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
            # What comes with a request has been read once that is answered.
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /process HTTP/1.1\r\nHost:")
            self.assertIn(b" 200 ", client.recv(1000))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_until(lambda: len(self.gone(service)) == 1)
        self.assertEqual(self.gone(service)[0]["method"], "POST")
        self.assertEqual(service.stop(), 0)

    def test_a_client_that_goes_in_the_middle_of_its_request(self):
        # In work until its client goes, however late the test sees that it is.
        service = self.serve("--set", "process.delay=60s", *cli.NO_HURRY)
        picture = pictures.sample("messi5.jpg")
        head = (b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
                b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(picture))  # fmt: skip
        name = ('http_server_request_duration_seconds_count{method="POST",route="/process",'
                'scheme="http",status="499"}')  # fmt: skip
        for times, part in enumerate((picture[:500], picture), 1):
            with socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE) as client:
                client.sendall(head)
                self.assertIn(b" 100 ", client.recv(1000))  # it has read the head
                client.sendall(part)
                if part == picture:
                    wait_until(lambda: service.metric("sampleproc_active_frames") == 1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wait_until(lambda count=times: service.metric(name) == count)
            wait_until(lambda count=times: len(self.gone(service)) == count)
        self.assertEqual(service.stop(), 0)

    def send(self, service, picture, query, whole=True):
        """On a connection of its own, which is left open; of the picture all, or only the beginning."""
        client = socket.create_connection(("127.0.0.1", service.port), cli.PATIENCE)
        self.addCleanup(client.close)
        head = (b"POST /process?%b HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (query, len(picture)))  # fmt: skip
        client.sendall(head)
        self.assertIn(b" 100 ", client.recv(1000))  # it has read the head
        client.sendall(picture if whole else picture[:10])
        return client

    def test_a_frame_that_no_worker_has_read_is_named_by_its_query(self):
        service = self.serve("--set", "process.workers=1", "--set", "process.delay=60s",
                             "--set", "service.shutdown_timeout=1s", "--set", "http.body_timeout=5m",
                             "--set", "http.body_min_rate=0", *cli.NO_HURRY)  # fmt: skip
        picture = pictures.sample("mask.png")
        self.send(service, picture, b"frame_id=first")
        wait_until(lambda: service.metric("sampleproc_active_frames") == 1)
        gone, queued, half, _ = (self.send(service, picture, b"camera_id=door&frame_id=" + name, whole)
                                 for name, whole in ((b"gone", True), (b"queued", True),
                                                     (b"half", False), (b"coming", False)))  # fmt: skip
        wait_until(lambda: service.metric("sampleproc_queue_frames") == 2)
        for name, client in (("gone", gone), ("half", half)):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            line = service.wait_for("request", status=499, frame_id=name)
            self.assertEqual(line["camera"], "door")
        service.child.send_signal(signal.SIGTERM)
        answer = http.client.HTTPResponse(queued)
        answer.begin()
        self.assertEqual((answer.status, json.loads(answer.read())["frame_id"]), (503, "queued"))
        self.assertEqual(service.wait(), 1)
        for name in ("queued", "coming"):
            line = service.wait_for("request", status=503, frame_id=name)
            self.assertEqual((line["camera"], line["error_type"]), ("door", "shutting-down"))

    def test_a_frame_that_fails_is_told_without_the_other_requests(self):
        service = self.serve("--set", "http.access_log=false", "--set", "process.pipeline=stats")
        picture = pictures.sample("mask.png")
        self.assertEqual(service.post_json(picture, frame_id="good").status, 200)
        self.assertEqual(service.get("/nowhere").status, 404)
        failed = service.post_json(picture[:200], frame_id="cut", camera_id="door")
        self.assertEqual(failed.status, 422)
        unread = service.post(b"{}", "application/json")
        self.assertEqual(unread.status, 422)
        batch = service.post(b'{"frames": 7}', "application/json", "/process-batch")
        self.assertEqual(batch.status, 422)
        for answer, path, frame, camera in ((failed, "/process", "cut", "door"), (unread, "/process", None, None),
                                            (batch, "/process-batch", None, None)):  # fmt: skip
            problem = answer.json()
            line = service.wait_for("a request's frame cannot be done", request_id=problem["request_id"])
            self.assertEqual((line["path"], line.get("frame_id"), line.get("camera")), (path, frame, camera))
            self.assertEqual((line["detail"], line["status"]), (problem["detail"][:200], 422))
            self.assertTrue(problem["type"].endswith(line["error_type"]))
        self.assertEqual(failed.json()["frame_id"], "cut")
        for _ in range(30):
            service.post(b"{}", "application/json")
        self.assertEqual(service.stop(), 0)
        lines = [line["msg"] for line in service.log() if "request_id" in line]
        # One of the camera's, and ten of those that name none.
        self.assertEqual(lines, 11 * ["a request's frame cannot be done"])

    def test_a_frame_whose_worker_does_not_come_back_in_time_is_named(self):
        for log in ("true", "false"):
            with self.subTest(access_log=log):
                service = self.serve("--set", f"http.access_log={log}", "--set", "http.request_deadline=1s",
                                     "--set", "process.pipeline=stats", env=BROKEN_DECODER)  # fmt: skip
                answer = service.post(as_json(pictures.poison("hang"), {"frame_id": "stuck", "camera_id": "door"}),
                                      "application/json")  # fmt: skip
                self.assertEqual(answer.status, 504, answer.body)
                self.assertEqual(answer.json()["frame_id"], "stuck")
                line = service.wait_for("", status=504)
                self.assertEqual((line["frame_id"], line["camera"]), ("stuck", "door"))
                self.assertEqual(line["request_id"], answer.json()["request_id"])
                service.child.kill()
                service.wait()

    def test_what_else_is_refused(self):
        service = self.serve()
        post = b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for sent, status, path, method, detail in (
            (post + b"Content-Length: 2\r\n\r\n{}", 422, "/process", "POST", "frame_data"),
            (b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "/nowhere", "GET", "path"),
            (b"GET /docs HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400, "/docs", "GET", "host"),
        ):  # fmt: skip
            with self.subTest(sent=sent[:60]):
                self.check(service, sent, status, path, method, detail)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
