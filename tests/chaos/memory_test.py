"""More bodies at once than there is memory for: each is answered or refused, and nothing is killed."""

import asyncio
import base64
import http.client
import io
import json
import math
import multiprocessing
import os
import pathlib
import tempfile
import time
import unittest

import cli
import exchange
import numpy
import pictures
from service import WithService

BODIES = 100
SIDE = 1500  # 1500 x 1500 x 3 bytes of .npy are 9.0 MB as base64
CGROUP = pathlib.Path("/sys/fs/cgroup/memory")
GIB = 1 << 30


def npy(height, width):
    file = io.BytesIO()
    numpy.save(file, numpy.random.default_rng(1).integers(0, 256, (height, width, 3), numpy.uint8))
    return file.getvalue()


def head_of(path, content_type, length):
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {length}\r\n\r\n").encode()  # fmt: skip


async def post(port, request):
    loop = asyncio.get_running_loop()
    with exchange.connect(port) as peer:
        answered = asyncio.create_task(exchange.answer(loop, peer))
        try:
            await loop.sock_sendall(peer, request)
        except OSError:
            pass  # refused before all was sent; what it said is what counts
        return await answered


def probe(port, longest, done):
    """Asks /livez over and over, in a process of its own, whose time the bodies do not take."""
    while not done.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=cli.PATIENCE)
        connection.connect()
        while not done.is_set() and connection.sock is not None:
            begun = time.monotonic()
            connection.request("GET", "/livez")
            response = connection.getresponse()
            response.read()
            took = time.monotonic() - begun
            longest.value = max(longest.value, took if response.status == 200 else math.inf)
            time.sleep(0.01)
        connection.close()


class Memory(WithService):
    def post_all(self, service, request, count):
        longest, done = multiprocessing.Value("d", 0), multiprocessing.Event()
        probing = multiprocessing.Process(target=probe, args=(service.port, longest, done))
        probing.start()

        async def everything():
            return await asyncio.wait_for(
                asyncio.gather(*(post(service.port, request) for _ in range(count))),
                10 * cli.PATIENCE)  # fmt: skip

        try:
            answers = asyncio.run(everything())
        finally:
            done.set()
            probing.join()
        self.assertEqual(probing.exitcode, 0)
        self.assertLess(longest.value, math.inf, "a probe was not answered 200")
        statuses = {}
        for status, fields in answers:
            statuses[status] = statuses.get(status, 0) + 1
            if status == 503:
                self.assertTrue(1 <= int(fields[b"retry-after"]) <= 30)
        self.assertLessEqual(set(statuses), {200, 503})
        self.assertGreater(statuses.get(200, 0), 0)
        peak = service.memory("VmHWM")
        print(f"\n{count} bodies of {len(request)} bytes: {statuses}, peak RSS {peak >> 20} MiB, "
              f"longest probe {longest.value * 1000:.0f} ms")
        return peak

    def test_a_hundred_large_bodies_at_once(self):
        frame = {"frame_data": base64.b64encode(npy(SIDE, SIDE)).decode()}
        body = json.dumps(frame).encode()
        service = self.serve(
            *cli.NO_HURRY, env={"MEMORY_LIMIT_MB": "160", "MAX_REQUESTS_PER_MINUTE": "0"})
        request = head_of("/process", "application/json", len(body)) + body
        peak = self.post_all(service, request, BODIES)
        self.assertLessEqual(peak, 200 * 1000 * 1000)
        self.assertEqual(service.get("/health").status, 200)
        self.assertEqual(service.stop(), 0)

    @unittest.skipUnless(os.access(CGROUP / "cgroup.procs", os.W_OK), "no memory cgroup v1 to use")
    def test_the_largest_frames_in_a_control_group_of_one_gibibyte(self):
        group = pathlib.Path(tempfile.mkdtemp(prefix="sampleproc-", dir=CGROUP))
        self.addCleanup(group.rmdir)
        (group / "memory.limit_in_bytes").write_text(str(GIB), encoding="ascii")

        def enter():
            (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

        service = self.serve(*cli.NO_HURRY, preexec_fn=enter)
        self.addCleanup(service.child.wait)
        self.addCleanup(service.child.kill)
        self.assertEqual(service.wait_for("listening")["memory_limit"], GIB * 3 // 4)
        body = pictures.png_of_pixels(5900)  # 100 MiB, less a little
        request = head_of("/process", "image/png", len(body)) + body
        self.post_all(service, request, 32)
        oom = (group / "memory.oom_control").read_text(encoding="ascii")
        self.assertNotRegex(oom, r"oom_kill [1-9]")
        self.assertEqual(service.get("/health").status, 200)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
