"""Where results of pulled frames go: log, file, a real Redis, a webhook; together, away, full."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

import jsonschema

import cli
import pictures
from collector import Collector
from frame_buffer import Buffer, frame
from lossy import Lossy
from schemas_test import read
from service import ANY_PORT, NO_RATE_LIMIT, UnixConnection, WithService
from streams import (PROCESSOR, RESULTS, RedisServer, add_frames, pending, result_ids, wait_until,
                     words)  # fmt: skip
from webhook import Webhook


class Sinks(WithService):
    def setUp(self):
        self.buffer = Buffer(self)
        self.picture = pictures.sample("mask.png")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, "results.ndjson")

    def consume(self, sinks, *more):
        return self.serve("--set", f"consumer.http.url={self.buffer.url}", "--set",
                          "consumer.backoff=20ms", "--set", "consumer.poll_interval=10ms", "--set",
                          f"consumer.sinks={sinks}", *cli.NO_HURRY, *more)  # fmt: skip

    def to_file(self):
        return ("--set", f"consumer.file.path={self.file}")

    def add(self, count, first=0):
        names = [f"f {number}" for number in range(first, first + count)]
        self.buffer.add(*(frame(name, self.picture) for name in names))
        return names

    def lines(self, path=None):
        path = path or self.file
        # The last line may be there in part.
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def ids(self):
        return [line["frame_id"] for line in self.lines()] if self.file.exists() else []

    def records(self, service, sink, outcome):
        return service.metric(
            f'sampleproc_sink_records_total{{sink="{sink}",outcome="{outcome}"}}')

    def test_each_result_goes_to_every_sink(self):
        server = RedisServer(self)
        webhook = Webhook(self)
        service = self.consume(
            "log,file,redis,webhook", *self.to_file(), *words(server), "--set",
            f"consumer.webhook.url={webhook.url}/hook?k=v", "--set", "consumer.source=http")
        names = self.add(25)
        wait_until(lambda: len(webhook.records) == 25 and len(self.ids()) == 25)
        redis = server.client()
        wait_until(lambda: redis.xlen(RESULTS) == 25)
        self.assertEqual(self.ids(), names)
        self.assertEqual(webhook.ids(), names)
        self.assertEqual(result_ids(redis), names)
        self.assertEqual(webhook.keys[0], "f%200")
        for record in (self.lines()[0], webhook.records[0],
                       json.loads(redis.xrange(RESULTS)[0][1][b"result"])):  # fmt: skip
            for name in ("frame_id", "camera_id", "timestamp", "processed", "processing_time",
                         "processor_id", "detections", "detection_count"):  # fmt: skip
                self.assertIn(name, record)
            jsonschema.validate(record, read("result"))
        self.assertEqual(service.stop(), 0)
        logged = [line for line in service.log() if line["msg"] == "result"]
        self.assertEqual([line["frame_id"] for line in logged], names)
        self.assertEqual(json.loads(logged[0]["result"]), self.lines()[0])

    def test_a_result_whose_line_is_not_written_is_lost(self):
        with open("/dev/full", "wb") as full:
            path = os.path.join(self.file.parent, "http.sock")
            child = subprocess.Popen(
                [cli.BINARY, "serve", *ANY_PORT, *NO_RATE_LIMIT, "--set", f"http.unix_socket={path}", "--set",
                 f"consumer.http.url={self.buffer.url}", "--set", "consumer.poll_interval=10ms", "--set",
                 "consumer.sinks=log", *cli.NO_HURRY], env={}, stderr=full)  # fmt: skip
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.add(20)
        wait_until(lambda: self.buffer.handed_out == 20)

        def get(where):
            connection = UnixConnection(path)
            try:
                connection.request("GET", where)
                return connection.getresponse().read().decode()
            finally:
                connection.close()

        lost = 'sampleproc_sink_records_total{sink="log",outcome="lost"} '
        wait_until(lambda: lost + "20\n" in get("/metrics"))
        self.assertIn('sampleproc_sink_records_total{sink="log",outcome="delivered"} 0\n', get("/metrics"))
        wait_until(lambda: 'sampleproc_sink_failing{sink="log"} 1\n' in get("/metrics"))
        told = [each for each in json.loads(get("/health"))["conditions"] if each["name"] == "sink"]
        self.assertEqual([each["subject"] for each in told], ["log"])
        self.assertIn("the log cannot be written", told[0]["reason"])
        child.terminate()
        child.wait(cli.PATIENCE)

    def test_a_sink_that_is_away_slows_nothing_and_has_everything_later(self):
        webhook = Webhook(self)
        webhook.status = 503
        service = self.consume("file,webhook", *self.to_file(), "--set",
                               f"consumer.webhook.url={webhook.url}")  # fmt: skip
        names = self.add(40)
        wait_until(lambda: self.ids() == names)
        service.wait_for_condition("sink")
        health = service.get("/health").json()
        self.assertEqual(health["status"], "degraded")
        self.assertEqual(health["components"]["consumer"]["failing_sinks"], ["webhook"])
        # One sink after the other takes a record.
        wait_until(lambda: service.metric('sampleproc_sink_held_records{sink="webhook"}') == 40)
        webhook.status = 200
        wait_until(lambda: len(webhook.records) == 40)
        self.assertEqual(webhook.ids(), names)
        service.wait_for_condition("sink", "condition ends")
        wait_until(lambda: service.get("/health").json()["status"] == "healthy")
        self.assertEqual(service.stop(), 0)
        self.assertEqual(service.told("sink"), (1, 1))

    def test_what_a_webhook_does_not_want_is_counted_and_told_while_it_lasts(self):
        webhook = Webhook(self)
        webhook.status = 400
        service = self.consume("webhook", "--set", f"consumer.webhook.url={webhook.url}")
        self.add(5)
        wait_until(lambda: self.records(service, "webhook", "refused") == 5)
        self.assertEqual(webhook.refused, 5)
        self.assertIn("answered with 400 to frame f 4", service.conditions()[("sink", "webhook")])
        health = service.get("/health").json()
        self.assertEqual(health["components"]["consumer"]["failing_sinks"], ["webhook"])
        webhook.status = 200
        self.add(1, first=5)
        wait_until(lambda: self.records(service, "webhook", "delivered") == 1)
        wait_until(lambda: not service.conditions())
        self.assertEqual(service.stop(), 0)
        self.assertEqual(service.told("sink"), (1, 1))
        self.assertIn("answered with 400 to frame f ", service.wait_for_condition("sink")["reason"])

    def test_lines_about_a_result_say_which_frame_camera_and_trace_it_is_of(self):
        collector = Collector(self)
        webhook = Webhook(self)
        webhook.status = 422
        service = self.consume("log,webhook", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                               f"telemetry.otlp_endpoint={collector.url}", "--set",
                               "telemetry.span_delay=10ms")  # fmt: skip
        self.add(1)
        lines = [service.wait_for("result", frame_id="f 0"),
                 service.wait_for("sink: a record is refused", frame_id="f 0", sink="webhook")]  # fmt: skip
        (span,) = wait_until(lambda: collector.named("process frames"))
        for line in lines:
            self.assertEqual((line["camera"], line["trace_id"]), ("cam", span.trace), line)
        self.assertIn("422", lines[1]["error"])
        self.assertEqual(service.stop(), 0)

    def test_what_a_webhook_says_about_us_costs_no_result(self):
        for status, said in ((404, "set consumer.webhook.url to where it does"),
                             (401, "lets nobody in without the right credentials"),
                             (301, "is not followed"), (425, "answers with 425")):  # fmt: skip
            with self.subTest(status=status):
                webhook = Webhook(self)
                webhook.status = status
                service = self.consume("webhook", "--set", f"consumer.webhook.url={webhook.url}",
                                       "--set", "consumer.http.spool=disk", "--set",
                                       f"consumer.http.spool_dir={self.file}.{status}")
                names = self.add(10)
                wait_until(lambda: webhook.refused >= 3)  # tried again and again
                self.assertIn(said, service.wait_for_condition("sink")["reason"])
                webhook.status = 200
                wait_until(lambda: len(webhook.records) == 10)
                self.assertEqual(webhook.ids(), names)
                self.assertEqual(service.stop(), 0)
                self.assertEqual(service.told("sink"), (1, 1))

    def test_a_webhook_may_answer_with_anything_of_any_length(self):
        webhook = Webhook(self)
        head = b"HTTP/1.1 200 OK\r\n"
        many_fields = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(20))
        answers = {
            "long": head + b"Content-Length: %d\r\n\r\n" % (2 << 20) + b"x" * (2 << 20),
            "chunks": head + b"Transfer-Encoding: chunked\r\n\r\n"
            + b"10000\r\n" + b"x" * 0x10000 + b"\r\n" + b"zzz no length\r\n",
            "head": head + many_fields + b"Content-Length: 0\r\n\r\n",
            "cut": head + b"Content-Length: 10\r\n\r\nabc",
        }
        got = []

        def handle(handler, body):
            name = json.loads(body)["frame_id"]
            got.append(name)
            handler.raw(answers[name])
            handler.close_connection = name == "cut"

        webhook.handle = handle
        service = self.consume("webhook", "--set", f"consumer.webhook.url={webhook.url}")
        self.buffer.add(*(frame(name, self.picture) for name in answers))
        wait_until(lambda: self.records(service, "webhook", "delivered") == len(answers))
        self.assertEqual(got, list(answers))
        self.assertEqual(service.stop(), 0)

    def test_a_webhook_that_hangs_is_told_within_seconds(self):
        webhook = Webhook(self)
        test_ends = threading.Event()
        self.addCleanup(test_ends.set)
        webhook.before = test_ends.wait
        service = self.consume("webhook", "--set", f"consumer.webhook.url={webhook.url}")
        self.add(1)
        line = service.wait_for_condition("sink")
        self.assertIn("has no answer for", line["reason"])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        test_ends.set()
        service.wait_for_condition("sink", "condition ends")
        self.assertEqual(service.stop(), 0)

    def test_beyond_the_bound_results_are_lost_and_counted(self):
        webhook = Webhook(self)
        webhook.status = 503
        service = self.consume("webhook", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                               "consumer.sink_buffer=64KiB")  # fmt: skip
        self.add(300)
        wait_until(lambda: self.records(service, "webhook", "lost") > 0)
        done = 'sampleproc_consumer_frames_total{outcome="done",reason=""}'
        wait_until(lambda: service.metric(done) == 300)
        lost = self.records(service, "webhook", "lost")
        webhook.status = 200
        wait_until(lambda: len(webhook.records) == 300 - lost)
        self.assertEqual(service.stop(), 0)
        said = [line for line in service.log() if line["msg"].startswith("sink: results are lost")]
        self.assertEqual(len(said), 1)

    def test_what_a_stop_gives_up_is_told_and_not_clean(self):
        webhook = Webhook(self)
        webhook.status = 503
        service = self.consume("file,webhook", *self.to_file(), "--set",
                               f"consumer.webhook.url={webhook.url}", "--set",
                               "service.shutdown_timeout=2s")  # fmt: skip
        names = self.add(10)
        wait_until(lambda: self.ids() == names)
        self.assertEqual(service.stop(), 1)
        line = service.wait_for("shutdown: results are lost")
        self.assertEqual((line["sink"], line["results"]), ("webhook", 10))
        last = service.log()[-1]
        self.assertEqual((last["clean"], last["results_lost"]), (False, 10))

    def test_a_stop_takes_its_time_for_a_slow_webhook(self):
        webhook = Webhook(self)
        stops = threading.Event()
        self.addCleanup(stops.set)

        def slow():
            stops.wait()
            time.sleep(0.05)

        webhook.before = slow
        service = self.consume("file,webhook", *self.to_file(), "--set",
                               f"consumer.webhook.url={webhook.url}", "--set",
                               "service.shutdown_timeout=10m")  # fmt: skip
        names = self.add(40)
        wait_until(lambda: self.ids() == names)
        service.child.send_signal(signal.SIGTERM)
        service.wait_for("shutdown 2/5")
        self.assertEqual(webhook.ids(), [])
        stops.set()
        self.assertEqual(service.wait(), 0)
        self.assertEqual(webhook.ids(), names)
        self.assertIs(service.log()[-1]["clean"], True)

    def test_results_have_the_time_that_a_stop_has_left(self):
        webhook = Webhook(self)
        nothing_is_in_work = threading.Event()
        self.addCleanup(nothing_is_in_work.set)
        webhook.before = nothing_is_in_work.wait
        service = self.consume("webhook", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                               "service.shutdown_timeout=10m")  # fmt: skip
        names = self.add(3)
        wait_until(lambda: service.metric('sampleproc_sink_held_records{sink="webhook"}') == 3)
        service.child.send_signal(signal.SIGTERM)
        service.wait_for("shutdown 5/5")
        nothing_is_in_work.set()
        self.assertEqual(service.wait(), 0)
        self.assertEqual(webhook.ids(), names)

    def test_a_stop_finds_a_webhook_that_comes_back(self):
        webhook = Webhook(self)
        webhook.status = 503
        service = self.consume("webhook", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                               "consumer.backoff=30s", "--set", "service.shutdown_timeout=10m")  # fmt: skip
        names = self.add(3)
        wait_until(lambda: service.metric('sampleproc_sink_held_records{sink="webhook"}') == 3)
        service.child.send_signal(signal.SIGTERM)
        service.wait_for("shutdown 2/5")
        webhook.status = 200
        self.assertEqual(service.wait(), 0)
        self.assertEqual(webhook.ids(), names)

    def test_a_result_whose_publication_had_no_answer_reaches_the_other_sinks(self):
        server = RedisServer(self)
        redis = server.client()
        way = Lossy(self, server.path)
        webhook = Webhook(self)
        way.lose(b"XADD")
        service = self.serve(
            "--set", f"consumer.redis.host={way.path}", "--set",
            f"consumer.processor_id={PROCESSOR}", "--set", "consumer.sinks=file,webhook",
            *self.to_file(), "--set", f"consumer.webhook.url={webhook.url}", *cli.NO_HURRY)  # fmt: skip
        add_frames(redis, 10, self.picture)
        wait_until(lambda: redis.xlen(RESULTS) == 10 and pending(redis) == 0)
        wait_until(lambda: way.lost == 1)  # what Redis has done is seen before its answer
        published = result_ids(redis)
        wait_until(lambda: self.ids() == published and webhook.ids() == published)
        # The sinks have a result before it is counted.
        done = 'sampleproc_consumer_frames_total{outcome="done",reason=""}'
        wait_until(lambda: service.metric(done) >= 10)
        self.assertEqual(service.metric(done), 10)
        self.assertEqual(service.stop(), 0)

    def test_sinks_that_do_not_fit_in_memory_are_an_error_at_start(self):
        result = cli.run("serve", "--port", "0", "--set", f"consumer.http.url={self.buffer.url}",
                         "--set", "consumer.sinks=file", *self.to_file(), "--set",
                         "consumer.sink_buffer=1GiB", "--set", "resources.memory_limit=200MiB")  # fmt: skip
        self.assertEqual(result.returncode, 78, result.err)
        self.assertIn("consumer.sink_buffer", result.err)

    def test_a_full_file_is_followed_by_the_next(self):
        service = self.consume("file", *self.to_file(), "--set", "consumer.file.max_bytes=64KiB",
                               "--set", "consumer.file.keep=100")  # fmt: skip
        names = self.add(300)
        first = self.file.with_name(self.file.name + ".1")
        wait_until(lambda: self.records(service, "file", "delivered") == 300)
        self.assertEqual(service.stop(), 0)
        self.assertTrue(first.exists())
        files = sorted(self.file.parent.iterdir(), reverse=True,
                       key=lambda path: int(path.suffix[1:]) if path.suffix[1:].isdigit() else 0)  # fmt: skip
        self.assertEqual([line["frame_id"] for file in files for line in self.lines(file)], names)
        for file in files:
            self.assertLessEqual(file.stat().st_size, 64 * 1024)

    def test_a_file_that_cannot_be_written_may_become_one(self):
        missing = self.file.parent / "later" / "results.ndjson"
        service = self.consume("file", "--set", f"consumer.file.path={missing}")
        line = service.wait_for("results cannot be written: the folder of consumer.file.path is not there")
        self.assertEqual((line["level"], line["folder"]), ("warning", str(missing.parent)))
        names = self.add(3)
        line = service.wait_for_condition("sink")
        self.assertIn("No such file or directory", line["reason"])
        os.mkdir(missing.parent)
        wait_until(missing.exists)
        wait_until(lambda: [each["frame_id"] for each in self.lines(missing)] == names)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
