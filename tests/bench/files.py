#!/usr/bin/env python3
"""Measures process-file against its kernels and a Python loop, side by side. See README.md.

usage: tests/bench/files.py [--pairs N] [--pictures N] [--only folder|motion] [--json FILE]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"
VIDEO = ROOT / "build/samples/opencv-doc/data/vtest.avi"
PEER = pathlib.Path(__file__).with_name("opencv_peer.py")
PYTHON = "/usr/bin/python3"  # the system's: Debian's python3-opencv is for no other
WORKERS = "2"


def seconds(*command):
    """Time on the wall of one run, whose output goes to a file as a user's would."""
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        subprocess.run(command, stdout=output, check=True)
        return time.monotonic() - begin


def make_pictures(folder, count):
    """Frames of people walking at 1080p, JPEG as cameras send them (4:2:0)."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", VIDEO, "-frames:v", str(count),
         "-vf", "scale=1920:1080", "-pix_fmt", "yuvj420p", "-q:v", "3", f"{folder}/%04d.jpg"],
        check=True,
    )  # fmt: skip
    return sorted(str(path) for path in pathlib.Path(folder).iterdir())


def report(name, frames, rounds):
    """`rounds` holds seconds by subject, one dictionary a round; ours is called process-file."""
    print(name)
    result = {"name": name, "rounds": len(rounds)}
    for subject in rounds[0]:
        rate = frames / statistics.median(r[subject] for r in rounds)
        line = f"  {subject}: {rate:.1f} frames/s"
        result[subject] = {"frames_per_second": round(rate, 1)}
        if subject != "process-file":
            ratios = sorted(r[subject] / r["process-file"] for r in rounds)
            median = statistics.median(ratios)
            line += f"; process-file is {median:.2f}x as fast ({ratios[0]:.2f}..{ratios[-1]:.2f})"
            result[subject]["ratio"] = [round(x, 3) for x in (ratios[0], median, ratios[-1])]
        print(line, flush=True)
    return result


def compare(name, frames, pairs, subjects):
    """Runs the subjects in turn, so that drift of the machine meets all; the first round warms up."""
    rounds = [{key: run() for key, run in subjects.items()} for _ in range(pairs + 1)]
    return report(name, frames, rounds[1:])


def bench_folder(work, options):
    pictures = make_pictures(work, options.pictures)
    size = sum(os.path.getsize(path) for path in pictures) // len(pictures)
    print(f"folder: {len(pictures)} pictures of 1920x1080, {size} bytes on average")
    ours = [str(BUILD / "sampleproc"), "process-file", "-j", WORKERS, "--pipeline", "stats", work]

    def limit():
        done = subprocess.run([str(BUILD / "folder_limit"), WORKERS, *pictures],
                              stdout=subprocess.PIPE, check=True)  # fmt: skip
        return json.loads(done.stdout)["seconds"]

    return compare("a folder of 1080p JPEG with stats, 2 workers", len(pictures), options.pairs, {
        "process-file": lambda: seconds(*ours),
        "kernels alone, 2 threads": limit,
        "python3-opencv, 2 processes": lambda: seconds(PYTHON, PEER, "stats", WORKERS, *pictures),
    })  # fmt: skip


def bench_motion(_, options):
    ours = [str(BUILD / "sampleproc"), "process-file", "-j", WORKERS, "--pipeline", "motion", VIDEO]
    return compare("vtest.avi with motion", 795, options.pairs, {
        "process-file": lambda: seconds(*ours),
        "python3-opencv loop": lambda: seconds(PYTHON, PEER, "motion", VIDEO),
    })  # fmt: skip


def main():
    subjects = {"folder": bench_folder, "motion": bench_motion}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9, help="rounds measured (9)")
    parser.add_argument("--pictures", type=int, default=500, help="in the folder (500)")
    parser.add_argument("--only", choices=subjects, help="one subject only")
    parser.add_argument("--json", metavar="FILE", help="the results as JSON as well")
    options = parser.parse_args()
    if subprocess.run([PYTHON, "-c", "import cv2"], check=False, capture_output=True).returncode:
        sys.exit("files.py: no cv2; run packaging/install-deps.sh build test bench")
    for command in (["cmake", "--preset", "bench"], ["cmake", "--build", "--preset", "bench"]):
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    results = []
    for name, bench in subjects.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="sampleproc-bench-") as work:
                results.append(bench(work, options))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
