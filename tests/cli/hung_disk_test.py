"""Disks that do not answer: they cost what is on them, and no stop waits for them."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time

import cli
import pictures
from frame_buffer import Buffer, frame
from service import ANY_PORT, NO_RATE_LIMIT, UnixConnection, WithService
from streams import (RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids,
                     wait_until, words)  # fmt: skip

BRIEF = ("--set", "service.shutdown_timeout=3s")


class HungDisk(WithService):
    """broken_disk.so hangs what is done to files below the folder "spool"."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.disk = self.folder / "spool"
        self.disk.mkdir()
        self.control = self.folder / "control"
        self.env = {
            "LD_PRELOAD": os.path.join(os.path.dirname(cli.BINARY), "tests", "broken_disk.so"),
            "ASAN_OPTIONS": "verify_asan_link_order=0", "BROKEN_DISK": str(self.control)}  # fmt: skip

    def hang(self, what):
        self.control.write_text(what, encoding="ascii")

    def consume(self, *more):
        return self.serve(*more, *BRIEF, env=self.env)

    def test_frames_in_files_wait_for_their_disk_and_others_go_on(self):
        server = RedisServer(self)
        redis = server.client()
        (self.disk / "p.png").write_bytes(pictures.sample("mask.png"))
        service = self.consume(*words(server), "--set", f"consumer.storage_root={self.disk}",
                               "--set", "consumer.fetch_timeout=200ms")  # fmt: skip
        redis.xadd(STREAM, entry("file-0", camera="file", storage_path="p.png"))
        wait_until(lambda: redis.xlen(RESULTS) == 1)
        self.hang("deaf")
        names = [f"file-{number}" for number in range(1, 13)]
        for name in names:
            redis.xadd(STREAM, entry(name, camera="file", storage_path="p.png"))
        # Not by the log: a disk that is well may take longer than fetch_timeout, too.
        wait_until(lambda: list(service.conditions()) == [("pixel_host", "files")])
        self.assertIn("consumer.storage_root", service.conditions()["pixel_host", "files"])
        add_frames(redis, 50)  # with their pixels
        wait_until(lambda: redis.xlen(RESULTS) == 51)
        self.control.unlink()
        wait_until(lambda: redis.xlen(RESULTS) == 63)
        wait_until(lambda: not service.conditions())
        of_disk = [each for each in result_ids(redis) if each.startswith("file")]
        self.assertEqual(of_disk, ["file-0", *names])
        self.hang("deaf")
        redis.xadd(STREAM, entry("last", camera="file", storage_path="p.png"))
        wait_until(lambda: ("pixel_host", "files") in service.conditions())
        self.assertEqual(service.stop(), 1)
        service.wait_for("shutdown: the disk of the frames' files does not answer")
        self.assertEqual(pending(redis), 1)  # given back
        self.control.unlink()
        service = self.consume(*words(server), "--set", f"consumer.storage_root={self.disk}")
        wait_until(lambda: redis.xlen(RESULTS) == 64)
        self.assertEqual(service.stop(), 0)

    def test_a_stop_is_clean_when_a_disk_answers_late(self):
        server = RedisServer(self)
        redis = server.client()
        (self.disk / "p.png").write_bytes(pictures.sample("mask.png"))
        service = self.serve(*words(server), "--set", f"consumer.storage_root={self.disk}",
                             env=self.env)  # fmt: skip
        redis.xadd(STREAM, entry("read", camera="file", storage_path="p.png"))
        wait_until(lambda: redis.xlen(RESULTS) == 1)
        self.hang("deaf")
        redis.xadd(STREAM, entry("late", camera="file", storage_path="p.png"))
        wait_until(lambda: pending(redis) == 1)
        service.child.send_signal(signal.SIGTERM)
        service.wait_for("shutdown 5/5: deliver results, close sessions done")
        time.sleep(1.5)  # longer than what every disk has, less than shutdown_timeout leaves
        self.control.unlink()
        self.assertEqual(service.wait(), 0)
        self.assertTrue(service.wait_for("shutdown: done")["clean"])

    def test_a_stop_does_not_wait_for_the_disk_of_a_sink(self):
        buffer = Buffer(self)
        service = self.consume("--set", f"consumer.http.url={buffer.url}", "--set",
                               "consumer.sinks=file,log", "--set",
                               f"consumer.file.path={self.disk}/results")  # fmt: skip
        held = 'sampleproc_sink_held_records{sink="file"}'
        done = 'sampleproc_sink_records_total{sink="file",outcome="delivered"}'
        picture = pictures.sample("mask.png")
        buffer.add(frame("first", picture))
        wait_until(lambda: service.metric(done) == 1)
        self.hang("deaf")
        buffer.add(*(frame(f"f-{number}", picture) for number in range(5)))
        wait_until(lambda: service.metric(held) == 5)
        self.assertEqual(service.stop(), 1)
        lost = service.wait_for("shutdown: results are lost, their sink does not take them")
        self.assertEqual((lost["sink"], lost["results"]), ("file", 5))
        self.assertEqual(service.wait_for("shutdown: a sink does not answer")["sink"], "file")

    def test_a_stop_that_a_disk_keeps_from_its_end_is_ended(self):
        buffer = Buffer(self)
        service = self.consume("--set", f"consumer.http.url={buffer.url}", "--set",
                               "consumer.http.spool=disk", "--set",
                               f"consumer.http.spool_dir={self.disk}")  # fmt: skip
        self.hang("hang")
        buffer.add(frame("f", pictures.sample("mask.png")))
        wait_until(lambda: buffer.handed_out == 1)
        wait_until(lambda: any(path.stat().st_size for path in self.disk.iterdir()))
        self.assertEqual(service.stop(), 1)
        service.wait_for("shutdown: ending at once, the last step")

    def test_a_log_on_a_disk_that_hangs_holds_up_nothing(self):
        path = self.folder / "http.sock"
        file = self.disk / "log"
        with open(file, "wb") as log:
            child = subprocess.Popen(
                [cli.BINARY, "serve", *ANY_PORT, *NO_RATE_LIMIT, "--set", f"http.unix_socket={path}", *BRIEF],
                env=self.env, stderr=log)  # fmt: skip
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        wait_until(lambda: b'"listening"' in file.read_bytes())
        self.hang("deaf")
        connection = UnixConnection(str(path))
        for _ in range(100):
            connection.request("GET", "/nowhere")
            self.assertIn(b"not-found", connection.getresponse().read())
        connection.close()
        self.assertNotIn(b"/nowhere", file.read_bytes())
        child.terminate()
        self.assertEqual(child.wait(cli.PATIENCE), 0)


if __name__ == "__main__":
    cli.main()
