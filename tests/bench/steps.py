"""The steps against OpenCV's and dlib's own calls, and people gated by motion against all of them."""

import base64
import json
import os
import statistics
import subprocess
import sys

from corridor import VIDEO, beside_peer, make_frame, run_kernels
from measure import cpu_per_request, pairs, report
from servers import BUILD, ROOT, fail, sampleproc

sys.path.insert(0, str(ROOT / "tests/support"))
from half_still import make_half_still  # noqa: E402 (a folder of its own)

CAMERAS = 4  # as opencv_steps.cc has
FRAMES = 40  # of each camera, again and again


def opencv_steps(*words):
    done = subprocess.run([str(BUILD / "opencv_steps"), *map(str, words)], capture_output=True,
                          text=True, check=False)  # fmt: skip
    if done.returncode != 0:
        fail(done.stderr.strip())
    return json.loads(done.stdout)


# ---- motion ----------------------------------------------------------------------------------


def make_frames(work):
    """People who walk, as a camera of 640x480 sends them: JPEG of quality 85, 4:2:0."""
    folder = work / "walk"
    folder.mkdir()
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-ss", "10", "-i", VIDEO, "-frames:v",
                    str(FRAMES), "-vf", "scale=640:480:flags=bicubic", f"{folder}/%03d.ppm"],
                   check=True)  # fmt: skip
    frames = []
    for pixels in sorted(folder.glob("*.ppm")):
        frames.append(pixels.with_suffix(".jpg"))
        subprocess.run(["cjpeg", "-quality", "85", "-sample", "2x2", "-outfile", frames[-1], pixels],
                       check=True)  # fmt: skip
    return frames


def make_script(work, frames):
    """wrk sends all cameras' first frames, then their second ones, as time goes by."""
    names = []
    for frame in frames:
        data = base64.b64encode(frame.read_bytes()).decode()
        for camera in range(CAMERAS):
            metadata = {"frame_id": frame.stem, "camera_id": f"camera-{camera}"}
            names.append(f"{frame}.{camera}.json")
            with open(names[-1], "w", encoding="ascii") as file:
                json.dump({"metadata": metadata, "frame_data": data}, file)
    script = work / "walk.lua"
    script.write_text(f"""
local names = {json.dumps(names).replace("[", "{").replace("]", "}")}
local requests, at = {{}}, 0
init = function()
  for i, name in ipairs(names) do
    local file = io.open(name, "rb")
    requests[i] = wrk.format("POST", nil, {{["Content-Type"] = "application/json"}}, file:read("*a"))
    file:close()
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
""")
    return script


def bench_motion(work, options):
    frames = make_frames(work)
    script = make_script(work, frames)
    seen = []

    def limit():
        around = run_kernels(frames[0])
        seen.append({key: around[key] for key in ("receive_ns", "base64_decode_ns", "json_parse_ns")}
                    | opencv_steps("motion", 2, *frames))  # fmt: skip
        return sum(value for key, value in seen[-1].items() if not key.startswith("opencv"))

    quiet = ["--set", "process.pipeline=motion", "--set", "http.access_log=false"]
    with sampleproc(work, [*quiet, *options.serve_arg]) as (pid, port):
        url = f"http://127.0.0.1:{port}/process"

        def ours():
            return cpu_per_request(pid, url, options.seconds, str(script))

        print(f"motion: {CAMERAS} cameras of 640x480, {FRAMES} frames each")
        results = [report("POST /process (motion, 640x480) against its kernels", "sampleproc",
                          "kernels", pairs(options.pairs, limit, ours))]  # fmt: skip
        results[0]["kernels_us"] = {
            key.removesuffix("_ns"): round(statistics.median(run[key] for run in seen) / 1000, 1)
            for key in seen[0]
        }  # fmt: skip
        print("  kernels: " + ", ".join(f"{k} {v} us" for k, v in results[0]["kernels_us"].items()))
        print("  (opencv_opening and opencv_regions do not count: the step's own are the same, faster)")
        results += beside_peer(options, ours, script,
                               "a foreign POST /process (640x480) against our motion")  # fmt: skip
    return results


# ---- detectors -------------------------------------------------------------------------------


def bench_faces(_, options):
    """In one process, pair by pair; the program ends when a box differs."""
    work = VIDEO.with_name("messi5.jpg")
    measured = [tuple(pair) for pair in opencv_steps("faces", options.pairs, work)]
    return [report(f"faces in {work.name}, decoded as well, against dlib's bare call, same boxes",
                   "the corridor", "dlib", measured)]  # fmt: skip


def bench_people(work, options):
    frame = make_frame(work, 640, 480)
    measured = [tuple(pair) for pair in opencv_steps("people", options.pairs, frame)]
    return [report("people at 640x480, decoded as well, against OpenCV's bare call, same boxes",
                   "the corridor", "OpenCV", measured)]  # fmt: skip


# ---- people where something moved ------------------------------------------------------------

SURE = 0.7


def people_file(video, when, output):
    """CPU nanoseconds of process-file, start to end."""
    with output.open("wb") as sink:
        child = subprocess.Popen(
            [str(BUILD / "sampleproc"), "process-file", "-j", "2", "--pipeline", "motion,people",
             "--set", f"process.people.when={when}", str(video)], stdout=sink)  # fmt: skip
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        fail(f"process-file ended with {child.returncode}")
    return (used.ru_utime + used.ru_stime) * 1e9


def people_of(output, confidence):
    """The people of each frame, and how many frames were looked at at all."""
    records = [json.loads(line) for line in output.read_text().splitlines()]
    looked = sum(not step.get("skipped") for r in records for step in r["steps"]
                 if step["name"] == "people")  # fmt: skip
    return [[d["bbox"] for d in r["detections"] if d["class"] == "person"
             and d["confidence"] > confidence] for r in records], looked  # fmt: skip


def same(a, b):
    """More than half the same place."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(0, width) * max(0, height)
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return 2 * common > both


def bench_sequence(name, video, work, options):
    always, gated = work / "always.ndjson", work / "gated.ndjson"
    measured = pairs(options.pairs, lambda: people_file(video, "motion", gated),
                     lambda: people_file(video, "always", always))  # fmt: skip
    result = report(f"people on each frame of {name}, against where something moved",
                    "each frame", "where it moved", measured)  # fmt: skip
    wanted, _ = people_of(always, SURE)
    found, looked = people_of(gated, 0)
    people = sum(map(len, wanted))
    lost = sum(not any(same(person, other) for other in there)
               for persons, there in zip(wanted, found) for person in persons)  # fmt: skip
    empty = sum(bool(persons) and not there for persons, there in zip(wanted, found))
    frames = sum(map(bool, wanted))
    print(f"  looked at {looked} of {len(wanted)} frames; of {people} people with a confidence over "
          f"{SURE} {lost} were lost ({100 * lost / max(1, people):.1f} %), of {frames} frames with "
          f"such people {empty} ({100 * empty / max(1, frames):.1f} %) show none")  # fmt: skip
    return [result | {"frames": len(wanted), "looked_at": looked, "people": people,
                      "people_lost": lost, "people_frames": frames, "people_frames_lost": empty}]  # fmt: skip


def bench_gated(work, options):
    video = work / "walk.avi"
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", VIDEO, "-frames:v",
                    str(options.frames), "-c", "copy", video], check=True)  # fmt: skip
    return bench_sequence(f"vtest.avi's first {options.frames}", video, work, options)


def bench_half_still(work, options):
    video = work / "half-still.avi"
    make_half_still(str(VIDEO), str(video), options.frames, options.frames // 2)
    return bench_sequence(f"{options.frames} half-still frames", video, work, options)
