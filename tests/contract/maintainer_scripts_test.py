"""The Debian maintainer scripts, run on a tree of the test's own: instances of the unit are stopped,
restarted and purged with the service.
"""

import os
import os
import pathlib
import subprocess
import tempfile
import unittest

DEBIAN = pathlib.Path(__file__).resolve().parents[2] / "packaging/debian"
INSTANCES = "sampleproc@*.service"


class MaintainerScripts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        # Stands for what would ask systemd.
        (self.root / "bin").mkdir()
        helper = self.root / "bin/deb-systemd-invoke"
        helper.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >>"${DPKG_ROOT}/asked"\n', "utf-8")
        helper.chmod(0o755)
        (self.root / "run/systemd/system").mkdir(parents=True)

    def run_script(self, name, *words):
        subprocess.run(["/bin/sh", DEBIAN / f"sampleproc.{name}", *words], check=True,
                       env={"PATH": f"{self.root}/bin:{os.environ['PATH']}",
                            "DPKG_ROOT": str(self.root)})  # fmt: skip
        asked = self.root / "asked"
        text = asked.read_text("utf-8") if asked.exists() else ""
        asked.unlink(missing_ok=True)
        return text.splitlines()

    def test_a_removal_stops_instances(self):
        self.assertEqual(self.run_script("prerm", "remove"), [f"stop {INSTANCES}"])
        self.assertEqual(self.run_script("prerm", "upgrade", "0.2"), [])

    def test_an_upgrade_restarts_instances(self):
        self.assertEqual(self.run_script("postinst", "configure", "0.1"), [f"try-restart {INSTANCES}"])
        self.assertEqual(self.run_script("postinst", "configure", ""), [])

    def test_without_systemd_nothing_is_asked(self):
        (self.root / "run/systemd/system").rmdir()
        self.assertEqual(self.run_script("prerm", "remove"), [])
        self.assertEqual(self.run_script("postinst", "configure", "0.1"), [])

    def test_a_purge_leaves_no_state_and_nothing_else_goes(self):
        lib = self.root / "var/lib"
        for name in ("sampleproc", "sampleproc-door", "sampleproc-back yard"):
            (lib / "private" / name / "spool").mkdir(parents=True)
            (lib / name).symlink_to(f"private/{name}")
        kept = ("private/other", "sampleproc-backup", "sampleproc-backup/events.db", "sampleprocessor")
        for name in kept:
            (lib / name).mkdir()
        (lib / "sampleproc-moved").symlink_to("/srv/elsewhere")
        wants = self.root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True)
        for name in ("sampleproc@door.service", "another@door.service"):
            (wants / name).symlink_to("/lib/systemd/system/" + name)
        (self.root / "etc/sampleproc/conf.d").mkdir(parents=True)
        self.run_script("postrm", "remove")
        self.assertTrue((lib / "sampleproc-door/spool").exists())
        self.run_script("postrm", "purge")
        left = sorted(str(path.relative_to(lib)) for path in lib.rglob("*"))
        self.assertEqual(left, sorted(["private", "sampleproc-moved", *kept]))
        self.assertEqual(os.listdir(wants), ["another@door.service"])
        self.assertFalse((self.root / "etc/sampleproc").exists())
        self.run_script("postrm", "purge")


if __name__ == "__main__":
    unittest.main()
