"""Several cameras through the default pipeline, their pixels beside the entries, one of them bad: the
others do not notice."""

import json

import cli
import frame_buffer
import pictures
from pixel_host import PixelHost
from service import WithService
from streams import (
    DEAD, RESULTS, STREAM, RedisServer, entry, pending, result_ids, wait_until, words,
)  # fmt: skip
from webhook import Webhook

GOOD = ("cam-1", "cam-2", "cam-3")
FRAMES = 25  # of each camera; the motion step has warmed up after 15
HOSTS = ("--set", "consumer.frame_url_hosts=127.0.0.1")


class Neighbours(WithService):
    def setUp(self):
        self.picture = pictures.sample("mask.png")

    def ids(self, camera):
        return [f"{camera}-{number:03}" for number in range(FRAMES)]

    def conditions(self, service):
        health = service.get("/health").json()
        return {(each["name"], each["subject"]) for each in health["conditions"]}


class OneBad(PixelHost):
    """Hands out every picture but one."""

    def handle(self, handler, body):
        if handler.path == "/bad":
            return handler.answer(503)
        return super().handle(handler, body)


class OfRedis(Neighbours):
    def setUp(self):
        super().setUp()
        self.server = RedisServer(self)
        self.redis = self.server.client()

    def consume(self, *more):
        """With the default pipeline and limits; two workers, so that one bad frame takes half."""
        return self.serve(*words(self.server), "--set", "process.workers=2", *HOSTS, *more)

    def add(self, camera, *, pixels=None, url=None, key=True):
        """A camera's frames; their pixels under frame:<id> unless they are at a URL."""
        for frame_id in self.ids(camera):
            if url is not None:
                self.redis.xadd(STREAM, entry(frame_id, camera=camera, frame_url=url(frame_id)))
                continue
            if key:
                self.redis.set(f"frame:{frame_id}", self.picture if pixels is None else pixels)
            self.redis.xadd(STREAM, entry(frame_id, camera=camera))

    def add_in_turn(self, cameras):
        """As cameras send: one frame of each after another."""
        for number in range(FRAMES):
            for camera in cameras:
                frame_id = f"{camera}-{number:03}"
                self.redis.set(f"frame:{frame_id}", self.picture)
                self.redis.xadd(STREAM, entry(frame_id, camera=camera))

    def of(self, camera):
        return [each for each in result_ids(self.redis) if each.startswith(camera + "-")]

    def check_good(self, cameras=GOOD):
        """Every frame once, in order, and each watched for motion."""
        for camera in cameras:
            wait_until(lambda camera=camera: len(self.of(camera)) == FRAMES)
            self.assertEqual(self.of(camera), self.ids(camera))
        watched = 0
        for _, fields in self.redis.xrange(RESULTS):
            steps = {step["name"]: step for step in json.loads(fields[b"result"])["sample_metadata"]["steps"]}
            self.assertEqual(list(steps), ["stats", "motion", "people"])
            watched += "skipped" not in steps["motion"]
        self.assertGreaterEqual(watched, len(cameras) * (FRAMES - 15))

    def test_a_picture_that_is_never_handed_out_does_not_hold_up_its_camera(self):
        host = OneBad(self, self.picture)
        frames = ["bad", *self.ids("cam-1")]
        for frame_id in frames:
            self.redis.xadd(STREAM, entry(frame_id, camera="cam-1", frame_url=host.at(frame_id)))
        service = self.consume("--set", "process.pipeline=stats")
        wait_until(lambda: len(self.of("cam-1")) == FRAMES)
        self.assertEqual(self.of("cam-1"), self.ids("cam-1"))
        letter = self.redis.xrange(DEAD)[0][1]
        self.assertEqual(letter[b"frame_id"], b"bad")
        self.check_nothing_left(service)

    def check_nothing_left(self, service):
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        wait_until(lambda: service.metric("sampleproc_consumer_held_frames") == 0)
        self.assertEqual(service.stop(), 0)

    def test_all_well(self):
        self.add_in_turn(GOOD)
        service = self.consume()
        self.check_good()
        self.check_nothing_left(service)

    def test_one_camera_has_broken_pictures(self):
        self.add("bad", pixels=self.picture[:200])
        self.add_in_turn(GOOD)
        service = self.consume()
        self.check_good()
        wait_until(lambda: self.redis.xlen(DEAD) == FRAMES)
        self.check_nothing_left(service)

    def test_one_camera_has_no_pixels(self):
        self.add("bad", key=False)
        self.add_in_turn(GOOD)
        service = self.consume("--set", "consumer.no_pixels=dead")
        self.check_good()
        wait_until(lambda: self.redis.xlen(DEAD) == FRAMES)
        self.check_nothing_left(service)

    def test_one_camera_has_keys_of_another_type(self):
        for frame_id in self.ids("bad"):
            self.redis.rpush(f"frame:{frame_id}", "no", "bytes")
            self.redis.xadd(STREAM, entry(frame_id, camera="bad"))
        self.add_in_turn(GOOD)
        service = self.consume()
        self.check_good()
        wait_until(lambda: self.redis.xlen(DEAD) == FRAMES)
        self.check_nothing_left(service)

    def check_bad_host(self, host, get_well, **options):
        """The host's frames wait, the others do not; it is told; when it is well all is done."""
        self.add("bad", url=host.at)
        self.add_in_turn(GOOD)
        service = self.consume(*options.get("words", ()))
        self.check_good()
        self.assertEqual(self.of("bad"), [])
        subject = host.url.removeprefix("http://")
        wait_until(lambda: ("pixel_host", subject) in self.conditions(service))
        get_well()
        wait_until(lambda: len(self.of("bad")) == FRAMES)
        self.assertEqual(self.of("bad"), self.ids("bad"))
        self.assertEqual(self.redis.xlen(DEAD), 0)
        wait_until(lambda: not self.conditions(service))
        self.check_nothing_left(service)

    def test_one_host_hangs(self):
        host = PixelHost(self, self.picture)
        host.set("hangs")
        self.check_bad_host(host, lambda: host.set("well"))

    def add_bad(self, host, names):
        for number, name in enumerate(names):
            self.redis.xadd(STREAM, entry(name, camera=f"bad-{number % 4}", frame_url=host.at(name)))

    def check_that_some_went_back(self, service, host, names):
        """And all of them are done once the host is well."""
        returned = 'sampleproc_consumer_frames_total{outcome="returned",reason="pixel_host"}'
        wait_until(lambda: service.metric(returned) > 0)
        host.set("well")
        wait_until(lambda: len(self.of("bad")) == len(names))
        self.assertEqual(sorted(self.of("bad")), names)
        self.assertEqual(self.redis.xlen(DEAD), 0)
        self.check_nothing_left(service)

    def test_a_host_that_hangs_fills_the_room_only_for_a_moment(self):
        """Long before its first fetch fails: until then it is not known to be away."""
        host = PixelHost(self, self.picture)
        host.set("hangs")
        service = self.consume("--set", "consumer.fetch_timeout=10m", "--set", "process.deadline=0s", "--set",
                               "consumer.max_waiting=40", "--set", "process.pipeline=stats")  # fmt: skip
        names = [f"bad-{number:03}" for number in range(100)]
        self.add_bad(host, names)
        wait_until(lambda: host.asked > 0)
        for name in self.ids("good"):
            self.redis.xadd(STREAM, entry(name, self.picture, camera="good"))
        wait_until(lambda: self.of("good") == self.ids("good"))
        self.assertEqual(self.of("bad"), [])
        self.assertNotIn("pixel_host", {name for name, _ in self.conditions(service)})
        self.check_that_some_went_back(service, host, names)

    def test_a_host_that_is_slow_takes_half_of_the_room(self):
        """It is well, but its frames come faster than it answers."""
        host = PixelHost(self, self.picture)
        host.set("slow")
        service = self.consume("--set", "consumer.max_waiting=40", "--set", "process.pipeline=stats")
        names = [f"bad-{number:03}" for number in range(100)]
        self.add_bad(host, names[:1])
        wait_until(lambda: self.of("bad"))  # now it is known to be slow
        self.add_bad(host, names[1:])
        for name in self.ids("good"):
            self.redis.xadd(STREAM, entry(name, self.picture, camera="good"))
        wait_until(lambda: self.of("good") == self.ids("good"))
        self.assertLess(len(self.of("bad")), 60)  # which the good ones would have had to wait for
        self.check_that_some_went_back(service, host, names)

    def check_heavy_neighbour(self, add):
        """A camera with frames over process.heavy_pixels, of which one at a time is worked on, sends more
        than can be done before others send theirs."""
        large = pictures.gray_png(6000, 4000)
        names = [f"bad-{number:03}" for number in range(80)]
        service = self.consume("--set", "process.pipeline=stats")
        for name in names:
            add(name, large)
        for name in self.ids("good"):
            self.redis.xadd(STREAM, entry(name, self.picture, camera="good"))
        wait_until(lambda: self.of("good") == self.ids("good"))
        done = self.of("bad")
        self.assertLess(len(done), 40)  # or the good ones have waited for more than 60
        self.assertEqual(done, names[: len(done)])
        service.stop()

    def test_a_camera_with_heavy_frames(self):
        def add(name, picture):
            self.redis.set(f"frame:{name}", picture)
            self.redis.xadd(STREAM, entry(name, camera="bad"))

        self.check_heavy_neighbour(add)

    def test_a_camera_with_heavy_frames_in_their_entries(self):
        self.check_heavy_neighbour(
            lambda name, picture: self.redis.xadd(STREAM, entry(name, picture, camera="bad"))
        )

    def test_one_host_drips(self):
        host = PixelHost(self, self.picture)
        host.set("drips")
        self.check_bad_host(host, lambda: host.set("well"))

    def test_one_host_has_errors(self):
        host = PixelHost(self, self.picture)
        host.set("errors")
        self.check_bad_host(host, lambda: host.set("well"))

    def test_a_stop_does_not_wait_for_a_host(self):
        host = PixelHost(self, self.picture)
        host.set("hangs")
        self.add("bad", url=host.at)
        self.add_in_turn(GOOD)
        service = self.consume()
        self.check_good()
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.redis.xlen(STREAM), FRAMES)  # somebody else's, or ours at the next start
        host.set("well")
        again = self.consume()
        wait_until(lambda: len(self.of("bad")) == FRAMES)
        self.assertEqual(self.of("bad"), self.ids("bad"))
        self.check_nothing_left(again)


