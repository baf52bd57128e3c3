#!/usr/bin/env python3
"""Where things lie: what may stand at the top, what the build lists name, how large a file gets."""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

TOP_LEVEL = {
    # the nine places
    "apps", "lib", "completions", "man", "config", "tests", "CMakeLists.txt", "packaging",
    # what a repository has besides
    "CMakePresets.json", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
    ".ci", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore",
}  # fmt: skip

MAX_LINES = 450
VAGUE = {"util", "utils", "misc", "common", "helper", "helpers", "shared", "stuff"}

# Kept apart so that this file is no find of itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|Users|work|mnt|opt)/\w")


def tracked():
    """What git knows, new files included; without git, or in a tarball, the tree is walked."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        # git refuses a tree of another owner; that is no reason to know less about it.
        if listed.returncode == 0:
            return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    skipped = {"build", ".git", ".cache", "__pycache__"}
    return [p for p in ROOT.rglob("*")
            if p.is_file() and not skipped & set(p.relative_to(ROOT).parts)]  # fmt: skip


def relative(path):
    return path.relative_to(ROOT).as_posix()


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def listed_in(cmake_file):
    """The words of a CMake file that name C++ sources; properties of a source do not build it."""
    text = re.sub(r"#.*", "", cmake_file.read_text(encoding="utf-8"))
    text = re.sub(r"set_source_files_properties\([^)]*\)", "", text)
    return re.findall(r"[\w./-]+\.cc\b", text)


class Layout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = tracked()
        cls.code = [f for f in cls.files if f.suffix in (".h", ".cc")]

    def test_the_sources_were_found(self):
        self.assertGreater(len(self.code), 20)

    def test_nothing_else_stands_at_the_top_level(self):
        top = {relative(f).split("/")[0] for f in self.files}
        self.assertEqual(top - TOP_LEVEL, set())

    def test_every_library_source_is_in_the_build_list_once(self):
        on_disk = sorted(f.relative_to(ROOT / "lib").as_posix() for f in self.code
                         if f.suffix == ".cc" and relative(f).startswith("lib/"))  # fmt: skip
        listed = [n for n in listed_in(ROOT / "lib/CMakeLists.txt") if (ROOT / "lib" / n).exists()]
        self.assertEqual(sorted(listed), on_disk)

    def test_what_is_compiled_apart_is_there_once_and_each_group_is_sorted(self):
        for folder in ("apps", "lib", "tests"):
            text = (ROOT / folder / "compiled_apart.txt").read_text(encoding="utf-8")
            groups = [group.split() for group in text.split("--\n")]
            for group in groups:
                self.assertEqual(group, sorted(group))
            names = sum(groups, [])
            self.assertEqual(sorted(names), sorted(set(names)))
            self.assertEqual([name for name in names if not (ROOT / folder / name).exists()], [])

    def test_every_program_source_is_in_the_build_list(self):
        on_disk = {f.relative_to(ROOT / "apps").as_posix() for f in self.code
                   if f.suffix == ".cc" and relative(f).startswith("apps/")}  # fmt: skip
        self.assertEqual(on_disk - set(listed_in(ROOT / "apps/CMakeLists.txt")), set())

    def test_every_test_source_is_in_a_build_list(self):
        listed = set()
        for cmake_file in (ROOT / "tests").rglob("CMakeLists.txt"):
            listed |= {(cmake_file.parent / n).resolve() for n in listed_in(cmake_file)}
        on_disk = {f for f in self.code if f.suffix == ".cc" and relative(f).startswith("tests/")}
        self.assertEqual({relative(f) for f in on_disk - listed}, set())

    def test_every_contract_test_and_every_script_test_is_registered(self):
        text = "".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("CMakeLists.txt"))
        for path in self.files:
            if re.fullmatch(r"tests/.*_test\.(py|sh)", relative(path)):
                self.assertIn(path.stem.removesuffix("_test"), text, relative(path))

    def test_no_file_is_longer_than_one_can_hold_in_the_head(self):
        for path in self.code:
            if relative(path).startswith(("lib/", "apps/")):
                self.assertLessEqual(len(text_of(path).splitlines()), MAX_LINES, relative(path))

    def test_nothing_is_marked_unfinished(self):
        for path in self.files:
            found = UNFINISHED.search(text_of(path))
            self.assertIsNone(found, f"{relative(path)}: {found}")

    def test_no_folder_or_file_has_a_vague_name(self):
        for path in self.files:
            for part in pathlib.PurePosixPath(relative(path)).parts:
                self.assertNotIn(part.split(".")[0].lower(), VAGUE, relative(path))

    def test_no_file_knows_the_machine_it_was_written_on(self):
        for path in self.files:
            found = MACHINE_PATH.search(text_of(path))
            self.assertIsNone(found, f"{relative(path)}: {found}")

    def test_names_are_snake_case(self):
        for path in self.code:
            self.assertRegex(relative(path), r"^[a-z0-9_/.]+$")


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv[:1])
