"""sampleproc process-file over many inputs: lists of files, resuming, comparing."""

import json
import os
import signal
import time

import cli
import pictures
from folder import QUICK, WithDirectory, process, records


class FilesFrom(WithDirectory):
    def test_names_come_from_a_file_or_a_pipe_one_a_line_or_nul_separated(self):
        first, second = self.copy("box.png"), self.copy("mask.png", "two words\nand a line.png")
        plain = self.write("list", f"{first}\n\n{first}".encode())
        self.assertEqual(
            [r["source"] for r in records(process("--files-from", plain))], [first, first]
        )
        nul = f"{first}\0{second}\0".encode()
        result = process("--files-from", "-", "-0", stdin=nul)
        self.assertEqual([r["source"] for r in records(result)], [first, second])

    def test_the_list_follows_the_arguments(self):
        first, second = self.copy("box.png"), self.copy("mask.png")
        result = process(second, "--files-from", "-", stdin=first.encode())
        self.assertEqual([r["source"] for r in records(result)], [second, first])

    def test_what_cannot_be_read_has_its_record_and_the_rest_goes_on(self):
        first = self.copy("box.png")
        names = "\n".join([self.path("gone.png"), "x" * 5000, "-", first])
        result = process("--files-from", "-", stdin=names.encode())
        self.assertEqual(result.returncode, 1)
        errors = [r.get("error", {}).get("type") for r in records(result)]
        self.assertEqual(errors, ["not-found", "invalid-frame", "usage", None])

    def test_contradictions_are_refused(self):
        for words in (
            ["-0", "x.png"],
            ["-", "--files-from", "-"],
            ["--fail-fast", "--max-failures", "3", "x.png"],
            ["--resume", "state", "x.png"],
            ["--files-from", "/nonexistent/list"],
        ):
            with self.subTest(words):
                result = process(*words)
                self.assertIn(result.returncode, (2, 74))
                self.assertNotEqual(result.err, "")


class ListsOfAnotherKind(WithDirectory):
    def check(self, data, *words, said, done=0):
        result = process(*words, "--files-from", "-", stdin=data)
        lines = records(result)
        self.assertEqual(len(lines), done + 1, lines)
        self.assertEqual(result.returncode, 1 if done else 65)
        self.assertIn(said, lines[-1]["error"]["message"], lines)

    def test_a_list_whose_names_end_otherwise_says_so(self):
        one, two = self.copy("box.png").encode(), self.copy("mask.png").encode()
        self.check(one + b"\0" + two + b"\0", said="give -0")
        self.check(one + b"\n" + two + b"\0" + one + b"\n", said="give -0", done=1)
        self.check(b"".join(one + b"\0" for _ in range(1000)), said="-0 is for")
        self.check(one + b"\n" + two + b"\n", "-0", said="leave out -0")
        for text in (f"\ufeff{one.decode()}\n{two.decode()}\n",):
            self.check(text.encode("utf-16-le"), said="UTF-16")
            self.check(text.encode("utf-16-be"), said="UTF-16")
            self.check(text.encode("utf-16-le")[2:], said="NUL byte")

    def test_a_list_without_an_end_is_given_up(self):
        for words in (("--files-from", "/dev/zero"), ("-0", "--files-from", self.letters())):
            result = process(*words)
            self.assertEqual(result.returncode, 65, result.err)
            self.assertIn("the rest is not read", records(result)[-1]["error"]["message"])

    def letters(self):
        return self.write("letters", b"a" * (4 << 20))


class MaxFailures(WithDirectory):
    def test_the_run_ends_with_the_nth_failure(self):
        bad, good = self.write("bad.png", b"?"), self.copy("mask.png")
        inputs = [bad, good, good, bad, good, bad, good]
        for jobs in ("1", "8"):
            result = process("-j", jobs, "--max-failures", "2", *inputs)
            self.assertEqual(result.returncode, 1)
            self.assertEqual([r["source"] for r in records(result)], inputs[:4])


