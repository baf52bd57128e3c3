"""The wall clock of a running service goes forth and back (libfaketime); what waits for a time must
not see it, what tells the time must."""

import datetime
import email.utils
import os
import subprocess
import tempfile

import cli
import pictures
from service import NO_RATE_LIMIT, Service, WithService
from streams import RESULTS, RedisServer, add_frames, result_ids, wait_until, words

PER_MINUTE = 20
FRAMES = 50
HOUR = datetime.timedelta(hours=1)


def library():
    files = subprocess.run(["dpkg", "-L", "libfaketime"], capture_output=True, text=True, check=True)
    return next(path for path in files.stdout.split() if path.endswith("libfaketimeMT.so.1"))


class Clock(WithService):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "time")
        self.shift = datetime.timedelta()
        self.set_shift(self.shift)

    def set_shift(self, shift):
        self.shift = shift
        # Whole at any moment.
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(f"{int(shift.total_seconds()):+d}")
        os.replace(self.file + ".new", self.file)

    def start(self, *more):
        """Only the time of day is shifted, as by whoever sets a machine's clock."""
        return Service(self, "--port", "0", "--set", "process.pipeline=stats", *more,
                       env={"LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": self.file,
                            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})  # fmt: skip

    def shifts(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        # Where 32 bits end, from a minute before to a minute behind.
        end = datetime.datetime(2038, 1, 19, 3, 14, 7, tzinfo=datetime.timezone.utc)
        minute = datetime.timedelta(minutes=1)
        return [HOUR, -HOUR, end - minute - now, end + minute - now, datetime.timedelta()]

    def check_told(self, time):
        now = datetime.datetime.now(datetime.timezone.utc) + self.shift
        self.assertLess(abs(datetime.datetime.fromisoformat(time) - now).total_seconds(), 60)

    def test_frames_go_on(self):
        server = RedisServer(self)
        redis = server.client()
        service = self.start(*NO_RATE_LIMIT, *words(server), "--set", "process.delay=20ms", "--set",
                             "process.deadline=2s", "--set", "consumer.redis.claim_idle=2s")  # fmt: skip
        kept = service.connect()
        self.addCleanup(kept.close)
        added = 0
        for shift in self.shifts():
            with self.subTest(shift=shift):
                add_frames(redis, FRAMES, pictures.sample("left.jpg"), added)
                added += FRAMES
                wait_until(lambda: redis.xlen(RESULTS) > added - FRAMES)  # pylint: disable=W0640
                self.set_shift(shift)
                kept.request("GET", "/health")
                answer = kept.getresponse()
                self.assertEqual(answer.status, 200)
                answer.read()
                health = service.get("/health").json()
                self.check_told(health["timestamp"])
                self.assertEqual(service.post_json(pictures.sample("left.jpg")).status, 200)
                wait_until(lambda: redis.xlen(RESULTS) == added)  # pylint: disable=W0640
        self.assertEqual(sorted(result_ids(redis)), [f"f-{number:06}" for number in range(added)])
        self.assertEqual(service.metric("sampleproc_consumer_frames_offered_total"), added)
        self.assertEqual(service.metric("sampleproc_stuck_workers"), 0)
        self.assertEqual(service.stop(), 0)

    def test_no_minute_of_the_limit_passes(self):
        service = self.start("--set", f"http.max_requests_per_minute={PER_MINUTE}")
        picture = pictures.sample("left.jpg")
        for _ in range(3 * PER_MINUTE):
            refused = service.post(picture, "image/jpeg")
            if refused.status == 429:
                break
        self.assertEqual(refused.status, 429)
        for shift in self.shifts():
            with self.subTest(shift=shift):
                self.set_shift(shift)
                # At most what has come back by the time that really passed.
                answers = [service.post(picture, "image/jpeg") for _ in range(PER_MINUTE)]
                date = email.utils.parsedate_to_datetime(answers[-1].headers["Date"])
                self.check_told(date.isoformat())
                refused = [answer for answer in answers if answer.status == 429]
                self.assertGreater(len(refused), PER_MINUTE / 2)
                for answer in refused:
                    self.assertLess(int(answer.headers["Retry-After"]), 120)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
