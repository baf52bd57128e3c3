"""sampleproc process-file: paths that hurt. Each has its error, and the batch goes on."""

import os
import socket
import subprocess
import threading
import unittest

import cli
import pictures
from folder import WithDirectory, process, records


class OddPaths(WithDirectory):
    def odd(self):
        """Paths by what they are: none can be read as a picture, a video or a recording."""
        for name in ("fifo.png", "fifo.mp4", "fifo.ndjson"):
            os.mkfifo(self.path(name))
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.path("socket.mp4"))
        os.symlink("loop.mkv", self.path("loop.mkv"))
        os.symlink("nowhere", self.path("gone.ndjson"))
        os.mkdir(self.path("empty"))
        for name in ("nothing.png", "nothing.avi"):
            self.write(name, b"")
        with open(self.path("huge.png"), "wb") as file:
            file.truncate(3 << 30)
        return {
            "fifo.png": "unsupported-format", "fifo.mp4": "unsupported-format",
            "fifo.ndjson": "unsupported-format", "socket.mp4": "unsupported-format",
            "loop.mkv": "io", "gone.ndjson": "not-found", "nothing.png": "invalid-frame",
            "nothing.avi": "invalid-frame", "huge.png": "too-large",
        }  # fmt: skip

    def test_each_has_its_error_and_the_batch_goes_on(self):
        kinds = self.odd()
        good = self.copy("box.png")
        inputs = [path for name in kinds for path in (self.path(name), good)]
        inputs += ["/dev/zero", "/dev/null", good]
        for jobs in ("1", "4"):
            result = process("-j", jobs, *inputs)
            self.assertEqual((result.returncode, result.err), (1, ""))
            found = records(result)
            self.assertEqual([r["source"] for r in found], inputs)
            errors = {r["source"]: r["error"]["type"] for r in found if "error" in r}
            expected = {self.path(name): kind for name, kind in kinds.items()}
            devices = {path: "unsupported-format" for path in ("/dev/zero", "/dev/null")}
            self.assertEqual(errors, {**expected, **devices})

    def test_the_same_as_requests_and_as_raw_pixels(self):
        self.odd()
        for path in ("/dev/zero", self.path("fifo.ndjson"), self.path("gone.ndjson"), self.directory):
            found = records(process("--requests", path, self.copy("box.png")))
            self.assertEqual(["error" in r for r in found], [False, True], path)
        for path in ("/dev/zero", self.path("nothing.png"), self.path("fifo.png")):
            found = records(process("--raw", "8x8:gray8", path, self.write("a.raw", b"x" * 64)))
            self.assertEqual(["error" in r for r in found], [True, False], path)

    def test_an_empty_recording_is_no_record(self):
        result = process(self.write("e.ndjson", b""), self.copy("box.png"))
        self.assertEqual((result.returncode, len(records(result))), (0, 1))

    def test_a_file_that_grows_all_the_time(self):
        """Whatever of it was seen: a result or a documented error, and the batch goes on."""
        data = pictures.sample("box.png")
        path = self.write("grows.png", data)
        stop = threading.Event()

        def grow():
            with open(path, "ab", buffering=0) as file:
                while not stop.is_set() and file.tell() < 50_000_000:
                    file.write(b"x" * 4096)

        writer = threading.Thread(target=grow)
        writer.start()
        self.addCleanup(writer.join)
        self.addCleanup(stop.set)
        result = process(path, self.copy("mask.png"))
        found = records(result)
        self.assertEqual(len(found), 2)
        self.assertIn(found[0].get("error", {}).get("type"), (None, "io", "invalid-frame"))
        self.assertNotIn("error", found[1])


class FullDisk(WithDirectory):
    def small_disk(self):
        """A tmpfs of 256 KiB, or the test is skipped where nobody may mount one."""
        place = self.path("disk")
        os.mkdir(place)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "none", place],
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if mounted.returncode != 0:
            raise unittest.SkipTest("mounting a tmpfs is not allowed here")
        self.addCleanup(subprocess.run, ["umount", place], check=True)
        return place

    def test_records_stop_with_74_and_whole_lines_are_resumed(self):
        place = self.small_disk()
        inputs = [self.copy("mask.png")] * 1200
        out, state = place + "/out.ndjson", self.path("state")
        result = process("-o", out, "--resume", state, *inputs)
        self.assertEqual(result.returncode, 74)
        self.assertIn("No space left on device", result.err)
        subprocess.run(["mount", "-o", "remount,size=8m", place], check=True)
        self.assertEqual(process("-o", out, "--resume", state, *inputs).returncode, 0)
        with open(out, "rb") as file:
            self.assertEqual(file.read(), process(*inputs).stdout)

    def test_an_annotated_picture_that_does_not_fit_ends_the_run(self):
        place = self.small_disk()
        big = self.copy("fruits.jpg", "big.jpg")
        small = self.copy("mask.png")
        inputs = [small, *[self.copy("fruits.jpg", f"{i}/big{i}.jpg") for i in range(6)], big]
        result = process("--annotate", place + "/out", *inputs)
        self.assertEqual(result.returncode, 74)
        self.assertRegex(result.err, f"annotated picture {place}/out/.*: No space left on device")
        found = records(result)  # the frames that were done, the last one's too
        self.assertIn(len(found), range(2, len(inputs)))
        self.assertFalse([each for each in found if "error" in each])
        for _, _, names in os.walk(place + "/out"):
            self.assertEqual([name for name in names if not name.endswith(".jpg")], [])


if __name__ == "__main__":
    cli.main()
