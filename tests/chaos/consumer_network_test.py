"""What can be between a consumer and its Redis, or wrong with that: no frame is lost or done twice."""

import os
import random
import select
import socket
import subprocess
import threading
import time
import unittest

import cli
import pictures
import redis
from service import Service, WithService
from streams import (
    DEAD, RESULTS, STREAM, RedisServer, add_frames, pending, result_ids, wait_until, words,
)  # fmt: skip

FAULT_SECONDS = 5
PARTITION_SECONDS = 60
FRAMES_A_FAULT = 200


class FaultyWay:
    """Forwards a Unix socket to another one, as `mode` says:

    pass; refuse (closes what comes); silent (forwards nothing and closes nothing); slow (half a
    second for each piece); cut (closes in the middle of an answer); garbage (answers nonsense)
    """

    def __init__(self, test, target, path):
        self.target = target
        self.path = path
        self.mode = "pass"
        self.chance = random.Random(7)
        self.stopping = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.listener.settimeout(0.1)
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()
        test.addCleanup(self.end)

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def accept(self):
        while not self.stopping.is_set():
            try:
                client = self.listener.accept()[0]
            except socket.timeout:
                continue
            thread = threading.Thread(target=self.serve, args=(client,))
            self.threads.append(thread)
            thread.start()

    def serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                if self.mode != "refuse":
                    server.connect(self.target)
                    self.forward(client, server)
            except OSError:
                pass

    def forward(self, client, server):
        while not self.stopping.is_set():
            mode = self.mode
            if mode == "silent":
                time.sleep(0.05)
                continue
            if mode == "refuse":
                return
            for source in select.select([client, server], [], [], 0.05)[0]:
                data = source.recv(65536)
                if not data:
                    return
                if mode == "slow":
                    time.sleep(0.5)
                if source is client:
                    server.sendall(data)
                elif mode == "cut":
                    client.sendall(data[: self.chance.randrange(len(data))])
                    return
                elif mode == "garbage":
                    client.sendall(self.chance.randbytes(len(data)))
                else:
                    client.sendall(data)


class Namespace:
    """A network namespace of the test's own, reached over a pair of interfaces."""

    PORT = "6390"
    NETWORK = "198.18.231."  # for tests, RFC 2544

    def __init__(self, test):
        name = f"sp{os.getpid()}"
        self.name, self.host = name, self.NETWORK + "2"
        self.run("netns", "add", name)
        test.addCleanup(self.run, "netns", "del", name)
        self.run("link", "add", name + "a", "type", "veth", "peer", "name", name + "b", "netns", name)
        self.run("address", "add", self.NETWORK + "1/30", "dev", name + "a")
        self.run("link", "set", name + "a", "up")
        self.run("-n", name, "address", "add", self.host + "/30", "dev", name + "b")
        self.set_link("up")

    def run(self, *words):
        subprocess.run(["ip", *words], check=True)

    def set_link(self, state):
        self.run("-n", self.name, "link", "set", self.name + "b", state)


