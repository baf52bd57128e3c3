"""loadtest against targets that fail: each is reported as what it is, in every form of the report."""

import os
import pathlib
import re
import socket
import tempfile

import cli
import loadtest_server
import pictures
from certificate import make_certificate
from loadtest_server import Server
from loadtest_test import ANY_LAG, load
from service import ANY_PORT, Service


class Targets(cli.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def both(self, manner, *words, code=1):
        """The JSON of a run of 20 requests, and the text of its page."""
        server = Server(self, manner)
        page = self.folder / "report.html"
        words = words or ("--rate", "100", "--requests", "20")
        report = load(self, server.url, *words, "--html", str(page), code=code)
        self.assertEqual(report["requests"]["intended"],
                         report["requests"]["good"] + report["errors"]["total"])  # fmt: skip
        text = page.read_text("utf-8")
        self.assertIn(f'<span class="badge {report["verdict"]}">{report["verdict"]}</span>', text)
        for name, count in report["errors"]["by_type"].items():
            self.assertIn(f"<tr><td>{name}</td><td>{count}</td>", text)
        return report, text

    def test_refused_with_retry_after(self):
        report, text = self.both(loadtest_server.refuses)
        self.assertEqual(report["errors"]["by_type"], {"status_503": 20})
        self.assertEqual(report["verdict"], "fail")
        self.assertIn("503", " ".join(report["notes"]))
        self.assertIn("<b>20</b>", text)

    def test_right_status_and_wrong_bodies(self):
        (self.folder / "a.png").write_bytes(pictures.sample("mask.png"))
        report, _ = self.both(loadtest_server.web_page, "--frames", str(self.folder), "--rate",
                              "100", "--requests", "20")  # fmt: skip
        self.assertEqual(report["errors"]["by_type"], {"invalid_json": 20})
        self.assertEqual(report["latency"]["corrected"]["count"], 0)

    def test_connections_closed_without_a_word(self):
        report, _ = self.both(loadtest_server.close_silently, code=0)
        self.assertGreater(report["requests"]["good"], 0)
        # One that met the end on its way is told: nothing is sent twice.
        self.assertLessEqual(set(report["errors"]["by_type"]), {"closed", "reset"})

    def test_answers_byte_by_byte(self):
        report, _ = self.both(loadtest_server.byte_by_byte, code=0)
        self.assertEqual(report["requests"]["good"], 20)
        # Until its last byte: each of the 59 bytes came a millisecond after the one before.
        self.assertGreater(report["latency"]["corrected"]["p50_ms"], 58)

    def test_a_target_that_dies_in_the_middle(self):
        report, _ = self.both(loadtest_server.dies_in_the_middle, "--rate", "100", "--requests",
                              "100", "--fail", "errors<10%")  # fmt: skip
        self.assertGreater(report["requests"]["good"], 0)
        self.assertLess(report["requests"]["good"], 20)
        self.assertLessEqual(set(report["errors"]["by_type"]), {"closed", "reset", "connect"})
        self.assertEqual(report["verdict"], "fail")

    def test_failures_without_criteria_pass_with_a_word(self):
        report, text = self.both(loadtest_server.dies_in_the_middle, "--rate", "100", "--requests",
                                 "100", code=0)  # fmt: skip
        self.assertEqual(report["verdict"], "pass")
        self.assertIn("--fail", " ".join(report["notes"]))
        self.assertIn("--fail &#39;errors", text.replace("'", "&#39;"))

    def test_nothing_there(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            for words in ((), ("--audit",), ("--find-capacity", "p99<1s")):
                page = self.folder / "none.html"
                more = ("--html", str(page)) if not words else ()
                done = cli.run("loadtest", "--target", url, *words, *more)
                self.assertEqual((done.returncode, done.out), (69, ""), words)
                self.assertFalse(page.exists())

    def test_certificates_that_are_wrong(self):
        path = lambda name: str(self.folder / name)
        make_certificate(path("cert"), path("key"), "DNS:elsewhere.example")
        service = Service(self, *ANY_PORT, "--set", "http.tls_cert=" + path("cert"), "--set",
                          "http.tls_key=" + path("key"))  # fmt: skip
        for words in (("--ca", path("cert")), ()):  # for another name; of no authority
            for more in ((), ("--audit",)):
                done = cli.run("loadtest", "--target", f"https://127.0.0.1:{service.port}", *words,
                               *more)  # fmt: skip
                self.assertEqual((done.returncode, done.out), (69, ""), done.err)
                self.assertIn("certificate", done.err)
        plain = Service(self, *ANY_PORT)
        done = cli.run("loadtest", "--target", f"https://127.0.0.1:{plain.port}")
        self.assertEqual((done.returncode, done.out), (69, ""), done.err)

    def test_results_that_cannot_be_written(self):
        server = Server(self, loadtest_server.well)
        for option in ("--json", "--html", "--percentiles"):
            done = cli.run("loadtest", "--target", server.url, "--requests", "1", option,
                           str(self.folder / "none" / "file"), *ANY_LAG)  # fmt: skip
            self.assertEqual(done.returncode, 74, done.err)
            self.assertRegex(done.err, re.escape(os.path.join("none", "file")))


if __name__ == "__main__":
    cli.main()
