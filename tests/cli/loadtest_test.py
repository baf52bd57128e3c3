"""loadtest: what it measures, what it says about it, and what it refuses."""

import json
import os
import re
import pathlib
import signal
import socket
import tempfile
import xml.etree.ElementTree

import jsonschema

import cli
import loadtest_server
from certificate import make_certificate
from loadtest_server import Server


# A busy machine makes a late generator, which says so; these tests are about other things.
ANY_LAG = ("--max-send-lag", "1h")


def schema(name):
    root = pathlib.Path(__file__).resolve().parents[2]
    return json.loads((root / f"config/{name}.schema.json").read_text("utf-8"))


SCHEMA = schema("loadtest")


def load(test, target, *words, code=0):
    """The JSON of a run that ends with `code`."""
    # On a busy machine an answer may come late; that is no matter here.
    patience = () if "--timeout" in words else ("--timeout", "2m")
    done = cli.run("loadtest", "--target", target, "--quiet", "--json", "-", *ANY_LAG, *patience,
                   *words)  # fmt: skip
    # A closed loop on a busy machine says that it had too little CPU, and is right.
    codes = (code, 3) if "--closed" in words else (code,)
    test.assertIn(done.returncode, codes, done.err + done.out)
    report = json.loads(done.out)
    jsonschema.validate(report, SCHEMA)
    return report


class NothingIsDestroyed(cli.TestCase):
    def test_an_output_that_is_read_or_another_output(self):
        with tempfile.TemporaryDirectory() as folder:
            one = os.path.join(folder, "one")
            frames = os.path.join(folder, "frames")
            os.makedirs(frames)
            frame = os.path.join(frames, "a.png")
            for path in (one, frame):
                with open(path, "wb") as file:
                    file.write(b"# precious\n")
            new = os.path.join(folder, "new")
            for words in (
                *(["--json", one, option, one] for option in (
                    "--body", "--token-file", "--ca", "--golden", "--arrivals-file", "--baseline",
                    "--html")),
                ["--percentiles", one, "--config", one],
                ["--html", one, "--set", f"process.cascade.file={one}"],
                ["--frames", frames, "--json", frame],
                ["--frames", frames + "=70", "--html", frame],
                ["--json", new, "--percentiles", new],
                ["--json", "-", "--html", "-"],
            ):  # fmt: skip
                done = cli.run("loadtest", "--target", "http://127.0.0.1:9", *words)
                self.assertEqual(done.returncode, 2, (words, done.err))
                self.assertIn("would be destroyed", done.err, words)
                for path in (one, frame):
                    with open(path, "rb") as file:
                        self.assertEqual(file.read(), b"# precious\n", words)
                self.assertEqual(sorted(os.listdir(folder)), ["frames", "one"])

    def test_names_of_open_descriptors_are_written_where_they_stand(self):
        server = Server(self, loadtest_server.well)
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            for option in ("--json", "--html", "--percentiles", "--series"):
                with open(log, "wb") as file:
                    file.write(b"old\n")
                with open(log, "ab") as file:
                    done = cli.run("loadtest", "--target", server.url, "--quiet", "--requests", "2",
                                   *ANY_LAG, "--timeout", "2m", option, "/dev/stdout", stdout=file)  # fmt: skip
                self.assertEqual(done.returncode, 0, done.err)
                with open(log, "rb") as file:
                    self.assertEqual(file.readline(), b"old\n", option)
                    self.assertNotEqual(file.readline(), b"", option)
                self.assertEqual(os.listdir(folder), ["log"])