class OfABuffer(Neighbours):
    """Over HTTP, where nothing is taken back."""

    def setUp(self):
        super().setUp()
        self.buffer = frame_buffer.Buffer(self)

    def frame(self, frame_id, camera, url=None):
        made = frame_buffer.frame(frame_id, self.picture, camera)
        if url is not None:
            del made["frame_data"]
            made["frame_url"] = url
        return made

    def check_bad_host(self, host):
        hook = Webhook(self)
        for number in range(FRAMES):
            self.buffer.add(self.frame(f"bad-{number:03}", "bad", host.at(number)))
            for camera in GOOD:
                self.buffer.add(self.frame(f"{camera}-{number:03}", camera))
        service = self.serve(
            "--set", f"consumer.http.url={self.buffer.url}", "--set", "consumer.sinks=webhook",
            "--set", f"consumer.webhook.url={hook.url}", "--set", "process.workers=2", *HOSTS)  # fmt: skip

        def done(camera):
            return [each for each in hook.ids() if each.startswith(camera + "-")]

        for camera in GOOD:
            wait_until(lambda camera=camera: done(camera) == self.ids(camera))
        self.assertEqual(done("bad"), [])
        host.set("well")
        wait_until(lambda: done("bad") == self.ids("bad"))
        wait_until(lambda: service.metric("sampleproc_consumer_held_frames") == 0)
        self.assertEqual(service.stop(), 0)

    def test_one_host_hangs(self):
        host = PixelHost(self, self.picture)
        host.set("hangs")
        self.check_bad_host(host)

    def test_one_host_has_errors(self):
        host = PixelHost(self, self.picture)
        host.set("errors")
        self.check_bad_host(host)


if __name__ == "__main__":
    cli.main()
