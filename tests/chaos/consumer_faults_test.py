"""Consumers of one Redis stream that are killed, stopped and poisoned: one result a frame."""

import random
import signal
import time

import cli
import pictures
from service import Service, WithService
from streams import (
    DEAD, GROUP, RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids, wait_until,
    words,
)  # fmt: skip

FRAMES = 20_000
KILLS = 50
CLAIM = ("--set", "consumer.redis.claim_idle=1s", "--set", "process.deadline=900ms")
STOPPED_SECONDS = 60
MAX_DELIVERIES = 5


class ConsumerFaults(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()
        self.addCleanup(self.redis.close)
        self.picture = pictures.sample("left.jpg")

    def consume(self, *more):
        return Service(self, "--port", "0", "--set", "process.pipeline=stats",
                       *words(self.server), *CLAIM, *more)  # fmt: skip

    def check_all_done(self, frames):
        wait_until(lambda: self.redis.xlen(RESULTS) >= frames, seconds=3 * cli.PATIENCE)
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        ids = result_ids(self.redis)
        self.assertEqual(len(ids), frames)
        self.assertEqual(len(set(ids)), frames)
        self.assertEqual(self.redis.xlen(DEAD), 0)

    def test_kill_9_of_a_random_consumer_fifty_times(self):
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        consumers = [self.consume(), self.consume()]
        left_behind = 0
        each = FRAMES // KILLS
        for number in range(KILLS):
            add_frames(self.redis, each, self.picture, number * each)
            moment = number * each + chance.randrange(each)
            while self.redis.xlen(RESULTS) < moment:
                time.sleep(0.001)
            victim = chance.randrange(2)
            consumers[victim].stop(signal.SIGKILL)
            left_behind += pending(self.redis)
            consumers[victim] = self.consume()
        self.check_all_done(FRAMES)
        print(f"\nseed {seed}: {FRAMES} frames, {KILLS} kills, {left_behind} frames were pending "
              "when one was killed")  # fmt: skip
        self.assertGreater(left_behind, 0)
        for consumer in consumers:
            self.assertEqual(consumer.stop(), 0)

    def test_a_consumer_that_slept_publishes_nothing_twice(self):
        sleeper = self.consume()
        add_frames(self.redis, 2000, self.picture)
        wait_until(lambda: self.redis.xlen(RESULTS) > 50)
        sleeper.child.send_signal(signal.SIGSTOP)
        held = pending(self.redis)
        other = self.consume()
        begun = time.monotonic()
        wait_until(lambda: self.redis.xlen(RESULTS) >= 2000)
        time.sleep(max(0, begun + STOPPED_SECONDS - time.monotonic()))
        sleeper.child.send_signal(signal.SIGCONT)
        add_frames(self.redis, 500, self.picture, first=2000)
        self.check_all_done(2500)
        print(f"\n{held} frames were in the hands of the one that slept for {STOPPED_SECONDS} s")
        for consumer in (sleeper, other):
            self.assertEqual(consumer.stop(), 0)

    def test_a_frame_that_kills_whoever_works_on_it_ends_among_the_dead(self):
        """The killing is ours, at the moment the frame is in work: no build has a decoder that
        crashes. The frame is one whose decoding takes long enough to be caught at it."""
        self.redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        large = ("--set", "process.deadline=5m", "--set", "consumer.redis.claim_idle=1s")
        consumers = {}
        deadly = self.redis.xadd(STREAM, entry("deadly", pictures.png_of_pixels(5900)))
        add_frames(self.redis, 3000, self.picture)
        deaths = 0
        deadline = time.monotonic() + 3 * cli.PATIENCE
        while self.redis.xlen(DEAD) == 0:
            self.assertLess(time.monotonic(), deadline)
            while len(consumers) < 2:
                consumer = self.consume(*large)
                consumers[consumer.child.pid] = consumer
            found = self.redis.xpending_range(STREAM, GROUP, deadly, deadly, 1)
            pid = int(found[0]["consumer"].decode().split("-")[-2]) if found else None
            if pid in consumers:
                consumers.pop(pid).stop(signal.SIGKILL)
                deaths += 1
            time.sleep(0.005)
        self.assertEqual(self.redis.xrange(DEAD)[0][1][b"frame_id"], b"deadly")
        wait_until(lambda: self.redis.xlen(RESULTS) == 3000, seconds=3 * cli.PATIENCE)
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        self.assertEqual(len(set(result_ids(self.redis))), 3000)
        # Once among others, then alone.
        self.assertLessEqual(deaths, 1 + MAX_DELIVERIES)
        print(f"\nit took {deaths} processes along")
        for consumer in consumers.values():
            self.assertEqual(consumer.stop(), 0)


if __name__ == "__main__":
    cli.main()
