#!/usr/bin/env python3
"""Measures CPU time per request, always side by side. See README.md beside this file.

usage: tests/bench/run.py [--pairs N] [--seconds S] [--only livez|stats] [--json FILE]
"""

import argparse
import base64
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"
PHOTO = ROOT / "build/samples/opencv-doc/data/aero3.jpg"  # 640x480, colour
CONNECTIONS = 16


def fail(message):
    sys.exit(f"run.py: {message}")


# ---- processes and their CPU time ------------------------------------------------------------


def tree(pid):
    """`pid` and everything below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                parents[int(entry)] = int(stat.rsplit(")", 1)[1].split()[1])
    wanted = {pid}
    while True:
        more = {p for p, parent in parents.items() if parent in wanted} - wanted
        if not more:
            return wanted
        wanted |= more


def cpu_ns(pid):
    """Nanoseconds (user and system) that the threads of the tree have run. The servers measured
    here keep their threads, so nothing is lost with a thread that ended."""
    total = 0
    for member in tree(pid):
        for task in pathlib.Path("/proc", str(member), "task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += int((task / "schedstat").read_text().split()[0])
    return total


@contextlib.contextmanager
def process(command, **more):
    running = subprocess.Popen(command, **more)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def wait_for(what, probe, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    fail(f"{what} did not come up within {seconds} s")


# ---- the two servers -------------------------------------------------------------------------


@contextlib.contextmanager
def sampleproc(work, extra):
    log = work / "sampleproc.log"
    command = [str(BUILD / "sampleproc"), "serve", "--port", "0", *extra]
    environment = dict(os.environ, SAMPLEPROC_TELEMETRY_LOG_FORMAT="json")
    with log.open("wb") as sink, process(command, stderr=sink, env=environment) as running:

        def port():
            if running.poll() is not None:
                fail(f"sampleproc serve ended: {log.read_text()[-500:]}")
            for line in log.read_text().splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    record = json.loads(line)
                    if record.get("msg") == "listening":
                        return int(record["port"])
            return None

        yield running.pid, wait_for("sampleproc", port)


def nginx_binary(work):
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found:
        return found
    # Installing the package would start a web server on this machine; unpacking it does not.
    got = subprocess.run(["apt-get", "-q", "download", "nginx"], cwd=work, check=False,
                         capture_output=True)  # fmt: skip
    packages = list(work.glob("nginx_*.deb"))
    if got.returncode != 0 or not packages:
        fail("no nginx here, and the Debian package nginx cannot be downloaded")
    subprocess.run(["dpkg-deb", "-x", packages[0], work / "nginx-tree"], check=True)
    return str(work / "nginx-tree/usr/sbin/nginx")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(work, binary, body, pad):
    """One worker that answers 200 with `body`; `pad` bytes of an extra field fill up the head."""
    port = free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx-", dir=work))
    field = f'add_header X-Pad "{"x" * (pad - len("X-Pad: ") - 2)}";' if pad else ""
    quoted = body.decode().replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}")
    (folder / "nginx.conf").write_text(f"""
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/json;
  geo $dollar {{ default "$"; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ {field} return 200 "{quoted}"; }}
  }}
}}
""")
    with process([binary, "-p", str(folder), "-e", f"{folder}/error.log", "-c",
                  str(folder / "nginx.conf")]) as running:  # fmt: skip

        def up():
            if running.poll() is not None:
                fail(f"nginx ended: {(folder / 'error.log').read_text()[-500:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        wait_for("nginx", up)
        yield running.pid, port


def raw_get(port, path):
    """(head, body) of one answer, as bytes."""
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += peer.recv(65536) or fail("the connection was closed within the head")
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)\ncontent-length: *(\d+)", head)[1])
        while len(body) < length:
            body += peer.recv(65536) or fail("the connection was closed within the body")
        return head + b"\r\n\r\n", body


# ---- load ------------------------------------------------------------------------------------


def cpu_per_request(pid, url, seconds, script=None):
    """Nanoseconds of CPU that the tree of `pid` needs for one request of wrk's."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *(["-s", script] if script else []),
               url]  # fmt: skip
    before = cpu_ns(pid)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spent = cpu_ns(pid) - before
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        fail(f"not every answer was 200:\n{done.stdout}")
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    return spent / max(1, requests)


def pairs(count, first, second):
    """Runs A B A B ... after one unmeasured round, so that drift of the machine meets both."""
    first(), second()
    return [(first(), second()) for _ in range(count)]


def report(name, of, to, measured):
    """`measured` holds (reference, subject) in nanoseconds."""
    ratios = sorted(subject / reference for reference, subject in measured)
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    result = {
        "name": name,
        "pairs": len(ratios),
        "ratio_median": round(statistics.median(ratios), 3),
        "ratio_quartiles": [round(quartiles[0], 3), round(quartiles[2], 3)],
        "ratio_range": [round(ratios[0], 3), round(ratios[-1], 3)],
        "subject_us": round(statistics.median(s for _, s in measured) / 1000, 2),
        "reference_us": round(statistics.median(r for r, _ in measured) / 1000, 2),
    }
    print(f"{name}\n"
          f"  {of}: {result['subject_us']} us CPU, {to}: {result['reference_us']} us\n"
          f"  ratio: median {result['ratio_median']}, quartiles "
          f"{result['ratio_quartiles'][0]}..{result['ratio_quartiles'][1]}, range "
          f"{result['ratio_range'][0]}..{result['ratio_range'][1]}, {len(ratios)} pairs",
          flush=True)  # fmt: skip
    return result


