"""loadtest --audit: all pass on a service set up for production; with one setting broken exactly
its item fails; and it says true things of others."""

import concurrent.futures
import hashlib
import json
import os
import signal
import subprocess
import tempfile
import xml.etree.ElementTree

import jsonschema

import cli
import loadtest_server
from certificate import make_certificate
from loadtest_test import schema
from service import ANY_PORT, Service

ORIGIN = "https://app.example.com"
GOOD = {
    "http.max_requests_per_minute": "100",
    "http.cors_origins": f'["{ORIGIN}"]',
    "http.header_timeout": "1s",
}
# A setting that is wrong, and the item that finds it.
BROKEN = {
    "rate_limit": {"http.max_requests_per_minute": "0"},
    "host_header": {"http.allowed_hosts": '["*"]'},
    "cors_refused": {"http.cors_origins": '["*"]'},
    "cors_allowed": {"http.cors_origins": "[]"},
    "metrics": {"telemetry.metrics": "false"},
    "head_timeout": {"http.header_timeout": "5m"},
    "request_size": {"http.max_request_bytes": "200MiB"},
    "frame_data_size": {"http.max_frame_data_chars": "10400000"},
    "metadata_size": {"http.max_metadata_bytes": "1000000"},
    "tls": None,  # no TLS at all
}


