"""consumer.http.spool: what a frame buffer has handed out survives the process that took it."""

import collections
import json
import os
import pathlib
import resource
import shutil
import signal
import tempfile
import threading

import cli
import pictures
from frame_buffer import Buffer, frame
from service import WithService
from stand_in import StandIn
from streams import free_port, wait_until
from webhook import Webhook

KILLS = 20
NOBODY = 65534
AWAY = "127.0.0.23"  # nobody else's, so that a port of it stays free


class Pixels(StandIn):
    """Hands out a picture."""

    def __init__(self, test, picture, port):
        self.picture = picture
        super().__init__(test, address=(AWAY, port))

    def handle(self, handler, body):
        handler.answer(200, self.picture)


class Spool(WithService):
    def setUp(self):
        self.buffer = Buffer(self)
        self.picture = pictures.sample("mask.png")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "results.ndjson"
        self.spool = self.folder / "spool"

    def consume(self, *more, **options):
        return self.serve("--set", f"consumer.http.url={self.buffer.url}", "--set",
                          "consumer.backoff=20ms", "--set", "consumer.poll_interval=10ms", "--set",
                          "consumer.sinks=file", "--set", f"consumer.file.path={self.file}",
                          "--set", "consumer.http.spool=disk", "--set",
                          f"consumer.http.spool_dir={self.spool}", *cli.NO_HURRY, *more,
                          **options)  # fmt: skip

    def add(self, count, first=0):
        names = [f"f-{number:04}" for number in range(first, first + count)]
        self.buffer.add(*(frame(name, self.picture, camera=f"cam-{number % 5}")
                          for number, name in enumerate(names)))  # fmt: skip
        return names

    def ids(self):
        if not self.file.exists():
            return []
        # The last line may be there in part.
        lines = self.file.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        return [json.loads(line)["frame_id"] for line in lines]

    def spooled(self):
        return sorted(path.name for path in self.spool.iterdir() if path.suffix == ".json")

    def held(self, service):
        return service.metric("sampleproc_consumer_held_frames")

    def await_arrival(self):
        """Hands out nothing more, until what was handed out has arrived: who asks again has read
        the answer before."""
        asked_again = threading.Event()

        def nothing(handler):
            self.buffer.answer(handler, {"frames": [], "count": 0, "remaining": 0})
            if handler.path.startswith("/frames/"):  # its /health is asked by another thread
                asked_again.set()

        self.buffer.fault = nothing
        wait_until(asked_again.is_set)

    def test_twenty_kills_lose_nothing_that_has_arrived(self):
        slow = ("--set", "process.pipeline=stats", "--set", "process.delay=300ms")
        names, kills, lives = [], 0, 0
        while kills < KILLS:
            lives += 1
            names += self.add(10, first=len(names))
            results = len(self.ids())
            service = self.consume(*slow)
            wait_until(lambda: self.buffer.handed_out == len(names))
            self.await_arrival()
            # One that never gets to an end would be taken for the frames' fault.
            wait_until(lambda: len(self.ids()) > results)  # pylint: disable=W0640
            service.stop(signal.SIGKILL)
            self.buffer.await_nobody()  # its last request would take the next frames
            self.buffer.fault = None
            kills += bool(self.spooled())  # with frames in hand
            self.assertLess(lives, 3 * KILLS)
        service = self.consume()
        wait_until(lambda: not self.spooled())
        self.assertEqual(service.stop(), 0)
        results = collections.Counter(self.ids())
        self.assertEqual(sorted(results), names)
        twice = sum(results.values()) - len(results)
        print(f"\n{kills} kills, {len(names)} frames, {twice} results twice")

    def test_a_frame_that_no_process_survives_ends_as_dead(self):
        """The test is what ends the process while the frame is in work: no decoder of ours does."""
        self.add(1)
        slow = ("--set", "process.delay=1m")
        for _ in range(5):
            service = self.consume(*slow)
            wait_until(lambda: service.metric("sampleproc_active_frames") == 1)  # pylint: disable=W0640
            service.stop(signal.SIGKILL)
        service = self.consume(*slow)
        dead = 'sampleproc_consumer_frames_total{outcome="dead",reason="internal"}'
        wait_until(lambda: service.metric(dead) == 1)
        wait_until(lambda: not self.spooled())
        self.assertEqual(service.stop(), 0)

    def test_a_stop_leaves_nothing(self):
        names = self.add(1000)  # more than are done before the stop
        service = self.consume("--set", "process.pipeline=stats", "--set", "process.delay=30ms")
        wait_until(lambda: self.held(service) > 0)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.spooled(), [])
        self.assertEqual(sorted(self.ids()), names[: self.buffer.handed_out])

    def test_results_that_no_sink_has_taken_are_made_again(self):
        missing = self.folder / "later" / "results.ndjson"
        elsewhere = ("--set", f"consumer.file.path={missing}", "--set",
                     "service.shutdown_timeout=2s")  # fmt: skip
        names = self.add(5)
        service = self.consume(*elsewhere)
        service.wait_for_condition("sink")
        wait_until(lambda: self.held(service) == 0 and self.buffer.handed_out == 5)
        self.assertEqual(service.stop(), 0)
        line = service.wait_for("shutdown: results that no sink has taken are made again")
        self.assertEqual((line["sink"], line["results"]), ("file", 5))
        self.assertIs(service.log()[-1]["clean"], True)  # nothing is lost
        self.assertTrue(self.spooled())
        os.mkdir(missing.parent)
        service = self.consume(*elsewhere)
        wait_until(lambda: not self.spooled())
        self.assertEqual(service.stop(), 0)
        self.file = missing
        self.assertEqual(sorted(self.ids()), names)

    def refused_results(self, *more, **options):
        """To a webhook that takes none, and a stop that does not wait long for it."""
        webhook = Webhook(self)
        webhook.status = 503
        service = self.consume(*self.to(webhook), "--set", "service.shutdown_timeout=2s", *more,
                               **options)  # fmt: skip
        return webhook, service

    def to(self, webhook):
        return ("--set", "consumer.sinks=webhook", "--set", f"consumer.webhook.url={webhook.url}", "--set",
                "consumer.file.path=")  # fmt: skip

    def held_by(self, service):
        return service.metric('sampleproc_sink_held_records{sink="webhook"}')

    def told_at_stop(self, service):
        """How many results are lost, and how many made again, as its lines say; as its last one does."""
        said = {"results are lost": 0, "results that no sink has taken are made again": 0}
        for line in service.log():
            for text in said:
                if line["msg"].startswith("shutdown: " + text):
                    said[text] = line["results"]
        last = service.log()[-1]
        self.assertEqual(last["results_lost"], said["results are lost"])
        self.assertIs(last["clean"], not last["results_lost"])
        return tuple(said.values())

    def test_results_of_frames_that_no_spool_holds_any_more_are_lost_and_told(self):
        _, service = self.refused_results()
        self.add(10)
        wait_until(lambda: self.held_by(service) == 10)
        shutil.rmtree(self.spool)
        self.add(5, first=10)
        wait_until(lambda: self.held_by(service) == 15)
        self.assertEqual(service.stop(), 1)
        self.assertEqual(self.told_at_stop(service), (15, 0))

    def test_results_of_frames_that_could_not_be_written_down_are_lost_alone(self):
        webhook, service = self.refused_results(env=self.broken_disk())
        names = self.add(10)
        wait_until(lambda: self.held_by(service) == 10)
        self.control.write_text("full", encoding="ascii")
        self.add(5, first=10)
        wait_until(lambda: self.held_by(service) == 15)
        self.assertEqual(service.stop(), 1)
        self.assertEqual(self.told_at_stop(service), (5, 10))
        webhook.status = 204
        service = self.consume(*self.to(webhook))
        wait_until(lambda: sorted(webhook.ids()) == names)
        self.assertEqual(service.stop(), 0)

    def test_results_of_live_cameras_are_in_no_spool(self):
        album = self.folder / "album"
        album.mkdir()
        for number in range(3):
            (album / f"{number}.png").write_bytes(self.picture)
        config = self.folder / "camera.toml"
        config.write_text(f"[camera.gate]\nurl = {json.dumps(str(album))}\nfps = 20\n",
                          encoding="ascii")  # fmt: skip
        _, service = self.refused_results("--config", str(config))
        self.add(4)
        service.wait_for("camera: its file has ended", camera="gate")
        # When the workers are slow a picture is looked at in the place of another.
        of_camera = service.get("/health").json()["cameras"]["gate"]["looked_at"]
        self.assertGreater(of_camera, 0)
        wait_until(lambda: self.held_by(service) == of_camera + 4)
        self.assertEqual(service.stop(), 1)
        self.assertEqual(self.told_at_stop(service), (of_camera, 4))

    def test_beyond_the_buffer_what_no_spool_holds_is_lost_and_the_rest_put_off(self):
        _, service = self.refused_results("--set", "consumer.sink_buffer=64KiB",
                                          env=self.broken_disk())  # fmt: skip

        def records(outcome):
            return service.metric(
                f'sampleproc_sink_records_total{{sink="webhook",outcome="{outcome}"}}')  # fmt: skip

        self.add(300)
        wait_until(lambda: self.done(service) == 300)
        wait_until(lambda: records("put_off") > 0)
        self.assertEqual(records("lost"), 0)
        self.control.write_text("full", encoding="ascii")
        self.add(20, first=300)
        wait_until(lambda: records("lost") == 20)
        reason = wait_until(lambda: service.conditions().get(("sink", "webhook")))
        wait_until(lambda: "20 are lost so far" in service.conditions()[("sink", "webhook")])
        self.assertIn("are put off so far", service.conditions()[("sink", "webhook")], reason)
        self.assertEqual(service.stop(), 0)

    def test_a_full_spool_pulls_no_more_and_goes_on_later(self):
        missing = self.folder / "later" / "results.ndjson"
        self.add(1000)
        service = self.consume("--set", f"consumer.file.path={missing}", "--set",
                               "consumer.http.spool_max_bytes=1MiB")  # fmt: skip
        wait_until(lambda: any("spool_max_bytes" in str(line.get("reason"))
                               for line in service.log()))  # fmt: skip
        self.assertLess(self.buffer.handed_out, 1000)
        self.assertLess(service.metric("sampleproc_spool_bytes"), 3 << 20)
        self.assertEqual(service.metric("sampleproc_spool_limit_bytes"), 1 << 20)
        os.mkdir(missing.parent)
        wait_until(lambda: self.buffer.handed_out == 1000 and not self.spooled())
        self.assertEqual(service.stop(), 0)
        self.file = missing
        self.assertEqual(len(self.ids()), 1000)

    def test_frames_of_a_host_that_is_away_wait_in_the_spool_however_many_they_are(self):
        port = free_port(AWAY)
        waiting = []
        for number in range(100):
            each = frame(f"w-{number:04}", b"", camera=f"away-{number % 3}")
            del each["frame_data"]
            waiting.append(each | {"frame_url": f"http://{AWAY}:{port}/{number}"})
        self.buffer.add(*waiting)
        service = self.consume("--set", "process.pipeline=stats", "--set",
                               "consumer.max_waiting=20", "--set",
                               f"consumer.frame_url_hosts={AWAY}")  # fmt: skip
        wait_until(lambda: self.buffer.handed_out == 100)
        returned = 'sampleproc_consumer_frames_total{outcome="returned",reason="pixel_host"}'
        wait_until(lambda: service.metric(returned) > 100)  # some of them for the second time
        others = self.add(20)  # which they keep from nothing
        wait_until(lambda: len(self.ids()) == 20)
        Pixels(self, self.picture, port)
        wait_until(lambda: len(self.ids()) == 120 and not self.spooled())
        self.assertEqual(sorted(self.ids()), others + [each["frame_id"] for each in waiting])
        self.assertEqual(service.stop(), 0)
        self.assertFalse([line for line in service.log() if "dropped" in line["msg"]])

    def test_a_disk_without_room_is_said_once_and_stops_nothing(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        self.add(30)
        service = self.consume("--set", "consumer.sinks=log", "--set", "consumer.file.path=",
                               preexec_fn=small_files)  # fmt: skip
        done = 'sampleproc_consumer_frames_total{outcome="done",reason=""}'
        wait_until(lambda: service.metric(done) == 30)
        self.assertGreater(service.metric("sampleproc_spool_failures_total"), 0)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(service.told("spool"), (1, 0))
        line = service.wait_for_condition("spool")
        self.assertEqual(line["subject"], "write")
        self.assertIn("File too large", line["reason"])
        self.assertEqual(self.spooled(), [])  # nothing torn is left behind

    def broken_disk(self):
        self.control = self.folder / "control"
        return {"LD_PRELOAD": os.path.join(os.path.dirname(cli.BINARY), "tests", "broken_disk.so"),
                "ASAN_OPTIONS": "verify_asan_link_order=0",
                "BROKEN_DISK": str(self.control)}  # fmt: skip

    def done(self, service):
        return service.metric('sampleproc_consumer_frames_total{outcome="done",reason=""}')

    def test_a_disk_that_fails_and_comes_back_is_told_each_time_and_stops_nothing(self):
        service = self.consume(env=self.broken_disk())
        count = 0
        for number, (fault, reason) in enumerate((
                ("full", "No space left on device"), ("read-only", "Read-only file system"),
                ("sync", "Input/output error"))):  # fmt: skip
            with self.subTest(fault):
                self.control.write_text(fault, encoding="ascii")
                self.add(5, first=count)
                count += 5
                wait_until(lambda: self.done(service) == count)  # pylint: disable=W0640
                told = service.conditions()[("spool", "write")]
                self.assertIn(reason, told)
                self.assertIn(str(self.spool), told)
                self.assertEqual(service.get("/health").json()["status"], "degraded")
                self.control.unlink()
                self.add(1, first=count)
                count += 1
                wait_until(lambda: self.done(service) == count)  # pylint: disable=W0640
                wait_until(lambda: not service.conditions())
                each = (number + 1, number + 1)
                wait_until(lambda: service.told("spool") >= each)  # pylint: disable=W0640
                self.assertEqual(service.told("spool"), each)
        wait_until(lambda: not self.spooled())
        self.assertEqual(service.stop(), 0)

    def test_an_answer_is_synced_once_the_file_and_once_the_folder(self):
        service = self.consume(env=self.broken_disk())
        self.add(100)
        wait_until(lambda: self.done(service) == 100)
        self.assertEqual(service.stop(), 0)
        with_frames = sum(count > 0 for count in self.buffer.given)
        syncs = (self.folder / "control.syncs").stat().st_size
        self.assertEqual(syncs, 2 * with_frames)

    def test_what_cannot_be_read_stays_and_is_done_later(self):
        if os.getuid() != 0:
            self.skipTest("needs a file of another user's")
        self.spool.mkdir()
        for path in (self.folder, self.spool):
            os.chown(path, NOBODY, NOBODY)
        answer = json.dumps({"frames": [frame("precious", self.picture)]})
        unreadable, torn = self.spool / "7.json", self.spool / "8.json"
        unreadable.write_text(answer, encoding="ascii")
        unreadable.chmod(0o600)  # root's
        torn.write_text(answer[:1000], encoding="ascii")
        os.chown(torn, NOBODY, NOBODY)
        service = self.consume(user=NOBODY, group=NOBODY, extra_groups=[])
        wait_until(lambda: sum(name == "spool" for name, _ in service.conditions()) == 2)
        told = service.conditions()
        self.assertIn(f"{unreadable}: Permission denied", told[("spool", "read")])
        self.assertIn(f"{torn}.torn", told[("spool", "torn")])
        self.add(5)
        wait_until(lambda: len(self.ids()) == 5)
        self.assertEqual(unreadable.read_text(encoding="ascii"), answer)
        self.assertEqual(len((self.spool / "8.json.torn").read_bytes()), 1000)
        os.chown(unreadable, NOBODY, NOBODY)
        (self.spool / "8.json.torn").unlink()
        wait_until(lambda: "precious" in self.ids())
        wait_until(lambda: not service.conditions())
        wait_until(lambda: not unreadable.exists())
        self.assertEqual(service.stop(), 0)
        self.assertEqual(service.told("spool"), (2, 2))

    def test_a_folder_of_another_process_or_none_is_an_error_at_start(self):
        service = self.consume()
        result = cli.run("serve", "--port", "0", "--set", f"consumer.http.url={self.buffer.url}",
                         "--set", "consumer.http.spool=disk", "--set",
                         f"consumer.http.spool_dir={self.spool}")  # fmt: skip
        self.assertEqual(result.returncode, 78, result.err)
        self.assertIn("another process uses it", result.err)
        self.assertEqual(service.stop(), 0)
        result = cli.run("serve", "--port", "0", "--set", f"consumer.http.url={self.buffer.url}",
                         "--set", "consumer.http.spool=disk", "--set",
                         "consumer.http.spool_dir=/proc/nowhere")  # fmt: skip
        self.assertEqual(result.returncode, 78, result.err)
        self.assertIn("consumer.http.spool_dir, /proc/nowhere: ", result.err)

    def test_pages_in_place_of_frames_do_not_fill_the_spool(self):
        page = b"<html>" + b"x" * 300_000
        pages = []

        def fault(handler):
            pages.append(None)
            handler.answer(200, page)

        self.buffer.fault = fault
        service = self.consume("--set", "consumer.http.spool_max_bytes=1MiB")
        wait_until(lambda: len(pages) > 8)  # twice what the spool holds
        reason = service.wait_for_condition("source_unreachable")["reason"]
        self.assertIn(".json.unusable", reason)
        self.buffer.fault = None
        names = self.add(20)
        wait_until(lambda: sorted(self.ids()) == names and not self.spooled())
        self.assertEqual(service.stop(), 0)  # a running service deletes files as they are looked at
        self.assertLessEqual(sum(path.stat().st_size for path in self.spool.iterdir()), 1 << 20)


if __name__ == "__main__":
    cli.main()
