"""loadtest: numbers that are so only on a machine that has time for them."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile

import cli
import loadtest_server
import pictures
from loadtest_server import Server
from loadtest_test import ANY_LAG, load


class Numbers(cli.TestCase):
    def test_a_stall_is_seen_as_users_would_see_it(self):
        """The requests that were due while the server stood still waited until it went on, evenly
        from the whole stall down to nothing: the slowest share s of all N requests waited at least
        stall - s*N/rate."""
        server = Server(self, loadtest_server.stall_once)
        rate, seconds = 200, 8
        report = load(self, server.url, "--rate", str(rate), "--duration", f"{seconds}s",
                      "-c", "1")  # fmt: skip
        stall = server.notes["stalled"].value * 1000
        self.assertGreater(stall, 0)
        corrected, raw = report["latency"]["corrected"], report["latency"]["raw"]
        for name, share in (("p90_ms", 0.1), ("p99_ms", 0.01), ("p999_ms", 0.001)):
            expected = stall - share * seconds * 1000
            self.assertAlmostEqual(corrected[name], expected, delta=0.05 * expected, msg=name)
        # One request alone was slow for who counts from the sending.
        self.assertLess(raw["p99_ms"], 0.1 * corrected["p99_ms"])

    def test_the_capacity_of_a_known_target_is_found(self):
        server = Server(self, loadtest_server.ten_milliseconds)
        with tempfile.NamedTemporaryFile() as result:
            done = cli.run("loadtest", "--target", server.url, "--find-capacity", "p99<100ms",
                           "--rate", "40", "--duration", "1s", "--json", result.name,
                           *ANY_LAG)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.err + done.out)
            report = json.load(result)
        # A machine that is busy with other things lets it have less; more is impossible.
        self.assertLess(report["capacity"], 130)
        self.assertGreater(report["capacity"], 20)
        held = [step["rate"] for step in report["search"] if step["holds"]]
        self.assertEqual(max(held), report["capacity"])
        self.assertIn("capacity   ", done.out)

    def test_a_generator_on_a_busy_core_is_the_limit_each_time(self):
        server = Server(self, loadtest_server.well)
        core = str(max(os.sched_getaffinity(0)))
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                busy = subprocess.Popen(["taskset", "-c", core, "sh", "-c", "while :; do :; done"])
                stack.callback(busy.wait)
                stack.callback(busy.kill)
            for _ in range(5):
                done = subprocess.run(["taskset", "-c", core, cli.BINARY, "loadtest", "--target",
                                       server.url, "--closed", "-c", "20", "--duration", "2s",
                                       "--json", "-"], capture_output=True, check=False)  # fmt: skip
                self.assertEqual(done.returncode, 3, done.stdout)
                limits = json.loads(done.stdout)["invalid_because"]
                self.assertTrue(any(limit.startswith("CPU: ") for limit in limits), limits)

    def test_a_generator_that_reads_slowly_is_the_limit(self):
        """Its sending is prompt enough beside latencies that it makes itself, by reading late."""
        server = Server(self, loadtest_server.long_answers)
        core = str(max(os.sched_getaffinity(0)))
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            shutil.copy(pictures.sample_path("mask.png"), folder)
            for _ in range(4):
                busy = subprocess.Popen(["taskset", "-c", core, "sh", "-c", "while :; do :; done"])
                stack.callback(busy.wait)
                stack.callback(busy.kill)
            for _ in range(3):
                done = subprocess.run(["taskset", "-c", core, "nice", "-n", "5", cli.BINARY,
                                       "loadtest", "--target", server.url, "--frames", folder,
                                       "--rate", "700", "--duration", "3s", "--fail", "p99<100ms",
                                       "--no-server-metrics", "--timeout", "1m", "--json", "-"],
                                      capture_output=True, check=False)  # fmt: skip
                self.assertEqual(done.returncode, 3, done.stdout)

    def test_a_healthy_run_is_never_invalid(self):
        """With real-time priority, as the report of a generator that was pushed aside advises: else
        the run would be as healthy as the machine."""
        prefix = ["chrt", "--rr", "1"]
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("real-time priority is not allowed here")
        server = Server(self, loadtest_server.well)
        for _ in range(10):
            done = subprocess.run([*prefix, cli.BINARY, "loadtest", "--target", server.url, "--rate",
                                   "100", "--duration", "3s", "--json", "-"],
                                  capture_output=True, check=False)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    cli.main()
