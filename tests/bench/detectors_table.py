#!/usr/bin/env python3
"""What each detector finds and costs, as the table that stands in README.md beside this file.

usage: tests/bench/detectors_table.py [--binary FILE] [--models DIR] [--truth FILE] [--video-frames N]

People: the frames of opencv-doc's vtest.avi (768x576) whose people `--truth` knows, a line each:
frame from 1, id, x, y, width, height. It is not ours to ship; without it the columns stay empty.
A box is right when it overlaps a person's, whom no surer one has, by half (intersection over
union); boxes of confidence 0.5 or more count, and for AP50 all of them.
Faces: how many of confidence 0.5 or more in two photos of opencv-doc, and in one of fruit.
Cost: the time of the step in a picture, one thread, the best of five runs, median of the pictures; of "gated" the CPU time of the whole
process for each frame of the video. What is not here is left out, and said.
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "build/samples/opencv-doc/data"
VIDEO = SAMPLES / "vtest.avi"
PHOTOS = {"basketball1.png": "one, one in profile", "messi5.jpg": "one", "fruits.jpg": "none"}
RUNS = 5  # of each picture, for its cost


def fail(why):
    sys.exit(f"detectors_table.py: {why}")


class Tool:
    """The program under measurement, and where networks are."""

    def __init__(self, options):
        self.binary = options.binary
        self.models = options.models
        self.library = options.models / "libonnxruntime.so"

    def run(self, inputs, steps, *settings, jobs=1):
        """(records, CPU seconds of the process)"""
        words = [self.binary, "process-file", "-q", "--timings", "-j", str(jobs), "--set",
                 f"process.pipeline={steps}", "--set", f"process.model_dir={self.models}"]  # fmt: skip
        if self.library.is_file():
            words += ["--set", f"process.onnxruntime={self.library}"]
        for setting in settings:
            words += ["--set", setting]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*words, *inputs], capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            fail(done.stderr.strip())
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return [json.loads(line) for line in done.stdout.splitlines()], cpu


def boxes(record, kind, least=0.0):
    return sorted(((each["confidence"], each["bbox"]) for each in record["detections"]
                   if each["class"] == kind and each["confidence"] >= least), reverse=True)  # fmt: skip


def overlap(one, other):
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(area) - width * height)


def judge(records, people, least):
    """[(confidence, right)] of all frames' boxes, the surest of a frame first."""
    judged = []
    for record, truth in zip(records, people, strict=True):
        left = list(truth)
        for confidence, box in boxes(record, "person", least):
            best = max(left, key=lambda person: overlap(person, box), default=None)
            right = best is not None and overlap(best, box) >= 0.5
            if right:
                left.remove(best)
            judged.append((confidence, right))
    return judged


def average_precision(judged, count):
    """Area under precision over recall, precision made monotonic (as PASCAL VOC since 2010)."""
    points, hits = [], 0
    for seen, (_, right) in enumerate(sorted(judged, reverse=True), start=1):
        hits += right
        points.append((hits / count, hits / seen))
    area, before = 0.0, 0.0
    for i, (recall, _) in enumerate(points):
        area += (recall - before) * max(precision for _, precision in points[i:])
        before = recall
    return area


def step_time(records, step):
    """The median of the pictures, each at its best: what others ran meanwhile counts the least."""
    least = {}
    for record in records:
        for each in record["steps"]:
            if each["name"] == step and "took_ms" in each:
                at = record["source"]
                least[at] = min(each["took_ms"], least.get(at, each["took_ms"]))
    return statistics.median(least.values())


def read_truth(path):
    people = {}
    for line in path.read_text(encoding="ascii").splitlines():
        frame, _, x, y, width, height = map(float, line.split(",")[:6])
        people.setdefault(int(frame) - 1, []).append((x, y, x + width, y + height))
    return people


def frames_of_video(folder, wanted):
    select = "+".join(f"eq(n\\,{frame})" for frame in wanted)
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", VIDEO, "-vf", f"select={select}",
                    "-vsync", "passthrough", f"{folder}/%03d.png"], check=True)  # fmt: skip
    return sorted(str(path) for path in folder.glob("*.png"))


