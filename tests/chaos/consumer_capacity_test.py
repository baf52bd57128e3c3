"""Frames of a Redis stream faster than they can be worked on, by two processes, and none at all."""

import collections
import json
import statistics
import time

import cli
import pictures
from service import Service, WithService
from streams import (
    RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids, wait_until, words,
)  # fmt: skip
from webhook import Webhook

OVERLOAD_SECONDS = 120
FACTOR = 10
WORKERS = 2
DELAY_SECONDS = 0.05
CAMERAS = 8
MAX_AGE_SECONDS = 2
OUTAGE_SECONDS = 60
OUTAGE_RATE = 30


class Capacity(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()
        self.picture = pictures.sample("mask.png")

    def consume(self, *more):
        return Service(self, "--port", "0", *words(self.server), "--set",
                       f"process.workers={WORKERS}", *more)  # fmt: skip

    def offer(self, rate, seconds):
        """Adds frames at a rate; gives how many."""
        begun = time.monotonic()
        number = 0
        while (now := time.monotonic() - begun) < seconds:
            batch = self.redis.pipeline(transaction=False)
            while number < rate * now:
                batch.xadd(STREAM, entry(f"f-{number:06}", self.picture,
                                         camera=f"cam-{number % CAMERAS}",
                                         timestamp=repr(time.time())))  # fmt: skip
                number += 1
            batch.execute()
            time.sleep(0.01)
        return number

    def counted(self, service, *outcomes):
        text = service.get("/metrics").body.decode()
        return {outcome: sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(
            f'sampleproc_consumer_frames_total{{outcome="{outcome}"')) for outcome in outcomes}

    def check_order(self, ids):
        of_camera = collections.defaultdict(list)
        for each in ids:
            number = int(each[2:])
            of_camera[number % CAMERAS].append(number)
        for numbers in of_camera.values():
            self.assertEqual(numbers, sorted(set(numbers)))

    def overload(self, *more):
        service = self.consume("--set", "process.pipeline=stats", "--set",
                               f"process.delay={int(DELAY_SECONDS * 1000)}ms", *more)  # fmt: skip
        offered = self.offer(FACTOR * WORKERS / DELAY_SECONDS, OVERLOAD_SECONDS)
        return service, offered

    def test_ten_times_capacity_in_order_and_whole(self):
        service, offered = self.overload()
        self.assertEqual(service.stop(), 0)
        ids = result_ids(self.redis)
        left = [fields[b"frame_id"].decode() for _, fields in self.redis.xrange(STREAM)]
        self.check_order(ids)
        self.assertEqual(len(ids) + len(left), offered)
        self.assertEqual(len({*ids, *left}), offered)
        print(f"\nfifo: {offered} offered, {len(ids)} done, {len(left)} left in the stream")
        self.assertGreater(len(ids), 0.8 * OVERLOAD_SECONDS * WORKERS / DELAY_SECONDS)

    def test_ten_times_capacity_of_live_cameras(self):
        service, offered = self.overload("--set", "consumer.policy=latest", "--set",
                                         f"consumer.max_age={MAX_AGE_SECONDS}s")  # fmt: skip
        wait_until(lambda: self.redis.xlen(STREAM) == 0 and pending(self.redis) == 0)
        counts = self.counted(service, "done", "dropped", "dead", "returned", "taken_over")
        self.assertEqual(service.stop(), 0)
        self.assertEqual(sum(counts.values()), offered)
        self.assertEqual(counts["dead"] + counts["returned"] + counts["taken_over"], 0)
        ids = result_ids(self.redis)
        self.check_order(ids)
        self.assertEqual(len(ids), counts["done"])
        ages = []
        for _, fields in self.redis.xrange(RESULTS):
            result = json.loads(fields[b"result"])
            ages.append(float(fields[b"timestamp"]) - float(result["timestamp"]))
        p99 = statistics.quantiles(ages, n=100)[98]
        print(f"\nlatest: {offered} offered, {counts['done']:.0f} done, {counts['dropped']:.0f} "
              f"dropped, p99 age {p99:.2f} s")  # fmt: skip
        self.assertLess(p99, MAX_AGE_SECONDS + 0.5)

    def test_a_minute_without_a_sink(self):
        webhook = Webhook(self)
        webhook.status = 503
        service = self.consume("--set", "process.pipeline=stats", "--set",
                               "consumer.sinks=webhook", "--set",
                               f"consumer.webhook.url={webhook.url}")  # fmt: skip
        offered = self.offer(OUTAGE_RATE, OUTAGE_SECONDS)
        names = [f"f-{number:06}" for number in range(offered)]
        # The other sink has had everything meanwhile, as soon as it was done.
        wait_until(lambda: result_ids(self.redis)[-1:] == names[-1:])
        held = service.metric('sampleproc_sink_held_records{sink="webhook"}')
        webhook.status = 204
        wait_until(lambda: len(webhook.records) >= offered)
        self.assertEqual(webhook.ids(), result_ids(self.redis))
        self.assertEqual(sorted(webhook.ids()), names)
        lost = 'sampleproc_sink_records_total{sink="webhook",outcome="lost"}'
        self.assertEqual(service.metric(lost), 0)
        print(f"\n{offered} frames while the webhook was away for {OUTAGE_SECONDS} s: it held {held:.0f}, "
              f"and had {len(webhook.records)} afterwards")
        self.assertEqual(service.stop(), 0)

    def test_two_processes_share_the_work(self):
        """On two cores, with one worker each: what the second adds."""
        picture = pictures.sample("messi5.jpg")
        faces = ("--set", "process.pipeline=faces", "--set", "process.workers=1", *cli.NO_HURRY)
        frames = 200
        rates = []
        for processes in (1, 2):
            services = [self.consume(*faces) for _ in range(processes)]
            first = self.redis.xlen(RESULTS)
            add_frames(self.redis, frames, picture, first)
            wait_until(lambda: self.redis.xlen(RESULTS) > first)  # pylint: disable=W0640
            begun, done = time.monotonic(), self.redis.xlen(RESULTS)
            wait_until(lambda: self.redis.xlen(RESULTS) >= first + frames - 10,  # pylint: disable=W0640
                       seconds=3 * cli.PATIENCE)  # fmt: skip
            rates.append((self.redis.xlen(RESULTS) - done) / (time.monotonic() - begun))
            wait_until(lambda: self.redis.xlen(RESULTS) == first + frames)  # pylint: disable=W0640
            for service in services:
                self.assertEqual(service.stop(), 0)
        print(f"\none process {rates[0]:.1f} frames/s, two {rates[1]:.1f}: "
              f"{rates[1] / rates[0]:.2f} times")  # fmt: skip
        self.assertEqual(len(set(result_ids(self.redis))), 2 * frames)

    def test_an_empty_stream_costs_little(self):
        service = self.consume()
        wait_until(lambda: service.metric("sampleproc_consumer_connected") == 1)
        before, seconds = service.cpu_seconds(), 20
        time.sleep(seconds)
        share = (service.cpu_seconds() - before) / seconds
        print(f"\nidle: {share:.2%} of a core")
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
