#!/usr/bin/env python3
"""The systemd units: valid, locked down, and in step with what the service does.

Usage: systemd_test.py SAMPLEPROC
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ROOT / "packaging/systemd"
BINARY = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc")
# Of systemd-analyze(1), in tenths: 0 is no exposure, 100 is full.
MOST_EXPOSURE = 15


# What tests are told by the environment is no setting of the service.
CALM = {name: value for name, value in os.environ.items() if not name.startswith("SAMPLEPROC_")}


def run(*command):
    return subprocess.run(command, env=CALM, capture_output=True, text=True, check=False)


def values(unit, key):
    return re.findall(rf"^{key}=(.*)$", unit, re.M)


class Systemd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        done = run(UNITS / "make-units.sh", BINARY.resolve().parent, cls.folder)
        assert done.returncode == 0, done.stderr
        shutil.copy(UNITS / "sampleproc.socket", cls.folder)
        cls.service = (cls.folder / "sampleproc.service").read_text("utf-8")
        cls.instance = (cls.folder / "sampleproc@.service").read_text("utf-8")
        cls.defaults = run(BINARY, "validate-config", "--print-effective", "--offline").stdout

    def setUp(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not there")

    def test_systemd_understands_them(self):
        for name in ("sampleproc.service", "sampleproc@door.service", "sampleproc.socket"):
            with self.subTest(name):
                # Of a template a name of an instance is verified.
                file = self.folder / name
                if "@" in name:
                    shutil.copy(self.folder / "sampleproc@.service", file)
                done = run("systemd-analyze", "verify", "--man=no", file)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_they_are_locked_down(self):
        for name in ("sampleproc.service", "sampleproc@.service"):
            with self.subTest(name):
                done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                           f"--threshold={MOST_EXPOSURE}", self.folder / name)  # fmt: skip
                self.assertEqual(done.returncode, 0, done.stdout[-2000:])

    def test_a_stop_is_given_the_time_that_the_service_takes(self):
        within = int(values(self.service, "TimeoutStopSec")[0].removesuffix("s"))
        own = re.search(r'shutdown_timeout = "(\d+)s"', self.defaults)
        self.assertGreaterEqual(within, int(own[1]) + 5)

    def test_what_does_not_get_better_is_not_started_again(self):
        self.assertEqual(values(self.service, "RestartPreventExitStatus"), ["2 78"])
        self.assertEqual(values(self.service, "Restart"), ["on-failure"])

    def test_an_instance_shares_nothing_with_another(self):
        for key in ("EnvironmentFile", "StateDirectory", "RuntimeDirectory"):
            for value in values(self.instance, key):
                self.assertTrue(value.endswith("-%i"), value)
        self.assertIn("--config /etc/sampleproc/%i.toml", self.instance)

    def test_the_password_of_a_drop_in_goes_to_a_key_that_exists(self):
        file = self.folder / "password"
        file.write_text("secret\n", "utf-8")
        file.chmod(0o600)
        others = {"redis": {}, "mqtt": {"SAMPLEPROC_MQTT_URL": "mqtts://broker", "SAMPLEPROC_MQTT_USERNAME": "cam"}}
        for of, more in others.items():
            text = (UNITS / f"{of}-password.conf").read_text("utf-8")
            name = re.search(rf"^Environment=(\w+)=%d/{of}-password$", text, re.M)[1]
            done = subprocess.run([BINARY, "validate-config", "--print-effective", "--offline"],
                                  capture_output=True, text=True, check=False, env={name: str(file), **more})  # fmt: skip
            self.assertIn(f'password_file = "{file}"', done.stdout)
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
