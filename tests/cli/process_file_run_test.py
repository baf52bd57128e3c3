"""sampleproc process-file: how a run ends early, and what it holds in memory."""

import fcntl
import json
import os
import select
import signal
import time

import cli
import pictures
from folder import QUICK, WithDirectory, nameless, process, records


class FailFast(WithDirectory):
    def test_the_failing_record_is_the_last_for_any_number_of_jobs(self):
        good = [self.copy("messi5.jpg"), self.copy("box.png")]
        bad = self.write("bad.png", b"")
        inputs = good + [bad] + good * 10 + [bad]
        outputs = []
        for jobs in ("1", "8"):
            result = process("--fail-fast", "-j", jobs, *inputs)
            self.assertEqual((result.returncode, result.err), (1, ""))
            outputs.append(result.stdout)
        self.assertEqual(outputs[0], outputs[1])
        sources = [json.loads(line)["source"] for line in outputs[0].splitlines()]
        self.assertEqual(sources, inputs[:3])

    def test_without_it_the_rest_goes_on(self):
        inputs = [self.write("bad.png", b""), self.copy("box.png")]
        self.assertEqual(len(records(process(*inputs))), 2)


class Interrupted(WithDirectory):
    """Inputs enough for far longer than any signal takes to arrive."""

    INPUTS = 600

    def start(self, *words):
        return cli.start(self, "process-file", "-q", "--set", "process.delay=200ms", *words,
                         env=QUICK)

    def check(self, number, code, jobs):
        inputs = [self.copy("mask.png")] * self.INPUTS
        child = self.start("-j", jobs, *inputs)
        first = child.stdout.readline()
        child.send_signal(number)
        rest, errors = child.communicate(timeout=cli.PATIENCE)
        self.assertEqual((child.returncode, errors), (code, b""))
        lines = (first + rest).splitlines(keepends=True)
        self.assertLess(len(lines), self.INPUTS)
        self.assertEqual(set(lines), {first})  # each whole, and the same picture each time
        self.assertEqual(json.loads(first)["source"], inputs[0])

    def test_sigint(self):
        self.check(signal.SIGINT, 130, "1")
        self.check(signal.SIGINT, 130, "8")

    def test_sigterm(self):
        self.check(signal.SIGTERM, 143, "1")
        self.check(signal.SIGTERM, 143, "8")

    def ends_at_the_first_signal(self, *words, sent=signal.SIGTERM):
        """What a run that waits for bytes has written when a signal has ended it."""
        child = cli.start(self, "process-file", "-q", "-j", "2", *words, env=QUICK)
        cli.await_signals(child.pid)
        child.send_signal(sent)
        self.assertEqual(child.wait(timeout=cli.PATIENCE), 128 + sent, words)
        out, err = child.stdout.read(), child.stderr.read()
        if err:
            self.assertIn(b"interrupted while waiting for ", err)
        return out

    def test_one_signal_ends_a_run_that_waits_for_its_input(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        writer = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, writer)
        silent = self.path("silent")
        os.mkfifo(silent)  # to which nobody writes
        picture = self.copy("mask.png")
        for words in (
            ["-"], ["--raw", "4x4:gray8", "-"], ["--requests", "-"], ["--files-from", "-"],
            ["--files-from", silent], [fifo], ["--requests", fifo], ["--files-from", fifo],
            [picture, "--compare", fifo], ["--annotate", self.path("drawn"), "--files-from", "-"],
        ):  # fmt: skip
            for sent in (signal.SIGTERM, signal.SIGINT):
                self.assertEqual(self.ends_at_the_first_signal(*words, sent=sent), b"", words)

    def test_one_signal_ends_a_run_whose_records_nobody_reads(self):
        nobody, idle = self.path("nobody"), self.path("idle")
        os.mkfifo(nobody)
        os.mkfifo(idle)  # whose reader takes nothing
        reader = os.open(idle, os.O_RDWR)
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 8192)
        self.addCleanup(os.close, reader)
        picture = self.copy("mask.png")
        self.assertEqual(self.ends_at_the_first_signal(picture, "-o", nobody), b"")
        tracks = ["--set", "process.pipeline=motion,track", "-o", "/dev/null"]
        for sent in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
            words = [picture, *tracks, "--events", nobody]
            self.assertEqual(self.ends_at_the_first_signal(*words, sent=sent), b"")
        for words in (["-o", idle], ["-o", idle, "--format", "table"]):
            child = cli.start(self, "process-file", "-q", *words, *[picture] * self.INPUTS, env=QUICK)
            self.wait_for_full(child, reader)
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(timeout=cli.PATIENCE), 143)
            self.assertIn(b"waiting for the reader of " + idle.encode(), child.stderr.read())
            self.assertEqual(json.loads(self.drained(reader).splitlines()[0])["source"]
                             if "table" not in words else picture, picture)  # fmt: skip

    def wait_for_full(self, child, fifo):
        """Wait until nothing more goes into a FIFO."""
        while select.select([], [fifo], [], 0)[1]:
            self.assertIsNone(child.poll(), "the run ended")
            time.sleep(0.01)

    def drained(self, fifo):
        data = b""
        while select.select([fifo], [], [], 0)[0]:
            data += os.read(fifo, 1 << 16)
        return data

    def test_what_was_done_before_the_wait_is_written(self):
        picture, out = self.copy("mask.png"), self.path("out.ndjson")
        child = cli.start(self, "process-file", "-q", "--files-from", "-", env=QUICK)
        child.stdin.write(picture.encode() + b"\n")
        first = child.stdout.readline()
        self.assertEqual(json.loads(first)["source"], picture)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=cli.PATIENCE), 130)
        self.assertEqual(child.stdout.read(), b"")
        state = self.path("state")
        words = ["-o", out, "--resume", state, picture, "-"]
        self.assertEqual(self.ends_at_the_first_signal(*words), b"")
        self.assertEqual(process(*words, stdin=pictures.sample("box.png")).returncode, 0)
        with open(out, encoding="utf-8") as lines:
            self.assertEqual([json.loads(line)["source"] for line in lines], [picture, "-"])

    def test_the_output_file_holds_whole_lines(self):
        target = self.path("out.ndjson")
        picture = self.copy("mask.png")
        # Records go out in blocks; before the first block there is nothing to keep.
        child = cli.start(self, "process-file", "-q", "-j", "1", "--output", target,
                          *[picture] * self.INPUTS, "-", *[picture] * self.INPUTS, env=QUICK)
        self.wait_for_block(child)
        child.send_signal(signal.SIGINT)
        child.communicate(pictures.sample("mask.png"), timeout=cli.PATIENCE)
        self.assertEqual(child.returncode, 130)
        with open(target, "rb") as file:
            data = file.read()
        self.assertTrue(data.endswith(b"\n"))
        count = len([json.loads(line) for line in data.splitlines()])
        self.assertIn(count, range(1, self.INPUTS + 2))

    def wait_for_block(self, child):
        for _ in range(cli.PATIENCE * 100):
            if any(nameless(child)):
                return
            self.assertIsNone(child.poll(), "the run ended")
            time.sleep(0.01)
        self.fail("no records appeared in the output")


