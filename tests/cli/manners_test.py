"""What is said and what is not: a start says nothing that is not so, a warning comes once."""

import os
import pty
import subprocess

import cli
from service import Service

ESCAPE = b"\x1b"


class Starts(cli.TestCase):
    def warnings(self, service):
        """All that a service has warned of until its end."""
        self.assertEqual(service.stop(), 0)
        service.wait_for("shutdown: done")
        return [line["msg"] for line in service.log() if line["level"] in ("warning", "error")]

    def test_a_default_start_on_loopback_warns_of_nothing(self):
        service = Service(self, "--port", "0", env={"MAX_REQUESTS_PER_MINUTE": "60"})
        self.assertEqual(service.get("/health").status, 200)
        self.assertEqual(self.warnings(service), [])

    def test_no_deadline_is_no_limit_that_another_stands_behind(self):
        service = Service(self, "--port", "0", "--set", "process.deadline=0")
        self.assertEqual(self.warnings(service), [])

    def test_a_proxy_that_is_not_trusted_is_told_of_once(self):
        service = Service(self, "--port", "0", env={"MAX_REQUESTS_PER_MINUTE": "1000"})
        for _ in range(3):
            service.ask("GET", "/", headers={"X-Forwarded-For": "192.0.2.7"})
        told = [each for each in self.warnings(service) if "http.trusted_proxies" in each]
        self.assertEqual(len(told), 1)

    def test_a_trusted_proxy_is_not(self):
        service = Service(self, "--port", "0", "--set", "http.trusted_proxies=127.0.0.1",
                          env={"MAX_REQUESTS_PER_MINUTE": "1000"})  # fmt: skip
        service.ask("GET", "/", headers={"X-Forwarded-For": "192.0.2.7"})
        self.assertEqual(self.warnings(service), [])


class Terminal(cli.TestCase):
    def said(self, env, *words):
        """What the program writes to a terminal that is its standard error."""
        ours, theirs = pty.openpty()
        with subprocess.Popen([cli.BINARY, *words], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=theirs) as child:  # fmt: skip
            os.close(theirs)
            text = b""
            while True:
                try:
                    piece = os.read(ours, 4096)
                except OSError:  # the other side has gone
                    break
                if not piece:
                    break
                text += piece
            child.wait(timeout=cli.PATIENCE)
        os.close(ours)
        return text

    def test_colours_are_for_terminals_that_have_them(self):
        wrong = ("validate-config", "--offline", "--set", "http.port=x")
        self.assertIn(ESCAPE, self.said({"TERM": "xterm"}, *wrong))
        for env in ({"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}):
            said = self.said(env, *wrong)
            self.assertIn(b"http.port", said)
            self.assertNotIn(ESCAPE, said)

    def test_a_dumb_terminal_has_no_line_written_over(self):
        words = ("process-file", "--set", "process.pipeline=stats", "/dev/null", "/dev/zero")
        self.assertNotIn(ESCAPE, self.said({"TERM": "dumb"}, *words))


if __name__ == "__main__":
    cli.main()
