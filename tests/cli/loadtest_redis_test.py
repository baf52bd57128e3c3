"""loadtest --via redis: frames through the stream of a real service, and its books of them."""

import json
import pathlib
import shutil
import signal
import tempfile
import time

import jsonschema

import cli
import pictures
import streams
from loadtest_test import ANY_LAG, SCHEMA
from service import ANY_PORT, Service

STATS = ("--set", "process.pipeline=stats,motion", *cli.NO_HURRY)


class ViaRedis(cli.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("HappyFish.jpg", "mask.png"):
            shutil.copy(pictures.sample_path(name), self.folder)
        self.redis = streams.RedisServer(self)
        self.client = self.redis.client()

    def serve(self):
        service = Service(self, *ANY_PORT, *STATS, *streams.words(self.redis))
        streams.wait_until(lambda: self.client.exists(streams.STREAM)
                           and self.client.xinfo_groups(streams.STREAM))  # fmt: skip
        return service

    def line(self, *words):
        return ("loadtest", "--via", "redis", *streams.words(self.redis), "--frames",
                str(self.folder), "--json", "-", *words)  # fmt: skip

    def load(self, *words, code=0):
        # On a busy machine a result may come late; that is no matter here.
        patience = () if "--timeout" in words else ("--timeout", "2m")
        done = cli.run(*self.line("--quiet", *ANY_LAG, *patience, *words))
        self.assertEqual(done.returncode, code, done.err + done.out)
        report = json.loads(done.out)
        jsonschema.validate(report, SCHEMA)
        return report

    def test_each_frame_has_its_result_once_and_in_order(self):
        service = self.serve()
        report = self.load("--cameras", "3", "--fps", "10", "--duration", "2s", "--target",
                           f"http://127.0.0.1:{service.port}")  # fmt: skip
        self.assertEqual(report["errors"], {"total": 0, "by_type": {}})
        self.assertEqual((report["requests"]["intended"], report["requests"]["good"]), (60, 60))
        self.assertEqual(report["latency"]["corrected"]["count"], 60)
        # The service's own books say the same.
        self.assertEqual(report["server"]["frames"], 60)
        self.assertLessEqual({"queue", "decode", "stats", "total"}, set(report["server"]["mean_ms"]))
        self.assertEqual(self.client.xlen(streams.STREAM), 0)
        self.assertEqual(self.client.xlen(streams.RESULTS), 60)

    def test_each_second_has_the_frames_that_are_due_in_it(self):
        self.serve()
        report = self.load("--rate", "10", "--duration", "2s")
        due = [second["intended"] for second in report["seconds"]]
        self.assertEqual((due[:2], sum(due[2:])), ([10, 10], 0))
        self.assertEqual(sum(second["good"] for second in report["seconds"]), 20)

    def test_hostile_frames_must_be_dead_letters(self):
        self.serve()
        report = self.load("--rate", "50", "--duration", "1s", "--hostile", "1")
        self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (50, 0))
        self.assertEqual(self.client.xlen(streams.DEAD), 50)

    def test_frames_that_cannot_be_processed_are_told(self):
        self.serve()
        (self.folder / "mask.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
        (self.folder / "HappyFish.jpg").unlink()
        report = self.load("--rate", "20", "--duration", "1s", code=1)
        self.assertEqual(report["errors"]["by_type"], {"dead_letter": 20})
        self.assertIn("20 dead_letter", " ".join(report["notes"]))

    def test_what_nobody_reads_is_late_and_what_vanishes_is_lost(self):
        self.client.xgroup_create(streams.STREAM, streams.GROUP, "$", mkstream=True)
        words = ("--rate", "20", "--duration", "500ms", "--timeout")
        report = self.load(*words, "1s", code=1)
        self.assertEqual(report["errors"]["by_type"], {"timeout": 10})
        before = self.client.xlen(streams.STREAM)
        # They have to be gone before their time is over.
        child = cli.start(self, *self.line(*words, "20s", *ANY_LAG))
        streams.wait_until(lambda: self.client.xlen(streams.STREAM) == before + 10)
        self.client.xtrim(streams.STREAM, maxlen=0, approximate=False)
        out, _ = child.communicate(timeout=cli.PATIENCE)
        self.assertEqual(json.loads(out)["errors"]["by_type"], {"lost": 10})

    def test_a_result_that_comes_twice_is_told(self):
        self.client.xgroup_create(streams.STREAM, streams.GROUP, "$", mkstream=True)
        child = cli.start(self, *self.line("--rate", "1", "--requests", "1", *ANY_LAG,
                                           "--timeout", "2m"))  # fmt: skip
        entry = streams.wait_until(lambda: self.client.xrange(streams.STREAM))[0]
        frame_id = entry[1][b"frame_id"].decode()
        answer = json.dumps({"frame_id": frame_id, "detections": [], "total_objects": 0,
                             "width": 1, "height": 1})  # fmt: skip
        # In one step, so that both are there when the first is read.
        both = self.client.pipeline(transaction=True)
        for _ in range(2):
            both.xadd(streams.RESULTS, {"frame_id": frame_id, "result": answer})
        both.execute()
        out, _ = child.communicate(timeout=cli.PATIENCE)
        report = json.loads(out)
        self.assertEqual(report["errors"]["by_type"], {"duplicate": 1})
        self.assertEqual((report["requests"]["good"], report["verdict"]), (1, "fail"))
        self.assertEqual(child.returncode, 1)
        self.assertIn("1 duplicate", " ".join(report["notes"]))

    def test_a_second_result_is_seen_after_the_last_first_one(self):
        self.client.xgroup_create(streams.STREAM, streams.GROUP, "$", mkstream=True)
        child = cli.start(self, *self.line("--requests", "1", *ANY_LAG, "--timeout", "2m",
                                           "--settle", "10m"))  # fmt: skip
        entry = streams.wait_until(lambda: self.client.xrange(streams.STREAM))[0]
        frame_id = entry[1][b"frame_id"].decode()
        answer = json.dumps({"frame_id": frame_id, "detections": [], "total_objects": 0,
                             "width": 1, "height": 1})  # fmt: skip
        self.client.xadd(streams.RESULTS, {"frame_id": frame_id, "result": answer})
        child.stderr.readline()  # seconds later
        self.client.xadd(streams.DEAD, {"frame_id": frame_id, "reason": "none"})
        while "errors 1" not in (line := child.stderr.readline().decode()):
            self.assertIn("errors 0", line)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=cli.PATIENCE)
        report = json.loads(out)
        self.assertEqual(report["errors"]["by_type"], {"duplicate": 1})
        self.assertEqual(report["verdict"], "fail")

    def test_a_generator_that_stood_still_was_late(self):
        self.serve()
        child = cli.start(self, *self.line("--rate", "50", "--duration", "4s", "--timeout", "2m"))
        streams.wait_until(lambda: self.client.exists(streams.RESULTS))
        child.send_signal(signal.SIGSTOP)
        time.sleep(1)  # which is what is measured
        child.send_signal(signal.SIGCONT)
        out, _ = child.communicate(timeout=cli.PATIENCE)
        report = json.loads(out)
        self.assertEqual((child.returncode, report["verdict"]), (3, "invalid"))
        self.assertGreater(report["generator"]["send_lag_p99_ms"], 500)

    def test_a_redis_that_goes_away_is_reported_when_the_run_is_interrupted(self):
        self.serve()
        child = cli.start(self, *self.line("--rate", "50", "--duration", "10m", "--timeout", "1s",
                                           *ANY_LAG))  # fmt: skip
        streams.wait_until(lambda: self.client.exists(streams.RESULTS))
        self.redis.kill()
        while "redis" not in (line := child.stderr.readline().decode()) and "errors 0" in line:
            pass  # a line each five seconds, until one tells of errors
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=cli.PATIENCE)
        self.assertEqual(child.returncode, 130, err)
        report = json.loads(out)
        self.assertTrue(report["ended_early"])
        self.assertGreater(report["errors"]["total"], 0)
        self.assertLessEqual(set(report["errors"]["by_type"]), {"redis_away", "timeout"})

    def test_what_cannot_be_loaded_is_said(self):
        def check(code, message, *words):
            done = cli.run(*words)
            self.assertEqual((done.returncode, done.out), (code, ""), done.err)
            self.assertIn(message, done.err)

        check(69, "start the service that is to be loaded first", *self.line())
        self.client.xgroup_create(streams.STREAM, "others", mkstream=True)
        check(69, f"no group {streams.GROUP} reads the stream", *self.line())
        self.redis.kill()
        check(69, "cannot reach it", *self.line())
        check(2, "--allow-target 192.0.2.1", "loadtest", "--via", "redis", "--frames",
              str(self.folder), "--set", "consumer.redis.host=192.0.2.1")  # fmt: skip
        check(2, "--via redis needs --frames", "loadtest", "--via", "redis")
        check(2, "--via redis goes without", *self.line("--closed"))
        check(2, "no.such.key", *self.line("--set", "no.such.key=1"))


if __name__ == "__main__":
    cli.main()
