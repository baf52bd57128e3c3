"""The completions: words where an option takes words, directories where it takes one."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import cli

COMPLETIONS = pathlib.Path(__file__).resolve().parents[2] / "completions"


class Bash(cli.TestCase):
    def complete(self, *words):
        line = ('source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sampleproc 2>/dev/null; '
                'printf "%s\\n" "${COMPREPLY[@]}"')  # fmt: skip
        done = subprocess.run(
            ["bash", "-c", line, COMPLETIONS / "sampleproc.bash", "sampleproc", *words],
            capture_output=True, cwd=self.directory, timeout=cli.PATIENCE, check=True,
        )  # fmt: skip
        return done.stdout.decode().split()

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        os.mkdir(os.path.join(self.directory, "out"))
        with open(os.path.join(self.directory, "old.ndjson"), "wb"):
            pass

    def test_words(self):
        self.assertEqual(self.complete("process-file", "--format", ""), ["ndjson", "table"])
        self.assertEqual(self.complete("validate-config", "--format", "g"), ["github"])
        self.assertEqual(self.complete("health", "--probe", "re"), ["ready"])
        self.assertEqual(self.complete("loadtest", "--via", ""), ["http", "redis"])
        self.assertEqual(self.complete("loadtest", "--arrivals", "p"), ["poisson"])
        self.assertEqual(self.complete("loadtest", "--form", ""), ["json", "binary", "multipart"])
        self.assertEqual(self.complete("process-file", "--pipeline", "stats,f"), ["stats,faces"])

    def test_every_step_is_known_to_the_service(self):
        for step in self.complete("process-file", "--pipeline", ""):
            settings = ["--set", "process.cascade.path=/dev/null"] if step == "cascade" else []
            result = cli.run("validate-config", "--offline", "--set", f"process.pipeline={step}", *settings)
            self.assertNotIn("unknown step", result.out + result.err)

    def test_paths(self):
        self.assertEqual(self.complete("process-file", "--annotate", ""), ["out"])
        for option in ("--compare", "--resume", "-o"):
            self.assertEqual(self.complete("process-file", option, "o"), ["out", "old.ndjson"])


class Zsh(cli.TestCase):
    def test_colons_in_the_names_of_values_are_escaped(self):
        with open(COMPLETIONS / "_sampleproc", encoding="utf-8") as file:
            text = file.read()
        self.assertIn(r"]:WxH\:FORMAT:'", text)
        for spec in re.findall(r"'\*?--?[\w-]+\[[^\]]*\]:((?:\\:|[^:'])*):([^']*)'", text):
            self.assertNotRegex(spec[1], r"^[A-Z]", spec)
        for option, action in (("--annotate", "_files -/"), ("--compare", "_files"),
                               ("--resume", "_files"), ("--probe", "(health live ready startup)"),
                               ("--format", "(ndjson table)"), ("--via", "(http redis)"),
                               ("--arrivals", "(constant poisson)")):  # fmt: skip
            self.assertRegex(text, re.escape(option) + r"\[[^\]]*\]:[A-Z|]+:" + re.escape(action))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_it_parses(self):
        subprocess.run(["zsh", "-n", COMPLETIONS / "_sampleproc"], timeout=cli.PATIENCE, check=True)


class Fish(cli.TestCase):
    def test_words_and_directories(self):
        with open(COMPLETIONS / "sampleproc.fish", encoding="utf-8") as file:
            text = file.read()
        for part in ("-l via -x -a 'http redis'", "-l form -x -a 'json binary multipart'",
                     "-l format -x -a 'ndjson table'", "-l probe -x -a 'health live ready startup'",
                     "-l annotate -x -a '(__fish_complete_directories)'", "-l compare -r",
                     "-l resume -r", "-l pipeline -x -a 'stats motion people faces cascade track objects'"):  # fmt: skip
            self.assertIn(part, text)


if __name__ == "__main__":
    cli.main()
