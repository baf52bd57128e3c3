"""sampleproc serve with frames whose pixels are elsewhere, and what becomes of others meanwhile."""

import base64
import itertools
import json
import threading

import cli
import pictures
from pixel_host import PixelHost
from service import WithService
from stand_in import StandIn
from streams import (
    DEAD, RESULTS, STREAM, RedisServer, entry, free_port, pending, result_ids, wait_until, words,
)  # fmt: skip

AWAY = "127.0.0.23"  # nobody else's, so that a port of it stays free
URLS = ("--set", f"consumer.frame_url_hosts=127.0.0.1,{AWAY}")
MOTION = ("--set", "process.pipeline=motion", "--set", "process.workers=2")
STATS = ("--set", "process.pipeline=stats", "--set", "process.workers=2")


class Pixels(StandIn):
    """Hands out a picture, once it may."""

    def __init__(self, test, picture, address=("127.0.0.1", 0)):
        self.picture = picture
        self.asked = threading.Semaphore(0)
        self.open_gate = threading.Event()
        self.open_gate.set()
        super().__init__(test, address=address)
        test.addCleanup(self.open_gate.set)  # before the server's end, which waits for its threads

    def handle(self, handler, body):
        self.asked.release()
        self.open_gate.wait()
        handler.answer(200, self.picture)


class Gateway(StandIn):
    """Hands out pictures of several cameras, of the door's once the way to it is up again; of a third
    one something else."""

    def __init__(self, test, picture):
        self.picture = picture
        self.up = False
        super().__init__(test)

    def handle(self, handler, body):
        if handler.path.startswith("/door/") and not self.up:
            return handler.answer(502)
        return handler.answer(200, b"<html>" if handler.path.startswith("/web/") else self.picture)


