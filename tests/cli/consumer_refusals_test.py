"""sampleproc serve beside a Redis that refuses things, and with entries that nobody expects."""

import base64
import json
import os
import re
import tempfile

import cli
import pictures
from service import WithService
from streams import (
    DEAD, GROUP, RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids, wait_until,
    words,
)  # fmt: skip

STATS = ("--set", "process.pipeline=stats")


class Refusals(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()

    def consume(self, *more):
        return self.serve(*words(self.server), *STATS, *cli.NO_HURRY, *more)

    def conditions(self, service):
        return [each for each in service.get("/health").json()["conditions"]
                if each["name"] == "settlement_refused"]  # fmt: skip

    def test_a_results_key_of_the_wrong_type_is_told_once_and_all_is_done_in_the_end(self):
        self.redis.set(RESULTS, "text")
        add_frames(self.redis, 60)
        service = self.consume()
        condition, = wait_until(lambda: self.conditions(service))
        self.assertEqual(condition["subject"], RESULTS)
        self.assertIn("WRONGTYPE", condition["reason"])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        refused = 'sampleproc_consumer_settlements_refused_total{reason="WRONGTYPE"}'
        # Again and again, the first one for those behind it, and told once.
        first = service.metric(refused)
        wait_until(lambda: service.metric(refused) > first + 2)
        self.redis.delete(RESULTS)
        wait_until(lambda: self.redis.xlen(RESULTS) == 60 and pending(self.redis) == 0)
        self.assertEqual(len(set(result_ids(self.redis))), 60)
        wait_until(lambda: not self.conditions(service))
        self.assertEqual(service.stop(), 0)
        lines = [line for line in service.log() if line.get("condition") == "settlement_refused"]
        self.assertEqual([line["msg"] for line in lines], ["condition begins", "condition ends"])

    def test_entries_of_every_shape_stop_no_frame(self):
        many = {f"k{number}": "v" for number in range(4100)}
        service = self.consume()
        for number in range(30):
            self.redis.xadd(STREAM, entry(f"many-{number}", b"no picture", **many))
        self.redis.xadd(STREAM, entry("masses", b"no picture",
                                      **{f"k{number}": "v" for number in range(100_000)}))  # fmt: skip
        self.redis.xadd(STREAM, entry("huge", b"\0" * 100_000_000))
        self.redis.xadd(STREAM, {b"\xff\0\r\n": b"\xff", "frame_data": b"no picture"})
        add_frames(self.redis, 20)
        wait_until(lambda: self.redis.xlen(RESULTS) == 20 and self.redis.xlen(DEAD) == 33)
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        letters = {fields.get(b"frame_id"): fields for _, fields in self.redis.xrange(DEAD)}
        self.assertIn(b"dlq_truncated", letters[b"many-0"])
        self.assertEqual(letters[b"many-0"][b"frame_data"], b"no picture")
        self.assertNotIn(b"frame_data", letters[b"huge"])
        self.assertEqual(service.stop(), 0)

    def test_a_broken_entry_keeps_its_name_and_is_told_what_is_wrong(self):
        photo = base64.encodebytes(pictures.sample("mask.png"))
        wrong = {
            "metadata": ({"metadata": "no json", "frame_data": b"x"}, "entry.metadata: "),
            "wrapped": ({"frame_data": photo}, "it is a line break or a tab: send the base64"),
            "url": ({"frame_data": b"data:image/png;base64," + photo}, "of a data: URL send only"),
            "safe": ({"frame_data": b"iVBORw0KGg-_"}, "this is the URL-safe alphabet"),
        }
        service = self.consume()
        for name, (fields, _) in wrong.items():
            self.redis.xadd(STREAM, {"frame_id": name, "camera_id": "door", **fields})
        wait_until(lambda: self.redis.xlen(DEAD) == len(wrong))
        letters = {fields[b"frame_id"].decode(): fields[b"dlq_reason"].decode()
                   for _, fields in self.redis.xrange(DEAD)}  # fmt: skip
        self.assertEqual(letters, {name: "invalid-frame" for name in wrong})
        self.assertEqual(service.stop(), 0)
        told = {line["frame_id"]: line for line in service.log()
                if line["msg"] == "a pulled frame cannot be done"}  # fmt: skip
        self.assertEqual(set(told), set(wrong))
        for name, (_, said) in wrong.items():
            self.assertIn(said, json.dumps(told[name]), name)
            self.assertEqual(told[name]["camera"], "door")

    def test_frames_are_read_in_batches(self):
        service = self.consume("--set", "process.delay=5ms", "--set", "process.workers=2")
        add_frames(self.redis, 300)
        wait_until(lambda: self.redis.xlen(RESULTS) == 300)
        reads = self.redis.info("commandstats")["cmdstat_xreadgroup"]["calls"]
        self.assertLess(reads, 150)
        self.assertEqual(service.stop(), 0)

    def test_frames_that_were_trimmed_in_dead_hands_are_counted_and_told(self):
        self.redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
        add_frames(self.redis, 3)
        self.redis.xreadgroup(GROUP, "dead", {STREAM: ">"})
        self.redis.xtrim(STREAM, maxlen=0, approximate=False)
        service = self.consume("--set", "consumer.redis.claim_idle=1s")
        dropped = 'sampleproc_consumer_frames_total{outcome="dropped",reason="trimmed"}'
        wait_until(lambda: pending(self.redis) == 0)
        wait_until(lambda: service.metric(dropped) == 3)
        self.assertEqual(service.stop(), 0)
        told = [line for line in service.log() if "trimmed" in line["msg"]]
        self.assertEqual(sum(line["frames"] for line in told), 3)

    def test_the_password_is_read_at_each_login_and_the_database_is_that_of_the_configuration(self):
        server = RedisServer(self, password="first")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "password")

        def write(text):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o600)

        write("first")
        service = self.serve(*words(server), *STATS, *cli.NO_HURRY, "--set",
                             f"consumer.redis.password_file={path}", "--set",
                             "consumer.redis.db=3", "--set", "consumer.backoff=100ms")  # fmt: skip
        redis = server.client(db=3)
        add_frames(redis, 5)
        wait_until(lambda: redis.xlen(RESULTS) == 5)
        write("second")
        redis.config_set("requirepass", "second")
        redis.client_kill_filter(_type="normal", skipme=True)
        server.password = "second"
        again = server.client(db=3)
        add_frames(again, 5, first=5)
        wait_until(lambda: again.xlen(RESULTS) == 10)
        self.assertEqual(service.stop(), 0)

    def test_a_password_from_a_pipe_is_kept_for_later_logins(self):
        server = RedisServer(self, password="canary")
        ends = os.pipe()
        self.addCleanup(os.close, ends[0])
        os.write(ends[1], b"canary\n")
        os.close(ends[1])
        service = self.serve(*words(server), *STATS, *cli.NO_HURRY, "--set",
                             f"consumer.redis.password_file=/dev/fd/{ends[0]}", "--set",
                             "consumer.backoff=100ms", pass_fds=(ends[0],))  # fmt: skip
        self.assertEqual(service.wait_for("consumer.redis.password_file is no")["level"], "warning")
        redis = server.client()
        for first in (0, 5):
            add_frames(redis, 5, first=first)
            wait_until(lambda first=first: redis.xlen(RESULTS) == first + 5)
            redis.client_kill_filter(_type="normal", skipme=True)
        self.assertEqual(service.stop(), 0)
        self.assertNotIn("canary", json.dumps(service.log()))

    def test_a_password_file_that_becomes_a_pipe_is_told_and_not_waited_for(self):
        server = RedisServer(self, password="first")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write("first")
        service = self.serve(*words(server), *STATS, *cli.NO_HURRY, "--set",
                             f"consumer.redis.password_file={path}", "--set",
                             "consumer.backoff=100ms")  # fmt: skip
        redis = server.client()
        add_frames(redis, 5)
        wait_until(lambda: redis.xlen(RESULTS) == 5)
        os.unlink(path)
        os.mkfifo(path)
        redis.client_kill_filter(_type="normal", skipme=True)
        told = re.compile("consumer.redis.password_file .* cannot be read")
        wait_until(lambda: any(told.search(reason) for reason in service.conditions().values()))
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
