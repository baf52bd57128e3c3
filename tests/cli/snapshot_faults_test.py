"""The pictures of events when the service is killed, and when their disk fails."""

import itertools
import json
import os
import signal
import subprocess

import cli
from crossing import post_until_killed
from event_snapshots import WithSnapshots
from streams import wait_until

FOREIGN = {"holiday.jpg": b"not ours", "event-0123456789abcdef-1.jpg": b"called as ours are",
           "event-0123456789abcdef-2.jpg.part": b"likewise"}  # fmt: skip


def event_of(path):
    """Of a file of ours, the id of its event, which stands in a comment of the JPEG."""
    data = path.read_bytes()
    comment = data[6:4 + int.from_bytes(data[4:6], "big")]
    return json.loads(comment.removeprefix(b"sampleproc.snapshot/1 "))["event_id"]


class SnapshotFaults(WithSnapshots):
    def events_of_files(self):
        events = set()
        for path in self.kept.iterdir():
            try:
                events.update([event_of(path)] if path.name not in FOREIGN else [])
            except FileNotFoundError:
                pass  # deleted meanwhile
        return events

    def check_agreement(self, service):
        """Files and history agree: each link is a picture or says why not, each file can be had."""
        events = {event["event_id"]: event for event in self.events(service)}
        # What came with an event that was not stored any more is deleted soon after the start.
        wait_until(lambda: self.events_of_files() <= set(events))
        for event in events.values():
            if "snapshot" in event:
                self.assertIn(self.snapshot(service, event).status, (200, 404))
        ours = 0
        for path in self.kept.iterdir():
            if path.name in FOREIGN:
                continue
            self.assertEqual(path.suffix, ".jpg", "a file that was not written to its end is left")
            ours += 1
        # One of the foreign files is counted in by its name, until it would be deleted.
        self.assertIn(service.metric("sampleproc_snapshots_files") - ours, (0, 1))
        return events

    def test_a_kill_leaves_whole_files_and_no_link_that_fails(self):
        self.kept.mkdir()
        for name, data in FOREIGN.items():
            (self.kept / name).write_bytes(data)
        turns = itertools.count()
        for kill in range(6):
            service = self.serve_snapshots("--set", "events.snapshots_max_files=9")
            wait_until(lambda: service.metric("sampleproc_snapshots_files") > 0)
            self.check_agreement(service)

            senders = post_until_killed(self, service, turns)
            self.await_kept_more(service, 1 + kill % 3)
            # A list that is read while a file is renamed may have it twice.
            self.assertLessEqual(len(list(self.kept.iterdir())), 9 + len(FOREIGN) + 1)
            service.child.send_signal(signal.SIGKILL)
            service.wait()
            for sender in senders:
                sender.join()
            # What a kill may leave of a file, at the worst.
            (self.kept / f"event-00000000000000{kill:02}-1.jpg.part").write_bytes(b"\xff\xd8\xff\xfe")
        service = self.serve_snapshots("--set", "events.snapshots_max_files=9")
        wait_until(lambda: service.metric("sampleproc_snapshots_files") > 0)
        # What was told last before a kill is in the folder or in the history, or in neither.
        self.check_agreement(service)
        self.cross(service)

        def had():
            return [each for each in self.events(service) if self.snapshot(service, each).status == 200]

        for event in wait_until(had):
            self.assertEqual(self.snapshot(service, event, "?annotate=1&crop=1").status, 200)
        for name, data in FOREIGN.items():
            self.assertEqual((self.kept / name).read_bytes(), data)

    def await_kept_more(self, service, number):
        wait_until(lambda: service.metric('sampleproc_snapshots_total{outcome="kept"}') >= number)

    def mount(self):
        if os.geteuid() != 0:
            self.skipTest("only root mounts a disk of its own")
        disk = self.folder / "disk"
        disk.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False)
        if made.returncode != 0:
            self.skipTest("no disk of its own can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        self.kept = disk / "snapshots"
        return disk

    def check_trouble(self, service, end, reason):
        """Frames and events go on while pictures cannot be kept; then those that wait are."""
        self.cross(service)
        event = self.await_events(service, ["new", "end"])[0]
        wait_until(lambda: ("snapshots", "") in service.conditions())
        self.assertIn(reason, service.conditions()["snapshots", ""])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.assertEqual(self.snapshot(service, event).status, 200)  # it waits in memory
        self.cross(service)
        self.await_events(service, ["new", "end"] * 2)
        self.assertEqual(service.told("snapshots"), (1, 0))
        end()
        wait_until(lambda: service.told("snapshots") == (1, 1))
        wait_until(lambda: len(list(self.kept.iterdir())) == 2)
        self.assertEqual(self.snapshot(service, event).status, 200)
        self.assertEqual(service.stop(), 0)

    def test_a_full_disk_is_told_and_frames_go_on(self):
        disk = self.mount()
        service = self.serve_snapshots()
        wait_until(self.kept.exists)
        filler = disk / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        self.check_trouble(service, filler.unlink, "No space left on device")

    def test_a_disk_that_is_read_only_is_told_and_frames_go_on(self):
        disk = self.mount()
        self.kept.mkdir()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        service = self.serve_snapshots()
        self.check_trouble(
            service, lambda: subprocess.run(["mount", "-o", "remount,rw", disk], check=True),
            "Read-only file system")  # fmt: skip

    def test_a_folder_that_another_process_uses_or_that_is_a_file_is_told(self):
        self.kept.write_bytes(b"a file")
        service = self.serve_snapshots()
        service.wait_for_condition("snapshots")
        self.check_idle(service)
        self.assertIn("Not a directory", service.conditions()["snapshots", ""])
        path = "/events/f-1-0123456789abcdef/snapshot.jpg"
        problem = self.check_problem(service.get(path), 503, path)
        self.assertIn("events.snapshots", problem["detail"])
        self.assertNotIn(str(self.folder), problem["detail"])
        self.kept.unlink()
        wait_until(lambda: service.get(path).status == 404)
        self.file = self.folder / "other.db"
        other = self.serve_snapshots()
        other.wait_for_condition("snapshots")
        self.assertIn("another process uses the folder", other.conditions()["snapshots", ""])
        self.assertEqual(service.stop(), 0)
        wait_until(lambda: other.get(path).status == 404)


if __name__ == "__main__":
    cli.main()
