"""Runs the binary named by the first argument with an environment of the test's own."""

import os
import subprocess
import sys
import unittest

BINARY = os.path.abspath(sys.argv.pop(1))


def run(*words, env=None, stdin=b"", **options):
    options.setdefault("stdout", subprocess.PIPE)
    result = subprocess.run(
        [BINARY, *words],
        env=env or {},
        input=stdin,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
        **options,
    )
    result.out = (result.stdout or b"").decode()
    result.err = result.stderr.decode()
    return result


main = unittest.main
TestCase = unittest.TestCase
