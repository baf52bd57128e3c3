#!/usr/bin/env python3
"""Which libraries the binary and its modules drag in.

Usage: libraries_test.py BINARY VIDEO-MODULE OPENCV-MODULE DNN-MODULE MQTT-MODULE

Some of OpenCV's modules bring two hundred libraries and a tenth of a second at each start; the
binary does without them.
"""

import re
import subprocess
import sys
import unittest

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc"
MODULE = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc_video.so"
OPENCV = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc_opencv.so"
DNN = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc_dnn.so"
MQTT = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/sampleproc_mqtt.so"

UNWANTED = [
    "libgdal", "libtiff", "libOpenEXR", "libgdcm", "libavcodec", "libavformat", "libavutil",
    "libswscale", "libmosquitto", "libX11",
    "libgtk", "libQt", "libpython", "libopencv", "libGL",
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


class VideoModule(unittest.TestCase):
    """What the binary does without is what the module is for."""

    @classmethod
    def setUpClass(cls):
        done = subprocess.run(["ldd", MODULE], capture_output=True, text=True, check=True)
        cls.lines = [line.strip() for line in done.stdout.splitlines()]

    def test_it_brings_ffmpeg(self):
        self.assertEqual([line for line in self.lines if "not found" in line], [])
        for name in ("libavcodec", "libavformat", "libavutil", "libswscale"):
            self.assertTrue(any(line.startswith(name) for line in self.lines), name)

    def test_it_shows_one_function_only(self):
        done = subprocess.run(["readelf", "-W", "--dyn-syms", MODULE],
                              capture_output=True, text=True, check=True)  # fmt: skip
        ours = re.findall(r"GLOBAL\s+DEFAULT\s+\d+\s+(\w*sampleproc\w*)", done.stdout)
        self.assertEqual(ours, ["sampleproc_video_module"])


class NetworksModule(unittest.TestCase):
    """OpenCV's networks, in a module that nobody else loads."""

    @classmethod
    def setUpClass(cls):
        done = subprocess.run(["ldd", DNN], capture_output=True, text=True, check=True)
        cls.lines = [line.strip() for line in done.stdout.splitlines()]

    def test_it_brings_the_networks_and_no_more(self):
        self.assertEqual([line for line in self.lines if "not found" in line], [])
        self.assertTrue(any(line.startswith("libopencv_dnn") for line in self.lines))
        for name in ("imgcodecs", "videoio", "highgui"):
            self.assertFalse(any(line.startswith("libopencv_" + name) for line in self.lines), name)

    def test_it_shows_one_function_only(self):
        done = subprocess.run(["readelf", "-W", "--dyn-syms", DNN],
                              capture_output=True, text=True, check=True)  # fmt: skip
        ours = re.findall(r"GLOBAL\s+DEFAULT\s+\d+\s+(\w*sampleproc\w*)", done.stdout)
        self.assertEqual(ours, ["sampleproc_dnn_module"])


class MqttModule(unittest.TestCase):
    """libmosquitto, in a module that nobody loads without a broker."""

    def test_it_brings_libmosquitto(self):
        done = subprocess.run(["ldd", MQTT], capture_output=True, text=True, check=True)
        lines = [line.strip() for line in done.stdout.splitlines()]
        self.assertEqual([line for line in lines if "not found" in line], [])
        self.assertTrue(any(line.startswith("libmosquitto") for line in lines))

    def test_it_shows_one_function_only(self):
        done = subprocess.run(["readelf", "-W", "--dyn-syms", MQTT],
                              capture_output=True, text=True, check=True)  # fmt: skip
        ours = re.findall(r"GLOBAL\s+DEFAULT\s+\d+\s+(\w*sampleproc\w*)", done.stdout)
        self.assertEqual(ours, ["sampleproc_mqtt_module"])


class OpencvModule(unittest.TestCase):
    """Debian's OpenCV core brings X11 and OpenGL; the parts that read files bring far more."""

    @classmethod
    def setUpClass(cls):
        done = subprocess.run(["ldd", OPENCV], capture_output=True, text=True, check=True)
        cls.lines = [line.strip() for line in done.stdout.splitlines()]

    def test_it_brings_the_parts_it_needs_and_no_more(self):
        self.assertEqual([line for line in self.lines if "not found" in line], [])
        self.assertTrue(any(line.startswith("libopencv_objdetect") for line in self.lines))
        for name in ("imgcodecs", "videoio", "highgui"):
            self.assertFalse(any(line.startswith("libopencv_" + name) for line in self.lines), name)
        self.assertLessEqual(len(self.lines), MOST, "\n".join(self.lines))

    def test_it_shows_one_function_only(self):
        done = subprocess.run(["readelf", "-W", "--dyn-syms", OPENCV],
                              capture_output=True, text=True, check=True)  # fmt: skip
        ours = re.findall(r"GLOBAL\s+DEFAULT\s+\d+\s+(\w*sampleproc\w*)", done.stdout)
        self.assertEqual(ours, ["sampleproc_opencv_module"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