def runtimes(tool):
    return ["onnxruntime", "opencv"] if tool.library.is_file() else ["opencv"]


def people_rows(tool, truth, folder, video_frames):
    frames = sorted(truth) or list(range(0, 795, 88))
    names = frames_of_video(folder, frames)
    wanted = [truth[frame] for frame in frames] if truth else None
    short = folder / "short.avi"
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", VIDEO, "-frames:v", str(video_frames),
                    "-c", "copy", short], check=True)  # fmt: skip
    detectors = [("`people` (HOG, built in)", "people", [])]
    if (tool.models / "yolox_nano.onnx").is_file():
        for runtime in runtimes(tool):
            detectors.append((f"YOLOX-nano 416, {runtime}", "objects",
                              ["detector.objects.model=yolox_nano.onnx",
                               f"detector.objects.runtime={runtime}"]))  # fmt: skip
    else:
        print("left out: yolox_nano.onnx is not there", file=sys.stderr)
    for name, step, settings in detectors:
        always = [*settings, f"{'process.people' if step == 'people' else 'detector.objects'}.when=always"]
        timed, _ = tool.run(names * RUNS, step, *always)
        cells = ["", "", ""]
        if wanted:
            seen, _ = tool.run(names, step, *always, "process.detection_threshold=0.02")
            count = sum(map(len, wanted))
            sure = judge(seen, wanted, 0.5)
            hits = sum(right for _, right in sure)
            cells = [f"{hits / count:.2f}", f"{hits / max(len(sure), 1):.2f}",
                     f"{average_precision(judge(seen, wanted, 0.0), count):.2f}"]  # fmt: skip
        _, base = tool.run([str(short)], "motion")
        _, gated = tool.run([str(short)], f"motion,{step}", *settings)
        yield (name, *cells, f"{step_time(timed, step):.1f} ms",
               f"{(gated - base) * 1000 / video_frames:.1f} ms")  # fmt: skip


def face_rows(tool):
    names = [str(SAMPLES / name) for name in PHOTOS]
    detectors = [("`faces` (dlib, built in)", "faces", [])]
    for network in ("yunet_n_320_320.onnx", "yunet_n_640_640.onnx", "blazeface_back.onnx"):
        if not (tool.models / network).is_file():
            print(f"left out: {network} is not there", file=sys.stderr)
            continue
        for runtime in runtimes(tool):
            detectors.append((f"{network.removesuffix('.onnx')}, {runtime}", "objects",
                              [f"detector.objects.model={network}", "detector.objects.when=always",
                               f"detector.objects.runtime={runtime}"]))  # fmt: skip
    for name, step, settings in detectors:
        records, _ = tool.run(names * RUNS, step, *settings)
        counts = [str(len(boxes(record, "face", 0.5))) for record in records[: len(PHOTOS)]]
        yield (name, *counts, f"{step_time(records, step):.1f} ms")


def print_table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--binary", default=str(ROOT / "build/release/sampleproc"))
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build/models")
    parser.add_argument("--truth", type=pathlib.Path, default=os.environ.get("SAMPLEPROC_TRUTH"))
    parser.add_argument("--video-frames", type=int, default=200)
    options = parser.parse_args()
    if not VIDEO.is_file():
        fail("there are no samples; packaging/fetch-samples.sh brings them")
    tool = Tool(options)
    truth = read_truth(pathlib.Path(options.truth)) if options.truth else {}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    print(f"{models[0] if models else platform.machine()}, {os.cpu_count()} CPUs; load "
          f"{os.getloadavg()[0]:.1f} at the start\n")  # fmt: skip
    people = sum(map(len, truth.values()))
    with tempfile.TemporaryDirectory() as folder:
        print_table(("people", f"recall of {people} at 0.5", "precision", "AP50", "a frame",
                     "a frame, gated by motion"),
                    people_rows(tool, truth, pathlib.Path(folder), options.video_frames))  # fmt: skip
    print_table(("faces", *(f"{name} ({there})" for name, there in PHOTOS.items()), "a picture"),
                face_rows(tool))  # fmt: skip


if __name__ == "__main__":
    main()
