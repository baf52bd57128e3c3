"""The history of events when the service is killed, and when its disk fails."""

import contextlib
import itertools
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile

import cli
from crossing import COMES, GOES, post, post_until_killed, taken, types
from event_history import Stream, WithHistory
from service import as_json
from streams import wait_until
from webhook import Webhook

KILLS = int(os.environ.get("SAMPLEPROC_KILLS", "10"))


class HistoryFaults(WithHistory):
    def test_what_a_kill_left_open_ends_with_the_next_start(self):
        service = self.serve_history()
        post(self, service, "door", COMES)
        new = self.await_events(service, ["new"])[-1]
        service.child.send_signal(signal.SIGKILL)
        service.wait()
        service = self.serve_history()
        stream = Stream(self, service, f"?last_event_id={service.get('/events').json()['latest']}")
        events = self.await_events(service, ["new", "end"])
        self.check(events)
        self.assertEqual(events[0]["reason"], "restart")
        self.assertEqual(events[0]["event_id"], new["event_id"])
        # The same frames once more, as from a stream that has them still, are another event.
        post(self, service, "door", COMES + GOES)
        events = self.await_events(service, ["new", "end"] * 2)
        self.check(events)
        self.assertEqual(len({event["event_id"] for event in events}), 2)
        told = stream.message()
        while told[2]["event_id"] == new["event_id"]:
            self.assertEqual(told[1], "end")  # if it came after `latest`
            told = stream.message()
        self.assertEqual(told[1], "new")

    def test_a_kill_loses_nothing_that_was_answered_and_what_was_open_ends(self):
        known, turns = {}, itertools.count()
        output = self.folder / "sink.ndjson"
        to_file = ("--set", "consumer.sinks=file", "--set", f"consumer.file.path={output}", "--set",
                   "consumer.deliver=events")  # fmt: skip
        for kill in range(KILLS):
            service = self.serve_history(*to_file)
            left = [key for key, events in known.items() if events[-1]["type"] != "end"]
            wait_until(lambda: len(self.events(service, "type=end")) >= len(
                [1 for events in known.values() if events[-1]["type"] == "end"]) + len(left))
            events = self.events(service)
            for life in self.check(events).values():
                self.assertEqual(life[-1], "end", life)
            self.check_known(known, events)
            ended = [event for event in events if event.get("reason") == "restart"]
            for event in ended:
                self.assertEqual(event["end"], event["time"])
            wait_until(lambda: not ended or output.exists() and all(
                json.dumps(event["event_id"]) in output.read_text("utf-8") for event in ended))

            senders = post_until_killed(self, service, turns)
            before = len(events)
            wait_until(lambda: len(self.events(service)) >= before + 1 + kill % 4)
            answered = self.events(service)
            service.child.send_signal(signal.SIGKILL)
            service.wait()
            for sender in senders:
                sender.join()
            known = {}
            for event in reversed(answered):
                known.setdefault((event["camera_id"], event["event_id"]), []).append(event)
        service = self.serve_history(*to_file)
        wait_until(lambda: all(life[-1] == "end" for life in self.check(self.events(service)).values()))
        self.check_known(known, self.events(service))
        # The sink has all of it too, if some of it twice, and nothing else.
        self.assertEqual(service.stop(), 0)
        told = []
        for line in output.read_text("utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):  # a kill may cut a line short
                told.append(json.dumps(json.loads(line), sort_keys=True))
        stored = [json.dumps(event, sort_keys=True) for event in self.events(self.serve_history())]
        self.assertEqual(sorted(set(told)), sorted(stored))
        self.assertLess(len(told) - len(stored), len(stored) / 2)

    def arrived(self):
        """The number of the last message that all sinks had, by a copy: the database is in use. None when
        it has been written to meanwhile."""
        with tempfile.TemporaryDirectory() as copies:
            for suffix in ("", "-wal"):
                shutil.copy(f"{self.file}{suffix}", copies)
            with contextlib.closing(sqlite3.connect(f"{copies}/{self.file.name}")) as database:
                with contextlib.suppress(sqlite3.DatabaseError):
                    return database.execute("SELECT id FROM arrived").fetchone()[0]
        return None

    def test_what_a_sink_had_before_a_kill_does_not_come_again(self):
        webhook = Webhook(self)
        webhook.status = 503
        words = ("--set", "consumer.sinks=webhook", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                 "consumer.deliver=events", "--set", "consumer.backoff=20ms")  # fmt: skip
        service = self.serve_history(*words)
        # Something comes before eight cameras at once: messages that are stored together.
        for number, scene in enumerate(COMES):
            frames = [json.loads(as_json(scene, {"camera_id": camera, "frame_id": f"{camera}-{number}",
                                                 "timestamp": taken(number)})) for camera in "abcdefgh"]  # fmt: skip
            answer = service.post(json.dumps({"frames": frames}), "application/json", "/process-batch")
            self.assertEqual(answer.json()["succeeded"], 8, answer.body)
        wait_until(lambda: len(self.events(service, "type=new&")) == 8 and webhook.refused > 0)
        before = wait_until(self.arrived)

        def stop_after_three():
            if len(webhook.records) == 3:
                webhook.status = 503

        webhook.before = stop_after_three
        webhook.status = 200
        wait_until(lambda: len(webhook.records) == 3 and (self.arrived() or 0) > before)
        service.stop(signal.SIGKILL)
        webhook.before = lambda: None
        webhook.status = 200
        service = self.serve_history(*words)
        wait_until(lambda: len(self.events(service, "type=end&")) == 8)
        stored = [json.dumps(event, sort_keys=True) for event in self.events(service)]
        wait_until(lambda: len(webhook.records) >= len(stored))
        self.assertEqual(service.stop(), 0)
        told = [json.dumps(event, sort_keys=True) for event in webhook.records]
        self.assertEqual(sorted(told), sorted(stored))

    def check_known(self, known, events):
        lines = {json.dumps(event, sort_keys=True) for event in events}
        for life in known.values():
            for event in life:
                self.assertIn(json.dumps(event, sort_keys=True), lines)

    def check_trouble(self, service, begin, end, reason):
        """Frames go on and streams tell while the history cannot be written; then all is there."""
        self.cross(service)
        self.await_events(service, ["new", "end"])
        stream = Stream(self, service)
        begin()
        self.cross(service)
        service.wait_for_condition("history")
        self.assertIn(reason, service.conditions()["history", ""])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.assertEqual([kind for _, kind, _ in stream.messages(2)], ["new", "end"])
        self.cross(service)
        self.assertEqual([kind for _, kind, _ in stream.messages(2)], ["new", "end"])
        self.assertEqual(service.told("history"), (1, 0))
        end()
        wait_until(lambda: service.told("history") == (1, 1))
        self.check(self.await_events(service, ["new", "end"] * 3))
        self.assertEqual(service.stop(), 0)

    def test_a_file_that_may_not_grow_is_told_and_frames_go_on(self):
        service = self.serve_history()
        sizes = resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE)
        self.check_trouble(
            service,
            lambda: resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (0, sizes[1])),
            lambda: resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, sizes),
            "disk I/O error")  # fmt: skip

    def test_a_file_that_is_removed_while_in_use_is_told_and_begun_anew(self):
        service = self.serve_history()
        self.cross(service)
        self.await_events(service, ["new", "end"])
        with contextlib.closing(sqlite3.connect(self.file)) as reader:
            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                reader.execute("SELECT count(*) FROM record")
        for file in self.folder.glob("events.db*"):
            file.unlink()
        wait_until(lambda: ("history", "") in service.conditions())
        self.assertIn("was removed or replaced", service.conditions()["history", ""])
        self.cross(service)
        after = self.await_events(service, ["new", "end"])
        service.child.send_signal(signal.SIGKILL)
        service.wait()
        self.assertEqual(self.events(self.serve_history()), after)

    def test_a_stop_tells_of_messages_that_are_not_in_the_history(self):
        with contextlib.closing(sqlite3.connect(self.file)) as of_a_later_version:
            of_a_later_version.execute(f"PRAGMA application_id = {0x65766e74}")
            of_a_later_version.execute("PRAGMA user_version = 99")
            of_a_later_version.execute("CREATE TABLE later (id)")
        service = self.serve_history()
        service.wait_for_condition("history")
        post(self, service, "door", COMES)
        self.assertEqual(service.stop(), 1)
        lost = service.wait_for("shutdown: messages of events are not")["messages"]
        self.assertGreaterEqual(lost, 2)
        done = service.wait_for("shutdown: done")
        self.assertEqual((done["clean"], done["history_lost"]), (False, lost))
        self.file.unlink()
        service = self.serve_history()
        post(self, service, "door", COMES)
        self.await_events(service, ["new"])
        self.assertEqual(service.stop(), 0)
        done = service.wait_for("shutdown: done")
        self.assertEqual((done["clean"], done["history_lost"]), (True, 0))

    def test_a_folder_that_is_not_there_is_told_and_not_made(self):
        missing = self.folder / "not" / "mounted"
        self.file = missing / "events.db"
        service = self.serve_history()
        line = service.wait_for_condition("history")
        self.assertIn("No such file or directory", line["reason"])
        self.assertFalse(missing.parent.exists())
        missing.mkdir(parents=True)
        wait_until(lambda: service.told("history") == (1, 1))
        self.cross(service)
        self.await_events(service, ["new", "end"])
        self.assertTrue(self.file.exists())
        self.assertEqual(service.stop(), 0)

    def test_a_disk_that_does_not_answer_is_told_and_holds_up_nobody(self):
        disk, control = self.folder / "spool", self.folder / "control"
        disk.mkdir()
        self.file = disk / "events.db"
        broken = os.path.join(os.path.dirname(cli.BINARY), "tests", "broken_disk.so")
        env = {"LD_PRELOAD": broken, "ASAN_OPTIONS": "verify_asan_link_order=0",
               "BROKEN_DISK": str(control)}  # fmt: skip
        service = self.serve_history("--set", "service.shutdown_timeout=3s", env=env)
        self.cross(service)
        self.await_events(service, ["new", "end"])
        control.write_text("hang", encoding="ascii")
        self.cross(service)
        wait_until(lambda: ("history", "") in service.conditions())
        self.assertIn("does not answer", service.conditions()["history", ""])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.cross(service)
        control.unlink()
        wait_until(lambda: service.told("history") == (1, 1))
        self.check(self.await_events(service, ["new", "end"] * 3))
        control.write_text("hang", encoding="ascii")
        self.cross(service)
        self.assertEqual(service.stop(), 1)
        service.wait_for("shutdown: the disk of the history does not answer")
        self.assertGreaterEqual(service.wait_for("shutdown: messages of events")["messages"], 2)
        control.unlink()
        events = self.events(self.serve_history(env=env))
        self.assertEqual(types(events)[:2], ["end", "new"])

    def check_set_aside(self, service, number):
        """The damaged database has another name, which is told, and events go on in a new one."""
        aside = self.folder / f"events.db.damaged-{number}"
        line = service.wait_for("the history's database is damaged", set_aside=str(aside))
        self.assertEqual((line["level"], line["file"]), ("error", str(self.file)))
        wait_until(lambda: str(aside) in service.conditions().get(("history", ""), ""))
        self.assertGreater(aside.stat().st_size, 0)
        self.cross(service)
        self.await_events(service, ["new", "end"])
        self.assertEqual(service.metric("sampleproc_history_set_aside_total"), 1)
        told = [line for line in service.log() if line["msg"].startswith("the history's database")]
        self.assertEqual(len(told), 1)

    def test_a_database_that_is_damaged_is_set_aside(self):
        service = self.serve_history()
        self.cross(service)
        self.await_events(service, ["new", "end"])
        self.assertEqual(service.stop(), 0)
        os.truncate(self.file, self.file.stat().st_size // 2)
        service = self.serve_history()
        self.check_set_aside(service, 1)
        self.assertEqual(service.stop(), 0)
        service = self.serve_history()  # after which its file has all of it
        self.assertEqual(len(self.events(service)), 2)
        self.assertNotIn(("history", ""), service.conditions())
        os.truncate(self.file, 4096)
        self.check_set_aside(service, 2)
        with open(self.file, "r+b") as file:
            file.write(bytes(100))
        service.child.send_signal(signal.SIGKILL)
        service.wait()
        (self.folder / "events.db-wal").unlink()
        self.check_set_aside(self.serve_history(), 3)
        self.assertEqual(len(list(self.folder.glob("events.db.damaged-?"))), 3)

    def mount(self):
        if os.geteuid() != 0:
            self.skipTest("only root mounts a disk of its own")
        disk = self.folder / "disk"
        disk.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False)
        if made.returncode != 0:
            self.skipTest("no disk of its own can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        self.file = disk / "events.db"
        return disk

    def test_a_full_disk_is_told_and_frames_go_on(self):
        disk = self.mount()
        service = self.serve_history()
        filler = disk / "filler"

        def fill():
            with open(filler, "wb", buffering=0) as file:
                try:
                    while file.write(bytes(4096)):
                        pass
                except OSError:
                    pass

        self.check_trouble(service, fill, filler.unlink, "full")

    def test_a_disk_that_is_read_only_is_told_and_frames_go_on(self):
        disk = self.mount()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        service = self.serve_history()
        service.wait_for_condition("history")
        self.assertIn("Read-only", service.conditions()["history", ""])
        problem = self.check_problem(service.get("/events"), 503, "/events")
        self.assertIn("Read-only", problem["detail"])
        stream = Stream(self, service)
        self.cross(service)
        self.assertEqual([kind for _, kind, _ in stream.messages(2)], ["new", "end"])
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        self.check(self.await_when_there(service, ["new", "end"]))

    def await_when_there(self, service, wanted):
        wait_until(lambda: service.get("/events").status == 200)
        return self.await_events(service, wanted)

    def test_a_file_that_is_no_database_or_used_by_another_is_told(self):
        service = self.serve_history()
        self.cross(service)
        self.check(self.await_when_there(service, ["new", "end"]))
        other = self.serve_history()
        other.wait_for_condition("history")
        self.assertIn("another process uses it", other.conditions()["history", ""])
        self.assertEqual(service.stop(), 0)
        self.check(self.await_when_there(other, ["new", "end"]))


if __name__ == "__main__":
    cli.main()
