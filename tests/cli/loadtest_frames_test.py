"""loadtest with frames, against a real service: each answer is checked, not only counted."""

import json
import os
import pathlib
import shutil
import tempfile

import cli
import loadtest_server
import pictures
from certificate import make_certificate
from loadtest_test import load
from service import ANY_PORT, Service

FRAMES = ("HappyFish.jpg", "blox.jpg", "mask.png")
STATS = ("--set", "process.pipeline=stats", *cli.NO_HURRY)


class Frames(cli.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.frames = self.folder / "frames"
        self.frames.mkdir()
        for name in FRAMES:
            shutil.copy(pictures.sample_path(name), self.frames)
        (self.frames / "notes.txt").write_text("no picture")

    def serve(self, *words):
        service = Service(self, *ANY_PORT, *STATS, *words)
        return f"http://127.0.0.1:{service.port}"

    def test_each_form_is_understood_and_hostile_frames_are_refused(self):
        url = self.serve()
        for form in ("json", "binary", "multipart"):
            with self.subTest(form):
                report = load(self, url, "--frames", str(self.frames), "--form", form, "--hostile",
                              "30%", "--closed", "-c", "2", "--requests", "60",
                              "--timeout", "2m")  # fmt: skip
                self.assertEqual(report["errors"], {"total": 0, "by_type": {}})
                self.assertEqual(report["requests"]["good"], 60)
                self.assertEqual(report["target"], url + "/process")

    def test_cameras_send_at_their_rate(self):
        url = self.serve("--set", "process.pipeline=stats,motion")
        report = load(self, url, "--frames", str(self.frames), "--cameras", "4", "--fps", "5",
                      "--duration", "1s", "--timeout", "2m")  # fmt: skip
        self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (20, 0))

    def test_a_golden_file_is_held_against(self):
        url = self.serve("--set", "process.pipeline=stats,people", "--set",
                         "process.detection_threshold=0.01")  # fmt: skip
        records = cli.run("process-file", "--set", "process.pipeline=stats,people", "--set",
                          "process.detection_threshold=0.01",
                          *(str(self.frames / name) for name in FRAMES))  # fmt: skip
        golden = self.folder / "golden.ndjson"
        golden.write_text(records.out)
        words = ("--frames", str(self.frames), "--golden", str(golden), "--closed", "-c", "2",
                 "--requests", "12", "--timeout", "2m")  # fmt: skip
        self.assertEqual(load(self, url, *words)["errors"]["total"], 0)
        lines = [json.loads(line) for line in records.out.splitlines()]
        for line in lines:
            line["detections"] = [{"class": "elephant"}]
        golden.write_text("\n".join(json.dumps(line) for line in lines))
        self.assertEqual(load(self, url, *words, code=1)["errors"]["by_type"],
                         {"wrong_detections": 12})

    def test_answers_that_are_mixed_up_are_seen(self):
        server = loadtest_server.Server(self, loadtest_server.mixed_up)
        report = load(self, server.url, "--frames", str(self.frames), "--requests", "10", "--rate",
                      "100", "--no-server-metrics", code=1)  # fmt: skip
        self.assertEqual(report["errors"]["by_type"], {"wrong_frame_id": 10})

    def test_a_service_that_takes_hostile_frames_is_seen(self):
        server = loadtest_server.Server(self, loadtest_server.well)
        report = load(self, server.url, "--frames", str(self.frames), "--requests", "10",
                      "--hostile", "1", "--form", "binary", "--rate", "100",
                      "--no-server-metrics", code=1)  # fmt: skip
        self.assertEqual(report["errors"]["by_type"], {"hostile_status_200": 10})

    def test_pixels_without_a_header(self):
        url = self.serve()
        frames = self.folder / "raw"
        frames.mkdir()
        (frames / "a.raw").write_bytes(bytes(range(256)) * 3)
        words = ("--frames", str(frames), "--raw", "16x16:bgr24", "--closed", "-c", "2",
                 "--requests", "20", "--hostile", "30%")  # fmt: skip
        for form in ("json", "binary", "multipart"):
            with self.subTest(form):
                report = load(self, url, *words, "--form", form)
                self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (20, 0))
        done = cli.run("loadtest", "--target", url, "--frames", str(frames), "--raw", "16x15:gray8")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a.raw has 768 bytes; pixels as --raw says have 240", done.err)
        done = cli.run("loadtest", "--target", url, "--frames", str(frames))
        self.assertIn("and *.raw with --raw", done.err)

    def test_the_servers_own_times_stand_beside(self):
        url = self.serve()
        html = self.folder / "report.html"
        words = ("--frames", str(self.frames), "--closed", "-c", "2", "--requests", "50")
        report = load(self, url, *words, "--html", str(html))
        self.assertEqual(report["server"]["problem"], "")
        self.assertEqual(report["server"]["frames"], 50)
        self.assertEqual(set(report["server"]["mean_ms"]), {"queue", "decode", "stats", "encode", "total"})
        self.assertEqual(sum(each["frames"] for each in report["server"]["seconds"]), 50)
        self.assertIn("Time within the server", html.read_text("utf-8"))
        self.assertIsNone(load(self, url, *words, "--no-server-metrics")["server"])
        url = self.serve("--set", "telemetry.metrics=false")
        self.assertIn("/metrics", load(self, url, *words)["server"]["problem"])

    def test_a_mix_of_sizes_has_its_shares(self):
        small, large = self.folder / "small", self.folder / "large"
        for folder, name in ((small, "mask.png"), (large, "HappyFish.jpg")):
            folder.mkdir()
            shutil.copy(pictures.sample_path(name), folder)
        server = loadtest_server.Server(self, loadtest_server.count_types)
        load(self, server.url, "--frames", f"{small}=70", "--frames", f"{large}=30", "--form",
             "binary", "--closed", "-c", "1", "--requests", "400", "--no-server-metrics")  # fmt: skip
        self.assertEqual(server.notes["png"].value + server.notes["jpeg"].value, 400)
        self.assertGreater(server.notes["png"].value, 400 * 0.6)
        self.assertLess(server.notes["png"].value, 400 * 0.8)

    def test_a_folder_without_a_frame_is_refused(self):
        server = loadtest_server.Server(self, loadtest_server.well)
        empty = self.folder / "empty"
        empty.mkdir()
        for words, message in (((str(empty),), "no frame in"), ((str(self.frames), "--hostile",
                               "2"), "--hostile takes"), ((str(self.frames), "--method", "PUT"),
                               "frames are sent with POST")):  # fmt: skip
            done = cli.run("loadtest", "--target", server.url, "--frames", *words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.err)


class Doors(cli.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = lambda name: os.path.join(folder.name, name)

    def test_tls(self):
        make_certificate(self.path("cert"), self.path("key"), "IP:127.0.0.1")
        service = Service(self, *ANY_PORT, "--set", "http.tls_cert=" + self.path("cert"), "--set",
                          "http.tls_key=" + self.path("key"))  # fmt: skip
        url = f"https://127.0.0.1:{service.port}"
        for more in ((), ("--no-keep-alive",)):
            report = load(self, url, "--ca", self.path("cert"), "--closed", "-c", "5",
                          "--requests", "100", *more)  # fmt: skip
            self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (100, 0))
        done = cli.run("loadtest", "--target", url)
        self.assertEqual(done.returncode, 69)
        self.assertIn("certificate does not lead to an authority", done.err)

    def test_a_unix_socket(self):
        Service(self, *ANY_PORT, "--set", "http.unix_socket=" + self.path("s"))
        report = load(self, "http://localhost", "--unix-socket", self.path("s"), "--closed", "-c",
                      "3", "--requests", "30")  # fmt: skip
        self.assertEqual(report["requests"]["good"], 30)


if __name__ == "__main__":
    cli.main()
