#!/usr/bin/env python3
"""How many cameras of 640x480 at 5 pictures a second this machine holds with `motion, objects`.

usage: tests/bench/cameras.py [--cameras N | --find] [--seconds S] [--cpus N] [--pipeline STEP,...]
                              [--binary FILE] [--models DIR]

The cameras are files that play as live sources: people who walk (opencv-doc's vtest.avi), at 640x480,
H.264, 5 pictures a second; of each eight cameras all are at another place of it. They hold when, after
20 s in which they learn what stands still, for S seconds (60; 300 are a better answer) each is looked at
4.9 times a second or more, the time from a picture's capture to its result is at most 500 ms in 99 of
100, and the service has at most 600 MiB of memory. --find doubles the number of cameras until that fails and
halves the gap. The service has --cpus CPUs (2). Nothing else should run.
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

from servers import ROOT, cpu_ns, process, wait_for

VIDEO = ROOT / "build/samples/opencv-doc/data/vtest.avi"
FPS = 5
PLACES = 8  # of the recording, where cameras begin
LEARNING = 20  # s
LEAST_RATE = 4.9  # looks a second
MOST_LATENCY = 0.5  # s
MOST_MEMORY = 600 << 20


def fail(why):
    sys.exit(f"cameras.py: {why}")


def make_clips(folder):
    clips = []
    for place in range(PLACES):
        clips.append(folder / f"{place}.mp4")
        # Each plays all of it, and begins elsewhere.
        begin = place * 79.5 / PLACES
        subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "1", "-i", VIDEO, "-ss", str(begin), "-t",
             "79", "-vf", f"scale=640:480,fps={FPS}", "-c:v", "libx264", "-preset", "fast", "-g", "10",
             "-pix_fmt", "yuv420p", clips[-1]], check=True)  # fmt: skip
    return clips


def configuration(work, clips, cameras, options):
    text = f"[process]\npipeline = {json.dumps(options.pipeline.split(','))}\n"
    text += f"model_dir = {json.dumps(str(options.models))}\n"
    library = options.models / "libonnxruntime.so"
    if library.is_file():
        text += f"onnxruntime = {json.dumps(str(library))}\n"
    text += '[detector.objects]\nmodel = "yolox_nano.onnx"\n'
    text += '[consumer]\nsinks = ["file"]\n'
    text += f"[consumer.file]\npath = {json.dumps(str(work / 'results.ndjson'))}\n"
    for camera in range(cameras):
        text += f"[camera.c{camera}]\nurl = {json.dumps(str(clips[camera % PLACES]))}\nloop = true\n"
    file = work / "cameras.toml"
    file.write_text(text, encoding="utf-8")
    return file


def memory(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:"))


def latencies(path, begin, end):
    """Of the results that were there in this time, from capture to result."""
    found = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):
                break
            result = json.loads(line)
            at = result["processor_timestamp"]
            if begin <= at <= end and result["timestamp"] is not None:
                found.append(at - float(result["timestamp"]))  # the service's own, in seconds
    return sorted(found)


def measure(work, clips, cameras, options):
    """What so many cameras come to."""
    results = work / "results.ndjson"
    with contextlib.suppress(FileNotFoundError):
        results.unlink()
    log = work / "log"
    cpus = sorted(os.sched_getaffinity(0))[: options.cpus]
    with log.open("wb") as sink, process(
        [options.binary, "serve", "--port", "0", "--config", configuration(work, clips, cameras, options)],
        stderr=sink, env=dict(os.environ, SAMPLEPROC_TELEMETRY_LOG_FORMAT="json"),
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    ) as running:  # fmt: skip

        def port():
            if running.poll() is not None:
                fail(f"sampleproc serve ended: {log.read_text()[-500:]}")
            for line in log.read_text().splitlines():
                with contextlib.suppress(ValueError):
                    record = json.loads(line)
                    if record.get("msg") == "listening":
                        return int(record["port"])
            return None

        url = f"http://127.0.0.1:{wait_for('sampleproc', port)}/health"

        def health():
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)

        time.sleep(LEARNING)
        begin, before, cpu = time.time(), health(), cpu_ns(running.pid)
        time.sleep(options.seconds)
        end, after, cpu = time.time(), health(), cpu_ns(running.pid) - cpu
        peak = memory(running.pid)
    rates = [(after["cameras"][name]["looked_at"] - before["cameras"][name]["looked_at"]) / (end - begin)
             for name in after["cameras"]]  # fmt: skip
    waited = latencies(results, begin, end)
    p99 = waited[max(math.ceil(len(waited) * 0.99) - 1, 0)] if waited else math.inf
    networks = [each["runtime"] for each in after.get("detectors", {}).values()]
    holds = min(rates) >= LEAST_RATE and p99 <= MOST_LATENCY and peak <= MOST_MEMORY
    print(f"{cameras:4} cameras: {min(rates):.2f} looks a second at least, p99 {p99 * 1000:.0f} ms, "
          f"{peak >> 20} MiB, {cpu / (end - begin) / 1e9:.2f} CPUs, {', '.join(networks) or 'no network'}: "
          f"{'holds' if holds else 'does not hold'}", flush=True)  # fmt: skip
    return holds


def find(holds):
    """The largest number that holds, within a sixteenth."""
    good, bad = 0, None
    count = 8
    while bad is None:
        if holds(count):
            good, count = count, count * 2
        else:
            bad = count
    while bad - good > max(1, good // 16):
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--cameras", type=int, default=16)
    which.add_argument("--find", action="store_true")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--pipeline", default="motion,objects")
    parser.add_argument("--binary", default=str(ROOT / "build/release/sampleproc"))
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build/models")
    options = parser.parse_args()
    if not VIDEO.is_file():
        fail("there are no samples; packaging/fetch-samples.sh brings them")
    if not (options.models / "yolox_nano.onnx").is_file():
        fail("there are no networks; packaging/fetch-models.sh brings them")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        clips = make_clips(work)
        print(f"{options.cpus} CPUs of {os.cpu_count()}, load {os.getloadavg()[0]:.1f} at the start", flush=True)
        if options.find:
            most = find(lambda count: measure(work, clips, count, options))
            print(f"the most that hold: {most}")
        else:
            measure(work, clips, options.cameras, options)


if __name__ == "__main__":
    main()
