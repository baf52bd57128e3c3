"""The committed documents: true to the program, and clean to the tools that read them."""

import glob
import os
import re
import shutil
import subprocess
import sys

SOURCE = sys.argv.pop(2)  # before the import below takes the first

import cli  # noqa: E402


def read(*parts):
    with open(os.path.join(SOURCE, *parts), encoding="utf-8") as file:
        return file.read()


class SampleConfig(cli.TestCase):
    def test_it_is_valid_as_it_is_and_with_every_key_uncommented(self):
        text = read("config", "sampleproc.toml")
        uncommented = re.sub(r"(?m)^#(?=[a-z])", "", text)
        self.assertGreater(uncommented.count("\n") - uncommented.count("\n#"), 30)
        for version in (text, uncommented):
            result = cli.run("validate-config", "--strict", "-", stdin=version.encode())
            self.assertEqual((result.returncode, result.err), (0, ""))


class ManPages(cli.TestCase):
    def test_mandoc_has_nothing_to_say(self):
        self.assertIsNotNone(shutil.which("mandoc"), "install mandoc")
        pages = glob.glob(os.path.join(SOURCE, "man", "*.[15]"))
        self.assertGreaterEqual(len(pages), 3)
        for page in pages:
            lint = subprocess.run(
                ["mandoc", "-Tlint", "-Wstyle", page], capture_output=True, check=False
            )
            self.assertEqual((lint.returncode, lint.stdout), (0, b""), page)

    def test_each_key_of_the_sample_is_in_the_manual(self):
        manual = read("man", "sampleproc.toml.5").replace("\\-", "-")
        for key in re.findall(r"(?m)^#(\w+) = ", read("config", "sampleproc.toml")):
            self.assertIn("\\fB" + key + "\\fR = ", manual)


class Options(cli.TestCase):
    def test_help_manual_and_completions_name_the_same(self):
        listing = cli.run("--help").out.split("Commands:\n")[1].split("\n\n")[0]
        commands = [c for c in re.findall(r"(?m)^  ([\w-]+)", listing) if c != "help"]
        self.assertIn("validate-config", commands)
        for command in commands:
            with self.subTest(command):
                self.check_command(command)

    def check_command(self, command):
        text = cli.run(command, "--help").out
        options = set(re.findall(r"(?m)^  (?:-\w, |    )(--[\w-]+)", text))
        self.assertIn("--help", options)
        page = read("man", "sampleproc-" + command + ".1").replace("\\-", "-")
        tags = "\n".join(re.findall(r"(?m)^\.TP\n(.*)", page))
        self.assertEqual(set(re.findall(r"\\fB(--[\w-]+)\\fR", tags)), options)
        for name in ("sampleproc.bash", "_sampleproc"):
            part = read("completions", name).split("    " + command + ")\n")[1].split(";;")[0]
            self.assertEqual(set(re.findall(r"--[a-z][\w-]*", part)) - options, set())
            for option in options:
                self.assertIn(option, part)
        fish = read("completions", "sampleproc.fish")
        for option in options:
            self.assertRegex(fish, f"from {command}'.* -l {option[2:]} ")


class Completions(cli.TestCase):
    def complete(self, *words):
        script = (
            f"source '{SOURCE}/completions/sampleproc.bash'; compopt() {{ :; }}; "
            'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sampleproc; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        result = subprocess.run(
            ["bash", "-c", script, "bash", "sampleproc", *words],
            capture_output=True,
            check=True,
            text=True,
        )
        self.assertEqual(result.stderr, "")
        return result.stdout.split()

    def test_bash_completes_commands_options_and_keys(self):
        self.assertEqual(self.complete("val"), ["validate-config"])
        self.assertEqual(self.complete("help", "val"), ["validate-config"])
        self.assertEqual(self.complete("validate-config", "--str"), ["--strict"])
        self.assertEqual(
            self.complete("validate-config", "--set", "http.po"), ["http.port="]
        )

    def test_each_shell_accepts_its_own(self):
        for shell, name in (("bash", "sampleproc.bash"), ("zsh", "_sampleproc"),
                            ("fish", "sampleproc.fish")):
            self.assertIsNotNone(shutil.which(shell), f"install {shell}")
            path = os.path.join(SOURCE, "completions", name)
            check = subprocess.run([shell, "-n", path], capture_output=True, check=False)
            self.assertEqual((check.returncode, check.stderr), (0, b""))


if __name__ == "__main__":
    cli.main()
