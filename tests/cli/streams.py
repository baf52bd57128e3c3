"""A redis-server of the test's own, and frames on its streams as an orchestrator puts them."""

import contextlib
import os
import random
import socket
import subprocess
import tempfile
import time

import cli
import pictures
import redis

PROCESSOR = "p-1"
STREAM = f"frames:ready:{PROCESSOR}"
GROUP = "frame-processors"
RESULTS = "sample:results"
DEAD = f"frames:dlq:{PROCESSOR}"

# A libjpeg that breaks over pictures.poison, for a service's environment. AddressSanitizer has to be
# told that it may start behind it.
BROKEN_DECODER = {
    "LD_PRELOAD": os.path.join(os.path.dirname(cli.BINARY), "tests", "poison_decoder.so"),
    "ASAN_OPTIONS": "verify_asan_link_order=0",
}


def free_port(address):
    """Below those that the system hands out to whoever asks for any, so that it stays free until the
    test's server takes it, and while that is started anew."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first = max(2048, int(file.read().split()[0]))
    while True:
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind((address, random.randrange(first // 2, first)))
            return free.getsockname()[1]


class RedisServer:
    """On a Unix socket in a folder of its own, with an append-only file; ends with the test."""

    def __init__(self, test, *words, password=None, prefix=()):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "redis.sock")
        self.words = words if password is None else (*words, "--requirepass", password)
        self.password = password
        self.prefix = prefix  # of the command, such as "ip netns exec"
        self.test = test
        self.child = None
        test.addCleanup(self.kill)
        self.start()

    def start(self):
        self.child = subprocess.Popen(
            [*self.prefix, "redis-server", "--port", "0", "--unixsocket", self.path, "--dir", self.folder,
             "--save", "", "--appendonly", "yes", "--appendfsync", "always", *self.words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        deadline = time.monotonic() + cli.PATIENCE
        while True:
            try:
                # Not by the library, which leaves its socket open when nobody listens.
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(self.path)
                self.client().ping()
                return
            except (OSError, redis.RedisError):
                if self.child.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def kill(self):
        self.child.kill()
        self.child.wait()

    def client(self, db=0):
        """One whose connections end with the test: close() alone gives them back to its pool."""
        made = redis.Redis(unix_socket_path=self.path, password=self.password, db=db)
        self.test.addCleanup(made.connection_pool.disconnect)
        return made


def entry(frame_id, picture=None, camera="cam-1", **fields):
    """As frame-buffer-v2 writes it, with the pixels beside."""
    made = {
        "frame_id": frame_id, "camera_id": camera, "timestamp": "2025-07-29T11:14:56.123456+00:00",
        "size_bytes": "0", "width": "1920", "height": "1080", "format": "jpeg",
        "trace_context": "{}", "metadata": "{}", "priority": "0", "storage_path": "",
        "storage_backend": "redis", **fields,
    }  # fmt: skip
    if picture is not None:
        made["frame_data"] = picture
    return made


def add_frames(client, count, picture=None, first=0):
    picture = picture or pictures.sample("mask.png")
    for start in range(first, first + count, 500):
        batch = client.pipeline(transaction=False)
        for number in range(start, min(start + 500, first + count)):
            batch.xadd(STREAM, entry(f"f-{number:06}", picture, camera=f"cam-{number % 7}"))
        batch.execute()


def words(server, *more):
    """What makes `sampleproc serve` consume from `server`."""
    return ("--set", f"consumer.redis.host={server.path}", "--set",
            f"consumer.processor_id={PROCESSOR}", *more)  # fmt: skip


def wait_until(what, seconds=cli.PATIENCE):
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        if time.monotonic() > deadline:
            raise AssertionError("it does not come to pass")
        time.sleep(0.02)
    return answer


def pending(client):
    return client.xpending(STREAM, GROUP)["pending"]


def result_ids(client):
    """The frame of each result, in the order of the results."""
    ids, last = [], "-"
    while batch := client.xrange(RESULTS, min=last, count=5000):
        ids += [fields[b"frame_id"].decode() for _, fields in batch]
        last = "(" + batch[-1][0].decode()
    return ids