class Audit(cli.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.certificate = os.path.join(folder.name, "cert.pem")
        self.key = os.path.join(folder.name, "key.pem")
        make_certificate(self.certificate, self.key, "IP:127.0.0.1")

    def audit(self, url, *words):
        done = cli.run("loadtest", "--target", url, "--audit", "--json", "-", "--ca",
                       self.certificate, *words)  # fmt: skip
        self.assertIn(done.returncode, (0, 1), done.err)
        report = json.loads(done.out)
        jsonschema.validate(report, schema("loadtest-audit"))
        by_name = {item["name"]: item for item in report["items"]}
        failed = {name for name, item in by_name.items() if item["status"] == "fail"}
        unseen = any(item["unseen"] for item in report["items"])
        self.assertTrue(report["complete"])
        self.assertEqual(done.returncode, 1 if failed or unseen else 0)
        self.assertEqual(report["verdict"], "fail" if failed or unseen else "pass")
        for name in failed:
            self.assertTrue(by_name[name]["evidence"] and by_name[name]["advice"], name)
        return by_name, failed

    def serve(self, settings, tls=True):
        if tls:
            settings = settings | {"http.tls_cert": self.certificate, "http.tls_key": self.key}
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        service = Service(self, *ANY_PORT, *words)
        return f"http{'s' if tls else ''}://127.0.0.1:{service.port}"

    def test_a_service_for_production_passes(self):
        tests = os.path.join(os.path.dirname(self.key), "junit.xml")
        by_name, failed = self.audit(self.serve(GOOD), "--production", "--origin", ORIGIN, "--junit",
                                     tests)  # fmt: skip
        suite = xml.etree.ElementTree.parse(tests).getroot().find("testsuite")
        self.assertEqual([each.get("name") for each in suite], list(by_name))
        self.assertEqual((suite.get("failures"), suite.get("skipped")), ("0", "1"))
        self.assertEqual(failed, set(), {name: by_name[name] for name in failed})
        passed = {name for name, item in by_name.items() if item["status"] == "pass"}
        self.assertEqual(set(by_name) - passed, {"tracing_and_logs"})

    def test_a_broken_setting_fails_its_item_and_no_other(self):
        urls = {item: self.serve(GOOD | (broken or {}), tls=broken is not None)
                for item, broken in BROKEN.items()}  # fmt: skip
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found = {item: pool.submit(self.audit, url, "--production", "--origin", ORIGIN)
                     for item, url in urls.items()}  # fmt: skip
            for item, future in found.items():
                with self.subTest(item):
                    by_name, failed = future.result()
                    self.assertEqual(failed, {item}, {n: by_name[n] for n in failed | {item}})

    def test_of_a_server_that_knows_no_frames_it_says_what_is_true(self):
        server = loadtest_server.Server(self, loadtest_server.nothing_here)
        by_name, failed = self.audit(server.url, "--burst", "5")
        for name in ("base64", "frame_data", "metadata_size", "tls", "rate_limit"):
            self.assertEqual(by_name[name]["status"], "not_applicable", name)
        self.assertEqual(by_name["connection_reuse"]["status"], "pass")
        self.assertIn("security_headers", failed)
        self.assertIn("health", failed)
        # It waits for the body that was declared, and has no such path.
        self.assertEqual(by_name["request_size"]["status"], "not_applicable")

    def test_of_a_service_as_it_is_usually_written_the_right_rows_fail(self):
        """Refusals by 400, /health alone, and no limit of anything: such as a small FastAPI service."""
        server = loadtest_server.Server(self, loadtest_server.usual_service)
        by_name, failed = self.audit(server.url, "--production", "--burst", "5")
        self.assertEqual(failed, {"security_headers", "security_headers_on_errors", "host_header",
                                  "tls", "request_size", "frame_data_size", "metadata_size",
                                  "head_timeout", "health", "metrics", "rate_limit"})  # fmt: skip
        passed = {name for name, item in by_name.items() if item["status"] == "pass"}
        self.assertEqual(passed, {"cors_refused", "base64", "frame_data", "connection_reuse"})
        self.assertIn("an unknown path (404)", by_name["security_headers_on_errors"]["evidence"])

    def test_what_the_target_needs_is_handed_over(self):
        server = loadtest_server.Server(self, loadtest_server.behind_a_prefix)
        _, failed = self.audit(server.url + "/some/prefix/", "--burst", "5", "--host",
                               "vhost.example", "-H", "X-Key: 7")  # fmt: skip
        self.assertEqual(failed, {"security_headers", "security_headers_on_errors", "host_header",
                                  "request_size", "frame_data_size", "metadata_size",
                                  "head_timeout", "health", "metrics"})  # fmt: skip

    def test_what_was_not_looked_at_is_not_called_wrong(self):
        tokens = self.key + ".tokens"
        with open(tokens, "w", encoding="ascii") as file:
            file.write(hashlib.sha256(b"let-me-in").hexdigest() + "\n")
        os.chmod(tokens, 0o600)
        url = self.serve(GOOD | {"http.auth_tokens_file": tokens}, tls=False)
        by_name, failed = self.audit(url)
        self.assertLessEqual(failed, {"rate_limit_exempts_probes"})
        for name in ("request_size", "metadata_size", "base64"):
            self.assertTrue(by_name[name]["unseen"], by_name[name])
            self.assertIn("--token-file", by_name[name]["advice"])
        server = loadtest_server.Server(self, loadtest_server.too_many)
        by_name, _ = self.audit(server.url)
        for name in ("request_size", "metadata_size", "base64", "health", "metrics"):
            self.assertTrue(by_name[name]["unseen"], by_name[name])
            self.assertNotIn("http.max_", by_name[name]["advice"])

    def test_a_target_that_is_silent_is_not_asked_about_each_item(self):
        server = loadtest_server.Server(self, loadtest_server.never)
        path = self.key + ".json"
        done = cli.run("loadtest", "--target", server.url, "--audit", "--json", path)
        self.assertEqual((done.returncode, done.out), (69, ""), done.err)
        self.assertIn("does not answer", done.err)
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        jsonschema.validate(report, schema("loadtest-audit"))
        self.assertEqual((report["complete"], report["items"]), (False, []))

    def test_items_are_told_as_they_come_and_one_that_was_cut_short_is_not(self):
        url = self.serve(GOOD | {"http.header_timeout": "5m"}, tls=False)
        path = self.key + ".json"
        child = cli.start(self, "loadtest", "--target", url, "--audit", "--json", path)
        while b"  frame_data\n" not in (line := child.stdout.readline()):
            self.assertTrue(line)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=cli.PATIENCE)
        self.assertEqual(child.returncode, 130)
        self.assertIn(b"ended early", out)
        self.assertNotIn(b"head_timeout", out)
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        jsonschema.validate(report, schema("loadtest-audit"))
        self.assertEqual((report["complete"], report["verdict"]), (False, "fail"))
        self.assertEqual(report["items"][-1]["name"], "frame_data")

    def test_staging_may_leave_out_what_production_may_not(self):
        url = self.serve({"http.max_requests_per_minute": "0", "http.header_timeout": "1s"},
                         tls=False)  # fmt: skip
        self.assertEqual(self.audit(url)[1], set())
        self.assertEqual(self.audit(url, "--production")[1], {"rate_limit", "tls"})

    def test_a_service_that_drains_is_told_from_one_that_is_cut_off(self):
        service = Service(self, *ANY_PORT, "--set", "http.header_timeout=1s", "--set",
                          "http.max_requests_per_minute=100")  # fmt: skip
        url = f"http://127.0.0.1:{service.port}"
        by_name, _ = self.audit(url, "--pid", str(service.child.pid))
        item = by_name["graceful_shutdown"]
        self.assertEqual(item["status"], "pass", item)
        server = loadtest_server.Server(self, loadtest_server.slow)
        by_name, _ = self.audit(server.url, "--pid", str(server.process.pid), "--burst", "1")
        self.assertEqual(by_name["graceful_shutdown"]["status"], "fail")

    def test_a_process_that_is_not_the_target_is_left_alone(self):
        url = self.serve({"http.header_timeout": "1s"}, tls=False)
        bystander = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        by_name, _ = self.audit(url, "--pid", str(bystander.pid))
        item = by_name["graceful_shutdown"]
        self.assertEqual(item["status"], "fail")
        self.assertIn("was not touched: it does not listen", item["evidence"])
        self.assertIsNone(bystander.poll())

    def test_text_names_each_item_and_what_to_do(self):
        url = self.serve({"telemetry.metrics": "false", "http.header_timeout": "1s",
                          "http.max_requests_per_minute": "0"}, tls=False)  # fmt: skip
        done = cli.run("loadtest", "--target", url, "--audit")
        self.assertEqual(done.returncode, 1, done.err)
        self.assertRegex(done.out, r"(?m)^fail  metrics\n      GET /metrics: \d+\n      to do: ")
        self.assertRegex(done.out, r"(?m)^pass  security_headers\n")
        self.assertRegex(done.out, r"\n\d+ pass, 1 fail, \d+ not applicable\n\Z")


if __name__ == "__main__":
    cli.main_at_once(Audit)
