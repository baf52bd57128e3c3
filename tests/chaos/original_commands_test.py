"""The load commands of the original service's own document, word by word, on its own port.

In a network namespace of the test's own, where that port is free.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile

import cli
from service import Service, WithService

CURL = "curl -X POST http://localhost:8099/process -d '{\"frame_data\":\"test\"}'"
FLOOD = f"for i in {{1..100}}; do {CURL} & done"
AB = "ab -n 1000 -c 50 http://localhost:8099/health"


class OriginalCommands(WithService):
    def serve_as_it_did(self):
        service = Service(self, env={"MAX_REQUESTS_PER_MINUTE": "60"})
        self.assertEqual(service.port, 8099)
        return service

    def test_a_hundred_requests_at_once(self):
        service = self.serve_as_it_did()
        # The status instead of the body; else it is the command.
        command = FLOOD.replace("curl ", "curl -s -o /dev/null -w '%{http_code}\\n' ", 1)
        done = subprocess.run(["bash", "-c", command + "; wait"], capture_output=True, check=True,
                              text=True, timeout=cli.PATIENCE)  # fmt: skip
        statuses = collections.Counter(map(int, done.stdout.split()))
        self.assertEqual(statuses.pop(429), 40)
        self.assertLessEqual(set(statuses), {415, 422})
        self.assertEqual(sum(statuses.values()), 60)
        for path in ("/health", "/livez", "/readyz", "/metrics"):
            self.assertEqual(service.get(path).status, 200)
        self.assertEqual(service.stop(), 0)

    def test_apache_bench(self):
        service = self.serve_as_it_did()
        done = subprocess.run(["sh", "-c", AB], capture_output=True, check=True, text=True,
                              timeout=cli.PATIENCE)  # fmt: skip
        self.assertRegex(done.stdout, r"Complete requests: +1000\n")
        self.assertRegex(done.stdout, r"Failed requests: +0\n")
        self.assertNotIn("Non-2xx", done.stdout)
        self.assertEqual(service.stop(), 0)


    def loadtest(self, *words, code=0):
        done = cli.run("loadtest", "--target", "http://localhost:8099", "--json", "-", "--quiet",
                       "--max-send-lag", "1h", *words)  # fmt: skip
        self.assertIn(done.returncode, (code, 3), done.err + done.out)  # 3: the machine was busy
        return json.loads(done.out)

    def test_loadtest_sees_the_same_limit(self):
        service = self.serve_as_it_did()
        with tempfile.NamedTemporaryFile("w") as body:
            body.write('{"frame_data":"test"}')
            body.flush()
            report = self.loadtest("--path", "/process", "--body", body.name, "--closed", "-c",
                                   "100", "--requests", "100", code=1)  # fmt: skip
        errors = report["errors"]["by_type"]
        self.assertEqual(errors.pop("status_429"), 40)
        self.assertLessEqual(set(errors), {"status_415", "status_422"})
        self.assertEqual(sum(errors.values()), 60)
        self.assertEqual(service.stop(), 0)

    def test_loadtest_sees_the_same_as_apache_bench(self):
        service = self.serve_as_it_did()
        report = self.loadtest("--path", "/health", "--closed", "-c", "50", "--requests", "1000")
        self.assertEqual((report["requests"]["good"], report["errors"]["total"]), (1000, 0))
        self.assertEqual(service.stop(), 0)

    def test_kill_and_its_audit(self):
        service = self.serve_as_it_did()
        subprocess.run(["sh", "-c", f"kill -TERM {service.child.pid}"], check=True)
        self.assertEqual(service.child.wait(cli.PATIENCE), 0)
        service = self.serve_as_it_did()
        report = self.loadtest("--audit", "--pid", str(service.child.pid))
        by_name = {item["name"]: item for item in report["items"]}
        for name in ("rate_limit", "rate_limit_exempts_probes", "connection_reuse",
                     "graceful_shutdown"):  # fmt: skip
            self.assertEqual(by_name[name]["status"], "pass", by_name[name])
        self.assertEqual(service.child.wait(cli.PATIENCE), 0)


if __name__ == "__main__":
    if "SAMPLEPROC_TEST_NAMESPACE" not in os.environ:
        words = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        os.environ["SAMPLEPROC_TEST_NAMESPACE"] = "1"
        os.execvp("unshare", [*words, "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                              sys.executable, __file__, cli.BINARY, *sys.argv[1:]])  # fmt: skip
    cli.main()
