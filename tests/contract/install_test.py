#!/usr/bin/env python3
"""What `cmake --install` puts in place, and that it works there.

Usage: install_test.py BUILD-DIRECTORY
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release"
PHOTO = ROOT / "build/samples/opencv-doc/data/messi5.jpg"


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = pathlib.Path(folder.name)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip

    def test_each_file_is_in_its_place(self):
        places = ["bin/sampleproc", "libexec/sampleproc/replay-dlq.sh",
                  "share/doc/sampleproc/examples/sampleproc.toml",
                  "share/doc/sampleproc/examples/loadbalancer/haproxy.cfg",
                  "share/doc/sampleproc/examples/loadbalancer/nginx.conf",
                  "share/doc/sampleproc/METRICS.md",
                  "share/doc/sampleproc/examples/observability/alerts.yml",
                  "share/doc/sampleproc/examples/observability/dashboard.json",
                  "share/doc/sampleproc/examples/systemd/mqtt-password.conf",
                  "share/doc/sampleproc/examples/systemd/redis-password.conf",
                  "share/doc/sampleproc/examples/schemas/loadtest-audit.schema.json",
                  "lib/systemd/system/sampleproc.service", "lib/systemd/system/sampleproc@.service",
                  "lib/systemd/system/sampleproc.socket", "share/man/man5/sampleproc.toml.5",
                  "share/bash-completion/completions/sampleproc",
                  "share/zsh/vendor-completions/_sampleproc",
                  "share/fish/vendor_completions.d/sampleproc.fish"]  # fmt: skip
        pages = [f"share/man/man1/{page.name}" for page in (ROOT / "man").glob("*.1")]
        self.assertTrue(pages)
        for place in [*places, *pages]:
            self.assertTrue((self.prefix / place).is_file(), place)
        for place in places[:2]:
            self.assertTrue(os.access(self.prefix / place, os.X_OK), place)

    def test_each_module_is_installed(self):
        for name in ("opencv", "dnn", "video"):
            found = list(self.prefix.glob(f"lib/**/sampleproc/sampleproc_{name}.so"))
            self.assertEqual(len(found), 1, name)

    def test_the_unit_starts_what_was_installed(self):
        for name in ("sampleproc.service", "sampleproc@.service"):
            unit = (self.prefix / "lib/systemd/system" / name).read_text("utf-8")
            self.assertIn(f"ExecStart={self.prefix}/bin/sampleproc serve", unit)

    def test_it_finds_its_modules_where_they_were_put(self):
        done = subprocess.run(
            [self.prefix / "bin/sampleproc", "process-file", "-q", "--pipeline", "people", PHOTO],
            capture_output=True, text=True, check=True, env={**os.environ, "LD_DEBUG": "files"})  # fmt: skip
        self.assertIn('"total_objects":', done.stdout)
        loaded = [line for line in done.stderr.splitlines() if "calling init: " in line]
        module = next(line for line in loaded if line.endswith("sampleproc_opencv.so"))
        self.assertIn(str(self.prefix), module)


if __name__ == "__main__":
    unittest.main()
