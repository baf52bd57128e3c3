"""Two instances behind a load balancer are restarted one after the other while clients go on."""

import os
import tempfile
import threading
import time

import cli
import pictures
from proxies import KINDS, Proxy
from service import Service, UnixConnection, WithService
from streams import wait_until

CLIENTS = 8
SHARE = 0.7  # of what the two instances can do


class Load:
    """Clients that post one picture over and over, `rate` times a second together; 0 = as fast as
    they can. Says what became of each request."""

    def __init__(self, path, picture, rate):
        self.path = path
        self.picture = picture
        self.pause = CLIENTS / rate if rate else 0
        self.statuses = {}
        self.broken = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def client(self):
        connection = UnixConnection(self.path)
        due = time.monotonic()
        while not self.stopping.is_set():
            try:
                connection.request("POST", "/process", self.picture, {"Content-Type": "image/png"})
                answer = connection.getresponse()
                answer.read()
                with self.lock:
                    self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            except OSError as failure:
                with self.lock:
                    self.broken.append(repr(failure))
                connection.close()
            due = max(due + self.pause, time.monotonic() - self.pause)
            self.stopping.wait(max(0, due - time.monotonic()))
        connection.close()

    def done(self):
        with self.lock:
            return sum(self.statuses.values())

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Restart(WithService):
    def instance(self, path):
        return Service(self, "--set", f"http.unix_socket={path}", "--set", "http.port=0",
                       "--set", "service.drain_delay=6s")  # fmt: skip

    def check(self, kind):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        paths = [os.path.join(folder.name, name) for name in ("a", "b")]
        instances = [self.instance(path) for path in paths]
        proxy = Proxy(self, kind, paths)
        picture = pictures.sample("mask.png")
        self.assertEqual(
            proxy.ask("POST", "/process", picture, {"Content-Type": "image/png"}).status, 200)

        peak = Load(proxy.path, picture, 0)
        begun = time.monotonic()
        time.sleep(2)
        peak.end()
        rate = peak.done() / (time.monotonic() - begun)
        self.assertEqual((set(peak.statuses), peak.broken), ({200}, []))

        load = Load(proxy.path, picture, SHARE * rate)
        try:
            for number, path in enumerate(paths):
                self.assertEqual(instances[number].stop(), 0)
                self.assertIs(instances[number].log()[-1]["clean"], True)
                instances[number] = self.instance(path)
                # The other one goes next: only when this one has work again.
                while not any(line["msg"] == "request" for line in instances[number].log()):
                    self.assertIsNone(instances[number].child.poll())
                    time.sleep(0.05)
            # How many there were meanwhile depends on the machine.
            wait_until(lambda: load.done() > 100)
        finally:
            load.end()
        self.assertEqual((set(load.statuses), load.broken), ({200}, []), proxy.text()[-2000:])
        for instance in instances:
            self.assertEqual(instance.stop(), 0)

    def test_behind_each_load_balancer_no_request_fails(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.check(kind)


if __name__ == "__main__":
    cli.main()
