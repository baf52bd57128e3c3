"""sampleproc process-file over videos and recordings: the same bytes whatever happens on the way."""

import json
import os
import signal
import time

import cli
from folder import process, records
from process_file_video_test import WithVideos


class Mixed(WithVideos):
    """Videos good and broken, recordings, pictures good and broken."""

    def setUp(self):
        super().setUp()
        folder = self.mixed_folder()
        walk = self.video("mixed/walk.avi", frames=30)
        self.cut(walk, "mixed/walk-cut.avi", 0.6)
        self.inputs = [folder, walk, self.recording("r.ndjson"), self.recording("s.ndjson", ("b", "c"))]
        self.pipeline = "stats,motion,people"  # the default


class Determinism(Mixed):
    def test_any_number_of_jobs_gives_the_same_bytes(self):
        for words in ([], ["--camera", "door"], ["--max-failures", "6"]):
            with self.subTest(words):
                results = [
                    process("-j", jobs, "--pipeline", self.pipeline, *words, *self.inputs)
                    for jobs in ("1", "2", "8")
                ]
                self.assertEqual([(r.returncode, r.err) for r in results], [(1, "")] * 3)
                found = records(results[0])
                self.assertGreater(len(found), 20)
                self.assertTrue(any("error" in record for record in found))
                self.assertTrue(any(d["class"] == "motion" for record in found
                                    for d in record.get("detections", [])))  # fmt: skip
                self.assertEqual(results[0].stdout, results[1].stdout)
                self.assertEqual(results[0].stdout, results[2].stdout)

    def test_the_same_video_twice_begins_anew(self):
        walk = self.inputs[1]
        result = process("-j", "2", "--pipeline", self.pipeline, walk, walk)
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 60)
        self.assertEqual(lines[:30], lines[30:])


class Resume(Mixed):
    """Killed at random places, a run goes on to the output of one that is not."""

    def saved(self, state):
        try:
            with open(state, encoding="utf-8") as file:
                return json.load(file)["records"]
        except FileNotFoundError:
            return 0

    def check(self, *more):
        settings = ["--pipeline", self.pipeline, "--set", "process.delay=40ms", *more]
        expected = process("-j", "2", *settings, *self.inputs).stdout
        out, state = self.path("out.ndjson"), self.path("state")
        for path in (out, state):
            if os.path.exists(path):
                os.remove(path)
        words = ["process-file", "-q", "-j", "2", "-o", out, "--resume", state, *settings, *self.inputs]
        killed = 0
        for turn in range(20):
            if turn >= 4 and killed > 0:
                break
            child = cli.start(self, *words)
            before = self.saved(state)
            end = time.monotonic() + cli.PATIENCE
            while child.poll() is None and self.saved(state) == before:
                self.assertLess(time.monotonic(), end, "no checkpoint was written")
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
            if child.wait() == -signal.SIGKILL:
                killed += 1
            elif killed == 0:  # it was over before it could be killed: once more from its beginning
                os.remove(out)
                os.remove(state)
        result = cli.run(*words)
        self.assertEqual((result.returncode, result.err), (1, ""))
        self.assertGreater(killed, 0)
        with open(out, "rb") as file:
            self.assertEqual(file.read(), expected)

    def test_after_kill_9_each_video_with_its_own_camera(self):
        self.check()

    def test_after_kill_9_all_of_one_camera(self):
        self.check("--camera", "door")

    def test_at_every_place_the_rest_is_the_same(self):
        self.check_every_place("--pipeline", "stats,motion")

    def test_at_every_place_the_frames_that_fps_picks_are_the_same(self):
        """Also where no step remembers anything, so that what is done is not gone through again."""
        with open(self.inputs[1], "rb") as file:
            pictures = file.read().split(b"\xff\xd8\xff")
        for damaged in (8, 14, 21):
            pictures[damaged] = bytes(len(pictures[damaged]))
        self.inputs.insert(0, self.write("damaged.avi", b"\xff\xd8\xff".join(pictures)))
        camera = ["--camera", "door", "--set", "camera.door.fps=4"]
        for steps in ("stats", "stats,motion"):
            whole = self.check_every_place("--pipeline", steps, *camera)
            looked_at = ["stats" in json.loads(line) for line in whole.splitlines()]
            self.assertIn(True, looked_at)
            self.assertIn(False, looked_at)

    def check_every_place(self, *settings):
        """Not killed but stopped by failures: the checkpoint stands at that record exactly."""
        settings = ["-j", "2", *settings]
        whole = process(*settings, *self.inputs).stdout
        failures = sum("error" in r for r in map(json.loads, whole.splitlines()))
        out, state = self.path("out.ndjson"), self.path("state")
        for path in (out, state):
            if os.path.exists(path):
                os.remove(path)
        for most in range(1, failures + 2):
            words = ["-o", out, "--resume", state, "--max-failures", str(most)]
            result = process(*settings, *words, *self.inputs)
            self.assertEqual((result.returncode, result.err), (1 if most > 1 else result.returncode, ""))
            with open(out, "rb") as file:
                written = file.read()
            self.assertTrue(whole.startswith(written))
        self.assertEqual(written, whole)
        return whole


class Compare(WithVideos):
    def test_exactly_the_seeded_changes_of_a_video_are_found(self):
        path = self.video(frames=25)
        old = records(process("--pipeline", "stats", path))
        box = {"class": "person", "confidence": 1.0, "bbox": [1, 2, 30, 40], "detector": "x"}
        expected = []
        for i in range(2, 14):
            old[i]["detections"] = [box]
            expected.append(("lost", i))
        for i in (15, 17, 19):
            old[i] = {"source": path, "index": i, "frame_id": "x", "error": {"type": "io"}}
            expected.append(("recovered", i))
        old += [dict(old[0], index=25 + i) for i in range(3)]
        expected += [("vanished", 25 + i) for i in range(3)]
        for i in (24, 23):
            del old[i]
            expected.append(("appeared", i))
        self.assertEqual(len(expected), 20)
        lines = b"".join(json.dumps(r).encode() + b"\n" for r in old)
        result = process("--pipeline", "stats", "--compare", self.write("old", lines), path)
        self.assertEqual((result.returncode, result.err), (1, ""))
        self.assertEqual(sorted((c["change"], c["index"]) for c in records(result)), sorted(expected))


class Interrupted(WithVideos):
    def test_ctrl_c_within_a_video_ends_with_what_was_done(self):
        path = self.video(frames=400)
        for jobs in ("1", "8"):
            child = cli.start(self, "process-file", "-q", "-j", jobs, "--set", "process.delay=100ms", path)
            first = child.stdout.readline()
            child.send_signal(signal.SIGINT)
            rest, errors = child.communicate(timeout=cli.PATIENCE)
            self.assertEqual((child.returncode, errors), (130, b""))
            found = [json.loads(line) for line in (first + rest).splitlines()]
            self.assertEqual([r["index"] for r in found], list(range(len(found))))
            self.assertLess(len(found), 400)

    def test_a_reader_that_has_seen_enough_hears_nothing(self):
        path = self.video(frames=200)
        child = cli.start(self, "process-file", "-q", path)
        child.stdout.readline()
        child.stdout.close()
        self.assertEqual(child.wait(timeout=cli.PATIENCE), 74)
        self.assertEqual(child.stderr.read(), b"")


if __name__ == "__main__":
    cli.main()
