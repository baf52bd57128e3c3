#!/usr/bin/env python3
"""How the linked binary is hardened, as readelf sees it. Usage: hardening_test.py BINARY.

Sanitizers link differently, so their builds do not register this test.
"""

import re
import subprocess
import sys
import unittest

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


class Hardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.header = run("readelf", "-W", "-h", BINARY)
        cls.segments = run("readelf", "-W", "-l", BINARY)
        cls.dynamic = run("readelf", "-W", "-d", BINARY)
        cls.symbols = run("readelf", "-W", "--dyn-syms", BINARY)

    def test_it_is_position_independent(self):
        self.assertRegex(self.header, r"Type:\s+DYN")
        self.assertRegex(self.dynamic, r"FLAGS_1\).*\bPIE\b")

    def test_relocations_are_read_only_and_bound_at_start(self):
        self.assertIn("GNU_RELRO", self.segments)
        self.assertRegex(self.dynamic, r"\bBIND_NOW\b|FLAGS_1\).*\bNOW\b")

    def test_the_stack_is_not_executable(self):
        stack = re.search(r"GNU_STACK.*", self.segments)
        self.assertIsNotNone(stack)
        self.assertNotRegex(stack.group(), r"\bRWE\b|\bR?WE\b")

    def test_no_segment_is_writable_and_executable(self):
        self.assertNotRegex(self.segments, r"LOAD.*\bRWE\b")

    def test_functions_with_buffers_are_guarded(self):
        self.assertIn("__stack_chk_fail", self.symbols)

    def test_libc_calls_are_checked(self):
        self.assertRegex(self.symbols, r"__\w+_chk\b")

    def test_no_library_search_path_of_the_build_machine(self):
        self.assertNotRegex(self.dynamic, r"\((RPATH|RUNPATH)\)")

    def test_main_is_a_marked_branch_target(self):
        # The note that would say it for the whole program is missing from Debian's own crt1.o.
        disassembly = run("objdump", "-d", "--no-show-raw-insn", "--disassemble=main", BINARY)
        body = disassembly.split("<main>:", 1)
        self.assertEqual(len(body), 2, "main was not found")
        self.assertIn("endbr64", body[1].strip().splitlines()[0])


if __name__ == "__main__":
    unittest.main(verbosity=1)
