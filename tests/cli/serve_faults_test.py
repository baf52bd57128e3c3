"""One allocation or one new descriptor fails, anywhere in sampleproc serve: it costs one frame or one
request, and everything is given back. With SAMPLEPROC_ALL_FAULTS set many more are tried."""

import http.client
import json
import mmap
import os
import struct
import tempfile

import cli
import pictures
from frame_buffer import Buffer, frame
from service import WithService, as_json
from streams import DEAD, RESULTS, STREAM, RedisServer, entry, pending, wait_until, words

FAULTS = os.path.join(os.path.dirname(cli.BINARY), "tests", "fail_nth.so")
# That fail, one after another, evenly over one round's.
ALLOCATIONS = 300 if "SAMPLEPROC_ALL_FAULTS" in os.environ else 40
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

    def is_due(self, what):
        return self._get({"allocation": 0, "descriptor": 8}[what]) > 0

    def made(self, what):
        return self._get({"allocation": 16, "descriptor": 24}[what])

    def failed(self):
        return self._get(32)


class Faults(WithService):
    """Requests over HTTP beside a source of frames, which a subclass has."""

    def setUp(self):
        self.control = Control(self)
        self.picture = pictures.sample("mask.png")
        self.frames = 0
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.results = os.path.join(self.folder, "results.ndjson")

    def start(self, *words):
        self.service = self.serve(
            *words, *cli.NO_HURRY, "--set", "process.workers=2", "--set", "consumer.sinks=file",
            "--set", f"consumer.file.path={self.results}", "--set", "http.access_log=false",
            env={"LD_PRELOAD": FAULTS, "SAMPLEPROC_FAULTS": self.control.path,
                 "SAMPLEPROC_FAULTS_TRACE": "1"})  # fmt: skip

    def offer(self, name, camera):
        """Gives the source a frame."""

    def ended(self):
        """Nothing of the source is left."""
        return True

    def check_outcomes(self, faults):
        """Each frame has one end."""

    def round(self):
        """A frame, and requests. Whatever the requests come to is right."""
        number = self.frames
        self.frames += 1
        self.offer(f"f-{number}", f"cam-{number % 3}")
        for method, path, body in (("POST", "/process", as_json(self.picture, {"camera_id": "door"})),
                                   ("GET", "/health", None), ("GET", "/metrics", None)):  # fmt: skip
            try:
                headers = {} if body is None else {"Content-Type": "application/json"}
                self.service.ask(method, path, body, headers)
            except (OSError, http.client.HTTPException):
                pass
        wait_until(lambda: self.is_dead() or self.ended())
        if self.is_dead():
            self.service.wait()
            self.fail("the service has ended:\n" + "".join(self.service.lines[-50:]))

    def is_dead(self):
        return self.service.child.poll() is not None

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
            while self.control.is_due(what):  # a round may need fewer than another one
                self.round()
        self.assertEqual(self.control.failed() - failed, points)
        # Everybody is there: the workers, the turns of each camera, the memory.
        for _ in range(6):
            self.round()
            self.assertEqual(self.service.post_json(self.picture, camera_id="door").status, 200)
        self.check_outcomes(points)
        wait_until(lambda: self.memory() <= before)
        wait_until(lambda: self.service.metric("sampleproc_consumer_held_frames") == 0)
        wait_until(lambda: json.loads(self.service.get("/health").body)["status"] == "healthy")
        self.assertEqual(self.service.stop(), 0)


class OfRequests(Faults):
    """The consumer is there, and has nothing to do."""

    def test_allocations(self):
        server = RedisServer(self)
        self.start(*words(server))
        self.try_points("allocation", ALLOCATIONS)


class OfRedis(Faults):
    """The default pipeline, and pixels that lie beside their entry."""

    def setUp(self):
        super().setUp()
        self.server = RedisServer(self)
        self.redis = self.server.client()
        self.start(*words(self.server), "--set", "consumer.redis.claim_idle=300ms")

    def offer(self, name, camera):
        self.redis.set(f"frame:{name}", self.picture)
        self.redis.xadd(STREAM, entry(name, camera=camera))

    def ended(self):
        return self.redis.xlen(STREAM) == 0 and pending(self.redis) == 0

    def check_outcomes(self, faults):
        """A result, or the dead letters."""
        done = [fields[b"frame_id"] for _, fields in self.redis.xrange(RESULTS)]
        dead = [fields[b"frame_id"] for _, fields in self.redis.xrange(DEAD)]
        self.assertEqual(sorted(done + dead), sorted(b"f-%d" % each for each in range(self.frames)))
        self.assertLessEqual(len(dead), faults)

    def test_allocations(self):
        self.try_points("allocation", ALLOCATIONS)

    def test_descriptors(self):
        self.try_points("descriptor", DESCRIPTORS)


class OfABuffer(Faults):
    """What it hands out it forgets, so a fault may cost a frame: one, and each frame that was
    written down has its end."""

    def setUp(self):
        super().setUp()
        self.buffer = Buffer(self)
        self.spool = os.path.join(self.folder, "spool")
        self.start("--set", f"consumer.http.url={self.buffer.url}", "--set", "consumer.backoff=20ms",
                   "--set", "consumer.poll_interval=10ms", "--set", "consumer.http.spool=disk",
                   "--set", f"consumer.http.spool_dir={self.spool}")  # fmt: skip

    def offer(self, name, camera):
        self.buffer.add(frame(name, self.picture, camera=camera))

    def ended(self):
        """Who has asked twice since has read the answer, and what was left of it."""
        if self.buffer.frames:
            return False
        asked = len(self.buffer.counts)
        wait_until(lambda: self.is_dead() or len(self.buffer.counts) >= asked + 2)
        return not any(name.endswith(".json") for name in os.listdir(self.spool))

    def check_outcomes(self, faults):
        with open(self.results, encoding="utf-8") as file:
            done = [json.loads(line)["frame_id"] for line in file]
        self.assertEqual(len(done), len(set(done)))
        self.assertGreaterEqual(len(done), self.frames - faults)

    def test_allocations(self):
        self.try_points("allocation", ALLOCATIONS)

    def test_descriptors(self):
        self.try_points("descriptor", DESCRIPTORS)


if __name__ == "__main__":
    cli.main()