class Resume(WithDirectory):
    """A run that is killed at a random place goes on to the output of one that is not."""

    INPUTS = 60

    def setUp(self):
        super().setUp()
        good, bad = self.copy("mask.png"), self.write("bad.png", b"broken")
        self.inputs = [bad if i % 7 == 3 else good for i in range(self.INPUTS)]
        self.settings = ["--set", "process.delay=60ms", "-j", "2"]

    def test_after_kill_9_the_output_is_that_of_an_undisturbed_run(self):
        expected = process("-j", "2", "--set", "process.delay=60ms", *self.inputs).stdout
        out, state = self.path("out.ndjson"), self.path("state")
        words = ["process-file", "-q", "-o", out, "--resume", state, *self.settings, *self.inputs]
        for _ in range(3):
            child = cli.start(self, *words, env=QUICK)
            # Killed once a checkpoint says that something is done, at whatever place that is.
            before = self.saved(state)
            end = time.monotonic() + cli.PATIENCE
            while child.poll() is None and self.saved(state) == before:
                self.assertLess(time.monotonic(), end, "no checkpoint was written")
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
            child.wait()
        result = cli.run(*words, env=QUICK)
        self.assertEqual((result.returncode, result.err), (1, ""))
        with open(out, "rb") as file:
            self.assertEqual(file.read(), expected)

    @staticmethod
    def saved(state):
        try:
            with open(state, encoding="utf-8") as file:
                return json.load(file)["records"]
        except FileNotFoundError:
            return 0

    def test_what_is_done_is_not_done_again(self):
        out, state = self.path("out.ndjson"), self.path("state")
        words = ["-o", out, "--resume", state, *self.inputs[:3]]
        self.assertEqual(process(*words).returncode, 0)
        stamp = os.stat(out).st_size
        self.assertEqual(process(*words).returncode, 0)
        self.assertEqual(os.stat(out).st_size, stamp)

    def test_other_inputs_other_settings_and_a_shorter_output_are_refused(self):
        out, state = self.path("out.ndjson"), self.path("state")
        words = ["-o", out, "--resume", state]
        self.assertEqual(process(*words, *self.inputs[:3]).returncode, 0)
        other = self.copy("box.png")
        for more in ([other, *self.inputs[1:3]], ["--timings", *self.inputs[:3]]):
            result = process(*words, *more)
            self.assertEqual(result.returncode, 2, result.err)
            self.assertIn("remove the checkpoint", result.err)
        with open(out, "wb") as file:
            file.write(b"short")
        result = process(*words, *self.inputs[:3])
        self.assertEqual(result.returncode, 2)
        self.assertIn("shorter", result.err)
        os.remove(out)
        result = process(*words, *self.inputs[:3])
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"{out} of the run to be resumed is gone", result.err)
        self.assertFalse(os.path.exists(out))
        with open(state, "wb") as file:
            file.write(b"{}")
        self.assertEqual(process(*words, *self.inputs[:3]).returncode, 65)

    def test_two_runs_at_once_do_not_write_into_one_another(self):
        picture = self.copy("mask.png")
        for old in (None, b"", b"old\n"):
            with self.subTest(old=old):
                out = self.path("out.ndjson")
                if old is not None:
                    self.write("out.ndjson", old)
                words = ["-o", out, "--resume"]
                first = cli.start(self, "process-file", "-q", *words, self.path("one"), picture, "-",
                                  env=QUICK)  # fmt: skip
                while not self.has_lock(first.pid):
                    self.assertIsNone(first.poll())
                    time.sleep(0.01)
                for state in ("one", "two"):
                    second = process(*words, self.path(state), picture)
                    self.assertEqual(second.returncode, 2, second.err)
                    self.assertIn("another process is writing " + out, second.err)
                first.communicate(pictures.sample("mask.png"), timeout=cli.PATIENCE)
                self.assertEqual(first.returncode, 0)
                with open(out, "rb") as file:
                    self.assertEqual(len(file.readlines()), 2)
                os.remove(out)
                os.remove(self.path("one"))

    @staticmethod
    def has_lock(pid):
        with open("/proc/locks", encoding="ascii") as file:  # proc_locks(5)
            return any(line.split()[1:5] == ["FLOCK", "ADVISORY", "WRITE", str(pid)] for line in file)

    def test_what_is_no_regular_file_cannot_be_gone_on_with(self):
        os.mkfifo(self.path("pipe"))
        for out in ("/dev/null", self.path("pipe")):
            result = process("-o", out, "--resume", self.path("state"), self.inputs[0])
            self.assertEqual(result.returncode, 2, result.err)
            self.assertIn(f"{out} is no regular file", result.err)


