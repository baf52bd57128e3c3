"""Help, version, usage errors: what every command line tool owes."""

import json
import os
import re
import subprocess
import tempfile

import cli
import pictures


class Help(cli.TestCase):
    def test_alone_it_shows_the_help_on_stderr_and_fails(self):
        result = cli.run()
        self.assertEqual((result.returncode, result.out), (2, ""))
        self.assertTrue(result.err.startswith("Usage: sampleproc COMMAND"))

    def test_help_goes_to_stdout(self):
        for words in (["--help"], ["-h"], ["help"], ["help", "help"]):
            result = cli.run(*words)
            self.assertEqual((result.returncode, result.err), (0, ""))
            self.assertIn("validate-config", result.out)

    def test_help_of_a_command_has_two_spellings(self):
        first = cli.run("help", "validate-config")
        second = cli.run("validate-config", "--help")
        self.assertEqual((first.returncode, second.returncode), (0, 0))
        self.assertEqual(first.out, second.out)
        self.assertIn("--strict", first.out)
        self.assertIn("Examples:", first.out)

    def test_help_wins_over_an_unknown_option(self):
        self.assertEqual(cli.run("validate-config", "--bogus", "-h").returncode, 0)

    def test_no_line_is_wider_than_80_columns(self):
        for words in (["--help"], ["help", "validate-config"], ["--version"]):
            for line in cli.run(*words).out.splitlines():
                self.assertLessEqual(len(line), 80, line)
                self.assertEqual(line, line.rstrip())

    def test_version(self):
        for word in ("--version", "-V"):
            result = cli.run(word)
            self.assertEqual((result.returncode, result.err), (0, ""))
            self.assertRegex(result.out, r"\Asampleproc \d+\.\d+\.\d+\n")

    def test_version_needs_no_configuration(self):
        result = cli.run("--version", env={"SAMPLEPROC_CONFIG": "/nonexistent", "PORT": "x"})
        self.assertEqual((result.returncode, result.err), (0, ""))


class EmptyValues(cli.TestCase):
    def test_no_option_takes_an_empty_value(self):
        """As --compare "$OLD" without OLD gives: what was meant is missing."""
        for command in ("serve", "process-file", "validate-config", "loadtest", "health"):
            text = cli.run(command, "--help").out
            options = re.findall(r"(?m)^ +(?:-\w, )?(--[a-z0-9-]+) [A-Z]", text)
            self.assertGreaterEqual(len(options), 2, text)
            for option in options:
                # The word behind "--output=" is no value of it.
                for words in ([option, ""], [option + "=", "/nonexistent"], [option + "=", "--quiet"]):
                    result = cli.run(command, *words)
                    said = (command, words, result.err)
                    self.assertEqual(result.returncode, 3 if command == "health" else 2, said)
                    self.assertIn(option + " ", result.err.splitlines()[0], said)
                    self.assertRegex(result.err, "empty value|not ''", said)

    def test_no_argument_is_empty(self):
        for command in ("process-file", "validate-config"):
            result = cli.run(command, "")
            self.assertEqual((result.returncode, result.out), (2, ""), result.err)
            self.assertIn("is an empty word", result.err.splitlines()[0])


class Usage(cli.TestCase):
    def check(self, words, message):
        result = cli.run(*words)
        self.assertEqual((result.returncode, result.out), (2, ""))
        self.assertEqual(result.err.splitlines()[0], "sampleproc: " + message)
        self.assertRegex(result.err.splitlines()[1], r"^Try 'sampleproc .*--help'\.$")

    def test_unknown_command(self):
        self.check(["bogus"], "unknown command 'bogus'")
        self.check([""], "unknown command ''")

    def test_mistyped_command(self):
        self.check(
            ["valdate-config"],
            "unknown command 'valdate-config'; did you mean 'validate-config'?",
        )
        self.check(
            ["help", "validate-confg"],
            "unknown command 'validate-confg'; did you mean 'validate-config'?",
        )

    def test_unknown_option(self):
        self.check(["--verison"], "unknown option '--verison'; did you mean '--version'?")
        self.check(["validate-config", "--bogus"], "unknown option '--bogus'")
        self.check(["validate-config", "-x"], "unknown option '-x'")
        self.check(
            ["validate-config", "--srtict"],
            "unknown option '--srtict'; did you mean '--strict'?",
        )

    def test_set_without_a_value(self):
        self.check(
            ["validate-config", "--set", "http.port"],
            "--set needs KEY=VALUE, such as --set http.port=9000, and got 'http.port'",
        )
        self.assertEqual(cli.run("validate-config", "--set").returncode, 2)

    def test_control_characters_are_not_echoed(self):
        for words in (["\x1b[2J"], ["validate-config", "--\x1b[2J"]):
            self.assertNotIn("\x1b", cli.run(*words).err)


class Output(cli.TestCase):
    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            result = cli.run("--help", stdout=full)
        self.assertEqual(result.returncode, 74)
        self.assertIn("standard output cannot be written", result.err)

    def test_closed_standard_descriptors_are_nobodys(self):
        """Else the first files and sockets would take their numbers, and what is printed went there."""
        picture = pictures.sample_path("mask.png")
        words = ("process-file", "-q", "--set", "process.pipeline=stats")
        with tempfile.TemporaryDirectory() as folder:
            records = os.path.join(folder, "out.ndjson")
            broken = os.path.join(folder, "no.jpg")
            cases = {
                "2>&-": ((*words, "-o", records, broken, picture), 1),
                "0<&- 1>&- 2>&-": ((*words, "-o", records, broken, picture), 1),
                "1>&-": ((*words, picture), 74),
                "0<&-": ((*words, "-"), 65),
            }
            for closing, (given, status) in cases.items():
                with self.subTest(closing=closing):
                    line = ["sh", "-c", f'exec "$0" "$@" {closing}', cli.BINARY, *given]
                    done = subprocess.run(line, env={}, capture_output=True, timeout=cli.PATIENCE,
                                          check=False)  # fmt: skip
                    self.assertEqual(done.returncode, status, done.stderr)
                    if records in given:
                        with open(records, encoding="utf-8") as lines:
                            self.assertEqual([json.loads(each)["source"] for each in lines],
                                             [broken, picture])  # fmt: skip

    def test_a_reader_that_goes_away_is_no_news(self):
        with subprocess.Popen(["true"], stdin=subprocess.PIPE) as gone:
            gone.wait()
            result = cli.run("--help", stdout=gone.stdin)
        self.assertEqual(result.err, "")


if __name__ == "__main__":
    cli.main()
