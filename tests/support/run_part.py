"""Runs a part of a Catch2 program's tests, so that ctest can run several parts at once.

    run_part.py PROGRAM PART PARTS      of PARTS parts, which are every PARTS-th test, the PART-th

Exits as the program does, and with 1 when it did not run as many tests as were meant: Catch2 2
passes over names that it does not find.
"""

import re
import subprocess
import sys
import tempfile


def main():
    program, part, parts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    listing = subprocess.run([program, "~[.]", "--list-test-names-only"],
                             stdout=subprocess.PIPE, text=True, check=False)  # fmt: skip
    names = [line for line in listing.stdout.split("\n") if line][part - 1 :: parts]
    with tempfile.NamedTemporaryFile("w", prefix="sampleproc-part-") as chosen:
        # A name as a pattern: a comma would end it, and quotes and brackets mean something.
        chosen.write("".join(re.sub(r'[\\,["]', r"\\\g<0>", name) + "\n" for name in names))
        chosen.flush()
        run = subprocess.Popen([program, "-f", chosen.name], stdout=subprocess.PIPE, text=True)
        last = ""
        for line in run.stdout:
            print(line, end="", flush=True)
            last = line if line.strip() else last
        status = run.wait()
    counted = re.search(r"in (\d+) test cases?\)|^test cases: +(\d+)", last)
    if status == 0 and (not counted or int(counted[1] or counted[2]) != len(names)):
        print(f"run_part.py: {len(names)} tests were to run")
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
