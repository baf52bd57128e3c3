"""The completions: words where an option takes words, directories where it takes one.

Each is tried in its own shell, which packaging/dependencies.txt names: one that is missing is a
failure, not a test less.
"""

import os
import pathlib
import pty
import re
import select
import subprocess
import tempfile
import time

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
            # What is made of people's boxes, and what OpenCV reads a cascade from.
            behind = {"track": "people,"}.get(step, "")
            settings = {"cascade": ["--set", "process.cascade.file=/dev/null"],
                        "objects": ["--set", "detector.objects.model=/dev/null"]}.get(step, [])  # fmt: skip
            result = cli.run("validate-config", "--offline", "--set", f"process.pipeline={behind}{step}", *settings)
            self.assertEqual(result.returncode, 0, result.err)
        result = cli.run("validate-config", "--offline", "--set", "process.pipeline=banana")
        self.assertEqual(result.returncode, 65, result.err)

    def test_behind_an_equals_sign(self):
        """Which bash makes a word of its own."""
        self.assertEqual(self.complete("process-file", "--format", "="), ["ndjson", "table"])
        self.assertEqual(self.complete("process-file", "--format", "=", "t"), ["table"])
        self.assertEqual(self.complete("process-file", "--pipeline", "=", "stats,p"), ["stats,people"])
        self.assertEqual(self.complete("process-file", "--annotate", "=", "o"), ["out"])

    def test_behind_an_equals_sign_within_a_word(self):
        """Where COMP_WORDBREAKS has no such sign."""
        self.assertEqual(self.complete("process-file", "--format="), ["--format=ndjson", "--format=table"])
        self.assertEqual(self.complete("process-file", "--pipeline=stats,p"), ["--pipeline=stats,people"])
        self.assertEqual(self.complete("process-file", "--annotate=o"), ["--annotate=out"])
        self.assertEqual(self.complete("process-file", "--compare=old"), ["--compare=old.ndjson"])
        self.assertEqual(self.complete("loadtest", "--target="), [])
        self.assertIn("--set=http.port=", self.complete("serve", "--set=http.p"))

    def test_nothing_where_nobody_knows(self):
        for command, option in (("process-file", "--raw"), ("process-file", "--camera"),
                                ("process-file", "--jobs"), ("process-file", "-j"),
                                ("loadtest", "--target"), ("health", "--port")):  # fmt: skip
            self.assertEqual(self.complete(command, option, ""), [], option)

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
            self.assertRegex(text, re.escape(option) + r"=\[[^\]]*\]:[A-Z|]+:" + re.escape(action))

    def test_it_parses(self):
        subprocess.run(["zsh", "-n", COMPLETIONS / "_sampleproc"], timeout=cli.PATIENCE, check=True)

    def completed(self, line, wished):
        """What an interactive zsh makes of the line and a tab, as soon as `wished` is in it."""
        process, terminal = pty.fork()
        if process == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": os.environ["PATH"], "TERM": "dumb"})
        self.addCleanup(os.waitpid, process, 0)
        self.addCleanup(os.close, terminal)
        setup = (f"PS1=; fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D; "
                 "bindkey '^I' complete-word; stty -echo; print are''you ready\n")  # fmt: skip
        os.write(terminal, setup.encode())
        self.read_until(terminal, "areyou ready")
        os.write(terminal, line.encode() + b"\t")
        return self.read_until(terminal, wished)

    def read_until(self, terminal, wished):
        text, end = "", time.monotonic() + cli.PATIENCE
        while wished not in text:
            left = end - time.monotonic()
            if left < 0 or not select.select([terminal], [], [], left)[0]:
                break
            text += os.read(terminal, 4096).decode(errors="replace")
        self.assertIn(wished, text)
        return text

    def test_in_zsh(self):
        for line, wished in (("process-file --format=nd", "--format=ndjson"),
                             ("process-file --format nd", "--format ndjson"),
                             ("process-file --pipeline=stats,peo", "=stats,people"),
                             ("health --probe=rea", "--probe=ready")):  # fmt: skip
            with self.subTest(line):
                self.completed("sampleproc " + line, wished)


class Fish(cli.TestCase):
    def test_words_and_directories(self):
        with open(COMPLETIONS / "sampleproc.fish", encoding="utf-8") as file:
            text = file.read()
        for part in ("-l via -x -a 'http redis'", "-l form -x -a 'json binary multipart'",
                     "-l format -x -a 'ndjson table'", "-l probe -x -a 'health live ready startup'",
                     "-l annotate -x -a '(__fish_complete_directories)'", "-l compare -r",
                     "-l resume -r",
                     "-l pipeline -x -a '(__sampleproc_list stats motion people faces cascade track objects)'"):  # fmt: skip
            self.assertIn(part, text)

    def complete(self, line):
        done = subprocess.run(
            ["fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]',
             COMPLETIONS / "sampleproc.fish", "sampleproc " + line],
            capture_output=True, timeout=cli.PATIENCE, check=True, env={"PATH": os.environ["PATH"], "HOME": "/"},
        )  # fmt: skip
        return [each.split("\t")[0] for each in done.stdout.decode().splitlines()]

    def test_in_fish(self):
        self.assertEqual(self.complete("process-file --format "), ["ndjson", "table"])
        self.assertEqual(self.complete("process-file --format=n"), ["--format=ndjson"])
        self.assertEqual(self.complete("process-file --pipeline stats,f"), ["stats,faces"])
        self.assertEqual(self.complete("process-file --pipeline=stats,people,tr"),
                         ["--pipeline=stats,people,track"])
        self.assertIn("motion", self.complete("process-file --pipeline "))


if __name__ == "__main__":
    cli.main()