class Measured(cli.TestCase):
    def test_each_request_of_a_schedule_is_sent_once_and_counted(self):
        server = Server(self, loadtest_server.well)
        report = load(self, server.url, "--rate", "200", "--duration", "1s")
        self.assertEqual(report["requests"]["intended"], 200)
        self.assertEqual(report["requests"]["good"], 200)
        self.assertEqual(report["errors"], {"total": 0, "by_type": {}})
        self.assertEqual(report["latency"]["corrected"]["count"], 200)
        self.assertEqual(sum(second["good"] for second in report["seconds"]), 200)
        self.assertAlmostEqual(report["rate"]["intended"], 200, delta=1)
        self.assertEqual(report["verdict"], "pass")

    def test_each_second_has_the_requests_that_are_due_in_it(self):
        server = Server(self, loadtest_server.well)
        for expected, *words in (
            ([10, 10], "--rate", "10", "--duration", "2s"),
            ([7, 7], "--rate", "7", "--duration", "2s"),
            ([100, 100], "--rate", "100", "--duration", "2s", "--threads", "3"),
            ([10, 50], "--stages", "1s@10,1s@50"),
        ):
            report = load(self, server.url, *words)
            due = [second["intended"] for second in report["seconds"]]
            self.assertEqual(due[:2], expected, words)
            self.assertEqual(sum(due[2:]), 0, words)  # there an answer may have been read late
            self.assertEqual(sum(second["good"] for second in report["seconds"]), sum(expected))
            finished = 0
            for number, second in enumerate(report["seconds"]):
                finished += second["good"] + second["errors"]
                self.assertLessEqual(finished, sum(due[: number + 1]), words)

    def test_threads_share_a_schedule(self):
        server = Server(self, loadtest_server.well)
        report = load(self, server.url, "--stages", "500ms@100,500ms@100-300", "--threads", "3")
        self.assertEqual(report["requests"]["good"], 150)

    def test_a_closed_loop_sends_as_many_as_it_is_told(self):
        server = Server(self, loadtest_server.well)
        report = load(self, server.url, "--closed", "-c", "7", "--requests", "500", "--threads", "2")
        self.assertEqual((report["requests"]["good"], report["loop"]), (500, "closed"))
        self.assertEqual(server.notes["connections"].value - 1, 7)  # one looked whether it is there

    def test_connections_that_are_held_are_there_before_the_first_request(self):
        with tempfile.TemporaryDirectory() as folder:
            files = [os.path.join(folder, name) for name in ("cert", "key")]
            make_certificate(*files, "IP:127.0.0.1")
            for words in (["--rate", "50", "--duration", "1s"], ["--closed", "--requests", "50"]):
                # By the server's account a connection is there when hands are shaken.
                server = Server(self, loadtest_server.notes_the_first, tls=files)
                with self.subTest(words):
                    report = load(self, server.url, "-c", "20", *words, "--threads", "2", "--ca", files[0])
                    self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (50, 0))
                    generator = report["generator"]
                    self.assertEqual((generator["connections_ahead"], generator["connections_opened"]), (20, 20))
                    self.assertGreater(generator["opening_seconds"], 0)
                    self.assertGreaterEqual(server.notes["first"].value, 20)

    def test_what_is_not_held_is_not_opened_ahead(self):
        server = Server(self, loadtest_server.well)
        for words in (["--rate", "50", "--duration", "1s"],
                      ["--rate", "50", "--duration", "1s", "-c", "3", "--no-keep-alive"]):  # fmt: skip
            report = load(self, server.url, *words)
            self.assertEqual((report["requests"]["good"], report["generator"]["connections_ahead"]), (50, 0))
            self.assertGreater(report["generator"]["connections_opened"], 0)

    def test_connections_that_end_are_made_anew(self):
        server = Server(self, loadtest_server.one_answer_each)
        report = load(self, server.url, "--closed", "-c", "3", "--requests", "60")
        self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (60, 0))

    def test_without_keep_alive_each_request_has_its_connection(self):
        server = Server(self, loadtest_server.head_of)
        report = load(self, server.url, "--closed", "-c", "3", "--requests", "60", "--no-keep-alive")
        self.assertEqual(report["generator"]["connections_opened"], 60)
        self.assertIn(b"Connection: close\r\n", server.notes["head"].value)


