"""The load commands of the original service's own document, word by word, on its own port.

In a network namespace of the test's own, where that port is free.
"""

import collections
import os
import subprocess
import sys

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


if __name__ == "__main__":
    if "SAMPLEPROC_TEST_NAMESPACE" not in os.environ:
        words = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        os.environ["SAMPLEPROC_TEST_NAMESPACE"] = "1"
        os.execvp("unshare", [*words, "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                              sys.executable, __file__, cli.BINARY, *sys.argv[1:]])  # fmt: skip
    cli.main()
