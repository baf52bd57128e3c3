"""A POST of 80 KB that is refused, beside one that nginx takes."""

import contextlib
import json
import urllib.error
import urllib.request

from measure import cpu_per_request, pairs, post_script, report
from servers import fail, nginx, nginx_binary, sampleproc

BODY_BYTES = 80_000


def refusal(url, body):
    """(status, body) of the answer."""
    try:
        urllib.request.urlopen(urllib.request.Request(url, body))
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read()
    fail(f"{url} takes what it should refuse")


def bench_refusals(work, options):
    frame = json.dumps({"frame_data": "A" * (BODY_BYTES - 40) + "====", "metadata": {}}).encode()
    cases = [
        ("refused by its length", "/process", 413, ["--set", "http.max_request_bytes=65536"]),
        ("refused by its path", "/elsewhere", 404, []),
        ("parsed and refused by its base64", "/process", 422, []),
    ]
    binary = nginx_binary()
    script = post_script(work, frame)
    results = []
    for name, path, status, words in cases:
        words = ["--set", "http.access_log=false", *words, *options.serve_arg]
        with contextlib.ExitStack() as stack:
            ours, port = stack.enter_context(sampleproc(work, words))
            url = f"http://127.0.0.1:{port}{path}"
            got, answer = refusal(url, frame)
            if got != status:
                fail(f"POST {path} was answered {got}: {answer[:200]}")
            theirs, their_port = stack.enter_context(nginx(work, binary, answer, 0))
            their_url = f"http://127.0.0.1:{their_port}/"
            measured = pairs(
                options.pairs,
                lambda: cpu_per_request(theirs, their_url, options.seconds, script),
                lambda: cpu_per_request(ours, url, options.seconds, script, refused=True),
            )
        results.append(report(f"POST of {len(frame)} bytes {name} ({status}) against nginx return 200",
                              "sampleproc", "nginx", measured))  # fmt: skip
    return results
