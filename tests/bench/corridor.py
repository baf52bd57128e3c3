"""POST /process against its kernels, the luma kernel against OpenCV, and a foreign service."""

import base64
import contextlib
import json
import pathlib
import statistics
import subprocess
import tempfile
import urllib.parse

from measure import cpu_per_request, pairs, post_script, report, time_per_request
from servers import BUILD, ROOT, coarse_cpu_ns, fail, sampleproc

VIDEO = ROOT / "build/samples/opencv-doc/data/vtest.avi"  # pedestrians, 768x576


def make_frame(work, width, height):
    """A real frame as a camera sends it: JPEG of quality 85, 4:2:0."""
    if not VIDEO.is_file():
        fail("no pictures; run packaging/fetch-samples.sh")
    frame = work / f"frame-{width}x{height}.jpg"
    pixels = subprocess.run(
        ["ffmpeg", "-v", "error", "-ss", "10", "-i", VIDEO, "-frames:v", "1", "-vf",
         f"scale={width}:{height}:flags=bicubic", "-f", "image2pipe", "-c:v", "ppm", "-"],
        capture_output=True, check=True).stdout  # fmt: skip
    jpeg = subprocess.run(["cjpeg", "-quality", "85", "-sample", "2x2"], input=pixels,
                          capture_output=True, check=True).stdout  # fmt: skip
    frame.write_bytes(jpeg)
    return frame


def make_script(work, frame):
    """What wrk sends: the frame as JSON. Gives the script and the body's length."""
    body = json.dumps({"metadata": {"frame_id": "bench", "camera_id": "bench"},
                       "frame_data": base64.b64encode(frame.read_bytes()).decode()})  # fmt: skip
    return post_script(work, body.encode()), len(body)


def run_kernels(frame):
    done = subprocess.run([str(BUILD / "kernels"), str(frame)], capture_output=True, text=True,
                          check=True)  # fmt: skip
    return json.loads(done.stdout)


def beside_peer(options, ours, script, name):
    """The report on --peer, pair by pair with `ours`; none without it."""
    if not options.peer:
        return []
    pid, url = options.peer
    target = urllib.parse.urljoin(url, "/process")
    beside = pairs(
        options.pairs, ours,
        lambda: cpu_per_request(pid, target, options.seconds, script, coarse_cpu_ns))  # fmt: skip
    return [report(name, "the other service", "sampleproc", beside)]


def bench_stats(work, options, width, height):
    frame = make_frame(work, width, height)
    script, length = make_script(work, frame)
    seen = []

    def limit():
        seen.append(run_kernels(frame))
        return sum(value for key, value in seen[-1].items() if key.endswith("_ns"))

    # No access log, as in the servers that it is compared with.
    quiet = ["--set", "process.pipeline=stats", "--set", "http.access_log=false"]
    with sampleproc(work, [*quiet, *options.serve_arg]) as (pid, port):
        url = f"http://127.0.0.1:{port}/process"

        def ours():
            return cpu_per_request(pid, url, options.seconds, script)

        measured = pairs(options.pairs, limit, ours)
        print(f"stats: {width}x{height}, JPEG {seen[0]['jpeg_bytes']} bytes, body {length} bytes")
        results = [report(f"POST /process (stats, {width}x{height}) against its kernels",
                          "sampleproc", "kernels", measured)]  # fmt: skip
        around = statistics.median((subject - reference) / 1000 for reference, subject in measured)
        results[0]["around_us"] = round(around, 1)
        results[0]["kernels_us"] = {
            key.removesuffix("_ns"): round(statistics.median(run[key] for run in seen) / 1000, 1)
            for key in seen[0] if key.endswith("_ns")
        }  # fmt: skip
        print("  kernels: "
              + ", ".join(f"{k} {v} us" for k, v in results[0]["kernels_us"].items())
              + f"; around them {results[0]['around_us']} us")  # fmt: skip
        results += beside_peer(options, ours, script,
                               f"a foreign POST /process ({width}x{height}) against ours")  # fmt: skip
    return results


def bench_stats640(work, options):
    return bench_stats(work, options, 640, 480)


def bench_stats1080(work, options):
    return bench_stats(work, options, 1920, 1080)


def bench_workers(work, options):
    """Two workers beside one, on frames that cost enough for the sender not to count."""
    script, _ = make_script(work, make_frame(work, 1920, 1080))
    common = ["--set", "process.pipeline=stats", "--set", "http.access_log=false", *options.serve_arg]

    with contextlib.ExitStack() as stack:
        # Each has a folder of its own for its log.
        services = [stack.enter_context(sampleproc(
            pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=work))),
            [*common, "--set", f"process.workers={workers}"])) for workers in (1, 2)]  # fmt: skip
        one, two = (f"http://127.0.0.1:{port}/process" for _, port in services)
        measured = pairs(options.pairs,
                         lambda: time_per_request(one, options.seconds, script),
                         lambda: time_per_request(two, options.seconds, script))  # fmt: skip
    return [report("a frame of 1920x1080 with stats, two workers against one", "two workers",
                   "one", measured, unit="us")]  # fmt: skip


def bench_luma(work, options):
    """The luma kernel and OpenCV's calls for the same numbers, pair by pair in one process."""
    results = []
    for width, height in ((640, 480), (1920, 1080)):
        frame = make_frame(work, width, height)
        done = subprocess.run([str(BUILD / "opencv_stats"), str(frame), str(options.pairs)],
                              capture_output=True, text=True, check=True)  # fmt: skip
        measured = [tuple(pair) for pair in json.loads(done.stdout)]
        results.append(report(f"luma statistics {width}x{height} against OpenCV's four calls",
                              "one fused pass", "OpenCV", measured))  # fmt: skip
    return results
