#!/usr/bin/env python3
"""The shell scripts are clean, and the package list they read holds together."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def scripts():
    found = []
    for top in (".ci", "packaging", "tests", "completions"):
        for path in sorted((ROOT / top).rglob("*")):
            if not path.is_file():
                continue
            with path.open("rb") as file:
                first = file.readline()
            if path.suffix in (".sh", ".bash") or re.match(rb"#!.*\b(ba|da)?sh\b", first):
                found.append(path)
    return found


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


class Scripts(unittest.TestCase):
    def test_there_are_scripts(self):
        self.assertGreater(len(scripts()), 4)

    def test_shellcheck_has_nothing_to_say(self):
        done = run("shellcheck", "-o", "all", *map(str, scripts()))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_bash_can_read_them(self):
        for path in scripts():
            done = run("bash", "-n", str(path))
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_they_are_executable_and_stop_at_the_first_failure(self):
        for path in scripts():
            if path.suffix != ".sh":
                continue
            with self.subTest(path.name):
                self.assertTrue(os.access(path, os.X_OK))
                self.assertIn("set -euo pipefail", path.read_text("utf-8"))

    def test_they_never_end_processes_by_name(self):
        for path in scripts():
            self.assertNotRegex(path.read_text("utf-8"), r"\b(pkill|killall)\b", path.name)


class PackageList(unittest.TestCase):
    INSTALL = str(ROOT / "packaging/install-deps.sh")

    def setUp(self):
        self.lines = (ROOT / "packaging/dependencies.txt").read_text("utf-8").splitlines()

    def test_each_line_is_a_group_or_a_package_with_its_purpose(self):
        for line in self.lines:
            if line.strip() and not line.startswith("#"):
                self.assertRegex(line, r"^(\[[a-z]+\]|[a-z0-9][a-z0-9+.-]+)\s+# \S")

    def test_no_package_is_named_twice(self):
        names = [line.split()[0] for line in self.lines if re.match(r"[a-z0-9]", line)]
        self.assertGreater(len(names), 10)
        self.assertEqual(len(names), len(set(names)))

    def test_an_unknown_group_is_bad_use(self):
        done = run(self.INSTALL, "--missing", "nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no group 'nonsense'", done.stderr)

    def test_nothing_is_said_when_nothing_is_missing(self):
        # The test group is installed wherever this test runs.
        done = run(self.INSTALL, "test")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv[:1])
