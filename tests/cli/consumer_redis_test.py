"""sampleproc serve pulling frames from a real redis-server."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

import jsonschema

import cli
import pictures
from schemas_test import read
from service import Service, WithService
from streams import (
    DEAD, GROUP, PROCESSOR, RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids,
    wait_until, words,
)  # fmt: skip


REPLAY = pathlib.Path(__file__).resolve().parents[2] / "packaging/replay-dlq.sh"

# So that there are frames in hand, on any machine for about as long.
SLOW = ("--set", "process.pipeline=stats", "--set", "process.delay=100ms")


class Consumer(WithService):
    def setUp(self):
        self.server = RedisServer(self)
        self.redis = self.server.client()

    def consume(self, *more, env=None):
        return self.serve(*words(self.server), *cli.NO_HURRY, *more, env=env)

    def component(self, service):
        return service.get("/health").json()["components"]["consumer"]

    def test_every_frame_has_one_result_and_nothing_is_left(self):
        add_frames(self.redis, 50)
        service = self.consume()
        wait_until(lambda: self.redis.xlen(RESULTS) == 50)
        add_frames(self.redis, 50, first=50)
        wait_until(lambda: self.redis.xlen(RESULTS) == 100)
        ids = result_ids(self.redis)
        self.assertEqual(sorted(ids), [f"f-{number:06}" for number in range(100)])
        for camera in range(7):  # those of one camera in order
            of_camera = [each for each in ids if int(each[2:]) % 7 == camera]
            self.assertEqual(of_camera, sorted(of_camera))
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        # Redis has it before the service hears of that, and old frames are told for a while.
        done = 'sampleproc_consumer_frames_total{outcome="done",reason=""}'
        wait_until(lambda: service.metric(done) == 100)
        wait_until(lambda: service.metric("sampleproc_consumer_held_frames") == 0)
        wait_until(lambda: not service.conditions())

        health = service.get("/health").json()
        self.assertEqual(health["status"], "healthy")
        self.assertTrue(health["details"]["consumer_enabled"])
        self.assertTrue(health["details"]["consumer_running"])
        component = health["components"]["consumer"]
        self.assertEqual(
            {name: component[name] for name in ("status", "enabled", "connected", "held_frames")},
            {"status": "healthy", "enabled": True, "connected": True, "held_frames": 0})
        self.assertGreaterEqual(component["last_frame_age_seconds"], 0)
        self.assertEqual(service.metric("sampleproc_consumer_frames_offered_total"), 100)
        self.assertEqual(service.metric("sampleproc_consumer_connected"), 1)
        self.assertEqual(service.stop(), 0)
        # Nobody of ours stays in the group.
        self.assertEqual(self.redis.xinfo_consumers(STREAM, GROUP), [])

    def test_a_result_is_what_the_original_writes_and_more(self):
        picture = pictures.sample("messi5.jpg")
        self.redis.xadd(STREAM, entry("a", picture, camera="front"))
        service = self.consume("--set", "process.pipeline=stats,faces")
        wait_until(lambda: self.redis.xlen(RESULTS) == 1)
        fields = {name.decode(): value.decode()
                  for name, value in self.redis.xrange(RESULTS)[0][1].items()}  # fmt: skip
        self.assertEqual(sorted(fields), ["frame_id", "processor_id", "result", "timestamp"])
        self.assertEqual((fields["frame_id"], fields["processor_id"]), ("a", PROCESSOR))
        self.assertAlmostEqual(float(fields["timestamp"]), time.time(), delta=cli.PATIENCE)
        result = json.loads(fields["result"])
        for name in ("frame_id", "camera_id", "timestamp", "processed", "processing_time",
                     "processor_id", "processor_timestamp", "sample_metadata", "detections",
                     "detection_count"):  # fmt: skip
            self.assertIn(name, result)
        self.assertEqual((result["camera_id"], result["detection_count"]), ("front", 1))
        self.assertEqual(result["timestamp"], "2025-07-29T11:14:56.123456+00:00")
        face = result["detections"][0]
        self.assertEqual((face["type"], face["class"]), ("face", "face"))
        over_http = service.post(picture, "image/jpeg").json()["detections"][0]
        self.assertEqual(face["bbox"], over_http["bbox"])
        self.assertEqual(service.stop(), 0)

    def test_pixels_from_each_place_and_from_nowhere(self):
        picture = pictures.sample("mask.png")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(os.path.join(folder.name, "p.png"), "wb") as file:
            file.write(picture)
        self.redis.set("frame:by-id", picture)
        self.redis.set("elsewhere", picture)
        self.redis.sadd("no-bytes", "x")
        for fields in (
            {"frame_id": "by-id"},
            {"frame_id": "by-key", "metadata": json.dumps({"frame_buffer_key": "elsewhere"})},
            {"frame_id": "by-path", "storage_path": "p.png"},
            {"frame_id": "nowhere"},
            {"frame_id": "outside", "storage_path": "../p.png"},
            {"frame_id": "no-bytes", "frame_buffer_key": "no-bytes"},
        ):
            self.redis.xadd(STREAM, entry(**fields))
        service = self.consume("--set", f"consumer.storage_root={folder.name}")
        wait_until(lambda: self.redis.xlen(RESULTS) == 3 and self.redis.xlen(DEAD) == 2)
        wait_until(lambda: self.redis.xlen(STREAM) == 0)
        self.assertEqual(sorted(result_ids(self.redis)), ["by-id", "by-key", "by-path"])
        dead = {fields[b"frame_id"].decode() for _, fields in self.redis.xrange(DEAD)}
        self.assertEqual(dead, {"outside", "no-bytes"})
        dropped = 'sampleproc_consumer_frames_total{outcome="dropped",reason="no_pixels"}'
        wait_until(lambda: service.metric(dropped) == 1)
        self.assertEqual(service.stop(), 0)

    def test_a_folder_that_is_not_mounted_costs_no_frame(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for number in range(20):
            fields = {"frame_id": f"f-{number}", "storage_path": f"{number}.png"}
            self.redis.xadd(STREAM, entry(**fields))
        root, full = os.path.join(folder.name, "root"), os.path.join(folder.name, "full")
        os.mkdir(root)
        os.mkdir(full)
        for number in range(20):
            with open(os.path.join(full, f"{number}.png"), "wb") as file:
                file.write(pictures.sample("mask.png"))
        service = self.consume("--set", f"consumer.storage_root={root}")
        self.assertIn("is its file system mounted", service.wait_for_condition("pixel_host")["reason"])
        os.rename(full, root)
        wait_until(lambda: self.redis.xlen(RESULTS) + self.redis.xlen(DEAD) == 20)
        self.assertEqual(self.redis.xlen(DEAD), 0)
        self.assertEqual(service.stop(), 0)

    def test_frames_without_pixels_are_told_by_their_number(self):
        for number in range(20):
            self.redis.xadd(STREAM, entry(frame_id=f"f-{number}"))
        service = self.consume()
        wait_until(lambda: self.redis.xlen(STREAM) == 0)
        line = service.wait_for("pulled frames are dropped", reason="no_pixels")
        self.assertEqual((line["level"], line["state"]), ("warning", "begins"))
        self.assertEqual(service.stop(), 0)

    def test_a_frame_without_pixels_is_told_with_why(self):
        both = "Redis has nothing under frame_buffer_key, or no longer; storage_path is not looked at "
        both += "without consumer.storage_root"
        cases = {
            "url": ({"frame_url": "http://127.0.0.1:1/x"},
                    "Redis has nothing under frame:<frame_id>; frame_url is not looked at without "
                    "consumer.frame_url_hosts"),
            "both": ({"frame_buffer_key": "gone", "storage_path": "/etc/passwd"}, both),
            "none": ({"foo": "bar"},
                     "Redis has nothing under frame:<frame_id>; the entry has neither frame_data nor "
                     "frame_buffer_key, storage_path or frame_url"),
        }  # fmt: skip
        for name, (fields, _) in cases.items():
            self.redis.xadd(STREAM, {"frame_id": name, "camera_id": "door", **fields})
        service = self.consume()
        for name, (_, why) in cases.items():
            line = service.wait_for("a pulled frame has no pixels", frame_id=name)
            self.assertEqual((line["level"], line["camera"], line["why"]), ("warning", "door", why))
        self.assertEqual(service.stop(), 0)

    def test_many_frames_that_cannot_be_done_are_told_by_their_number(self):
        for number in range(300):
            self.redis.xadd(STREAM, entry(f"f-{number}", b"\0no picture\n"))
        service = self.consume()
        wait_until(lambda: self.redis.xlen(DEAD) == 300)
        line = service.wait_for("pulled frames cannot be done", reason="unsupported-format")
        self.assertEqual((line["level"], line["state"]), ("warning", "begins"))
        self.assertEqual(service.stop(), 0)
        each = [line for line in service.log() if line["msg"] == "a pulled frame cannot be done"]
        # Ten of a row; a new one begins only after 10 s without any.
        self.assertLess(len(each), 300)
        self.assertEqual([line for line in service.log() if line["msg"] == "batch done"], [])

    def test_without_a_timestamp_a_frame_is_as_old_as_its_entry(self):
        old, picture = int((time.time() - 86_400) * 1000), pictures.sample("mask.png")
        untimed = {"camera_id": "door", "frame_data": picture}
        for number in range(3):
            self.redis.xadd(STREAM, {"frame_id": f"counted-{number}", **untimed}, id=f"{number + 1}-1")
        for number in range(3):
            self.redis.xadd(STREAM, {"frame_id": f"old-{number}", **untimed}, id=f"{old}-{number}")
        self.redis.xadd(STREAM, {"frame_id": "new", **untimed})
        service = self.consume("--set", "consumer.max_age=10m")
        dropped = 'sampleproc_consumer_frames_total{outcome="dropped",reason="max_age"}'
        done = 'sampleproc_consumer_frames_total{outcome="done",reason=""}'
        wait_until(lambda: (service.metric(dropped), service.metric(done)) == (3, 4))
        self.assertEqual(service.stop(), 0)

    def test_that_more_comes_than_can_be_done_is_no_fault_of_the_source(self):
        def feed():
            picture, number = pictures.sample("mask.png"), 0
            while not fed.wait(0.1):
                self.redis.xadd(STREAM, {"frame_id": f"f-{number}", "camera_id": f"c-{number % 2}",
                                         "timestamp": str(time.time()), "frame_data": picture})  # fmt: skip
                number += 1

        fed = threading.Event()
        service = self.consume("--set", "process.delay=500ms", "--set", "process.workers=1", "--set",
                               "process.batch_size=1", "--set", "consumer.batch_size=1")  # fmt: skip
        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            wait_until(lambda: "more wait at the source than can be worked on" in
                       service.conditions().get(("old_frames", ""), ""))  # fmt: skip
        finally:
            fed.set()
            feeder.join()
        service.child.kill()

    def test_old_frames_are_told_as_such(self):
        for number in range(20):
            self.redis.xadd(STREAM, entry(f"f-{number}", pictures.sample("mask.png")))
        service = self.consume("--set", "process.delay=300ms", "--set", "process.workers=1")
        reason = service.wait_for_condition("old_frames")["reason"]
        self.assertIn("the source holds old frames", reason)
        service.wait_for_condition("old_frames", "condition ends")
        self.assertEqual(service.stop(), 0)

    def test_that_old_frames_come_and_go_at_once_is_told_once(self):
        def add_missing():
            batch = self.redis.pipeline(transaction=False)
            for number in range(5_000):
                batch.xadd(STREAM, entry(f"f-{number}", camera=f"cam-{number % 7}"))
            batch.execute()
            wait_until(lambda: self.redis.xlen(STREAM) == 0)
            return service.told("old_frames")[0]

        service = self.consume()
        wait_until(add_missing)
        for _ in range(8):
            add_missing()
        service.wait_for_condition("old_frames", "condition ends")
        self.assertEqual(service.told("old_frames"), (1, 1))
        self.assertEqual(service.stop(), 0)

    def replay(self, *words_of_it, streams=(DEAD, STREAM), after=()):
        done = subprocess.run([REPLAY, *words_of_it, *streams, "-s", self.server.path, *after],
                              capture_output=True, text=True, timeout=cli.PATIENCE,
                              check=False)  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def test_dead_letters_are_shown_and_moved_back(self):
        self.redis.set("pixels", pictures.sample("mask.png"))
        for number in range(3):
            self.redis.xadd(STREAM, entry(f"f-{number}", b"\0no picture\n",
                                          frame_buffer_key="pixels"))  # fmt: skip
        service = self.consume()
        wait_until(lambda: self.redis.xlen(DEAD) == 3)
        # Counted every few seconds.
        wait_until(lambda: service.metric("sampleproc_dead_letters") == 3)
        self.assertGreater(service.metric("sampleproc_dead_letters_bytes"), 100)
        self.assertGreater(service.metric("sampleproc_dead_letters_limit_bytes"), 1000)
        self.assertEqual(service.stop(), 0)
        for _, fields in self.redis.xrange(DEAD):
            jsonschema.validate({name.decode(): value.decode("latin-1") for name, value in fields.items()},
                                read("dead-letter"))  # fmt: skip
        code, out, err = self.replay("--list")
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[0], r"^\d+-\d+ frame_id=f-0 .*dlq_reason=unsupported-format ")
        self.assertEqual(self.replay("--count", "2")[:2],
                         (0, f"2 dead letters moved from {DEAD} to {STREAM}\n"))  # fmt: skip
        self.assertEqual((self.redis.xlen(DEAD), self.redis.xlen(STREAM)), (1, 2))
        moved = self.redis.xrange(STREAM)[0][1]
        self.assertEqual(moved, {name.encode(): value if isinstance(value, bytes) else
                                 value.encode() for name, value in
                                 entry("f-0", b"\0no picture\n", frame_buffer_key="pixels",
                                       dlq_replays="1").items()})  # fmt: skip
        self.server.kill()
        code, out, err = self.replay()
        self.assertEqual((code, out), (69, ""))
        self.assertIn("replay-dlq.sh: ", err)

    def test_a_replay_between_streams_that_are_not_meant(self):
        self.redis.xadd(DEAD, entry("f-0", b"x", dlq_reason="invalid-frame"))
        self.redis.xadd(RESULTS, {"frame_id": "f-1", "processor_id": "p", "result": "{}"})
        self.redis.xadd(STREAM, entry("f-2", b"x"))
        for streams, words in (
            ((DEAD + "x", STREAM), f"there is no stream {DEAD}x; the letters are named first"),
            ((DEAD, RESULTS), f"{RESULTS} holds results; name the stream that the frames came from"),
            ((STREAM, DEAD), f"{DEAD} holds dead letters; name the stream"),
        ):
            code, out, err = self.replay(streams=streams)
            self.assertEqual((code, out), (2, ""), streams)
            self.assertIn(words, err)
        self.assertEqual([self.redis.xlen(name) for name in (DEAD, RESULTS, STREAM)], [1, 1, 1])
        self.redis.set("text", "x")
        for streams in (("text", STREAM), (DEAD, "text")):
            self.assertEqual(self.replay(streams=streams),
                             (2, "", "replay-dlq.sh: text is a string, not a stream\n"))  # fmt: skip
        self.redis.xtrim(RESULTS, maxlen=0)
        code, out, err = self.replay(streams=(DEAD, RESULTS))
        self.assertEqual((code, out), (2, ""))
        self.assertIn(f"{RESULTS} is empty and has no group that reads it", err)
        self.assertEqual(self.replay()[0], 0)

    def test_a_replay_with_options_of_redis_cli(self):
        self.redis.xadd(STREAM, entry("f-0", b"x"))
        for wrong in (("-n",), ("-n", "--raw")):
            code, out, err = self.replay(after=wrong)
            self.assertEqual((code, out), (2, ""), wrong)
            self.assertIn("-n is redis-cli's option for a database and wants its number", err)
        for wrong in ("-d", "-r", "--stat", "-x", "--scan"):
            code, out, err = self.replay(after=(wrong, "1"))
            self.assertEqual((code, out), (2, ""), wrong)
            self.assertIn(f"{wrong} is none of redis-cli's options for a server: -h -p -s", err)
        code, out, err = self.replay(after=("-h",))
        self.assertEqual((code, out, err), (2, "", "replay-dlq.sh: -h wants a value\n"))
        for style in ("--json", "--csv", "--no-raw"):
            self.letter("f-1")
            self.assertEqual(self.replay(after=(style, "-n", "0")),
                             (0, f"1 dead letters moved from {DEAD} to {STREAM}\n", ""))  # fmt: skip

    def test_a_replay_to_a_stream_of_frames_with_fields_of_their_own(self):
        for pixels in ({"frame_url": "http://host/1.jpg"}, {"processor_id": "p", "frame_data": b"x"},
                       {}):  # their pixels are where consumer.frame_key says
            self.letter("f-0")
            self.redis.xadd(STREAM, {"frame_id": "f-1", "event": "motion", "result": "1", **pixels})
            self.assertEqual(self.replay()[0], 0, pixels)

    def test_a_replay_beside_a_service_ends_though_its_frames_die_again(self):
        for number in range(3):
            self.redis.xadd(STREAM, entry(f"f-{number}", b"\0no picture\n"))
        service = self.consume()
        wait_until(lambda: self.redis.xlen(DEAD) == 3)
        for times in (b"1", b"2"):
            self.assertEqual(self.replay("--dry-run")[1].splitlines()[-1],
                             f"3 dead letters would be moved from {DEAD} to {STREAM}")  # fmt: skip
            self.assertEqual(self.redis.xlen(DEAD), 3)
            self.assertEqual(self.replay(),
                             (0, f"3 dead letters moved from {DEAD} to {STREAM}\n", ""))  # fmt: skip
            wait_until(lambda: self.redis.xlen(DEAD) == 3)
            self.assertEqual({fields[b"dlq_replays"] for _, fields in self.redis.xrange(DEAD)},
                             {times})  # fmt: skip
        self.assertEqual(service.stop(), 0)

    def test_a_replayed_letter_is_worked_on_however_old_it_is(self):
        picture = pictures.sample("mask.png")
        self.redis.xadd(STREAM, entry("old", picture))
        self.letter("mended", **entry("mended", picture))
        self.assertEqual(self.replay()[0], 0)
        service = self.consume("--set", "consumer.max_age=2s")
        wait_until(lambda: self.redis.xlen(STREAM) == 0)
        self.assertEqual(result_ids(self.redis), ["mended"])
        self.assertEqual(service.stop(), 0)

    def test_letters_that_were_cut_down_stay_unless_they_are_asked_for(self):
        self.redis.xadd(STREAM, entry("cut", b"\0no picture\n", **{f"k{number}": "v" for number in
                                                                   range(4100)}))  # fmt: skip
        self.redis.xadd(STREAM, entry("whole", b"\0no picture\n"))
        service = self.consume()
        wait_until(lambda: self.redis.xlen(DEAD) == 2)
        self.assertEqual(service.stop(), 0)
        code, out, err = self.replay()
        self.assertEqual((code, out), (0, f"1 dead letters moved from {DEAD} to {STREAM}\n"))
        self.assertIn("1 dead letters are cut down and stay", err)
        self.assertEqual(self.replay("--truncated")[1],
                         f"1 dead letters moved from {DEAD} to {STREAM}\n")  # fmt: skip
        self.assertEqual(self.redis.xlen(DEAD), 0)
        moved = [fields[b"frame_id"] for _, fields in self.redis.xrange(STREAM)]
        self.assertEqual(moved, [b"whole", b"cut"])

    def letter(self, name, **fields):
        self.redis.xadd(DEAD, {"frame_id": name, "dlq_reason": "bad", **fields})

    def test_a_replay_moves_dead_letters_only_and_to_a_stream_that_is_read(self):
        self.letter("dead")
        live = self.redis.xadd(DEAD, entry("live", b""))
        code, out, err = self.replay()
        self.assertEqual((code, out), (2, ""))
        self.assertIn(f"there is no stream {STREAM}", err)
        self.assertEqual(self.replay("--dry-run")[0], 2)
        self.assertEqual((self.redis.xlen(DEAD), self.redis.exists(STREAM)), (2, 0))
        code, out, err = self.replay("--create")
        self.assertEqual((code, out), (0, f"1 dead letters moved from {DEAD} to {STREAM}\n"))
        self.assertIn("1 entries of " + DEAD + " are no dead letters", err)
        self.assertEqual([id for id, _ in self.redis.xrange(DEAD)], [live])
        self.assertEqual(self.replay()[:2], (2, f"0 dead letters moved from {DEAD} to {STREAM}\n"))

    def test_letters_that_are_not_there_are_told_by_a_list_too(self):
        for words in ((), ("--list",), ("--dry-run",)):
            code, out, err = self.replay(*words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertIn(f"there is no stream {DEAD}", err)

    def test_what_senders_wrote_does_nothing_to_the_terminal(self):
        self.letter("a\x1b[2Jb\nforged\\\u009b", dlq_attempts="ü")
        for words in (("--list",), ("--dry-run", "--create")):
            out = self.replay(*words)[1]
            self.assertIn(r"frame_id=a\x1b[2Jb\x0aforged\x5c\xc2\x9b", out)
            self.assertIn("dlq_attempts=ü", out)

    def test_a_letter_that_no_command_can_move_is_told_as_such(self):
        self.letter("many", **{f"k{number}": "v" for number in range(4000)})
        self.redis.xadd(DEAD, {"dlq_reason": "bad"})
        for words in ((), ("--truncated",)):
            code, out, err = self.replay("--create", *words)
            self.assertEqual((code, out), (0, f"0 dead letters moved from {DEAD} to {STREAM}\n"))
            self.assertIn("2 dead letters have no fields of a frame, or too many", err)
            self.assertNotIn("--truncated", err)

    def test_a_password_is_not_taken_on_the_command_line(self):
        for words in (("-a", "geheim"), ("--pass", "geheim"), ("-u", "redis://:geheim@h")):
            done = subprocess.run([REPLAY, DEAD, STREAM, *words], capture_output=True, text=True,
                                  timeout=cli.PATIENCE, check=False)  # fmt: skip
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("REDISCLI_AUTH", done.stderr)
            self.assertNotIn("geheim", done.stderr)

    def test_a_stop_loses_nothing_and_pulls_nothing_more(self):
        add_frames(self.redis, 200)
        service = self.consume(*SLOW)
        wait_until(lambda: self.redis.xlen(RESULTS) >= 5)
        monitor = self.server.client().monitor()
        with monitor:
            self.assertEqual(service.stop(), 0)
            commands = self.commands(monitor)
        phases = [line["msg"] for line in service.log() if line["msg"].startswith("shutdown ")]
        self.assertIn("shutdown 2/5: stop the consumer and the cameras", phases)
        done = self.redis.xlen(RESULTS)
        self.assertEqual(len(set(result_ids(self.redis))), done)
        self.assertEqual(self.redis.xlen(STREAM), 200 - done)
        reads = [at for at, command in enumerate(commands) if command.startswith("XREADGROUP")]
        settled = [at for at, command in enumerate(commands) if command.startswith("EVAL")]
        self.assertTrue(settled)
        self.assertFalse([at for at in reads if at > settled[-1]])

        # What was pulled and not looked at is everybody's again, though nothing is claimed.
        self.consume("--set", "consumer.redis.claim_idle=1h")
        wait_until(lambda: self.redis.xlen(RESULTS) == 200)
        self.assertEqual(len(set(result_ids(self.redis))), 200)

    def test_a_stop_does_not_wait_for_a_redis_that_is_silent(self):
        add_frames(self.redis, 200)
        claim = ("--set", "consumer.redis.claim_idle=1s")
        service = self.consume(*SLOW, *claim, "--set", "net.read_timeout=10m", "--set",
                               "service.shutdown_timeout=4s")  # fmt: skip
        wait_until(lambda: self.redis.xlen(RESULTS) >= 5)
        self.server.child.send_signal(signal.SIGSTOP)
        self.assertEqual(service.stop(), 1)
        last = service.log()[-1]
        self.assertIs(last["clean"], False)
        self.assertGreater(last["frames_given_up"], 0)
        self.server.child.send_signal(signal.SIGCONT)
        self.consume(*claim)
        wait_until(lambda: self.redis.xlen(RESULTS) >= 200 and pending(self.redis) == 0)
        self.assertEqual(len(set(result_ids(self.redis))), self.redis.xlen(RESULTS))

    def commands(self, monitor):
        """What the server was asked until now."""
        end = "end-of-the-stop"
        self.redis.echo(end)
        seen = []
        for each in monitor.listen():
            if end in each["command"]:
                return seen
            seen.append(each["command"])

    def test_a_consumer_that_was_killed_leaves_its_frames_to_the_next(self):
        add_frames(self.redis, 200)
        claim = ("--set", "consumer.redis.claim_idle=1s")
        service = self.consume(*SLOW, *claim)
        wait_until(lambda: self.redis.xlen(RESULTS) >= 3)
        service.stop(signal.SIGKILL)
        self.assertGreater(pending(self.redis), 0)
        self.consume("--set", "process.pipeline=stats", *claim)
        wait_until(lambda: self.redis.xlen(RESULTS) == 200)
        wait_until(lambda: pending(self.redis) == 0)
        self.assertEqual(len(set(result_ids(self.redis))), 200)
        self.assertEqual(self.redis.xlen(DEAD), 0)

    def test_redis_goes_and_comes_back(self):
        service = self.consume("--set", "consumer.backoff=100ms")
        add_frames(self.redis, 5)
        wait_until(lambda: self.redis.xlen(RESULTS) == 5)
        self.server.kill()
        wait_until(lambda: not self.component(service)["connected"])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.assertEqual(service.get("/readyz").status, 200)
        self.server.start()
        add_frames(self.redis, 5, first=5)
        wait_until(lambda: self.redis.xlen(RESULTS) == 10)
        service.wait_for_condition("source_unreachable", "condition ends")
        wait_until(lambda: self.component(service)["connected"])
        self.assertEqual(service.told("source_unreachable"), (1, 1))
        self.assertEqual(service.stop(), 0)

    def test_a_redis_that_hangs_is_told_within_seconds(self):
        service = self.consume()  # an answer may take a minute
        wait_until(lambda: self.component(service)["connected"])
        self.server.child.send_signal(signal.SIGSTOP)
        self.addCleanup(self.server.child.send_signal, signal.SIGCONT)
        line = service.wait_for_condition("source_unreachable")
        self.assertIn("has no answer for", line["reason"])
        self.assertEqual(line["subject"], self.server.path)
        self.assertFalse(self.component(service)["connected"])
        self.server.child.send_signal(signal.SIGCONT)
        service.wait_for_condition("source_unreachable", "condition ends")
        self.assertEqual(service.stop(), 0)

    def test_no_redis_is_no_reason_not_to_start(self):
        self.server.kill()
        service = self.consume()
        self.assertEqual(service.get("/readyz").status, 200)
        wait_until(lambda: self.component(service)["status"] == "degraded")
        self.assertEqual(service.post(pictures.sample("mask.png"), "image/png").status, 200)
        self.assertEqual(service.stop(), 0)

    def test_the_password_comes_from_a_file_and_is_said_nowhere(self):
        secret = "s3cret-canary"
        server = RedisServer(self, password=secret)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "password")
        for text, works in ((secret + "\n", True), ("wrong-canary\n", False)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o600)
            service = Service(self, "--port", "0", *words(server), "--set",
                              f"consumer.redis.password_file={path}")  # fmt: skip
            if works:
                wait_until(lambda service=service: self.component(service)["connected"])
            else:
                service.wait_for_condition("source_unreachable")
            said = "".join(service.lines) + service.get("/health").body.decode()
            said += service.get("/metrics").body.decode()
            self.assertNotIn("canary", said)
            self.assertEqual(service.stop(), 0)
        result = cli.run("serve", "--port", "0", *words(server), "--set",
                         f"consumer.redis.password_file={path}.missing")  # fmt: skip
        self.assertEqual(result.returncode, 78, result.err)
        self.assertIn("consumer.redis.password_file", result.err)

    def test_the_newest_frame_of_each_camera_and_what_is_too_old(self):
        picture = pictures.sample("mask.png")
        for number in range(3):
            self.redis.xadd(STREAM, entry(f"old-{number}", picture))
        self.redis.xadd(STREAM, entry("now", picture, timestamp=str(time.time())))
        service = self.consume("--set", "consumer.max_age=1h")
        wait_until(lambda: self.redis.xlen(STREAM) == 0)
        self.assertEqual(result_ids(self.redis), ["now"])
        dropped = 'sampleproc_consumer_frames_total{outcome="dropped",reason="max_age"}'
        wait_until(lambda: service.metric(dropped) == 3)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
