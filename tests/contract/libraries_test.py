#!/usr/bin/env python3
"""Which libraries the binary drags in. Usage: libraries_test.py BINARY.

Some of OpenCV's modules bring two hundred libraries and a tenth of a second at each start; the
binary does without them.
"""

import subprocess
import sys
import unittest

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc"

UNWANTED = [
    "libgdal", "libtiff", "libOpenEXR", "libgdcm", "libavcodec", "libavformat", "libX11",
    "libgtk", "libQt", "libpython", "libopencv_imgcodecs", "libopencv_videoio",
    "libopencv_highgui",
]  # fmt: skip

MOST = 60


class Libraries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True)
        cls.lines = [line.strip() for line in done.stdout.splitlines()]

    def test_every_library_is_found(self):
        self.assertGreater(len(self.lines), 1)
        self.assertEqual([line for line in self.lines if "not found" in line], [])

    def test_none_of_the_heavy_ones_is_loaded(self):
        found = [line for line in self.lines if line.lower().startswith(
            tuple(name.lower() for name in UNWANTED))]  # fmt: skip
        self.assertEqual(found, [])

    def test_there_are_not_many(self):
        self.assertLessEqual(len(self.lines), MOST, "\n".join(self.lines))


if __name__ == "__main__":
    unittest.main(verbosity=1)
