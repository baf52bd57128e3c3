#!/usr/bin/env python3
"""What the documents tell people to type exists. Usage: docs_test.py BINARY."""

import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc"
SUBCOMMANDS = {"serve", "process-file", "validate-config", "loadtest", "health"}


def documents():
    return sorted(ROOT.glob("*.md")) + sorted((ROOT / "tests").rglob("*.md")) + sorted(
        (ROOT / "packaging").rglob("*.md"))  # fmt: skip


def commands(text):
    """Each command line of the text's code blocks and code spans, continuation lines joined."""
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return lines + re.findall(r"`([^`\n]+)`", prose)


def uses_of_sampleproc(text):
    """(subcommand, [long options]) for each use in the text."""
    for line in commands(text):
        for part in re.split(r"\s(?:\||&&|#)\s|\$\(", line):
            found = re.match(r"\$?\s*(?:\S*/)?sampleproc\s+([a-z][a-z-]*)(.*)", part)
            if found:
                yield found[1], re.findall(r"(?<=\s)--[a-z][a-z-]*", found[2])


class Documents(unittest.TestCase):
    def test_the_root_documents_are_there(self):
        for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY"):
            self.assertTrue((ROOT / f"{name}.md").is_file(), name)
        self.assertTrue((ROOT / "LICENSE").is_file())

    def test_links_to_files_lead_somewhere(self):
        for path in documents():
            for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text("utf-8")):
                if not re.match(r"[a-z]+:", link):
                    self.assertTrue((path.parent / link).exists(), f"{path.name}: {link}")

    def test_named_files_of_the_repository_exist(self):
        names = re.compile(r"(?<![\w/.])((?:packaging|tests|config|lib|apps|man|completions|\.ci)"
                           r"/[\w./-]*\w(?:\.\w+)?)")  # fmt: skip
        for path in documents():
            for span in re.findall(r"`([^`\n]+)`", path.read_text("utf-8")):
                for name in names.findall(span):
                    if not re.search(r"(^|/)x_|<", span):
                        self.assertTrue((ROOT / name).exists(), f"{path.name}: {name}")

    def test_scripts_in_command_lines_exist(self):
        for path in documents():
            for name in re.findall(r"(?:packaging|tests|\.ci)/[\w./-]+\.(?:sh|py)",
                                   path.read_text("utf-8")):  # fmt: skip
                self.assertTrue((ROOT / name).is_file(), f"{path.name}: {name}")

    def test_every_subcommand_named_is_one_of_the_five(self):
        found = 0
        for path in documents():
            for subcommand, _ in uses_of_sampleproc(path.read_text("utf-8")):
                found += 1
                self.assertIn(subcommand, SUBCOMMANDS, path.name)
        self.assertGreater(found, 3)

    def test_every_option_in_an_example_is_one_the_program_has(self):
        uses = {}
        for path in documents():
            for subcommand, options in uses_of_sampleproc(path.read_text("utf-8")):
                uses.setdefault(subcommand, set()).update(options)
        for subcommand, options in sorted(uses.items()):
            done = subprocess.run([BINARY, subcommand, "--help"], capture_output=True, text=True,
                                  check=False, timeout=120)  # fmt: skip
            if not options:
                continue
            self.assertEqual(done.returncode, 0, f"{subcommand} --help: {done.stderr}")
            known = set(re.findall(r"--[a-z][a-z-]*", done.stdout))
            self.assertEqual(options - known, set(), subcommand)


if __name__ == "__main__":
    unittest.main(verbosity=1)
