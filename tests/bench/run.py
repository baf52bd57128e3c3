#!/usr/bin/env python3
"""Measures CPU time per request, always side by side. See README.md beside this file.

usage: tests/bench/run.py [--pairs N] [--seconds S] [--only SUBJECT] [--json FILE]
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import tempfile

from corridor import bench_luma, bench_stats640, bench_stats1080, bench_workers
from loadtest import bench_loadtest
from measure import cpu_per_request, pairs, report
from memory import bench_growth, bench_json, bench_start
from redis_frames import bench_consumer, bench_redis
from refusals import bench_refusals
from servers import ROOT, fail, nginx, nginx_binary, raw_get, sampleproc
from steps import bench_faces, bench_gated, bench_half_still, bench_motion, bench_people


def bench_text(work, options, path):
    """GET of a text that is ready, beside nginx that answers as many bytes."""
    binary = nginx_binary()
    with contextlib.ExitStack() as stack:
        ours, our_port = stack.enter_context(sampleproc(work, options.serve_arg))
        our_head, body = raw_get(our_port, path)
        with nginx(work, binary, body, 0) as (_, port):
            plain_head, plain_body = raw_get(port, path)
        if plain_body != body:
            fail("nginx does not answer the body it was given")
        pad = len(our_head) - len(plain_head)
        if pad != 0 and pad < len("X-Pad: x\r\n"):
            print(f"  (heads differ: ours {len(our_head)}, nginx {len(plain_head)} bytes)")
            pad = 0
        theirs, their_port = stack.enter_context(nginx(work, binary, body, pad))
        their_head, _ = raw_get(their_port, path)
        print(f"{path}: head {len(our_head)} bytes (nginx {len(their_head)}), body {len(body)}")
        measured = pairs(
            options.pairs,
            lambda: cpu_per_request(theirs, f"http://127.0.0.1:{their_port}{path}", options.seconds),
            lambda: cpu_per_request(ours, f"http://127.0.0.1:{our_port}{path}", options.seconds),
        )
    return [report(f"GET {path} against nginx return 200", "sampleproc", "nginx", measured)]


def bench_livez(work, options):
    return bench_text(work, options, "/livez")


def bench_health(work, options):
    return bench_text(work, options, "/health")


def machine():
    model = "unknown"
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load_before": os.getloadavg()[0]}  # fmt: skip


def peer(text):
    pid, _, url = text.partition(",")
    return int(pid), url


def main():
    subjects = {
        "livez": bench_livez,
        "health": bench_health,
        "refusals": bench_refusals,
        "stats": bench_stats640,
        "stats1080": bench_stats1080,
        "workers": bench_workers,
        "luma": bench_luma,
        "motion": bench_motion,
        "faces": bench_faces,
        "people": bench_people,
        "loadtest": bench_loadtest,
        "start": bench_start,
        "json": bench_json,
        "redis": bench_redis,
        "consumer": bench_consumer,
    }
    by_name_only = {  # minutes
        "growth": bench_growth,
        "gated": bench_gated,
        "half-still": bench_half_still,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9, help="pairs measured (9)")
    parser.add_argument("--seconds", type=int, default=2, help="length of each run of wrk (2)")
    parser.add_argument("--only", choices=[*subjects, *by_name_only], help="one subject only")
    parser.add_argument("--requests", type=int, default=100_000, help="of growth (100000)")
    parser.add_argument("--frames", type=int, default=200, help="of gated and half-still (200)")
    parser.add_argument("--json", metavar="FILE", help="the results as JSON as well")
    parser.add_argument("--peer", type=peer, metavar="PID,URL",
                        help="another service, running, whose POST /process takes the same JSON: "
                             "stats, stats1080 and motion measure it beside ours")  # fmt: skip
    parser.add_argument("--serve-arg", action="append", default=[], metavar="ARG",
                        help="passed on to sampleproc serve, as --serve-arg=--set ...")  # fmt: skip
    options = parser.parse_args()
    for tool in ("wrk", "cjpeg", "ffmpeg"):
        if not shutil.which(tool):
            fail(f"{tool} is missing; run packaging/install-deps.sh build test bench")
    facts = machine()
    print(f"{facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}, load "
          f"{facts['load_before']:.2f}")  # fmt: skip
    for command in (["cmake", "--preset", "bench"], ["cmake", "--build", "--preset", "bench"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fail(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    results = []
    with tempfile.TemporaryDirectory(prefix="sampleproc-bench-") as folder:
        chosen = {**subjects, **by_name_only}[options.only] if options.only else None
        for bench in [chosen] if chosen else subjects.values():
            results += bench(pathlib.Path(folder), options)
    if options.json:
        text = json.dumps({"machine": facts, "results": results}, indent=1) + "\n"
        pathlib.Path(options.json).write_text(text)


if __name__ == "__main__":
    main()
