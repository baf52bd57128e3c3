"""Consumers of one Redis stream that are killed, stopped and poisoned: one result a frame."""

import random
import signal
import time

import cli
import pictures
from service import Service, WithService
from streams import (
    BROKEN_DECODER, DEAD, RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids,
    wait_until, words,
)  # fmt: skip

FRAMES = 20_000
KILLS = 50
CLAIM = ("--set", "consumer.redis.claim_idle=1s", "--set", "process.deadline=900ms")
STOPPED_SECONDS = 60
MAX_DELIVERIES = 5
POISONS = ("crash", "hang", "spin")
# A frame is claimed five times in half a minute.
SUPERVISED = ("--set", "consumer.redis.claim_idle=5s", "--set", "service.stuck_after=1s", "--set",
              "process.workers=2")  # fmt: skip
RATE_SECONDS = 45
RATE_PAIRS = 2


class ConsumerFaults(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()
        self.picture = pictures.sample("left.jpg")

    def consume(self, *more, env=None):
        return Service(self, "--port", "0", "--set", "process.pipeline=stats",
                       *words(self.server), *CLAIM, *more, env=env)  # fmt: skip

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

    def test_frames_that_crash_or_hang_the_decoder(self):
        ratios = []
        for _ in range(RATE_PAIRS):
            clean, ended = self.rate()
            self.assertEqual(ended, 0)
            poisoned, ended = self.rate(*POISONS)
            ratios.append(poisoned / clean)
            letters = {fields[b"frame_id"].decode(): fields for _, fields in self.redis.xrange(DEAD)}
            self.assertEqual(sorted(letters), sorted(POISONS))
            for letter in letters.values():
                # The last time it is not looked at.
                self.assertLessEqual(int(letter[b"dlq_deliveries"]), 1 + MAX_DELIVERIES)
            self.redis.delete(DEAD)
            print(f"\n{clean:.0f} frames/s, with poison {poisoned:.0f} ({ratios[-1]:.2f}), which "
                  f"ended {ended} processes")  # fmt: skip

    def rate(self, *poisons):
        """Frames a second of two consumers that never run out of them and find `poisons` among them,
        and how many processes these ended. A supervisor starts those anew."""
        consumers = [self.consume(*SUPERVISED, env=BROKEN_DECODER) for _ in range(2)]
        for kind in poisons:
            self.redis.xadd(STREAM, entry(kind, pictures.poison(kind), camera=kind))
        ended, added, ids = 0, 0, []

        def look():
            nonlocal ended
            for place, consumer in enumerate(consumers):
                if consumer.child.poll() is not None:
                    consumers[place] = self.consume(*SUPERVISED, env=BROKEN_DECODER)
                    ended += 1
            while batch := self.redis.xrange(RESULTS, count=1000):
                ids.extend(fields[b"frame_id"].decode() for _, fields in batch)
                self.redis.xdel(RESULTS, *(each for each, _ in batch))
            return len(ids)

        begun = time.monotonic()
        while time.monotonic() < begun + RATE_SECONDS:
            if self.redis.xlen(STREAM) < 1000:
                add_frames(self.redis, 500, self.picture, added)
                added += 500
            look()
            time.sleep(0.05)
        rate = len(ids) / (time.monotonic() - begun)
        wait_until(lambda: look() >= added and self.redis.xlen(DEAD) >= len(poisons))
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        self.assertEqual(sorted(ids), [f"f-{number:06}" for number in range(added)])
        for consumer in consumers:
            self.assertEqual(consumer.stop(), 0)
        return rate, ended


if __name__ == "__main__":
    cli.main()