# ---- subjects --------------------------------------------------------------------------------


def bench_livez(work, options):
    binary = nginx_binary(work)
    with contextlib.ExitStack() as stack:
        ours, our_port = stack.enter_context(sampleproc(work, options.serve_arg))
        our_head, body = raw_get(our_port, "/livez")
        with nginx(work, binary, body, 0) as (_, port):
            plain_head, plain_body = raw_get(port, "/livez")
        if plain_body != body:
            fail("nginx does not answer the body it was given")
        pad = len(our_head) - len(plain_head)
        if pad != 0 and pad < len("X-Pad: x\r\n"):
            print(f"  (heads differ: ours {len(our_head)}, nginx {len(plain_head)} bytes)")
            pad = 0
        theirs, their_port = stack.enter_context(nginx(work, binary, body, pad))
        their_head, _ = raw_get(their_port, "/livez")
        print(f"livez: head {len(our_head)} bytes (nginx {len(their_head)}), body {len(body)}")
        measured = pairs(
            options.pairs,
            lambda: cpu_per_request(theirs, f"http://127.0.0.1:{their_port}/livez", options.seconds),
            lambda: cpu_per_request(ours, f"http://127.0.0.1:{our_port}/livez", options.seconds),
        )
    return report("GET /livez against nginx return 200", "sampleproc", "nginx", measured)


def make_frame(work):
    if not PHOTO.is_file():
        fail("no pictures; run packaging/fetch-samples.sh")
    frame = work / "frame.jpg"
    pixels = subprocess.run(["djpeg", PHOTO], capture_output=True, check=True).stdout
    jpeg = subprocess.run(["cjpeg", "-quality", "85", "-sample", "2x2"], input=pixels,
                          capture_output=True, check=True).stdout  # fmt: skip
    frame.write_bytes(jpeg)
    return frame


def bench_stats(work, options):
    frame = make_frame(work)
    metadata = {"frame_id": "bench", "camera_id": "bench"}
    body = json.dumps({"metadata": metadata,
                       "frame_data": base64.b64encode(frame.read_bytes()).decode()})  # fmt: skip
    (work / "body.json").write_text(body)
    script = work / "post.lua"
    script.write_text(f"""
local file = io.open("{work}/body.json", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
file:close()
""")
    kernels = [str(BUILD / "kernels"), str(frame)]
    seen = []

    def limit():
        done = subprocess.run(kernels, capture_output=True, text=True, check=True)
        seen.append(json.loads(done.stdout))
        return sum(value for key, value in seen[-1].items() if key.endswith("_ns"))

    with sampleproc(work, ["--set", "process.pipeline=stats", *options.serve_arg]) as (pid, port):
        url = f"http://127.0.0.1:{port}/process"
        measured = pairs(
            options.pairs, limit, lambda: cpu_per_request(pid, url, options.seconds, str(script))
        )
    first = seen[0]
    print(f"stats: {first['width']}x{first['height']}, JPEG {first['jpeg_bytes']} bytes, body "
          f"{len(body)} bytes")  # fmt: skip
    result = report("POST /process (stats) against its kernels", "sampleproc", "kernels", measured)
    result["kernels_us"] = {
        key.removesuffix("_ns"): round(statistics.median(run[key] for run in seen) / 1000, 1)
        for key in first if key.endswith("_ns")
    }  # fmt: skip
    print("  kernels: " + ", ".join(f"{k} {v} us" for k, v in result["kernels_us"].items()))
    return result


def machine():
    model = "unknown"
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load_before": os.getloadavg()[0]}  # fmt: skip


def main():
    subjects = {"livez": bench_livez, "stats": bench_stats}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9, help="pairs measured (9)")
    parser.add_argument("--seconds", type=int, default=2, help="length of each run of wrk (2)")
    parser.add_argument("--only", choices=subjects, help="one subject only")
    parser.add_argument("--json", metavar="FILE", help="the results as JSON as well")
    parser.add_argument("--serve-arg", action="append", default=[], metavar="ARG",
                        help="passed on to sampleproc serve, as --serve-arg=--set ...")  # fmt: skip
    options = parser.parse_args()
    for tool in ("wrk", "djpeg", "cjpeg"):
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
        for name, bench in subjects.items():
            if options.only in (None, name):
                results.append(bench(pathlib.Path(folder), options))
    if options.json:
        text = json.dumps({"machine": facts, "results": results}, indent=1) + "\n"
        pathlib.Path(options.json).write_text(text)


if __name__ == "__main__":
    main()