class ConsumerNetwork(WithService):
    def setUp(self):
        self.use(RedisServer(self))

    def use(self, server):
        self.server = server
        self.redis = self.server.client()
        self.picture = pictures.sample("mask.png")
        self.added = 0

    def consume(self, host, *more):
        self.service = Service(
            self, "--port", "0", *words(self.server), "--set", f"consumer.redis.host={host}",
            "--set", "consumer.backoff=100ms", "--set", "consumer.redis.claim_idle=2s",
            "--set", "process.deadline=1s", *more)  # fmt: skip
        self.grow()
        self.check_all_done()

    def grow(self):
        add_frames(self.redis, FRAMES_A_FAULT, self.picture, self.added)
        self.added += FRAMES_A_FAULT

    def connected(self):
        health = self.service.get("/health").json()
        return health["components"]["consumer"]["connected"]

    def check_all_done(self):
        wait_until(lambda: self.redis.xlen(RESULTS) >= self.added)
        wait_until(lambda: self.redis.xlen(STREAM) == 0 and pending(self.redis) == 0)
        ids = result_ids(self.redis)
        self.assertEqual((len(ids), len(set(ids))), (self.added, self.added))
        self.assertEqual(self.redis.xlen(DEAD), 0)

    def healed(self, what):
        begun = time.monotonic()
        wait_until(self.connected)
        print(f"\n{what}: connected {time.monotonic() - begun:.1f} s after it was over", end="")
        self.check_all_done()

    def test_the_way_to_redis(self):
        path = os.path.join(self.server.folder, "way.sock")
        way = FaultyWay(self, self.server.path, path)
        self.consume(path)
        for mode in ("refuse", "slow", "cut", "garbage", "silent"):
            with self.subTest(mode):
                way.mode = mode
                self.grow()
                seconds = PARTITION_SECONDS if mode == "silent" else FAULT_SECONDS
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    self.assertEqual(self.service.get("/livez").status, 200)
                    time.sleep(0.2)
                way.mode = "pass"
                self.healed(mode)
        self.assertEqual(self.service.stop(), 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root makes network namespaces")
    def test_a_partition(self):
        """Nothing comes through and nobody says so, unlike with a proxy, which acknowledges."""
        space = Namespace(self)
        self.use(RedisServer(self, "--port", space.PORT, "--bind", space.host, "--protected-mode",
                             "no", prefix=("ip", "netns", "exec", space.name)))  # fmt: skip
        self.consume(space.host, "--set", f"consumer.redis.port={space.PORT}")
        space.set_link("down")
        self.grow()
        end = time.monotonic() + PARTITION_SECONDS
        while time.monotonic() < end:
            self.assertEqual(self.service.get("/livez").status, 200)
            time.sleep(0.2)
        self.assertFalse(self.connected())
        space.set_link("up")
        self.healed("partition")
        self.assertEqual(self.service.stop(), 0)

    def test_redis_itself(self):
        self.consume(self.server.path)
        faults = {
            "READONLY": (lambda: self.redis.replicaof("127.0.0.1", "1"),
                         lambda: self.redis.replicaof("NO", "ONE")),
            "OOM": (lambda: self.redis.config_set("maxmemory", "1"),
                    lambda: self.redis.config_set("maxmemory", "0")),
            "paused": (lambda: self.redis.execute_command("CLIENT", "PAUSE", "4000", "WRITE"),
                       lambda: None),
            "killed": (self.server.kill, self.server.start),
        }  # fmt: skip
        for name, (begin, end) in faults.items():
            with self.subTest(name):
                self.grow()
                begin()
                time.sleep(FAULT_SECONDS)
                self.assertEqual(self.service.get("/livez").status, 200)
                end()
                self.healed(name)
        self.assertEqual(self.service.stop(), 0)

    def test_redis_that_is_loading(self):
        self.consume(self.server.path)
        self.redis.mset({f"key-{number}": "x" for number in range(3000)})
        self.server.kill()
        self.server.words += ("--key-load-delay", "1000",
                              "--loading-process-events-interval-bytes", "1024")  # fmt: skip
        starting = threading.Thread(target=self.server.start)
        starting.start()
        wait_until(lambda: not self.connected())
        starting.join()
        self.grow()
        self.healed("LOADING")
        self.assertEqual(self.service.stop(), 0)

    def test_a_group_that_is_gone(self):
        self.consume(self.server.path)
        before = self.added
        self.redis.flushall()
        add_frames(self.redis, 20, self.picture, 10_000)
        wait_until(lambda: self.redis.xlen(RESULTS) == 20)
        wait_until(lambda: self.redis.xlen(STREAM) == 0 and pending(self.redis) == 0)
        self.assertGreater(before, 0)
        try:
            self.redis.xgroup_destroy(STREAM, "frame-processors")
        except redis.ResponseError:
            pass
        add_frames(self.redis, 20, self.picture, 20_000)
        wait_until(lambda: self.redis.xlen(RESULTS) == 40)
        self.assertEqual(self.service.stop(), 0)


if __name__ == "__main__":
    cli.main()