class Failures(cli.TestCase):
    def kinds(self, manner, *words, code=1):
        server = Server(self, manner)
        report = load(self, server.url, "--rate", "50", "--duration", "400ms", *words, code=code)
        self.assertEqual(report["requests"]["intended"], 20)
        return report

    def test_each_kind_is_named(self):
        for manner, name in ((loadtest_server.hang_up, "closed"),
                             (loadtest_server.gibberish, "invalid_http"),
                             (loadtest_server.another_protocol, "invalid_http"),
                             (loadtest_server.too_many, "status_429")):  # fmt: skip
            with self.subTest(name):
                report = self.kinds(manner)
                self.assertEqual(report["errors"]["by_type"], {name: 20})
                self.assertEqual(report["rate"]["achieved"], 0)

    def test_no_answer_is_a_timeout_with_the_time_it_took(self):
        report = self.kinds(loadtest_server.never, "--timeout", "300ms")
        self.assertEqual(report["errors"]["by_type"], {"timeout": 20})
        self.assertGreaterEqual(report["latency"]["corrected"]["p50_ms"], 300)

    def test_a_run_without_a_good_answer_says_what_was_asked_and_answered(self):
        for manner, words, expected, advice in (
            (loadtest_server.nothing_here, (), "GET /health was answered with status 404 in 20 of 20",
             "--path"),
            (loadtest_server.only_post, ("--path", "/process?token=s3cret"),
             "GET /process?... was answered with status 405 in 20 of 20", "needs --frames"),
            (loadtest_server.hang_up, ("--method", "POST"), "POST /health ended as closed in 20 of 20",
             ""),
        ):  # fmt: skip
            notes = " ".join(self.kinds(manner, *words)["notes"])
            self.assertIn(expected, notes)
            self.assertIn(advice, notes)
            self.assertNotIn("s3cret", notes)

    def test_failures_miss_a_criterion_on_latency(self):
        report = self.kinds(loadtest_server.too_many, "--fail", "p50<60s", code=1)
        self.assertEqual(report["verdict"], "fail")
        self.assertEqual(report["criteria"], [{"criterion": "p50<60s", "measured": None,
                                               "holds": False}])  # fmt: skip

    def test_a_rate_limit_is_told_with_the_key_that_lifts_it(self):
        report = self.kinds(loadtest_server.too_many)
        self.assertIn("http.max_requests_per_minute", " ".join(report["notes"]))

    def test_a_target_that_is_not_there(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            done = cli.run("loadtest", "--target", url)
        self.assertEqual((done.returncode, done.out), (69, ""))
        self.assertIn("cannot reach " + url, done.err)


class Judged(cli.TestCase):
    def test_criteria_decide_the_exit_code(self):
        server = Server(self, loadtest_server.well)
        words = ("--rate", "50", "--duration", "200ms")
        load(self, server.url, *words, "--fail", "p99<60s,errors<0.1%", code=0)
        load(self, server.url, *words, "--fail", "errors<0.1%,rate>100000", code=1)

    def test_no_sockets_left_is_invalid(self):
        server = Server(self, loadtest_server.never)
        # Three are standard, and the generator's own need some: no hundred connections.
        line = ["bash", "-c", 'ulimit -n 40; exec "$0" "$@"', cli.BINARY, "loadtest", "--target",
                server.url, "--rate", "400", "--duration", "500ms", "--timeout", "1s", "--json",
                "-"]  # fmt: skip
        done = cli.subprocess.run(line, env={}, capture_output=True, timeout=cli.PATIENCE,
                                  check=False)  # fmt: skip
        self.assertEqual(done.returncode, 3, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["verdict"], "invalid")
        self.assertTrue(any(r.startswith("sockets: ") for r in report["invalid_because"]))


    def test_a_run_that_fails_is_ended_early(self):
        server = Server(self, loadtest_server.too_many)
        report = load(self, server.url, "--rate", "100", "--duration", "10m", "--fail",
                      "errors<1%", "--abort-on-fail", code=1)  # fmt: skip
        self.assertTrue(report["ended_early"])

    def test_a_target_that_hangs_ends_the_run_before_its_requests_time_out(self):
        server = Server(self, loadtest_server.never)
        report = load(self, server.url, "--rate", "50", "--duration", "10m", "--timeout", "10m",
                      "--fail", "p99<80ms", "--abort-on-fail", code=1)  # fmt: skip
        self.assertTrue(report["ended_early"])
        self.assertEqual(report["errors"]["total"], 0)
        self.assertGreater(report["criteria"][0]["measured"], 80)
        self.assertIn("unanswered when the run was ended", " ".join(report["notes"]))

    def test_slow_answers_are_no_low_rate(self):
        server = Server(self, loadtest_server.slow)
        report = load(self, server.url, "--rate", "100", "--duration", "1s")
        self.assertAlmostEqual(report["rate"]["intended"], 100, delta=1)
        self.assertGreater(report["elapsed_s"], 1.15)  # until the last answer
        # Also on a busy machine well over what that time would make of it.
        self.assertLessEqual(report["rate"]["achieved"], 100.1)
        self.assertGreater(report["rate"]["achieved"] * report["elapsed_s"], 100)

    def test_a_run_slower_than_its_baseline_is_seen(self):
        server = Server(self, loadtest_server.ten_milliseconds)
        with tempfile.TemporaryDirectory() as folder:
            old = os.path.join(folder, "old.json")
            words = ("--rate", "30", "--duration", "11s")
            report = load(self, server.url, "--rate", "30", "--duration", "1s")
            report["seconds"] = [dict(report["seconds"][0], second=number) for number in range(11)]
            report["elapsed_s"] = 11
            # The earlier run, as it would have been of a faster service and of a slower one.
            for factor, outcome, code in ((0.01, "slower", 1), (100, "faster", 0)):
                for second in (*report["seconds"], report["latency"]["corrected"]):
                    for name in ("p50_ms", "p99_ms", "p999_ms"):
                        if second.get(name) is not None:
                            second[name] *= factor
                with open(old, "w", encoding="utf-8") as file:
                    json.dump(report, file)
                compared = load(self, server.url, *words, "--baseline", old, code=code)
                self.assertEqual(compared["baseline"][0]["outcome"], outcome)
                report = compared
            done = cli.run("loadtest", "--target", server.url, *words, "--baseline", __file__)
            self.assertEqual(done.returncode, 2, done.err)

    def baseline(self, server, **changes):
        """The JSON of a run of eleven seconds against `server`, with what `changes` say."""
        report = load(self, server.url, "--requests", "5", "--rate", "100")
        second = dict(report["seconds"][0], good=5, errors=0)
        report |= {"elapsed_s": 11, "seconds": [second | {"second": i} for i in range(11)]} | changes
        file = tempfile.NamedTemporaryFile("w", suffix=".json")
        self.addCleanup(file.close)
        json.dump(report, file)
        file.flush()
        return file.name

    def test_what_cannot_be_compared_is_refused_before_the_first_request(self):
        server = Server(self, loadtest_server.head_of)
        usual = self.baseline(server)
        long = ("--rate", "10", "--duration", "10s")
        for old, words, message in (
            (usual, ("--duration", "3s"), "this run is to last 3 s"),
            (usual, ("--requests", "5", "--rate", "100"), "this run is to last 0.05 s"),
            (usual, (*long, "--path", "/livez"), "that run was of " + server.url + "/health"),
            (self.baseline(server, elapsed_s=3), long, "that run lasted 3 s"),
            (self.baseline(server, seconds=[{"second": 0, "good": 5, "p50_ms": 1}] * 9), long,
             "7 seconds of that run have answers"),
            (self.baseline(server, target="redis://127.0.0.1:6379 frames"), long, "that run was of"),
        ):  # fmt: skip
            server.notes["head"].value = b""
            done = cli.run("loadtest", "--target", server.url, *words, "--baseline", old)
            self.assertEqual((done.returncode, done.out), (2, ""), done.err)
            self.assertIn("--baseline " + old + ": " + message, done.err)
            self.assertEqual(server.notes["head"].value, b"")

    def test_a_run_that_ended_too_early_to_be_compared_is_no_failure(self):
        server = Server(self, loadtest_server.well)
        # The path is the same on another host, which is told.
        old = self.baseline(server, target="http://staging.example:8099/health")
        words = ("--closed", "-c", "1", "--requests", "5", "--baseline", old)
        with tempfile.TemporaryDirectory() as folder:
            junit = os.path.join(folder, "junit.xml")
            closed = json.loads(pathlib.Path(old).read_text("utf-8")) | {"loop": "closed"}
            pathlib.Path(old).write_text(json.dumps(closed), "utf-8")
            report = load(self, server.url, *words, "--junit", junit, code=3)
            self.assertEqual((report["requests"]["good"], report["verdict"]), (5, "invalid"))
            self.assertIn("there is no comparison", " ".join(report["invalid_because"]))
            self.assertIn("of another target: http://staging", " ".join(report["notes"]))
            self.assertIn("of another load", " ".join(report["notes"]))
            suite = xml.etree.ElementTree.parse(junit).getroot().find("testsuite")
            self.assertEqual([each.get("name") for each in suite if each.find("error") is not None],
                             ["baseline"])  # fmt: skip
            self.assertEqual([each for each in suite if each.find("failure") is not None], [])
            report = load(self, server.url, *words, "--fail", "p50<1us", code=1)
            self.assertEqual(report["verdict"], "fail")

    def test_a_search_shows_each_rate_and_its_result_fits_its_schema(self):
        server = Server(self, loadtest_server.too_many)
        done = cli.run("loadtest", "--target", server.url, "--find-capacity", "errors<1%", "--rate",
                       "100", "--duration", "20ms", "--json", "-", *ANY_LAG)  # fmt: skip
        self.assertEqual(done.returncode, 1, done.err)
        report = json.loads(done.out)
        jsonschema.validate(report, schema("loadtest-capacity"))
        self.assertEqual((report["capacity"], report["verdict"]), (0, "fail"))
        rates = [step["rate"] for step in report["search"]]
        self.assertEqual(rates[:4], [100, 100, 50, 50])  # each failed twice, then half of it
        self.assertEqual(rates[-1], 0.1)


class Sent(cli.TestCase):
    def test_the_head_is_what_was_asked_for(self):
        server = Server(self, loadtest_server.head_of)
        with tempfile.NamedTemporaryFile("w") as token, tempfile.NamedTemporaryFile("w") as body:
            token.write("s3cret\n")
            token.flush()
            body.write("hello")
            body.flush()
            load(self, server.url, "--requests", "1", "--path", "/a?b=c", "--body", body.name,
                 "--token-file", token.name, "--host", "example.org",
                 "-H", "Accept: text/plain")  # fmt: skip
        head = server.notes["head"].value.decode()
        lines = head.split("\r\n")
        self.assertEqual(lines[0], "POST /a?b=c HTTP/1.1")
        for line in ("Host: example.org", "Authorization: Bearer s3cret", "Accept: text/plain",
                     "Content-Length: 5"):  # fmt: skip
            self.assertEqual(lines.count(line), 1, head)

    def test_recorded_arrivals(self):
        server = Server(self, loadtest_server.well)
        with tempfile.NamedTemporaryFile("w") as times:
            times.write("0.0\n0.1\n\n0.25\n")
            times.flush()
            report = load(self, server.url, "--arrivals-file", times.name)
        self.assertEqual(report["requests"]["good"], 3)


class Written(cli.TestCase):
    def test_text_and_percentiles(self):
        server = Server(self, loadtest_server.well)
        with tempfile.TemporaryDirectory() as folder:
            percentiles = os.path.join(folder, "out.hgrm")
            done = cli.run("loadtest", "--target", server.url, "--rate", "50", "--duration", "1s",
                           *ANY_LAG, "--percentiles", percentiles)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.err)
            self.assertRegex(done.out, r"(?m)^requests   50 due, 50 good, 0 failed$")
            self.assertRegex(done.out, r"(?m)^  corrected( +[\d.]+){5}$")
            self.assertTrue(done.out.endswith("verdict    pass\n"))
            with open(percentiles, encoding="ascii") as file:
                self.assertRegex(file.read(), r"(?m)^#\[Max .*Total count +=  +50\]$")

    def test_interrupted_it_reports_what_was_measured(self):
        server = Server(self, loadtest_server.well)
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            child = cli.start(self, "loadtest", "--target", server.url, "--rate", "200",
                              "--duration", "10m", "--json", "-")  # fmt: skip
            self.assertRegex(child.stderr.readline().decode(), r"^5 s .* errors 0\n$")
            child.send_signal(number)
            out, _ = child.communicate()
            self.assertEqual(child.returncode, code)
            report = json.loads(out)
            self.assertTrue(report["ended_early"])
            self.assertGreater(report["requests"]["good"], 0)


    def test_each_second_is_a_line_when_it_is_over(self):
        server = Server(self, loadtest_server.well)
        with tempfile.TemporaryDirectory() as folder:
            series = os.path.join(folder, "seconds.ndjson")
            report = load(self, server.url, "--rate", "50", "--duration", "2s", "--series", series)
            with open(series, encoding="utf-8") as file:
                self.assertEqual([json.loads(line) for line in file], report["seconds"])
        child = cli.start(self, "loadtest", "--target", server.url, "--duration", "10m", "--quiet",
                          "--series", "-")  # fmt: skip
        for number in range(2):  # while it runs
            second = json.loads(child.stdout.readline())
            self.assertEqual(second["second"], number)
            jsonschema.validate(second, SCHEMA["properties"]["seconds"]["items"] | {
                "$defs": SCHEMA["$defs"]})  # fmt: skip

    def test_a_series_that_cannot_be_written_ends_the_run(self):
        server = Server(self, loadtest_server.well)
        words = ("loadtest", "--target", server.url, "--rate", "50", "--duration", "10m")
        full = cli.start(self, *words, *ANY_LAG, "--series", "/dev/full")
        self.assertEqual(full.wait(), 74)
        self.assertIn(b"cannot write to /dev/full: No space left on device", full.stderr.read())
        closed = cli.start(self, *words, *ANY_LAG, "--series", "-")
        closed.stdout.readline()
        closed.stdout.close()
        self.assertEqual(closed.wait(), 74)
        self.assertIn(b"cannot write to standard output: Broken pipe", closed.stderr.read())

    def test_one_signal_ends_the_wait_for_a_reader(self):
        server = Server(self, loadtest_server.well)
        with tempfile.TemporaryDirectory() as folder:
            nobody = os.path.join(folder, "nobody")
            os.mkfifo(nobody)
            for option in ("--series", "--json"):
                for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                    child = cli.start(self, "loadtest", "--target", server.url, "--rate", "100",
                                      "--requests", "1", option, nobody)  # fmt: skip
                    cli.await_signals(child.pid)
                    child.send_signal(number)
                    self.assertEqual(child.wait(), 128 + number, child.stderr.read())

    def test_junit_has_a_test_for_each_thing_that_is_judged(self):
        server = Server(self, loadtest_server.well)
        done = cli.run("loadtest", "--target", server.url, "--requests", "5", "--rate", "100",
                       *ANY_LAG, "--fail", "p99<1us,errors<1%", "--junit", "-")  # fmt: skip
        self.assertEqual(done.returncode, 1, done.err)
        suite = xml.etree.ElementTree.fromstring(done.out).find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("errors")),
                         ("4", "1", "0"))  # fmt: skip
        failed = [each.get("name") for each in suite if each.find("failure") is not None]
        self.assertEqual(failed, ["p99<1us"])
        self.assertIn("missed, measured", suite[0].find("failure").get("message"))


