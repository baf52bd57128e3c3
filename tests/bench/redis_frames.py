"""Frames through a Redis stream: the service's source beside a plain loop over hiredis, and the whole
service beside the kernels."""

import contextlib
import os
import socket
import subprocess
import time

from corridor import make_frame, run_kernels
from measure import pairs, report
from servers import BUILD, cpu_ns, fail, sampleproc, wait_for

FRAMES = 3000
FRAME_BYTES = 60_000
PAYLOAD = bytes(range(256)) * (FRAME_BYTES // 256 + 1)


def command(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


@contextlib.contextmanager
def redis_server(work):
    """In memory alone: a disk would be what both wait for."""
    path = str(work / "redis.sock")
    child = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--dir", str(work),
                              "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        while not os.path.exists(path):
            if child.poll() is not None:
                fail("redis-server does not start")
            time.sleep(0.01)
        yield path
    finally:
        child.kill()
        child.wait()


@contextlib.contextmanager
def client(path):
    """Sends commands in one piece and gives the last answer's first line."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(path)
        answers = peer.makefile("rb")

        def ask(*batch):
            peer.sendall(b"".join(batch))
            for _ in batch:
                line = answers.readline()
                if line.startswith(b"-"):
                    fail(line.decode())
                if line.startswith(b"$"):
                    answers.readline()
            return line

        yield ask


def add_frames(ask, frame):
    for first in range(0, FRAMES, 100):
        ask(*(command("XADD", "frames", "*", "frame_id", f"f-{number}", "camera_id",
                      f"cam-{number % 7}", "timestamp", "2026-01-01T00:00:00+00:00", "format",
                      "jpeg", "frame_data", frame)
              for number in range(first, first + 100)))  # fmt: skip


def fill(path):
    """The stream with its frames, its group, and no results."""
    with client(path) as ask:
        ask(command("FLUSHALL"), command("XGROUP", "CREATE", "frames", "g", "0", "MKSTREAM"))
        add_frames(ask, PAYLOAD[:FRAME_BYTES])


def loop(how, path):
    """Nanoseconds a frame."""
    fill(path)
    done = subprocess.run([str(BUILD / "redis_loop"), how, path, str(FRAMES)], capture_output=True,
                          text=True, check=False)  # fmt: skip
    if done.returncode != 0:
        fail(done.stderr.strip())
    return float(done.stdout) / FRAMES * 1e9


def bench_redis(work, options):
    with redis_server(work) as path:
        measured = pairs(options.pairs, lambda: loop("bare", path), lambda: loop("source", path))
    return [report(f"frames of {FRAME_BYTES} bytes from a Redis stream",
                   "RedisSource", "hiredis, 64 together", measured, unit="us")]  # fmt: skip


def bench_consumer(work, options):
    frame = make_frame(work, 640, 480)
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(redis_server(work))
        ask = stack.enter_context(client(path))
        words = {"consumer.redis.host": path, "consumer.redis.stream": "frames",
                 "process.pipeline": "stats"}  # fmt: skip
        pid, _ = stack.enter_context(sampleproc(
            work, [word for key, value in words.items() for word in ("--set", f"{key}={value}")]))  # fmt: skip

        def limit():
            kernels = run_kernels(frame)
            return kernels["gray_decode_ns"] + kernels["luma_stats_ns"]

        def ours():
            before = cpu_ns(pid)
            add_frames(ask, frame.read_bytes())
            wait_for("the last result", lambda: ask(command("XLEN", "frames")) == b":0\r\n", 60)
            return (cpu_ns(pid) - before) / FRAMES

        measured = pairs(options.pairs, limit, ours)
    return [report("a frame of 640x480 from a Redis stream, with stats, against its kernels",
                   "sampleproc", "decoding and statistics", measured)]  # fmt: skip
