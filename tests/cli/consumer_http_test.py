"""sampleproc serve asking a frame buffer for frames, one that behaves and one that does not."""

import base64
import collections
import json
import socket
import struct
import threading
import time

import cli
import pictures
import stand_in
from frame_buffer import Buffer, frame
from service import WithService
from streams import wait_until


class Pictures(stand_in.StandIn):
    """Answers with the status that the path names, and a picture."""

    def __init__(self, test, picture):
        super().__init__(test)
        self.picture = picture
        self.asked = collections.Counter()
        self.credentials = set()
        self.mended = False

    def handle(self, handler, _):
        with self.lock:
            self.asked[handler.path] += 1
            self.credentials.add(handler.headers["Authorization"])
        status = 200 if self.mended else int(handler.path[1:])
        handler.answer(status, self.picture, Location="/200")


class Consumer(WithService):
    def setUp(self):
        self.buffer = Buffer(self)
        self.picture = pictures.sample("mask.png")

    def consume(self, *more):
        return self.serve("--set", f"consumer.http.url={self.buffer.url}", "--set",
                          "consumer.backoff=50ms", "--set", "consumer.poll_interval=10ms",
                          "--set", "telemetry.log_level=debug", *more)  # fmt: skip

    def done(self, service):
        return service.metric('sampleproc_consumer_frames_total{outcome="done",reason=""}')

    def connected(self, service):
        return service.get("/health").json()["components"]["consumer"]["connected"]

    def test_frames_are_asked_for_as_many_as_there_is_room_for(self):
        service = self.consume()
        self.buffer.add(*(frame(f"f-{number}", self.picture) for number in range(95)))
        wait_until(lambda: self.done(service) == 95)
        self.assertEqual(self.buffer.handed_out, 95)
        self.assertEqual(max(self.buffer.counts), 10)
        self.assertEqual(self.buffer.agents, {"sampleproc"})
        wait_until(lambda: self.connected(service))
        self.assertEqual(self.failures(service), 0)
        self.assertLessEqual(self.buffer.most_open, 10)

        def client():
            metrics = service.metrics()
            return [metrics[f'sampleproc_http_client_{what}_total{{upstream="frame_buffer"}}']
                    for what in ("requests", "connections", "reused", "waits")]  # fmt: skip

        asked, opened, reused, waits = client()
        self.assertGreater(asked, 9)
        self.assertIn(asked - opened - reused, (0, 1))  # one may just be connecting
        self.assertEqual(waits, 0)
        # The buffer may be later to see a connection than who opened it.
        wait_until(lambda: client()[1] == self.buffer.most_open)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.told_failures(service), [])

    def test_three_bad_frames_of_ten_leave_seven(self):
        frames = [frame(f"f-{number}", self.picture) for number in range(10)]
        frames[2]["frame_data"] = "no base64!"
        frames[5] = 17
        frames[8]["frame_data"] = base64.b64encode(b"no picture").decode()
        self.buffer.add(*frames)
        service = self.consume()
        wait_until(lambda: self.done(service) == 7)
        dead = 'sampleproc_consumer_frames_total{outcome="dead",reason="%s"}'
        wait_until(lambda: service.metric(dead % "invalid-frame") == 2)
        wait_until(lambda: service.metric(dead % "unsupported-format") == 1)
        self.assertEqual(service.stop(), 0)
        told = [line["frame_id"] for line in service.log()
                if line["msg"] == "a pulled frame cannot be done"]  # fmt: skip
        self.assertEqual(len(told), 3)
        self.assertLess({"f-2", "f-8"}, set(told))  # 17 has no name

    def test_more_than_was_asked_for_is_taken_too(self):
        frames = [frame(f"f-{number}", self.picture) for number in range(250)]
        self.buffer.dequeue = lambda _count: {"frames": [frames.pop() for _ in range(len(frames))]}
        service = self.consume()
        wait_until(lambda: self.done(service) == 250)
        self.assertEqual(service.stop(), 0)

    def test_that_an_answer_is_lost_is_told(self):
        self.buffer.add(frame("f-0", self.picture))
        take = self.buffer.dequeue

        def spoilt(handler):
            handler.answer(200, json.dumps(take(1) | {"more": float("nan")}).encode())

        self.buffer.fault = spoilt
        service = self.consume()
        reason = service.wait_for_condition("source_unreachable")["reason"]
        self.assertIn("frames that it had are lost", reason)
        self.assertEqual(service.stop(), 0)

    def test_a_stop_finishes_what_was_handed_out(self):
        self.buffer.add(*(frame(f"f-{number}", self.picture) for number in range(200)))
        service = self.consume("--set", "process.pipeline=stats", "--set", "process.delay=100ms")
        wait_until(lambda: self.done(service) >= 3)
        self.assertEqual(service.stop(), 0)
        ended = [line for line in service.log() if line["msg"].startswith("shutdown: pulled")]
        self.assertEqual(ended, [])
        self.assertIs(service.log()[-1]["clean"], True)
        self.assertLess(self.buffer.handed_out, 200)

    def test_frames_that_a_stop_cuts_off_are_told_as_lost(self):
        self.buffer.add(*(frame(f"f-{number}", self.picture) for number in range(5)))
        service = self.consume("--set", "process.pipeline=stats", "--set", "process.delay=1m",
                               "--set", "process.deadline=5m", "--set",
                               "service.shutdown_timeout=2s")  # fmt: skip
        wait_until(lambda: service.metric("sampleproc_consumer_held_frames") == 5)
        self.assertEqual(service.stop(), 1)
        lost = service.wait_for("shutdown: pulled frames are lost, their upstream does not take them back")
        self.assertEqual((lost["level"], lost["frames"]), ("error", 5))
        last = service.log()[-1]
        self.assertEqual((last["clean"], last["frames_given_up"]), (False, 5))

    def test_without_pixels_there_is_no_result(self):
        empty = frame("f", b"")
        empty.pop("frame_data")
        self.buffer.add(empty)
        service = self.consume()
        dropped = 'sampleproc_consumer_frames_total{outcome="dropped",reason="no_pixels"}'
        wait_until(lambda: service.metric(dropped) == 1)
        self.assertEqual(self.done(service), 0)
        line = service.wait_for("pulled frames are dropped", reason="no_pixels")
        self.assertEqual((line["state"], line["count"]), ("begins", 1))
        self.assertEqual(service.stop(), 0)

    def test_pixels_may_be_at_a_url_of_a_host_that_is_listed(self):
        pictures_of_others = Pictures(self, self.picture)

        def announce(name, path, host="127.0.0.1"):
            entry = frame(name, b"")
            entry.pop("frame_data")
            port = pictures_of_others.url.rpartition(":")[2]
            entry["metadata"] = json.dumps({"frame_url": f"http://u:canary@{host}:{port}{path}"})
            return entry

        self.buffer.add(announce("there", "/200"), announce("gone", "/404"),
                        announce("forbidden", "/403"), announce("moved", "/302"),
                        announce("later", "/503"), announce("elsewhere", "/200", "localhost"),
                        announce("again", "/200"))  # fmt: skip
        service = self.consume("--set", "consumer.frame_url_hosts=127.0.0.1")
        # What the host cannot hand out now waits until it can, and its camera's later frames for it.
        wait_until(lambda: pictures_of_others.asked["/503"] > 1
                   and pictures_of_others.asked["/403"] and pictures_of_others.asked["/302"])  # fmt: skip
        pictures_of_others.mended = True
        counts = {("done", ""): 5, ("dropped", "no_pixels"): 1, ("dead", "invalid-frame"): 1}
        for (outcome, reason), count in counts.items():
            series = f'sampleproc_consumer_frames_total{{outcome="{outcome}",reason="{reason}"}}'
            wait_until(lambda: service.metric(series) == count)  # pylint: disable=W0640
        asked = dict(pictures_of_others.asked)
        for path in ("/503", "/403", "/302"):
            self.assertGreater(asked.pop(path), 1)
        self.assertEqual(asked, {"/200": 2, "/404": 1})
        self.assertEqual(pictures_of_others.credentials, {"Basic dTpjYW5hcnk="})
        self.assertEqual(service.stop(), 0)
        self.assertNotIn("canary", "".join(service.lines))

    def test_a_500_is_asked_past_one_by_one(self):
        failing = threading.Event()

        def once(handler):
            if not handler.path.startswith("/frames/"):
                return handler.answer(200, b"{}")
            handler.raw(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\n"
                        b"Content-Length: 21\r\n\r\nInternal Server Error")  # fmt: skip
            self.buffer.fault = None
            return failing.set()

        self.buffer.fault = once
        self.buffer.add(*(frame(f"f-{number}", self.picture) for number in range(30)))
        service = self.consume()
        wait_until(failing.is_set)
        wait_until(lambda: self.done(service) == 30)
        self.assertEqual(self.buffer.counts[:9], [1] * 9)
        self.assertIn(10, self.buffer.counts)
        self.assertEqual(service.stop(), 0)

    def test_frames_with_a_traceparent_cost_themselves_and_no_time(self):
        """Contracts A6.1. With a pause after each lost answer this would take an hour."""
        frames = []
        for number in range(400):
            frames.append(frame(f"f-{number}", self.picture))
            if number % 3 == 0:
                frames[-1]["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        service = self.consume("--set", "consumer.backoff=30s", "--set", "consumer.batch_size=10")
        self.buffer.add(*frames)
        wait_until(lambda: not self.buffer.frames)
        wait_until(lambda: self.done(service) == 400 - len(self.buffer.lost))
        # Of each 500 the frames before it in the call go with it, so only the first may be of ten.
        self.assertLess(len(self.buffer.lost), 134 + 10)
        metrics = service.metrics()
        self.assertGreaterEqual(metrics["sampleproc_frame_buffer_errors_total"], 134 - 10)
        self.assertEqual(self.failures(service), 0)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.told_failures(service), [])

    def test_a_buffer_that_answers_nothing_but_500_is_left_alone(self):
        self.buffer.fault = self.buffer.fail
        service = self.consume("--set", "consumer.backoff=30s")
        # The condition may come before, when all these answers take a while.
        wait_until(lambda: self.failures(service) == 1)
        service.wait_for_condition("source_unreachable")
        self.assertEqual(service.metric("sampleproc_frame_buffer_errors_total"), 100)
        self.assertEqual(service.stop(), 0)

    def test_a_buffer_that_hangs_is_told_within_seconds(self):
        """Also while a pull may take a minute."""
        service = self.consume()
        wait_until(lambda: self.connected(service))
        test_ends = threading.Event()
        self.addCleanup(test_ends.set)

        def hang(handler):
            test_ends.wait()
            handler.close_connection = True  # else the pull would wait for its whole minute

        self.buffer.fault = hang
        line = service.wait_for_condition("source_unreachable")
        self.assertIn("has no answer for", line["reason"])
        health = service.get("/health").json()
        self.assertEqual(health["status"], "degraded")
        self.assertFalse(health["components"]["consumer"]["connected"])
        self.assertEqual(self.failures(service), 0)  # it has not failed yet
        self.buffer.fault = None
        test_ends.set()
        service.wait_for("condition ends", condition="source_unreachable")
        wait_until(lambda: service.get("/health").json()["status"] == "healthy")
        self.assertEqual(service.stop(), 0)

    def test_a_buffer_without_frames_is_told_when_that_is_asked_for(self):
        service = self.consume("--set", "consumer.silent_after=1s")
        line = service.wait_for_condition("source_silent")
        self.assertEqual(line["subject"], self.buffer.url.removeprefix("http://"))
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.assertEqual(service.metric('sampleproc_condition{condition="source_silent"}'), 1)
        self.buffer.add(frame("f", self.picture))
        service.wait_for_condition("source_silent", "condition ends")
        self.assertEqual(service.stop(), 0)

    def test_a_buffer_that_says_it_is_unhealthy(self):
        said = {"status": "unhealthy"}
        dequeue = self.buffer.handle

        def handle(handler, body):
            if handler.path == "/health":
                self.buffer.answer(handler, said)
            else:
                dequeue(handler, body)

        self.buffer.handle = handle
        service = self.consume("--set", "consumer.health_check_interval=1s")
        line = service.wait_for_condition("source_unhealthy")
        self.assertIn("unhealthy", line["reason"])
        said["status"] = "healthy"
        service.wait_for_condition("source_unhealthy", "condition ends")
        self.assertEqual(service.stop(), 0)

    def test_each_fault_is_survived_and_said_once(self):
        service = self.consume("--set", "net.read_timeout=500ms", "--set", "net.connect_timeout=1s")
        wait_until(lambda: self.connected(service))
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"

        def drip(handler):
            for byte in ok % 1000:
                handler.raw(bytes([byte]))
                time.sleep(1)
                if handler.close_connection or self.buffer.fault is not drip:
                    break
            handler.close_connection = True

        def close_after(data, reset=False):
            def fault(handler):
                handler.raw(data)
                if reset:
                    handler.connection.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                handler.close_connection = True
            return fault

        def stall_after(data):
            def fault(handler):
                handler.raw(data)
                time.sleep(2)
                handler.close_connection = True
            return fault

        faults = {
            "reset": close_after(b"", reset=True),
            "stalls before the head": stall_after(b""),
            "stalls after the head": stall_after(ok % 10),
            "one byte a second": drip,
            "truncated": close_after(ok % 100 + b'{"frames":['),
            "a wrong length": close_after(ok % 5 + b'{"frames":[],"count":0,"remaining":0}'),
            "503": close_after(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"),
            "429": close_after(
                b"HTTP/1.1 429 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
            "redirect": close_after(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                                    b"Content-Length: 0\r\n\r\n"),
            "a huge body": close_after(ok % (1 << 40)),
            "garbage": close_after(bytes(range(256)) * 20),
            "no JSON": close_after(ok % 6 + b"<html>"),
        }  # fmt: skip
        for number, (name, fault) in enumerate(faults.items()):
            with self.subTest(name):
                failures = self.failures(service)
                self.buffer.fault = fault
                wait_until(lambda: self.failures(service) > failures)  # pylint: disable=W0640
                self.assertEqual(service.get("/readyz").status, 200)
                self.buffer.fault = None
                wait_until(lambda: self.connected(service))
                self.buffer.add(frame(f"after-{name}", self.picture))
                wait_until(lambda: self.done(service) == number + 1)  # pylint: disable=W0640
        self.assertEqual(service.stop(), 0)
        # Said when it went and when it came, not with each failure.
        gone, back = service.told("source_unreachable")
        self.assertIn(gone - back, (0, 1))  # the stop may find an answer late
        self.assertLessEqual(gone, 2 * len(faults))

    def told_failures(self, service):
        """Of pulls, in the log. That one takes long is told as well, and may be so on a busy machine."""
        reasons = [line.get("reason", "") for line in service.log()
                   if line.get("condition") == "source_unreachable"]  # fmt: skip
        return [reason for reason in reasons if reason and "has no answer for" not in reason]

    def failures(self, service):
        text = service.get("/metrics").body.decode()
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("sampleproc_consumer_pull_failures_total{"))  # fmt: skip

    def test_nobody_there_and_no_such_name(self):
        taken = socket.socket()  # nobody listens, and nobody else can
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for url in (f"http://127.0.0.1:{port}", "http://no-such-name.invalid:8002"):
            with self.subTest(url):
                service = self.serve("--set", f"consumer.http.url={url}")
                line = service.wait_for_condition("source_unreachable")
                self.assertIn("(unavailable)", line["reason"])
                self.assertFalse(self.connected(service))
                self.assertEqual(service.stop(), 0)

    def test_credentials_of_the_url_are_said_nowhere(self):
        url = self.buffer.url.replace("http://", "http://user:canary@")
        self.buffer.fault = lambda handler: handler.raw(
            b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        service = self.serve("--set", f"consumer.http.url={url}")
        service.wait_for_condition("source_unreachable")
        said = "".join(service.lines) + service.get("/health").body.decode()
        said += service.get("/metrics").body.decode()
        self.assertNotIn("canary", said)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