class Disturbed(cli.TestCase):
    def disturb(self, server, *words, code):
        pid = server.process.pid
        return load(self, server.url, "--pid", str(pid), *words, code=code)

    def test_clients_see_that_the_target_stands_still(self):
        server = Server(self, loadtest_server.well)
        report = self.disturb(server, "--rate", "100", "--duration", "2s", "--during",
                              "at=500ms stop for=600ms", "--fail", "max<500ms", code=1)  # fmt: skip
        self.assertGreater(report["latency"]["corrected"]["max_ms"], 500)
        self.assertEqual(report["requests"]["good"], 200)
        self.assertEqual(report["notes"][0],
                         "The target's process was disturbed: at=500ms stop for=600ms.")  # fmt: skip

    def test_a_target_that_stands_still_goes_on_whatever_signal_ends_the_run(self):
        server = Server(self, loadtest_server.well)

        def stands_still():
            with open(f"/proc/{server.process.pid}/stat", encoding="utf-8") as stat:
                return stat.read().rpartition(")")[2].split()[0] == "T"

        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            child = cli.start(self, "loadtest", "--target", server.url, "--rate", "10", "--duration",
                              "10m", "--pid", str(server.process.pid), "--during",
                              "at=100ms stop for=9m")  # fmt: skip
            while not stands_still():
                self.assertIsNone(child.poll(), "the run has ended")
            child.send_signal(number)
            self.assertEqual(child.wait(), 128 + number, child.stderr.read())
            self.assertFalse(stands_still(), number)

    def test_what_could_not_be_done_is_a_failure(self):
        server = Server(self, loadtest_server.well)
        report = self.disturb(server, "--requests", "5", "--rate", "100", "--during", "at=5m term",
                              code=1)  # fmt: skip
        self.assertIn("'at=5m term': the run was over before", report["notes"][0])
        report = self.disturb(server, "--rate", "100", "--duration", "2s", "--during",
                              "at=200ms kill, at=1500ms hup", code=1)  # fmt: skip
        self.assertGreater(report["errors"]["total"], 0)
        self.assertTrue(any("the process had ended" in note for note in report["notes"]))

    def test_a_process_that_is_not_the_target_is_left_alone(self):
        server = Server(self, loadtest_server.well)
        done = cli.run("loadtest", "--target", server.url, "--pid", str(os.getpid()), "--during",
                       "at=0s kill")  # fmt: skip
        self.assertEqual(done.returncode, 69, done.err)
        self.assertIn("--during: process", done.err)
        self.assertIn("was not touched: it does not listen", done.err)


