"""loadtest tells the truth of runs that go wrong, and is not led astray by its target or its files."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile

import jsonschema

import cli
import loadtest_server
import pictures
from loadtest_server import Server
from loadtest_test import ANY_LAG, load, schema


class Folder(cli.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.frames = self.folder / "frames"
        self.frames.mkdir()
        shutil.copy(pictures.sample_path("mask.png"), self.frames)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, "utf-8")
        return str(path)


class FailuresCount(Folder):
    LATENCIES = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms", "mean_ms")

    def test_without_a_good_answer_there_is_no_latency(self):
        server = Server(self, loadtest_server.too_many)
        page = self.folder / "page.html"
        report = load(self, server.url, "--rate", "100", "--requests", "20", "--html", str(page),
                      code=1)  # fmt: skip
        for latency in report["latency"].values():
            self.assertEqual([latency[name] for name in self.LATENCIES], [None] * 6)
        self.assertEqual(set(s["p50_ms"] for s in report["seconds"] if s["errors"]), {None})
        text = page.read_text("utf-8")
        self.assertIn("<span>p99, corrected</span><b>failed</b>", text)
        self.assertNotIn("<b>0 ms</b>", text)
        done = cli.run("loadtest", "--target", server.url, "--rate", "100", "--requests", "20",
                       "--quiet", *ANY_LAG)  # fmt: skip
        self.assertRegex(done.out, r"(?m)^  corrected( +failed){5}$")

    def test_a_few_good_answers_do_not_hide_many_failures(self):
        server = Server(self, loadtest_server.every_tenth)
        report = load(self, server.url, "--rate", "100", "--requests", "100", "--fail",
                      "mean<60s,p99<60s,p50<60s", code=1)  # fmt: skip
        self.assertEqual(report["errors"]["total"], 90)
        self.assertEqual([each["holds"] for each in report["criteria"]], [False] * 3)
        self.assertIsNone(report["latency"]["corrected"]["p50_ms"])


class Search(Folder):
    def search(self, server, *words):
        done = cli.run("loadtest", "--target", server.url, "--json", "-", "--quiet", *ANY_LAG,
                       *words)  # fmt: skip
        report = json.loads(done.out)
        jsonschema.validate(report, schema("loadtest-capacity"))
        return done.returncode, report

    def test_a_target_that_dies_has_no_capacity(self):
        server = Server(self, loadtest_server.dies_in_the_middle)
        code, report = self.search(server, "--find-capacity", "errors<90%", "--rate", "100",
                                   "--duration", "100ms")  # fmt: skip
        self.assertEqual((code, report["verdict"], report["capacity"]), (1, "fail", 0))
        self.assertIn("the target is gone", report["problem"])
        self.assertLess(len(report["search"]), 4)

    def test_a_rate_does_not_begin_with_what_the_one_before_left(self):
        server = Server(self, loadtest_server.ten_milliseconds)
        code, report = self.search(server, "--find-capacity", "p99<1s", "--rate", "400",
                                   "--duration", "500ms", "--timeout", "1s")  # fmt: skip
        self.assertEqual((code, report["problem"]), (0, ""))
        self.assertGreater(report["capacity"], 0)


class Rates(Folder):
    def test_rates_are_of_the_time_that_was_run(self):
        server = Server(self, loadtest_server.well)
        times = self.write("times", "".join(f"{i / 100}\n" for i in range(2000)))
        for words in (("--stages", "10m@100"), ("--arrivals-file", times), ("--rate", "100"),
                      ("--rate", "100", "--duration", "10m")):  # fmt: skip
            with self.subTest(words):
                report = load(self, server.url, *words, "--requests", "20")
                self.assertEqual(report["requests"]["good"], 20)
                self.assertAlmostEqual(report["rate"]["intended"], 100, delta=1)
                self.assertLess(report["rate"]["achieved"], 101)
                self.assertLess(report["elapsed_s"], 19)

    def test_a_run_that_is_interrupted_while_nothing_is_answered(self):
        server = Server(self, loadtest_server.never)
        child = cli.start(self, "loadtest", "--target", server.url, "--rate", "50", "--duration",
                          "10m", "--timeout", "10m", "--fail", "p99<80ms,errors<1%", "--json", "-",
                          *ANY_LAG)  # fmt: skip
        child.stderr.readline()  # after five seconds
        child.send_signal(signal.SIGINT)
        report = json.loads(child.communicate()[0])
        self.assertEqual(child.returncode, 130)
        self.assertGreaterEqual(report["elapsed_s"], 5)
        self.assertAlmostEqual(report["rate"]["intended"], 50, delta=25)
        self.assertEqual(report["requests"]["abandoned"], report["requests"]["intended"])
        self.assertEqual([each["holds"] for each in report["criteria"]], [False, False])
        self.assertGreater(report["criteria"][0]["measured"], 1000)


class Files(Folder):
    def test_a_folder_is_no_file(self):
        server = Server(self, loadtest_server.well)
        for words in (("--body",), ("--token-file",), ("--baseline",), ("--arrivals-file",),
                      ("--frames", str(self.frames), "--golden")):  # fmt: skip
            with self.subTest(words):
                done = cli.run("loadtest", "--target", server.url, *words, str(self.folder))
                self.assertEqual((done.returncode, done.out), (74, ""), done.err)
                self.assertIn("directory", done.err)

    def test_a_golden_file_that_is_of_other_frames_is_refused(self):
        server = Server(self, loadtest_server.well)
        other = self.write("golden", '{"source":"other.png","detections":[]}\n')
        for golden in ("/dev/null", other):
            done = cli.run("loadtest", "--target", server.url, "--frames", str(self.frames),
                           "--golden", golden)  # fmt: skip
            self.assertEqual((done.returncode, done.out), (2, ""), done.err)
            self.assertIn("nothing would be compared", done.err)

    def test_a_baseline_that_says_nothing_of_the_target_is_refused(self):
        server = Server(self, loadtest_server.well)
        words = ("--rate", "50", "--requests", "5")
        report = load(self, server.url, *words)
        for change, message in (({"verdict": "invalid"}, "INVALID"), ({"loop": "closed"}, "loop")):
            old = self.write("old", json.dumps(report | change))
            done = cli.run("loadtest", "--target", server.url, *words, "--baseline", old)
            self.assertEqual(done.returncode, 2, done.err)
            self.assertIn(message, done.err)

    def test_a_result_that_cannot_be_written_stops_no_other(self):
        server = Server(self, loadtest_server.well)
        page = self.folder / "page.html"
        words = ("--target", server.url, "--requests", "1", "--html", str(page), *ANY_LAG)
        done = cli.run("loadtest", *words, "--json", str(self.folder / "none" / "x"))
        self.assertEqual((done.returncode, done.out), (74, ""), done.err)  # before the run
        done = cli.run("loadtest", *words, "--json", "/dev/full")
        self.assertEqual(done.returncode, 74, done.err)
        self.assertIn("</html>", page.read_text("utf-8"))


class Targets(Folder):
    def test_a_query_is_in_no_report(self):
        server = Server(self, loadtest_server.well)
        page = self.folder / "page.html"
        report = load(self, server.url + "/a?token=s3cret", "--requests", "1", "--html", str(page))
        self.assertEqual(report["target"], server.url + "/a?...")
        self.assertNotIn("s3cret", page.read_text("utf-8"))

    def test_numbers_of_the_target_that_nobody_can_mean(self):
        server = Server(self, loadtest_server.strange_metrics)
        page = self.folder / "page.html"
        report = load(self, server.url, "--frames", str(self.frames), "--rate", "10", "--requests",
                      "25", "--html", str(page))  # fmt: skip
        self.assertEqual(report["requests"]["good"], 25)
        self.assertLessEqual(set(report["server"]["mean_ms"]), {"fine"})
        self.assertIn("</html>", page.read_text("utf-8"))

    def test_answers_without_an_end_do_not_take_all_memory(self):
        server = Server(self, loadtest_server.without_end)
        report = load(self, server.url, "--frames", str(self.frames), "--rate", "100", "--requests",
                      "100", "--no-server-metrics", "--timeout", "30s", code=1)  # fmt: skip
        self.assertGreater(report["errors"]["by_type"].get("too_large", 0), 0)

    def test_hostile_frames_are_refused_for_what_they_are(self):
        server = Server(self, loadtest_server.nothing_here)
        report = load(self, server.url, "--frames", str(self.frames), "--hostile", "1", "--rate",
                      "100", "--requests", "10", "--no-server-metrics", code=1)  # fmt: skip
        self.assertEqual(report["errors"]["by_type"], {"status_404": 10})

    def test_interrupted_while_the_target_is_silent(self):
        with socket.socket() as listener, contextlib.ExitStack() as stack:
            listener.bind(("127.0.0.1", 0))
            listener.listen(8)
            child = cli.start(self, "loadtest", "--target",
                              f"https://127.0.0.1:{listener.getsockname()[1]}")  # fmt: skip
            for _ in range(2):  # one to see that it is there, one to see its certificate
                stack.enter_context(listener.accept()[0])
            child.send_signal(signal.SIGINT)
            child.communicate()
            self.assertEqual(child.returncode, 130)


class Refused(cli.TestCase):
    def test_options_that_would_say_nothing(self):
        for words in (("--find-capacity", "p99<1s", "--requests", "5"),
                      ("--find-capacity", "p99<1s", "--html", "x"),
                      ("--find-capacity", "p99<1s", "--percentiles", "x"),
                      ("--find-capacity", "p99<1s", "--baseline", "x"),
                      ("--find-capacity", "p99<1s", "--series", "x"),
                      ("--find-capacity", "p99<1s", "--junit", "x"),
                      ("--audit", "--during", "at=1s term", "--pid", "2"),
                      *(("--audit", *words) for words in (
                          ("--duration", "5s"), ("--requests", "5"), ("--threads", "2"),
                          ("-c", "5"), ("--no-keep-alive",), ("--path", "/x"), ("--timeout", "1s"),
                          ("--max-send-lag", "5ms"))),
                      ("--arrivals", "poisson", "--closed"),
                      ("--arrivals", "poisson", "--arrivals-file", os.devnull),
                      ("--fps", "5"), ("--burst", "5"), ("--form", "binary"),
                      ("--no-server-metrics",), ("--settle", "1s"),
                      ("--audit", "--html", "x"), ("--audit", "--fail", "p99<1s"),
                      ("--stages", "1s@5", "--duration", "5s"),
                      ("--arrivals-file", os.devnull, "--duration", "5s")):  # fmt: skip
            done = cli.run("loadtest", "--target", "http://127.0.0.1:1", *words)
            self.assertEqual((done.returncode, done.out), (2, ""), (words, done.err))


if __name__ == "__main__":
    cli.main()
