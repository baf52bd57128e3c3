"""The load generator beside wrk against nginx: CPU per request, rate, and how late it sends."""

import contextlib
import json
import os
import subprocess

from measure import CONNECTIONS, post_script, report
from measure import pairs as run_pairs
from servers import BUILD, fail, nginx, nginx_binary

BODY_BYTES = 80_000


def children_cpu_ns():
    times = os.times()
    return (times.children_user + times.children_system) * 1e9


def costs(command, requests):
    """(nanoseconds of CPU per request, what it printed); `requests` reads their number from that."""
    before = children_cpu_ns()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    used = children_cpu_ns() - before
    if not done.stdout:
        fail(f"{command[0]} says nothing: {done.stderr}")
    return used / max(1, requests(done.stdout)), done.stdout


def answered_by_wrk(text):
    if "Non-2xx" in text or "Socket errors" in text:
        fail(f"wrk: {text}")
    return int(text.split(" requests in")[0].split()[-1])


def answered(text):
    report_ = json.loads(text)
    if report_["errors"]["total"]:
        fail(f"loadtest: {report_['errors']}")
    return report_["requests"]["good"]


def loadtest(url, *words):
    return [str(BUILD / "sampleproc"), "loadtest", "--quiet", "--target", url, "--json", "-", *words]


def bench_send_lag(url, options, most):
    """At half of the most that a closed loop reached: how late are requests sent, beside the same
    program with real-time priority (chrt), which other programs of the machine cannot push aside."""
    words = ("--rate", str(int(most / 2)), "--duration", f"{options.seconds}s", "-c", "64")
    results = []
    for name, prefix in (("", []), (" with chrt --rr 1", ["chrt", "--rr", "1"])):
        lags, achieved = [], []
        for _ in range(options.pairs):
            done = subprocess.run([*prefix, *loadtest(url, *words)], capture_output=True, text=True,
                                  check=False)  # fmt: skip
            if not done.stdout:
                print(f"  (send lag{name}: {done.stderr.strip()})")
                break
            run = json.loads(done.stdout)
            lags.append(run["generator"]["send_lag_p99_ms"])
            achieved.append(run["rate"]["achieved"] / run["rate"]["intended"])
        if not lags:
            continue
        lags.sort()
        achieved.sort()
        middle = len(lags) // 2
        result = {"name": f"send lag p99 at {words[1]}/s{name}", "ms_median": lags[middle],
                  "ms_range": [lags[0], lags[-1]], "achieved_median": achieved[middle]}  # fmt: skip
        print(f"{result['name']}\n  median {lags[middle]} ms, range {lags[0]}..{lags[-1]}; achieved "
              f"{achieved[middle]:.3f} of the rate", flush=True)  # fmt: skip
        results.append(result)
    return results


def bench_loadtest(work, options):
    results = []
    body = work / "body.json"
    script = post_script(work, b"A" * BODY_BYTES)
    rates = []
    with contextlib.ExitStack() as stack:
        _, port = stack.enter_context(nginx(work, nginx_binary(), b"x" * 300, 0))
        url = f"http://127.0.0.1:{port}/"
        for name, lua, more in (
            ("GET of 300 bytes", [], []),
            (f"POST of {BODY_BYTES} bytes", ["-s", script], ["--body", str(body)]),
        ):
            wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{options.seconds}s", *lua, url]
            ours = loadtest(url, "--closed", "-c", str(CONNECTIONS), "--duration",
                            f"{options.seconds}s", *more)  # fmt: skip
            reached = []

            def by_wrk(wrk=wrk, reached=reached):
                cost, text = costs(wrk, answered_by_wrk)
                reached.append(float(text.split("Requests/sec:")[1].split()[0]))
                return cost

            def by_us(ours=ours, reached=reached):
                cost, text = costs(ours, answered)
                reached.append(json.loads(text)["rate"]["achieved"])
                return cost

            measured = run_pairs(options.pairs, by_wrk, by_us)
            results.append(report(f"loadtest, {name}, against wrk", "loadtest", "wrk", measured))
            ratios = sorted(ours / wrk for wrk, ours in zip(reached[2::2], reached[3::2]))
            results[-1]["rate_ratio_median"] = round(ratios[len(ratios) // 2], 3)
            print(f"  rate: median {results[-1]['rate_ratio_median']} of wrk's, range "
                  f"{ratios[0]:.3f}..{ratios[-1]:.3f}", flush=True)  # fmt: skip
            rates.append(max(reached[3::2]))
        results += bench_send_lag(url, options, rates[0])
    return results
