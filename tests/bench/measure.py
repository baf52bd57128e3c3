"""Interleaved pairs of measurements, and what they say."""

import re
import statistics
import subprocess
import time

from servers import cpu_ns, fail

CONNECTIONS = 16


def post_script(work, body):
    """What has wrk post `body` as JSON."""
    (work / "body.json").write_bytes(body)
    script = work / "post.lua"
    script.write_text(f"""
local file = io.open("{work}/body.json", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
file:close()
""")
    return str(script)


def ask(url, seconds, script, refused=False):
    """How many requests wrk had answered, all of them well or all of them refused; else the run
    ends."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *(["-s", script] if script else []),
               url]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    refusals = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    wanted = requests if refused else 0
    if int(refusals[1] if refusals else 0) != wanted or "Socket errors" in done.stdout:
        fail(f"{wanted} of the answers should be refusals:\n{done.stdout}")
    return max(1, requests)


def cpu_per_request(pid, url, seconds, script=None, cpu=cpu_ns, refused=False):
    """Nanoseconds of CPU that the tree of `pid` needs for one request of wrk's."""
    before = cpu(pid)
    requests = ask(url, seconds, script, refused)
    return (cpu(pid) - before) / requests


def time_per_request(url, seconds, script=None):
    """Nanoseconds from one answer to the next while requests wait."""
    begun = time.monotonic_ns()
    requests = ask(url, seconds, script)
    return (time.monotonic_ns() - begun) / requests


def pairs(count, first, second):
    """Runs A B A B ... after one unmeasured round, so that drift of the machine meets both."""
    first(), second()
    return [(first(), second()) for _ in range(count)]


def report(name, of, to, measured, unit="us CPU"):
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
          f"  {of}: {result['subject_us']} {unit}, {to}: {result['reference_us']} us\n"
          f"  ratio: median {result['ratio_median']}, quartiles "
          f"{result['ratio_quartiles'][0]}..{result['ratio_quartiles'][1]}, range "
          f"{result['ratio_range'][0]}..{result['ratio_range'][1]}, {len(ratios)} pairs",
          flush=True)  # fmt: skip
    return result