class ConsumerPixels(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()
        self.picture = pictures.sample("mask.png")

    def consume(self, *more):
        return self.serve(*words(self.server), *URLS, *more)

    def add(self, name, camera="A", picture=None, **fields):
        self.redis.xadd(STREAM, entry(name, picture, camera=camera, **fields))

    def conditions(self, service):
        return {(each["name"], each["subject"]): each["reason"]
                for each in service.get("/health").json().get("conditions", [])}  # fmt: skip

    def check_all_done(self, service, count):
        wait_until(lambda: self.redis.xlen(RESULTS) == count)
        self.assertEqual(sorted(result_ids(self.redis)), sorted(set(result_ids(self.redis))))
        self.assertEqual(self.redis.xlen(DEAD), 0)
        wait_until(lambda: pending(self.redis) == 0)
        self.assertEqual(service.stop(), 0)

    def test_a_host_that_hangs_ends_its_fetch_and_not_the_service(self):
        pixels = Pixels(self, self.picture)
        pixels.open_gate.clear()
        # A worker at a fetch would be given up twice over, and the service with it.
        service = self.consume(*STATS, "--set", "consumer.fetch_timeout=300ms", "--set",
                               "process.deadline=500ms", "--set",
                               "service.stuck_after=1s")  # fmt: skip
        self.add("hung", frame_url=f"{pixels.url}/x.png")
        for _ in range(4):  # its time was up three times
            self.assertTrue(pixels.asked.acquire(timeout=cli.PATIENCE))
        host = pixels.url.removeprefix("http://")
        reason = wait_until(lambda: self.conditions(service).get(("pixel_host", host)))
        self.assertIn(host, reason)
        self.assertIn("next try in", reason)
        self.add("other", camera="B", picture=self.picture)
        wait_until(lambda: self.redis.xlen(RESULTS) == 1)
        self.assertEqual(service.metric("sampleproc_stuck_workers"), 0)
        self.assertEqual(self.redis.xlen(DEAD), 0)
        pixels.open_gate.set()
        wait_until(lambda: self.redis.xlen(RESULTS) == 2)
        wait_until(lambda: not self.conditions(service))
        self.check_all_done(service, 2)

    def test_that_most_frames_have_no_pixels_is_a_condition_until_they_have(self):
        for settings in ((), ("--set", "consumer.no_pixels=dead")):
            self.redis.flushall()
            service = self.consume(*STATS, *settings)
            names = itertools.count()

            def told(service=service, names=names, **more):
                self.add(f"f{next(names)}", camera=f"c{next(names) % 7}", **more)
                return self.conditions(service).get(("no_pixels", ""))

            reason = wait_until(told)
            self.assertIn("Redis has nothing under frame:<frame_id>", reason)
            self.assertIn(f"(asked: {self.server.path})", reason)
            self.assertIn("frames of the last 10 s had no pixels", reason)
            self.assertEqual(service.get("/health").json()["status"], "degraded")
            wait_until(lambda told=told: not told(picture=self.picture))
            wait_until(lambda service=service: service.told("no_pixels") == (1, 1))
            self.assertEqual(service.stop(), 0)

    def test_a_camera_without_pixels_is_told_beside_others(self):
        service = self.consume(*STATS)
        names = itertools.count()

        def told():
            self.add(f"bad{next(names)}", camera="bad")
            for _ in range(2):
                self.add(f"good{next(names)}", camera="good", picture=self.picture)
            return self.conditions(service).get(("frames_dropped", "bad"))

        self.assertIn("not one of its frames has pixels", wait_until(told))
        self.assertNotIn(("no_pixels", ""), self.conditions(service))
        self.add("again", camera="bad", picture=self.picture)
        wait_until(lambda: ("frames_dropped", "bad") not in self.conditions(service))
        self.assertEqual(service.stop(), 0)

    def test_a_camera_whose_frames_cannot_be_done_is_told(self):
        service = self.consume(*STATS)
        names = itertools.count()

        def told():
            self.add(f"bad{next(names)}", camera="bad", picture=self.picture[:99])
            return self.conditions(service).get(("frames_dropped", "bad"))

        self.assertIn("not one of its frames can be done (the last one: invalid-frame", wait_until(told))
        self.add("again", camera="bad", picture=self.picture)
        wait_until(lambda: ("frames_dropped", "bad") not in self.conditions(service))
        self.assertEqual(service.stop(), 0)

    def test_a_slow_host_holds_its_own_camera_only(self):
        for pipeline in (STATS, MOTION):
            self.redis.flushall()
            pixels = Pixels(self, self.picture)
            pixels.open_gate.clear()
            service = self.consume(*pipeline)
            self.add("slow", frame_url=f"{pixels.url}/x.png")
            self.assertTrue(pixels.asked.acquire(timeout=cli.PATIENCE))
            for number in range(10):
                self.add(f"b{number}", camera="B", picture=self.picture)
            wait_until(lambda: self.redis.xlen(RESULTS) == 10)
            self.assertNotIn("slow", result_ids(self.redis))
            pixels.open_gate.set()
            self.check_all_done(service, 11)

    def test_a_fetch_holds_no_turn_that_a_request_waits_for(self):
        pixels = Pixels(self, self.picture)
        pixels.open_gate.clear()
        service = self.consume(*MOTION)
        self.add("slow", frame_url=f"{pixels.url}/x.png")
        self.assertTrue(pixels.asked.acquire(timeout=cli.PATIENCE))
        answer = service.post(self.picture, "image/png", "/process?camera_id=C")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(self.redis.xlen(RESULTS), 0)
        pixels.open_gate.set()
        self.check_all_done(service, 1)

    def test_the_frames_of_a_host_that_is_away_wait_for_it_and_hold_up_nobody(self):
        port = free_port(AWAY)
        for number in range(400):
            if number % 4 == 0:
                self.add(f"x{number}", frame_url=f"http://{AWAY}:{port}/{number}.png")
            else:
                self.add(f"g{number}", camera="B", picture=self.picture)
        service = self.consume(*STATS)
        wait_until(lambda: self.redis.xlen(RESULTS) == 300)
        self.assertTrue(all(each.startswith("g") for each in result_ids(self.redis)))
        subject = ("pixel_host", f"{AWAY}:{port}")
        reason = wait_until(lambda: self.conditions(service).get(subject))
        self.assertIn("next try in", reason)
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        service.wait_for_condition("pixel_host")
        told = [line for line in service.log()
                if f"{AWAY}:{port}" in json.dumps(line) and line["level"] == "warning"]  # fmt: skip
        self.assertEqual(len(told), 1, told)
        self.assertIn("next try in", json.dumps(told))
        self.assertEqual(self.redis.xlen(DEAD), 0)
        Pixels(self, self.picture, (AWAY, port))
        wait_until(lambda: self.redis.xlen(RESULTS) == 400)
        wait_until(lambda: subject not in self.conditions(service))
        self.check_all_done(service, 400)

    def test_fetches_that_are_tried_again_are_counted_with_why(self):
        host = PixelHost(self, self.picture)
        retries = "sampleproc_consumer_fetch_retries_total"
        service = self.consume(*STATS)
        self.add("good", frame_url=host.at("good"))
        self.add("nowhere", camera="B")
        wait_until(lambda: self.redis.xlen(STREAM) == 0)
        self.assertFalse([name for name in service.metrics() if name.startswith(retries)])
        host.set("errors")
        self.add("late", frame_url=host.at("late"))
        wait_until(lambda: retries + '{reason="unavailable"}' in service.metrics())
        asked = wait_until(lambda: host.asked > 3 and host.asked)
        wait_until(lambda: service.metric(retries + '{reason="unavailable"}') >= asked - 1)
        host.set("well")
        wait_until(lambda: self.redis.xlen(RESULTS) == 2)
        # All but the two that brought pixels.
        self.assertEqual(service.metric(retries + '{reason="unavailable"}'), host.asked - 2)
        self.check_all_done(service, 2)

    def test_the_way_to_one_camera_behind_a_gateway_costs_no_frame_and_no_other_camera(self):
        gateway = Gateway(self, self.picture)
        subject = ("pixel_host", gateway.url.removeprefix("http://") + " (camera door)")
        service = self.consume(*STATS)
        sent = 0

        def told():
            nonlocal sent
            for camera in ("door", "yard"):
                self.add(f"{camera}{sent}", camera=camera, frame_url=f"{gateway.url}/{camera}/{sent}")
            sent += 1
            wait_until(lambda: self.redis.xlen(RESULTS) >= sent)
            return self.conditions(service).get(subject)

        self.assertIn("502", wait_until(told))
        for _ in range(20):
            self.assertTrue(told())
        self.assertTrue(all(each.startswith("yard") for each in result_ids(self.redis)))
        self.assertEqual(self.redis.xlen(DEAD), 0)
        gateway.up = True
        wait_until(lambda: self.redis.xlen(RESULTS) == 2 * sent)
        wait_until(lambda: subject not in self.conditions(service))
        self.check_all_done(service, 2 * sent)

    def test_the_log_says_where_the_pixels_of_a_dead_frame_came_from(self):
        gateway = Gateway(self, self.picture)
        service = self.consume(*STATS)
        self.add("by-url", frame_url=f"{gateway.url}/web/1")
        self.add("in-entry", picture=b"<html>")
        wait_until(lambda: self.redis.xlen(DEAD) == 2)
        self.assertEqual(service.stop(), 0)
        places = {line["frame_id"]: line["pixels_from"] for line in service.log()
                  if line["msg"] == "a pulled frame cannot be done"}  # fmt: skip
        self.assertEqual(places, {"by-url": gateway.url.removeprefix("http://"), "in-entry": "entry"})

    def test_an_outage_of_redis_costs_no_frame_whose_pixels_are_in_it(self):
        for number in range(300):
            self.redis.set(f"frame:r{number}", self.picture)
            self.add(f"r{number}", camera=f"cam-{number % 3}")
        service = self.consume(*STATS, "--set", "process.delay=10ms", "--set",
                               "consumer.max_retries=1")  # fmt: skip
        wait_until(lambda: self.redis.xlen(RESULTS) > 20)
        self.server.kill()
        # Missed by whoever fetches, or, with all pixels here already, by whoever pulls.
        wait_until(lambda: {name for name, _ in self.conditions(service)}
                   & {"pixel_host", "source_unreachable"})  # fmt: skip
        self.server.start()
        self.check_all_done(service, 300)

    def test_pixels_in_metadata_have_their_own_limit(self):
        large = pictures.sample("messi5.jpg")
        while len(large) < 200_000:
            large += bytes(1000)  # behind the picture's end
        for number in range(3):
            metadata = json.dumps({"frame_data": base64.b64encode(large).decode()})
            self.add(f"m{number}", metadata=metadata)
        self.add("words", metadata=json.dumps({"note": "x" * 200_000}), picture=self.picture)
        self.add("too much", metadata=json.dumps(
            {"frame_data": base64.b64encode(large * 3).decode()}))  # fmt: skip
        service = self.consume(*STATS, "--set", "consumer.max_pixel_bytes=500KiB")
        wait_until(lambda: self.redis.xlen(RESULTS) == 3 and self.redis.xlen(DEAD) == 2)
        self.assertEqual(sorted(result_ids(self.redis)), ["m0", "m1", "m2"])
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