class Compare(WithDirectory):
    def setUp(self):
        super().setUp()
        for i in range(3):  # few: looking for faces is slow under a sanitizer
            self.copy("messi5.jpg", f"set/{i:02}.jpg")
        self.write("set/bad.png", b"broken")
        self.words = [self.path("set"), "--pipeline", "faces"]
        self.old = [json.loads(line) for line in process(*self.words).stdout.splitlines()]

    def compare(self, old, *words):
        path = self.write("old.ndjson", b"".join(json.dumps(r).encode() + b"\n" for r in old))
        return process(*self.words, "--compare", path, *words)

    def test_nothing_changed(self):
        result = self.compare(self.old)
        self.assertEqual((result.returncode, result.stdout, result.err), (0, b"", ""))

    def test_exactly_the_seeded_changes_are_found(self):
        old = json.loads(json.dumps(self.old))
        expected = []
        box = old[0]["detections"][0]["bbox"]
        old[0]["detections"][0]["bbox"] = [box[0] + 3, box[1], box[2] + 3, box[3]]
        expected.append("moved")
        old[1]["detections"][0]["bbox"] = [1, 1, 30, 30]  # elsewhere
        expected += ["lost", "gained"]
        old[2]["detections"] = [
            {"class": "person", "confidence": 1.0, "bbox": [i, 0, i + 9, 9], "detector": "x"}
            for i in range(12)
        ]
        expected += ["gained"] + ["lost"] * 12
        good, bad = dict(old[0]), old[3]
        self.assertIn("error", bad)
        failed = {"source": bad["source"], "index": 0, "frame_id": "x", "detections": []}
        old[3] = failed
        expected.append("failed")
        gone = dict(good, source=self.path("set/zz.jpg"))
        old.append(gone)
        expected.append("vanished")
        for extra in (1, 2):
            old.append(dict(gone, index=extra))
            expected.append("vanished")
        self.assertEqual(len(expected), 20)

        result = self.compare(old)
        self.assertEqual((result.returncode, result.err), (1, ""))
        changes = records(result)
        self.assertEqual(sorted(c["change"] for c in changes), sorted(expected))
        table = self.compare(old, "--format", "table")
        self.assertEqual(len(table.out.splitlines()), 20)

    def test_names_that_are_no_utf8_are_found_again(self):
        for name in (b"a\xfe", b"a\xff", b"a\\xFE", b"\xc3\xa9\xc3"):
            self.copy("mask.png", "set/" + os.fsdecode(name) + ".jpg")
        new = process(*self.words)
        sources = [os.path.basename(record["source"]) for record in records(new)]
        for name in (r"a\xFE.jpg", r"a\xFF.jpg", r"a\x5CxFE.jpg", r"é\xC3.jpg"):
            self.assertEqual(sources.count(name), 1, sources)
        self.assertEqual(len({record["frame_id"] for record in records(new)}), len(sources))
        same = self.compare(records(new))
        self.assertEqual((same.returncode, same.out), (0, ""))

    def test_what_is_no_record_is_refused_with_its_line(self):
        path = self.write("old.ndjson", b'{"source":"a","index":0,"detections":[]}\n{"x":1}\n')
        result = process(*self.words, "--compare", path)
        self.assertEqual(result.returncode, 65)
        self.assertIn("line 2", result.err)

    def test_a_note_says_that_no_input_is_one_of_the_earlier_run(self):
        self.copy("box.png", "m.png")
        self.copy("mask.png", "n.png")
        old = self.path("old")
        process("./m.png", "-o", old, cwd=self.directory)
        words = ["--compare", old]
        result = process(self.path("m.png"), *words, quiet=False, cwd=self.directory)
        (note,) = [line for line in result.err.splitlines() if "note:" in line]
        self.assertIn('"./m.png"', note)
        self.assertIn(f'"{self.path("m.png")}"', note)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(process(self.path("m.png"), *words, cwd=self.directory).err, "")
        result = process("n.png", "./m.png", *words, quiet=False, cwd=self.directory)
        self.assertNotIn("note:", result.err)


if __name__ == "__main__":
    cli.main()
