"""sampleproc process-file over files that users of other products met, where they lie beside the tree.

Each kind has a test of its own that makes its files; this one reads the real ones.
"""

import os
import pathlib
import sys
import unittest

import cli
from folder import process, records

CASES = pathlib.Path(__file__).resolve().parents[2] / "../shared/cases/files"


@unittest.skipUnless(CASES.is_dir(), f"no {CASES}: the kinds are tested with files made here")
class Cases(cli.TestCase):
    def read(self, name, code=0):
        result = process(str(CASES / name), quiet=False)
        self.assertEqual(result.returncode, code, result.err)
        return records(result), result.err

    def test_pictures(self):
        for name, warning in (
            ("J1-sos-al1.jpg", "jpeg_scan_parameters"),
            ("J1-sos-se0.jpg", "jpeg_scan_parameters"),
            ("J2-extra-before-rst.jpg", "jpeg_extraneous_bytes"),
            ("J3-noeoi-trailer.jpg", "jpeg_missing_eoi"),
            ("J4-progressive-complete-no-eoi.jpg", "jpeg_missing_eoi"),
        ):
            with self.subTest(name):
                ((record,), _) = self.read(name)
                self.assertEqual([w["type"] for w in record["warnings"]], [warning])
                self.assertAlmostEqual(record["stats"]["mean"], 116.158691, delta=0.01)

    def test_videos(self):
        found, _ = self.read("V1-rot90.mp4")
        self.assertEqual({(r["width"], r["height"], r["orientation"]) for r in found}, {(48, 64, 8)})
        found, _ = self.read("V2-two-recordings.ts")
        self.assertEqual([r["index"] for r in found], list(range(10)))
        found, _ = self.read("V3-one-bad-of-five.mjpeg", 1)
        self.assertEqual(["error" in r for r in found], [False, True, False, False, False])
        found, said = self.read("V5-lost-packet.ts", 1)
        self.assertEqual(["error" in r for r in found], [False, True])
        self.assertIn("3 dropped", said)

    def test_pictures_in_the_container_of_videos(self):
        for name, kind in (("V4-iphone.heic", "HEIC"), ("V4-iphone-heic-named.jpg", "HEIC"),
                           ("V4-picture.avif", "AVIF")):  # fmt: skip
            ((record,), _) = self.read(name, 65)
            self.assertEqual(record["error"]["type"], "unsupported-format")
            self.assertIn(kind, record["error"]["message"])

    def test_a_folder(self):
        found, said = self.read("N1-folder")
        self.assertEqual([os.path.basename(r["source"]) for r in found], ["a.png", "b.jfif"])
        self.assertIn("passed over 2 entries (1 .heic, 1 hidden)", said)


if __name__ == "__main__":
    if not CASES.is_dir():
        print(f"no {CASES}: the kinds are tested with files made here", file=sys.stderr)
    cli.main()
