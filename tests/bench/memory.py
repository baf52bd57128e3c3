"""How soon the service answers and what memory it takes."""

import base64
import http.client
import json
import pathlib
import statistics
import subprocess
import time

from corridor import make_frame, make_script
from measure import CONNECTIONS
from servers import sampleproc

MIB = 1 << 20


def status(pid, field):
    """A size out of proc(5)'s status, in bytes."""
    for line in pathlib.Path("/proc", str(pid), "status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def bench_start(work, options):
    taken, idle = [], []
    for _ in range(options.pairs):
        begin = time.monotonic()
        with sampleproc(work, options.serve_arg) as (pid, port):
            while ask(port, "GET", "/livez") != 200:
                pass
            taken.append((time.monotonic() - begin) * 1000)
            idle.append(status(pid, "VmRSS") / MIB)
    result = {"name": "start", "first_200_ms": round(statistics.median(taken), 1),
              "idle_rss_mib": round(statistics.median(idle), 1)}  # fmt: skip
    print(f"start to the first 200: median {result['first_200_ms']} ms (fork and the reading of "
          f"the log included); idle: {result['idle_rss_mib']} MiB, {len(taken)} starts")  # fmt: skip
    return [result]


def bench_json(work, options):
    """The most memory that a JSON body of 10 MB takes before anything is decoded from it."""
    picture = base64.b64encode(b"\0" * 7_400_000).decode()  # of no format: refused by its first bytes
    body = json.dumps({"frame_data": picture, "metadata": {}}).encode()
    with sampleproc(work, options.serve_arg) as (pid, port):
        ask(port, "POST", "/process", b"{}")
        before = status(pid, "VmRSS")
        ask(port, "POST", "/process", body)
        extra = status(pid, "VmHWM") - before
    result = {"name": "json", "body": len(body), "ratio": round(extra / len(body), 3)}
    print(f"a JSON body of {len(body)} bytes takes {extra} bytes at most: {result['ratio']} times")
    return [result]


def bench_growth(work, options):
    """Resident memory before and after many requests; the first tenth is for warming up."""
    script, _ = make_script(work, make_frame(work, 640, 480))
    with sampleproc(work, ["--set", "process.pipeline=stats", *options.serve_arg]) as (pid, port):
        url = f"http://127.0.0.1:{port}/process"

        def send(requests):
            done = 0
            while done < requests:
                out = subprocess.run(
                    ["wrk", "-t1", f"-c{CONNECTIONS}", "-d5s", "-s", script, url],
                    capture_output=True, text=True, check=True).stdout  # fmt: skip
                done += int(out.split(" requests in")[0].split()[-1])
            return done

        send(options.requests // 10)
        before = status(pid, "VmRSS")
        sent = send(options.requests)
        grown = status(pid, "VmRSS") - before
    result = {"name": "growth", "requests": sent, "grown_mib": round(grown / MIB, 2)}
    print(f"{sent} requests: resident memory {before / MIB:.1f} MiB, grown by "
          f"{result['grown_mib']} MiB")  # fmt: skip
    return [result]
