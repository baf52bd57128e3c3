"""The clips of events when the service is killed, and when their disk fails."""

import itertools
import os
import signal
import subprocess

import cli
from crossing import COMES, post
from event_clips import WithClips, pictures_in
from streams import wait_until

FOREIGN = {"holiday.mkv": b"not ours", "event-0123456789abcdef-1.mkv": b"called as ours are",
           "event-0123456789abcdef-2.mkv.part": b"likewise"}  # fmt: skip


class ClipFaults(WithClips):
    def check_agreement(self, service, frames):
        """Files and history agree: each link is a clip or says why not, each file is a whole one."""
        for event in self.events(service):
            if "clip" in event:
                self.assertIn(self.clip(service, event).status, (200, 404))
        ours = 0
        for path in self.clips.iterdir():
            if path.name in FOREIGN:
                continue
            self.assertEqual(path.suffix, ".mkv", "a file that was not written to its end is left")
            ours += 1
            _, jpegs, times = pictures_in(path.read_bytes())
            self.assertGreater(len(jpegs), 0)
            self.assertEqual(times, sorted(set(times)))
            for jpeg in jpegs:
                self.assertIn(jpeg, frames)
        # One of the foreign files is counted in by its name, until it would be deleted.
        self.assertIn(service.metric("sampleproc_clips_files") - ours, (0, 1))
        return ours

    def test_a_kill_leaves_whole_files_and_no_half_ones(self):
        frames = self.crossing_of_jpegs()
        self.clips.mkdir()
        for name, data in FOREIGN.items():
            (self.clips / name).write_bytes(data)
        life = itertools.count(1)
        whole = 0
        for kill in range(4):
            service = self.serve_clips("--set", "events.clips_max_files=9")
            wait_until(lambda: service.metric("sampleproc_clips_files") > 0)
            self.check_agreement(service, frames)
            before = service.metric('sampleproc_clip_pictures_total{outcome="written"}')
            # Something is before the camera, and its clip is being written.
            post(self, service, "door", frames[: len(COMES) - kill], 1000 * next(life))
            wait_until(lambda: service.metric('sampleproc_clip_pictures_total{outcome="written"}')
                       >= before + 5 + kill)  # fmt: skip
            self.assertEqual(service.metric("sampleproc_clips_open"), 1)
            service.child.send_signal(signal.SIGKILL)
            service.wait()
            parts = [path for path in self.clips.glob("*.part") if path.name not in FOREIGN]
            self.assertEqual(len(parts), 1)
            # What a kill may leave of a file, at the worst.
            parts[0].with_name(f"event-00000000000000{kill:02}-1.mkv.part").write_bytes(
                parts[0].read_bytes()[: 10 * kill])  # fmt: skip
            whole += 1
        service = self.serve_clips("--set", "events.clips_max_files=9")
        wait_until(lambda: service.metric("sampleproc_clips_files") > 0)
        # The one of the last kill, and what was made of a part of it.
        line = service.wait_for("clips of events that the last process was writing")
        self.assertEqual(line["kept"], 1)
        self.assertEqual(self.check_agreement(service, frames), whole)
        # What the kill cut short is there, of the event that ended with it.
        events = [event for event in self.events(service) if event.get("reason") == "restart"]
        self.assertEqual(len(events), whole)
        for event in events:
            self.assertEqual(self.clip(service, event).status, 200)
        for name, data in FOREIGN.items():
            self.assertEqual((self.clips / name).read_bytes(), data)

    def test_a_clip_that_a_kill_leaves_nothing_of_is_told(self):
        frames = self.crossing_of_jpegs()
        service = self.serve_clips()
        post(self, service, "door", frames[: len(COMES)])
        wait_until(lambda: service.metric('sampleproc_clip_pictures_total{outcome="written"}') > 0)
        service.stop(signal.SIGKILL)
        (part,) = self.clips.glob("*.part")
        # As if the machine had been slower: the head of the file, and half of a picture.
        whole = part.read_bytes()
        part.write_bytes(whole[: whole.index(b"\xff\xd8") + 10])
        service = self.serve_clips()
        line = service.wait_for("clips of events that the last process was writing")
        self.assertEqual((line["kept"], line["lost"], line["level"]), (0, 1, "warning"))
        (event,) = wait_until(lambda: [each for each in self.events(service) if each.get("reason") == "restart"])
        problem = self.check_problem(self.clip(service, event), 404, event["clip"])
        self.assertIn("killed before a whole picture of it was written", problem["detail"])
        self.assertEqual(list(self.clips.iterdir()), [])
        self.assertEqual(service.stop(), 0)

    def mount(self):
        if os.geteuid() != 0:
            self.skipTest("only root mounts a disk of its own")
        disk = self.folder / "disk"
        disk.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False)
        if made.returncode != 0:
            self.skipTest("no disk of its own can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        self.clips = disk / "clips"
        return disk

    def check_trouble(self, service, end, reason):
        """Frames and events go on while clips cannot be written; then those that wait are, whole."""
        frames = self.frames
        self.cross(service, scenes=frames)
        event = self.await_events(service, ["new", "end"])[0]
        service.wait_for_condition("clips")
        self.assertIn(reason, service.conditions()["clips", ""])
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        problem = self.check_problem(self.clip(service, event), 404, event["clip"])
        self.assertIn("not whole yet", problem["detail"])
        self.cross(service, scenes=frames)
        self.await_events(service, ["new", "end"] * 2)
        self.assertEqual(service.told("clips"), (1, 0))
        end()
        wait_until(lambda: service.told("clips") == (1, 1))
        self.check_clip(self.await_clip(service, event).body, event, frames, 1000)
        self.await_clip(service, self.events(service)[0])
        self.assertEqual(len(list(self.clips.iterdir())), 2)
        self.assertEqual(service.metric('sampleproc_clip_pictures_total{outcome="dropped"}'), 0)
        self.assertEqual(service.stop(), 0)

    def test_a_full_disk_is_told_and_frames_go_on(self):
        self.frames = self.crossing_of_jpegs()
        disk = self.mount()
        service = self.serve_clips()
        wait_until(self.clips.exists)
        filler = disk / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        self.check_trouble(service, filler.unlink, "No space left on device")

    def test_a_disk_that_is_read_only_is_told_and_frames_go_on(self):
        self.frames = self.crossing_of_jpegs()
        disk = self.mount()
        self.clips.mkdir()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        service = self.serve_clips()
        self.check_trouble(
            service, lambda: subprocess.run(["mount", "-o", "remount,rw", disk], check=True),
            "Read-only file system")  # fmt: skip

    def test_a_disk_that_fills_up_while_clips_are_written_loses_none_of_them(self):
        self.frames = self.crossing_of_jpegs()
        disk = self.mount()
        service = self.serve_clips()
        wait_until(self.clips.exists)
        filler = disk / "filler"
        filler.write_bytes(bytes(980 * 1024))
        self.check_trouble(service, filler.unlink, "No space left on device")

    def test_a_folder_that_another_process_uses_or_that_is_a_file_is_told(self):
        self.clips.write_bytes(b"a file")
        service = self.serve_clips()
        service.wait_for_condition("clips")
        self.check_idle(service)
        self.assertIn("Not a directory", service.conditions()["clips", ""])
        path = "/events/f-1-0123456789abcdef/clip"
        problem = self.check_problem(service.get(path), 503, path)
        self.assertIn("events.clips", problem["detail"])
        self.assertNotIn(str(self.folder), problem["detail"])
        self.clips.unlink()
        wait_until(lambda: service.get(path).status == 404)
        self.file = self.folder / "other.db"
        other = self.serve_clips()
        other.wait_for_condition("clips")
        self.assertIn("another process uses the folder", other.conditions()["clips", ""])
        self.assertEqual(service.stop(), 0)
        wait_until(lambda: other.get(path).status == 404)


if __name__ == "__main__":
    cli.main()
