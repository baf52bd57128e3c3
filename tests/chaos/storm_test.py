"""Everything around the service fails at once, beside eight honest cameras: they lose nothing.

A pixel host hangs, Redis is restarted, paused and its connections are cut, a webhook answers drop by
drop, the spool's disk is full, and strangers invent cameras over HTTP. SAMPLEPROC_STORM_SECONDS says
for how long; the calm before it, a third of that time, is what the latencies are compared with.
"""

import collections
import itertools
import json
import os
import random
import subprocess
import tempfile
import threading
import time

import cli
import frame_buffer
import pictures
import redis
import stand_in
from pixel_host import PixelHost
from service import Service, WithService
from streams import (
    DEAD, PROCESSOR, RESULTS, STREAM, RedisServer, entry, pending, result_ids, wait_until, words,
)  # fmt: skip

SECONDS = int(os.environ.get("SAMPLEPROC_STORM_SECONDS", "180"))
CAMERAS = [f"honest-{number}" for number in range(8)]
INTERVAL = 0.5  # of each camera's frames
FLOOD_INTERVAL = 0.005
HUNG_INTERVAL = 1.0
OF_BUFFER = "buffered"
# All that is told, and of what.
STORM = {"pixel_host", "source_unreachable", "sink", "spool", "camera_places"}


def quantiles(ascending):
    return " ".join(f"p{100 * part:g} {ascending[int(len(ascending) * part)]:.3f}"
                    for part in (0.5, 0.9, 0.99, 0.999))  # fmt: skip


class DrippingWebhook(stand_in.StandIn):
    """Keeps what it is sent; as long as it drips its answer takes longer than anybody waits."""

    def __init__(self, test):
        self.drips = False
        self.ids = set()
        self._changed = threading.Condition()
        super().__init__(test)
        test.addCleanup(self.be_well)

    def be_well(self):
        with self._changed:
            self.drips = False
            self._changed.notify_all()

    def handle(self, handler, body):
        if not self.drips:
            with self.lock:
                self.ids.add(json.loads(body)["frame_id"])
            return handler.answer(204)
        for byte in b"HTTP/1.1 204 No Content\r\nX-Slow: " + 3600 * b"a":
            if not self.drips or handler.close_connection:
                break
            handler.raw(bytes([byte]))
            with self._changed:
                self._changed.wait(1)
        handler.close_connection = True
        return None


class SmallDisk:
    """A tmpfs that is nearly full; needs root."""

    def __init__(self, test):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.path = folder.name
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.path], check=True)
        test.addCleanup(subprocess.run, ["umount", "-l", self.path], check=True)
        self.filler = os.path.join(self.path, "filler")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass

    def empty(self):
        os.unlink(self.filler)


class Repeated(threading.Thread):
    """Calls `act` again and again until it is told to end; what it throws fails the test."""

    def __init__(self, test, interval, act):
        super().__init__()
        self.interval = interval
        self.act = act
        self.ending = threading.Event()
        self.failure = None
        test.addCleanup(self.end)
        self.start()

    def run(self):
        try:
            while not self.ending.wait(self.interval):
                self.act()
        except Exception as error:  # for the test's own thread
            self.failure = error

    def end(self):
        self.ending.set()
        self.join()
        if self.failure is not None:
            raise self.failure


