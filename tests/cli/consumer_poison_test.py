"""Frames over which the decoder never comes back, by a broken libjpeg loaded before the real one."""

import cli
import pictures
from service import WithService
from streams import (
    BROKEN_DECODER, DEAD, RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids,
    wait_until, words,
)  # fmt: skip

# Frames of one camera keep their order in the step motion: they wait for each other.
OPTIONS = ("--set", "process.pipeline=motion", "--set", "process.workers=2", "--set",
           "process.deadline=2s", "--set", "service.stuck_after=2s",
           # Longer than the test: no stop waits for what never ends.
           "--set", "service.shutdown_timeout=1h")  # fmt: skip
FRAMES = 30
CAMERAS = 3


class Poison(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()

    def start(self, *more):
        return self.serve(*OPTIONS, *more, env=BROKEN_DECODER)

    def consume(self, *more):
        return self.start(*words(self.server), *more)

    def add(self):
        """Frames of three cameras, and one of the first camera that hangs; gives the others' ids."""
        picture = pictures.sample("left.jpg")
        ids = [f"f-{number:02}" for number in range(FRAMES)]
        for number, frame_id in enumerate(ids):
            camera = f"cam-{number % CAMERAS}"
            if number == CAMERAS:
                self.redis.xadd(STREAM, entry("hangs", pictures.poison("hang"), camera="cam-0"))
            self.redis.xadd(STREAM, entry(frame_id, picture, camera=camera))
        return ids

    def check_dead(self):
        letters = [fields for _, fields in self.redis.xrange(DEAD)]
        self.assertEqual(len(letters), 1)
        self.assertEqual(letters[0][b"frame_id"], b"hangs")
        self.assertEqual(letters[0][b"dlq_reason"], b"stuck")
        self.assertEqual(letters[0][b"dlq_deliveries"], b"1")

    def check_done(self, ids):
        wait_until(lambda: self.redis.xlen(RESULTS) == len(ids))
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        done = result_ids(self.redis)
        self.assertEqual(sorted(done), ids)
        for camera in range(CAMERAS):
            of_camera = [each for each in done if int(each[2:]) % CAMERAS == camera]
            self.assertEqual(of_camera, sorted(of_camera))

    def test_a_frame_that_hangs_is_dead_and_its_process_makes_room(self):
        ids = self.add()
        service = self.consume()
        self.assertEqual(service.wait(), 70)
        messages = [line["msg"] for line in service.log()]
        self.assertIn("a worker does not come back from this frame: it is given up", messages)
        self.check_dead()
        # Who comes after it finds the others where they were, at once.
        self.consume("--set", "consumer.redis.claim_idle=1h")
        self.check_done(ids)

    def test_with_no_worker_left_it_ends_as_fast(self):
        for kind in ("hang", "spin"):
            self.redis.xadd(STREAM, entry(kind, pictures.poison(kind), camera=kind))
        add_frames(self.redis, 100)
        service = self.consume()
        self.assertEqual(service.wait(), 70)
        self.assertEqual(self.redis.xlen(DEAD), 2)
        self.consume("--set", "consumer.redis.claim_idle=1h")
        wait_until(lambda: self.redis.xlen(RESULTS) == 100)

    def test_without_anybody_to_start_it_anew_it_goes_on_with_a_worker_less(self):
        ids = self.add()
        service = self.consume("--set", "service.exit_when_stuck=false")
        self.check_done(ids)
        self.check_dead()
        self.assertEqual(service.get("/readyz").status, 503)
        self.assertEqual(service.get("/livez").status, 200)
        self.assertEqual(service.metric("sampleproc_stuck_workers"), 1)
        dead = 'sampleproc_consumer_frames_total{outcome="dead",reason="stuck"}'
        wait_until(lambda: service.metric(dead) == 1)
        self.assertEqual(service.stop(), 1)
        told = [line for line in service.log() if line["msg"].startswith("workers do not come back")]
        self.assertEqual(len(told), 1)  # not with every look

    def test_a_request_that_hangs_is_answered_and_its_process_makes_room(self):
        service = self.start("--set", "http.request_deadline=1s")
        answer = service.post(pictures.poison("hang"), "image/jpeg")
        self.assertEqual(answer.status, 504)
        self.assertEqual(service.wait(), 70)


if __name__ == "__main__":
    cli.main()
