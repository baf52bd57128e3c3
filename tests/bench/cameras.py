#!/usr/bin/env python3
"""How many cameras of 640x480 at 5 pictures a second this machine holds with `motion, objects`.

usage: tests/bench/cameras.py [--cameras N | --find] [--busy SHARE] [--seconds S] [--cpus N]
                              [--pipeline STEP,...] [--binary FILE] [--models DIR]

The cameras are files that play as live sources: people who walk (opencv-doc's vtest.avi), at 640x480,
H.264, 5 pictures a second; of each eight cameras all are at another place of it. They hold when, after
20 s in which they learn what stands still, for S seconds (60; 300 are a better answer) each is looked at
4.9 times a second or more, the time from a picture's capture to its result is at most 500 ms in 99 of
100, and the service has at most 600 MiB of memory. --find doubles the number of cameras until that fails and
halves the gap. The service has --cpus CPUs (2). Nothing else should run.

With --busy 0.25 a quarter of them show people who walk, the others one picture with the noise of a sensor;
recall is then how many people the results of the busy ones have, of those that `objects` finds when it
looks at every picture of the same files. With `track` in the pipeline the time from a picture's capture to
an event of it on /events/stream is measured as well.
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
import threading
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


def encode(clip, *source, filters):
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", *source, "-t", "79", "-vf", filters, "-c:v", "libx264", "-preset",
         "fast", "-g", "10", "-pix_fmt", "yuv420p", clip], check=True)  # fmt: skip


def make_clips(folder):
    """The clips of people, and one in which nothing moves."""
    clips = []
    for place in range(PLACES):
        clips.append(folder / f"{place}.mp4")
        # Each plays all of it, and begins elsewhere.
        begin = place * 79.5 / PLACES
        encode(clips[-1], "-stream_loop", "1", "-i", VIDEO, "-ss", str(begin), filters=f"scale=640:480,fps={FPS}")
    still, picture = folder / "still.mp4", folder / "still.png"
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", VIDEO, "-frames:v", "1", picture], check=True)
    encode(still, "-loop", "1", "-framerate", str(FPS), "-i", picture,
           filters="scale=640:480,noise=alls=4:allf=t")  # fmt: skip
    return clips, still


def people_of(result):
    return sum(each["class"] == "person" for each in result["detections"])


def people_a_second(clips, options):
    """Of each clip, when every picture is looked at."""
    found = []
    for clip in clips:
        done = subprocess.run(
            [options.binary, "process-file", "-q", "--pipeline", "objects", *network(options), clip],
            stdout=subprocess.PIPE, check=True)  # fmt: skip
        records = [json.loads(line) for line in done.stdout.splitlines()]
        found.append(sum(map(people_of, records)) / len(records) * FPS)
    return found


def network(options):
    """Settings of the command line."""
    settings = {"process.model_dir": options.models, "detector.objects.model": "yolox_nano.onnx"}
    library = options.models / "libonnxruntime.so"
    if library.is_file():
        settings["process.onnxruntime"] = library
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def busy_ones(cameras, options):
    return math.ceil(cameras * options.busy)


def configuration(work, clips, still, cameras, options):
    text = f"[process]\npipeline = {json.dumps(options.pipeline.split(','))}\n"
    text += '[consumer]\nsinks = ["file"]\n'
    text += f"[consumer.file]\npath = {json.dumps(str(work / 'results.ndjson'))}\n"
    busy = busy_ones(cameras, options)
    for camera in range(cameras):
        clip = clips[camera % PLACES] if camera < busy else still
        text += f"[camera.c{camera}]\nurl = {json.dumps(str(clip))}\nloop = true\n"
    file = work / "cameras.toml"
    file.write_text(text, encoding="utf-8")
    return file


def memory(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:"))


def results_of(path, begin, end):
    """Those that were there in this time."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):
                break
            result = json.loads(line)
            if begin <= result["processor_timestamp"] <= end and result["timestamp"] is not None:
                yield result


def p99(values):
    values = sorted(values)
    return values[max(math.ceil(len(values) * 0.99) - 1, 0)] if values else math.inf


class Events(threading.Thread):
    """Follows the stream of events; when each came, and the time of its picture."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url = url
        self.came = []

    def run(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url) as answer:
            for line in answer:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    if event["type"] != "end":  # which tells of a time that is over
                        self.came.append((time.time(), event["time"]))

    def waited(self, begin, end):
        return [at - taken for at, taken in self.came if begin <= at <= end]


def measure(work, clips, still, cameras, options):
    """What so many cameras come to."""
    results = work / "results.ndjson"
    with contextlib.suppress(FileNotFoundError):
        results.unlink()
    log = work / "log"
    cpus = sorted(os.sched_getaffinity(0))[: options.cpus]
    with log.open("wb") as sink, process(
        [options.binary, "serve", "--port", "0", *network(options), "--config",
         configuration(work, clips, still, cameras, options)],
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

        url = f"http://127.0.0.1:{wait_for('sampleproc', port)}"
        events = Events(f"{url}/events/stream")
        if "track" in options.pipeline.split(","):
            events.start()

        def health():
            with urllib.request.urlopen(f"{url}/health", timeout=30) as answer:
                return json.load(answer)

        time.sleep(LEARNING)
        begin, before, cpu = time.time(), health(), cpu_ns(running.pid)
        time.sleep(options.seconds)
        end, after, cpu = time.time(), health(), cpu_ns(running.pid) - cpu
        peak = memory(running.pid)
    rates = [(after["cameras"][name]["looked_at"] - before["cameras"][name]["looked_at"]) / (end - begin)
             for name in after["cameras"]]  # fmt: skip
    found = list(results_of(results, begin, end))
    waited = p99(each["processor_timestamp"] - float(each["timestamp"]) for each in found)
    networks = [each["runtime"] for each in after.get("detectors", {}).values()]
    holds = min(rates) >= LEAST_RATE and waited <= MOST_LATENCY and peak <= MOST_MEMORY
    said = [f"{cameras:4} cameras: {min(rates):.2f} looks a second at least", f"p99 {waited * 1000:.0f} ms"]
    if events.came:
        of_events = events.waited(begin, end)
        said.append(f"of {len(of_events)} messages of events {p99(of_events) * 1000:.0f} ms")
    if options.busy < 1:
        busy = busy_ones(cameras, options)
        expected = sum(options.people[each % PLACES] for each in range(busy)) * (end - begin)
        seen = sum(people_of(each) for each in found if int(each["camera_id"][1:]) < busy)
        said.append(f"{busy} busy with {seen / expected:.2f} of the people")
    said += [f"{peak >> 20} MiB", f"{cpu / (end - begin) / 1e9:.2f} CPUs", ", ".join(networks) or "no network"]
    print(", ".join(said) + (": holds" if holds else ": does not hold"), flush=True)
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
    parser.add_argument("--busy", type=float, default=1.0)
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
        clips, still = make_clips(work)
        if options.busy < 1:
            options.people = people_a_second(clips, options)
        print(f"{options.cpus} CPUs of {os.cpu_count()}, load {os.getloadavg()[0]:.1f} at the start", flush=True)
        if options.find:
            most = find(lambda count: measure(work, clips, still, count, options))
            print(f"the most that hold: {most}")
        else:
            measure(work, clips, still, options.cameras, options)


if __name__ == "__main__":
    main()