class Storm(WithService):
    def setUp(self):
        self.picture = pictures.sample("mask.png")
        self.server = RedisServer(self)
        self.host = PixelHost(self, self.picture)
        self.webhook = DrippingWebhook(self)
        self.numbers = itertools.count()
        self.added = {}  # the entry's id of each frame that is surely in the stream
        self.unsure = set()  # frames of which Redis had no time to say so
        self.outages = []  # of Redis: begin and end of each, in milliseconds since 1970

    # Frames

    def add(self, camera, client, **where):
        """Puts a frame into the stream; while Redis is away it comes later."""
        frame_id = f"{camera}-{next(self.numbers):06}"
        try:
            if not where:
                client.set(f"frame:{frame_id}", self.picture, ex=300)
            self.unsure.add(frame_id)
            self.added[frame_id] = client.xadd(STREAM, entry(frame_id, camera=camera, **where))
            self.unsure.discard(frame_id)
        except redis.RedisError:
            pass

    def camera(self, name):
        client = self.server.client()
        return Repeated(self, INTERVAL, lambda: self.add(name, client))

    def ended(self):
        try:
            client = self.server.client()
            return client.xlen(STREAM) == 0 and pending(client) == 0
        except redis.RedisError:
            return False

    # What goes wrong

    def flap(self, random_number):
        client = self.server.client()
        begin = time.time() * 1000
        try:
            what = random_number.choice(["restart", "pause", "cut", "cut"])
            if what == "restart":
                self.server.kill()
                time.sleep(random_number.uniform(0.2, 3))
                self.server.start()
                self.outages.append((begin, time.time() * 1000))
            elif what == "pause":
                milliseconds = random_number.randrange(200, 4000)
                client.client_pause(milliseconds)
                self.outages.append((begin, begin + milliseconds))
            else:
                client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        except redis.RedisError:
            pass

    def invent(self, service):
        connection = service.connect()
        for number in itertools.count():
            try:
                connection.request("POST", f"/process?camera_id=invented-{number}", self.picture,
                                   {"Content-Type": "image/png"})  # fmt: skip
                connection.getresponse().read()
            except OSError:
                connection.close()
            yield

    # What is told

    def conditions(self, service):
        return {(each["name"], each["subject"]) for each in service.get("/health").json()["conditions"]}

    def wait_until_told(self, names, *services):
        def missing():
            return names - {line["condition"] for service in services for line in service.log()
                            if line["msg"] == "condition begins"}  # fmt: skip

        try:
            wait_until(lambda: not missing())
        except AssertionError:
            self.fail(f"not told: {missing()}")

    def told(self, *services):
        """The begin and the end of each condition, in turn and once each; gives their names."""
        names = collections.Counter()
        for service in services:
            lasting = set()
            for line in service.log():
                if line["msg"] not in ("condition begins", "condition ends"):
                    continue
                what = (line["condition"], line["subject"])
                self.assertEqual(what in lasting, line["msg"] == "condition ends", line)
                lasting ^= {what}
                # LOADING is Redis's own word in the moment behind its restart.
                if line["msg"] == "condition begins" and "LOADING" not in line["reason"]:
                    names[line["condition"]] += 1
            self.assertEqual(lasting, set())
        return names

    def latencies(self, ids):
        """Gives the seconds from each frame's entry to its result, by the clock of Redis, in ascending
        order. Time in which Redis was away itself is not counted; that which it takes to come back to
        it is."""
        client = self.server.client()
        results = {fields[b"frame_id"].decode(): key for key, fields in client.xrange(RESULTS)}

        def latency(frame):
            entered, done = (int(key.split(b"-")[0]) for key in (self.added[frame], results[frame]))
            away = sum(max(0, min(done, end) - max(entered, begin)) for begin, end in self.outages)
            return (done - entered - away) / 1000

        return sorted(map(latency, ids))

    def check_all_done(self):
        done = collections.Counter(result_ids(self.server.client()))
        self.assertEqual([each for each, times in done.items() if times > 1], [])
        self.assertEqual(set(self.added) - set(done), set())
        self.assertEqual(set(done) - set(self.added) - self.unsure, set())
        self.assertEqual(self.server.client().xlen(DEAD), 0)
        self.check_watched()

    def check_watched(self):
        """The strangers' cameras have taken no honest one's place."""
        for _, fields in self.server.client().xrange(RESULTS):
            result = json.loads(fields[b"result"])
            if not result["frame_id"].startswith("honest"):
                continue
            motion = next(step for step in result["sample_metadata"]["steps"] if step["name"] == "motion")
            self.assertIn(motion.get("skipped", ""), ("", "warming_up", "scene_changed"), result["frame_id"])

    def test_storm(self):
        seed = random.randrange(1 << 32)
        service = Service(
            self, "--port", "0", *words(self.server), "--set", "process.workers=2", "--set",
            "consumer.frame_url_hosts=127.0.0.1", "--set", "consumer.sinks=webhook", "--set",
            f"consumer.webhook.url={self.webhook.url}", "--set", "consumer.redis.claim_idle=5s",
            "--set", "http.access_log=false")  # fmt: skip
        too_long = threading.Timer(10 * SECONDS + 1200, service.child.kill)
        too_long.start()
        self.addCleanup(too_long.cancel)
        cameras = [self.camera(name) for name in CAMERAS]
        time.sleep(SECONDS / 3)
        wait_until(lambda: len(self.added) > 100)
        calm = set(self.added)

        spooled = self.start_spooled()
        client = self.server.client()
        dice = random.Random(seed)
        strangers = self.invent(service)
        self.host.set("hangs")
        self.webhook.drips = True
        self.disk.fill()
        faults = [
            Repeated(self, HUNG_INTERVAL, lambda: self.add("hung", client, frame_url=self.host.at("a"))),
            Repeated(self, FLOOD_INTERVAL, lambda: next(strangers)),
            Repeated(self, INTERVAL, self.buffer_frame),
        ]
        flapping = Repeated(self, 10, lambda: self.flap(dice))
        time.sleep(SECONDS)
        self.wait_until_told(STORM, service, spooled)

        flapping.end()
        for thread in faults + cameras:
            thread.end()
        self.host.set("well")
        self.webhook.be_well()
        self.disk.empty()
        self.buffer_frame()  # the disk's health shows with the next answer
        wait_until(self.ended, seconds=5 * cli.PATIENCE)
        storm = {each for each in self.added if each not in calm and each.startswith("honest")}
        self.check_all_done()
        wait_until(lambda: self.webhook.ids >= calm)
        wait_until(lambda: not self.conditions(service), seconds=10 * cli.PATIENCE)
        wait_until(lambda: not self.conditions(spooled))
        wait_until(lambda: spooled.metric(
            'sampleproc_consumer_frames_total{outcome="done",reason=""}') == self.buffered)  # fmt: skip
        for each in (service, spooled):
            wait_until(lambda each=each: each.metric("sampleproc_consumer_held_frames") == 0)
        names = self.told(service, spooled)
        self.assertEqual(set(names) - {"source_silent", "source_unhealthy", "old_frames"}, STORM,
                         [line for line in service.log() if line.get("condition") == "settlement_refused"])  # fmt: skip
        calm_seconds = self.latencies(each for each in calm if each.startswith("honest"))
        storm_seconds = self.latencies(storm)
        print(f"\nseed {seed}: {len(storm)} honest frames in {SECONDS} s of storm, none lost; seconds of "
              f"storm and calm {quantiles(storm_seconds)}, {quantiles(calm_seconds)}; conditions "
              f"{dict(names)}")  # fmt: skip
        for each in (service, spooled):
            self.assertEqual(each.stop(), 0)

    # A second service, since one has one source: it is the buffer's that has a spool.

    def start_spooled(self):
        self.disk = SmallDisk(self)
        self.buffer = frame_buffer.Buffer(self)
        self.buffered = 0
        return Service(
            self, "--port", "0", "--set", f"consumer.http.url={self.buffer.url}", "--set",
            "consumer.http.spool=disk", "--set", f"consumer.http.spool_dir={self.disk.path}/spool",
            "--set", f"consumer.processor_id={PROCESSOR}-2")  # fmt: skip

    def buffer_frame(self):
        self.buffer.add(frame_buffer.frame(f"b-{self.buffered:06}", self.picture, OF_BUFFER))
        self.buffered += 1


if __name__ == "__main__":
    cli.main()
