"""One allocation or one new descriptor fails, anywhere in sampleproc serve: it costs one frame or one
request, and everything is given back."""

import http.client
import mmap
import os
import struct
import tempfile
import unittest

import cli
import pictures
from service import WithService, as_json
from streams import DEAD, RESULTS, STREAM, RedisServer, entry, pending, wait_until, words

FAULTS = os.path.join(os.path.dirname(cli.BINARY), "tests", "fail_nth.so")
ALLOCATIONS = 240  # that fail, one after another, evenly over one round's
DESCRIPTORS = 24


class Control:
    """The test's side of tests/support/fail_nth.cc."""

    def __init__(self, test):
        file = tempfile.NamedTemporaryFile()
        test.addCleanup(file.close)
        file.truncate(40)
        self.path = file.name
        self.map = mmap.mmap(file.fileno(), 40)
        test.addCleanup(self.map.close)

    def _get(self, at):
        return struct.unpack_from("q", self.map, at)[0]

    def fail(self, what, number):
        struct.pack_into("q", self.map, {"allocation": 0, "descriptor": 8}[what], number)

    def stop(self):
        self.fail("allocation", 0)
        self.fail("descriptor", 0)

    def made(self, what):
        return self._get({"allocation": 16, "descriptor": 24}[what])

    def failed(self):
        return self._get(32)


class Faults(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()
        self.control = Control(self)
        self.picture = pictures.sample("mask.png")
        self.frames = 0
        self.with_frames = True
        self.results = os.path.join(self.server.folder, "results.ndjson")
        self.service = self.serve(
            *words(self.server), *cli.NO_HURRY, "--set", "consumer.redis.claim_idle=300ms",
            "--set", "process.workers=2", "--set", "consumer.sinks=file", "--set",
            f"consumer.file.path={self.results}", "--set", "http.access_log=false",
            env={"LD_PRELOAD": FAULTS, "SAMPLEPROC_FAULTS": self.control.path,
                 "SAMPLEPROC_FAULTS_TRACE": "1"})  # fmt: skip

    def round(self):
        """A frame with its pixels beside it, and requests. Whatever the requests come to is right."""
        if self.with_frames:
            number = self.frames
            self.frames += 1
            self.redis.set(f"frame:f-{number}", self.picture)
            self.redis.xadd(STREAM, entry(f"f-{number}", camera=f"cam-{number % 3}"))
        for method, path, body in (("POST", "/process", as_json(self.picture, {"camera_id": "door"})),
                                   ("GET", "/health", None), ("GET", "/metrics", None)):  # fmt: skip
            try:
                headers = {} if body is None else {"Content-Type": "application/json"}
                self.service.ask(method, path, body, headers)
            except (OSError, http.client.HTTPException):
                pass
        wait_until(lambda: self.ended() or self.is_dead())
        if self.is_dead():
            self.service.wait()
            self.fail("the service has ended:\n" + "".join(self.service.lines[-50:]))

    def is_dead(self):
        return self.service.child.poll() is not None

    def ended(self):
        """Nothing of the stream is left."""
        return self.redis.xlen(STREAM) == 0 and pending(self.redis) == 0

    def memory(self):
        """What is reserved while there is nothing to do; the asking itself needs none."""
        return self.service.metric("sampleproc_memory_budget_used_bytes")

    def calls_of_a_round(self, what):
        before = self.control.made(what)
        self.round()
        return self.control.made(what) - before

    def try_points(self, what, points):
        for _ in range(20):  # until each worker and each camera has all it keeps
            self.round()
        most = max(self.calls_of_a_round(what) for _ in range(3))
        before = self.memory()
        failed = self.control.failed()
        for point in range(points):
            self.control.fail(what, 1 + point * most // points)
            self.round()
        self.control.stop()
        self.assertGreater(self.control.failed() - failed, points // 2)
        self.settled_once()
        # Everybody is there: the workers, the turns of each camera, the memory.
        for _ in range(6):
            self.assertEqual(self.service.post_json(self.picture, camera_id="door").status, 200)
            self.round()
        self.settled_once()
        wait_until(lambda: self.memory() <= before)
        wait_until(lambda: self.service.metric("sampleproc_consumer_held_frames") == 0)
        self.assertEqual(self.service.stop(), 0)

    def settled_once(self):
        """Each frame has one end: a result, or the dead letters."""
        done = [fields[b"frame_id"] for _, fields in self.redis.xrange(RESULTS)]
        dead = [fields[b"frame_id"] for _, fields in self.redis.xrange(DEAD)]
        self.assertEqual(sorted(done + dead), sorted(b"f-%d" % each for each in range(self.frames)))

    @unittest.skipUnless("SAMPLEPROC_ALL_FAULTS" in os.environ, "some still end the service")
    def test_allocations_of_requests(self):
        self.with_frames = False
        self.try_points("allocation", ALLOCATIONS)

    @unittest.skipUnless("SAMPLEPROC_ALL_FAULTS" in os.environ, "a pulled frame may still be forgotten")
    def test_allocations_of_frames(self):
        self.try_points("allocation", ALLOCATIONS)

    def test_descriptors(self):
        self.try_points("descriptor", DESCRIPTORS)


if __name__ == "__main__":
    cli.main()
