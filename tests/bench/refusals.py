"""A POST of 80 KB that is refused, beside nginx that refuses or takes as much."""

import contextlib
import json
import re
import socket

from measure import pairs, report
from servers import cpu_ns, fail, nginx, nginx_binary, sampleproc

BODY_BYTES = 80_000
REQUESTS = 2000  # each run
LIMIT = 65_536


def read_answer(peer):
    """(status, body, whether the connection is to be closed)."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536) or fail("a connection was closed before its answer")
    head, body = data.split(b"\r\n\r\n", 1)
    fields = head.lower()
    length = int(re.search(rb"\ncontent-length: *(\d+)", fields)[1])
    while len(body) < length:
        body += peer.recv(65536) or fail("a connection was closed within its answer")
    return int(head[9:12]), body, b"\nconnection: close" in fields


def ask(port, path, body, status, count):
    """Asks `count` times, one after the other, on a kept connection where the server keeps it. Gives
    the last body."""
    request = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body  # fmt: skip
    peer = None
    for _ in range(count):
        peer = peer or socket.create_connection(("127.0.0.1", port), 10)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sendall(request)
        got, answer, closed = read_answer(peer)
        if got != status:
            fail(f"POST {path} was answered {got}: {answer[:200]}")
        if closed:
            peer.close()
            peer = None
    if peer:
        peer.close()
    return answer


def cpu_of(pid, *what):
    before = cpu_ns(pid)
    ask(*what, REQUESTS)
    return (cpu_ns(pid) - before) / REQUESTS


def bench_refusals(work, options):
    # The last character is none of base64.
    wrong = json.dumps({"frame_data": "A" * (BODY_BYTES - 30) + "?===", "metadata": {}}).encode()
    cases = [
        ("refused by its length", "/process", b"x" * BODY_BYTES, 413, LIMIT),
        ("refused by its path", "/elsewhere", b"x" * BODY_BYTES, 404, None),
        ("parsed and refused by its base64", "/process", wrong, 422, None),
    ]
    binary = nginx_binary()
    results = []
    for name, path, body, status, limit in cases:
        limits = ["--set", f"http.max_request_bytes={limit}"] if limit else []
        quiet = ["--set", "http.access_log=false", *limits, *options.serve_arg]
        with contextlib.ExitStack() as stack:
            ours, port = stack.enter_context(sampleproc(work, quiet))
            answer = ask(port, path, body, status, 1)
            # What nginx cannot know is wrong it takes.
            their_status = 200 if status == 422 else status
            theirs, their_port = stack.enter_context(
                nginx(work, binary, answer, 0, their_status, limit or 0))
            measured = pairs(options.pairs,
                             lambda: cpu_of(theirs, their_port, path, body, their_status),
                             lambda: cpu_of(ours, port, path, body, status))  # fmt: skip
        results.append(report(f"POST of {len(body)} bytes {name} ({status}) against nginx's "
                              f"{their_status}", "sampleproc", "nginx", measured))  # fmt: skip
    return results
