"""Runs the binary named by the first argument with an environment of the test's own."""

import os
import signal
import subprocess
import sys
import threading
import unittest

BINARY = os.path.abspath(sys.argv.pop(1))
# For tests that are not about deadlines: under a sanitizer on a busy machine a detector takes longer
# than a frame may.
NO_HURRY = ("--set", "process.deadline=5m", "--set", "http.request_deadline=5m")
# Seconds for one answer or one run; only a failing test waits so long. ThreadSanitizer's preset has more.
PATIENCE = int(os.environ.get("SAMPLEPROC_TEST_PATIENCE", "120"))


def run(*words, env=None, stdin=b"", **options):
    options.setdefault("stdout", subprocess.PIPE)
    result = subprocess.run(
        [BINARY, *words],
        env=env or {},
        input=stdin,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
        **options,
    )
    result.out = (result.stdout or b"").decode()
    result.err = result.stderr.decode()
    return result


def start(test, *words, env=None, life=PATIENCE, **options):
    """The binary with pipes, running beside the test that ends it: after `life` at the latest."""
    for stream in ("stdin", "stdout", "stderr"):
        options.setdefault(stream, subprocess.PIPE)
    # Without buffers of Python's own readline() and communicate() may follow one another.
    child = subprocess.Popen([BINARY, *words], env=env or {}, bufsize=0, **options)
    too_long = threading.Timer(life, child.kill)
    too_long.start()

    def end():
        too_long.cancel()
        child.kill()
        child.communicate()

    test.addCleanup(end)
    return child


def await_signals(pid):
    """Wait until the signals are the program's own."""
    while True:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            (blocked,) = [line.split()[1] for line in status if line.startswith("SigBlk")]
        if int(blocked, 16) >> (signal.SIGTERM - 1) & 1:
            return


def main_at_once(test_case):
    """Runs each test of the class in a process of its own, all of them at the same time: for a suite
    whose tests wait for most of their time. Tests that are named by arguments run as main runs them."""
    if len(sys.argv) > 1:
        main()
    names = unittest.TestLoader().getTestCaseNames(test_case)
    running = [
        subprocess.Popen(
            [sys.executable, sys.argv[0], BINARY, f"{test_case.__name__}.{name}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in names
    ]
    failed = []
    for name, child in zip(names, running):
        said = child.communicate()[0]
        if child.returncode != 0:
            failed.append(name)
            print(said, file=sys.stderr)
    print(f"Ran {len(names)} tests, failed: {', '.join(failed) or 'none'}", file=sys.stderr)
    sys.exit(1 if failed or not names else 0)


main = unittest.main
TestCase = unittest.TestCase