class Memory(WithDirectory):
    def peak(self, inputs):
        """Highest resident set in KiB of a run over so many inputs and one on standard input.

        That last one comes only after the process has been looked at. Not by getrusage, which
        counts the memory of the process that forked as well.
        """
        folder = self.path(str(inputs))
        os.makedirs(folder)
        kinds = ("messi5.jpg", "box.png", "fruits.jpg", "imageTextN.png")
        originals = [self.copy(name, f"{inputs}-originals/{name}") for name in kinds]
        for number in range(inputs):
            original = originals[number % len(originals)]
            name = f"{number:04}{os.path.splitext(original)[1]}"
            os.symlink(original, os.path.join(folder, name))
        # Under the address sanitizer freed memory would be kept for a while.
        calm = {**QUICK, "ASAN_OPTIONS": "quarantine_size_mb=1"}
        child = cli.start(self, "process-file", "-q", "-j", "2", folder, "-", env=calm)
        for number in range(inputs):
            self.assertTrue(child.stdout.readline(), f"record {number} is missing")
        with open(f"/proc/{child.pid}/status", encoding="ascii") as file:
            (peak,) = [line.split()[1] for line in file if line.startswith("VmHWM:")]
        last, _ = child.communicate(pictures.sample("mask.png"), timeout=cli.PATIENCE)
        self.assertEqual((child.returncode, last.count(b"\n")), (0, 1))
        return int(peak)

    def test_it_does_not_grow_with_the_number_of_inputs(self):
        few, many = self.peak(40), self.peak(400)
        self.assertLess(many - few, 6 * 1024, f"{few} KiB for 40 inputs, {many} KiB for 400")


if __name__ == "__main__":
    cli.main()
