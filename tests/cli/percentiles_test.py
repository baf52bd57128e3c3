"""Our percentile text is that of an independent implementation (npm hdr-histogram-js) of the same
values. Usage: percentiles_test.py PROGRAM, the one of tests/support/percentile_text.cc."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
THEIRS = """
const hdr = require('hdr-histogram-js');
const h = hdr.build({lowestDiscernibleValue: 1, highestTrackableValue: 3600000000000,
                     numberOfSignificantValueDigits: 3});
for (const v of require('fs').readFileSync(0, 'utf8').split(/\\s+/)) if (v) h.recordValue(+v);
console.log(h.outputPercentileDistribution(5, 1e6));
"""
VERSION = "3.0.1"


class Percentiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("npm"):
            raise unittest.SkipTest("npm is not here: nothing to hold our percentiles against")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        got = subprocess.run(["npm", "install", "--no-fund", "--no-audit", "--prefix", cls.folder,
                              "hdr-histogram-js@" + VERSION], capture_output=True, text=True,
                             timeout=300, check=False)  # fmt: skip
        if got.returncode != 0:
            raise unittest.SkipTest("npm cannot fetch hdr-histogram-js: nothing to compare with")

    def run_on(self, values, *command):
        text = "\n".join(map(str, values))
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True,
                              timeout=300, cwd=self.folder).stdout  # fmt: skip

    def check(self, values):
        ours = self.run_on(values, PROGRAM)
        theirs = self.run_on(values, "node", "-e", THEIRS)

        # A tie in the last digit is rounded to even by C and up by JavaScript.
        def rows(text):
            return [tuple(round(float(word), 10) for word in line.split())
                    for line in text.splitlines() if re.match(r" +\d", line)]  # fmt: skip

        def summary(text):
            return [float(n) for n in re.findall(r"= +([\d.]+)", text)]

        self.assertEqual(rows(ours), rows(theirs))
        self.assertGreater(len(rows(ours)), 1)
        for mine, other in zip(summary(ours), summary(theirs), strict=True):
            self.assertAlmostEqual(mine, other, delta=other / 1000 + 0.001)

    def test_small_sets(self):
        self.check([1])
        self.check([1_000_000, 2_000_000, 3_000_000, 4_000_000])
        self.check(range(1, 5000))

    def test_long_tails(self):
        for seed in range(5):
            generator = random.Random(seed)
            self.check([int(generator.lognormvariate(14, 2)) + 1 for _ in range(20_000)])

    def test_two_humps(self):
        generator = random.Random(9)
        self.check([int(generator.gauss(1e6, 1e5)) if generator.random() < 0.97
                    else int(generator.gauss(2e9, 1e8)) for _ in range(30_000)])  # fmt: skip


if __name__ == "__main__":
    unittest.main()