class Refused(cli.TestCase):
    def check(self, message, *words):
        done = cli.run("loadtest", *words)
        self.assertEqual((done.returncode, done.out), (2, ""), done.err)
        self.assertRegex(done.err, re.escape(message))

    def test_a_target_elsewhere_needs_leave(self):
        # 192.0.2.0/24 is for documentation (RFC 5737), and nothing is sent there.
        self.check("--allow-target 192.0.2.1", "--target", "http://192.0.2.1:80")
        self.check("--allow-target 192.0.2.1", "--target", "http://192.0.2.1:80", "--allow-target",
                   "192.0.2.2")  # fmt: skip

    def test_options_that_are_wrong(self):
        url = "http://127.0.0.1:1"
        self.check("--target URL is missing")
        self.check("--target takes a URL", "--target", "ftp://127.0.0.1")
        self.check("give one of --rate", "--target", url, "--rate", "5", "--closed")
        self.check("--rate takes", "--target", url, "--rate", "0")
        self.check("stage 2 is not", "--target", url, "--stages", "1s@5,7")
        self.check("--cameras needs --fps", "--target", url, "--cameras", "5")
        self.check("--duration takes", "--target", url, "--duration", "soon")
        self.check("--fail: criterion 1", "--target", url, "--fail", "p99")
        self.check("--connections must be", "--target", url, "-c", "0")
        self.check("--abort-on-fail needs", "--target", url, "--abort-on-fail")
        self.check("give --rate alone", "--target", url, "--find-capacity", "p99<1s", "--closed")
        self.check("--during needs --pid", "--target", url, "--during", "at=1s term")
        self.check("--pid goes with", "--target", url, "--pid", "77")
        self.check("number 1 is not", "--target", url, "--pid", "77", "--during", "term")
        self.check("--threads may not", "--target", url, "-c", "1", "--threads", "2")


if __name__ == "__main__":
    cli.main()
