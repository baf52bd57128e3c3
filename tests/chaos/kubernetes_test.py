"""What a kubelet does with an instance of a pod, done to one: probes on the pod's own address, the
preStop hook, SIGTERM, the grace period. The manifest is the user's own, word by word, and ours; the
pod is a network namespace, and as in a pod its address is none of loopback's.
"""

import http.client
import os
import pathlib
import signal
import subprocess
import threading
import time
import unittest

import cli
import pictures
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTAINERFILE = ROOT / "packaging/container/Containerfile"
ADDRESS = "10.199.73.2"
PORT = 8099
# How long after a pod's deletion others still send requests to it: until each node has heard of it.
LATE = 3
# What a pod's environment has for each Service of its namespace, unless enableServiceLinks is off.
SERVICE_LINKS = {
    "SAMPLEPROC_SERVICE_HOST": "10.96.0.7",
    "SAMPLEPROC_SERVICE_PORT": "8099",
    "SAMPLEPROC_SERVICE_PORT_HTTP": "8099",
    "SAMPLEPROC_PORT": "tcp://10.96.0.7:8099",
    "SAMPLEPROC_PORT_8099_TCP": "tcp://10.96.0.7:8099",
    "SAMPLEPROC_PORT_8099_TCP_ADDR": "10.96.0.7",
    "REDIS_PORT": "tcp://10.96.0.8:6379",
}
USERS_OWN = yaml.safe_load("""
livenessProbe:
  httpGet:
    path: /health
    port: 8099
  initialDelaySeconds: 30
  periodSeconds: 10
readinessProbe:
  httpGet:
    path: /health
    port: 8099
  initialDelaySeconds: 10
  periodSeconds: 5
lifecycle:
  preStop:
    exec:
      command: ["/bin/sh", "-c", "sleep 15"]
""")


def ours():
    """The container of the Deployment, and the pod around it."""
    text = (ROOT / "packaging/kubernetes/deployment.yaml").read_text("utf-8")
    pod = yaml.safe_load(text)["spec"]["template"]["spec"]
    return pod["containers"][0], pod


def image_environment():
    words = CONTAINERFILE.read_text("utf-8").replace("\\\n", " ").split()
    return dict(word.split("=", 1) for word in words if word.startswith("SAMPLEPROC_"))


class Probe(threading.Thread):
    """Asks as a kubelet does, and remembers what it saw."""

    def __init__(self, probe):
        super().__init__()
        self.get = probe["httpGet"]
        self.delay = probe.get("initialDelaySeconds", 0)
        self.period = probe.get("periodSeconds", 10)
        self.threshold = probe.get("failureThreshold", 3)
        self.succeeded = threading.Event()
        self.failed = threading.Event()  # so often that the kubelet acts
        self.ending = threading.Event()
        self.start()

    def ask(self):
        connection = http.client.HTTPConnection(ADDRESS, PORT, timeout=1)
        try:
            connection.request("GET", self.get["path"])
            return 200 <= connection.getresponse().status < 400
        except OSError:
            return False
        finally:
            connection.close()

    def run(self):
        wait, failures = self.delay, 0
        while not self.ending.wait(wait):
            wait = self.period
            if self.ask():
                failures = 0
                self.succeeded.set()
            else:
                failures += 1
                if failures >= self.threshold:
                    self.failed.set()

    def end(self):
        self.ending.set()
        self.join()


class Load(threading.Thread):
    """Frames over new connections, as from a Service that still has the pod."""

    def __init__(self):
        super().__init__()
        self.picture = pictures.sample("mask.png")
        self.answers = []
        self.ending = threading.Event()
        self.start()

    def run(self):
        while not self.ending.is_set():
            connection = http.client.HTTPConnection(ADDRESS, PORT, timeout=cli.PATIENCE)
            try:
                connection.request("POST", "/process", self.picture, {"Content-Type": "image/png"})
                self.answers.append(connection.getresponse().status)
            except OSError as failure:
                self.answers.append(repr(failure))
            finally:
                connection.close()

    def end(self):
        self.ending.set()
        self.join()


class Kubelet(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("network namespaces are made by root")
        self.namespace = f"sampleproc-{os.getpid()}"
        inside = ["ip", "-n", self.namespace]
        outer, inner = f"spo{os.getpid()}", f"spi{os.getpid()}"
        made = subprocess.run(["ip", "netns", "add", self.namespace], check=False)
        if made.returncode != 0:
            self.skipTest("this machine makes no network namespaces")
        self.addCleanup(subprocess.run, ["ip", "netns", "delete", self.namespace], check=True)
        for command in (
            ["ip", "link", "add", outer, "type", "veth", "peer", inner, "netns", self.namespace],
            ["ip", "address", "add", "10.199.73.1/30", "dev", outer],
            ["ip", "link", "set", outer, "up"],
            [*inside, "address", "add", f"{ADDRESS}/30", "dev", inner],
            [*inside, "link", "set", inner, "up"],
            [*inside, "link", "set", "lo", "up"],
        ):
            subprocess.run(command, check=True)

    def in_pod(self, *words, **options):
        return subprocess.Popen(["ip", "netns", "exec", self.namespace, *words], **options)

    def one_life(self, container, pod):
        environment = {**image_environment(), "MAX_REQUESTS_PER_MINUTE": "0"}
        if pod.get("enableServiceLinks", True):
            environment.update(SERVICE_LINKS)
        environment.update({each["name"]: each["value"] for each in container.get("env", [])})
        child = self.in_pod(cli.BINARY, *container.get("args", ["serve"]),
                            env={"PATH": os.environ["PATH"], **environment},
                            stderr=subprocess.PIPE, text=True)  # fmt: skip
        self.addCleanup(child.wait)
        self.addCleanup(child.stderr.close)
        log = []
        reader = threading.Thread(target=lambda: log.extend(child.stderr))
        reader.start()
        self.addCleanup(reader.join)
        self.addCleanup(child.kill)  # runs first

        startup = container.get("startupProbe")
        if startup:
            first = Probe(startup)
            self.assertTrue(first.succeeded.wait(cli.PATIENCE), log[-3:])
            first.end()
        liveness = Probe(container["livenessProbe"])
        self.addCleanup(liveness.end)
        readiness = Probe(container["readinessProbe"])
        self.addCleanup(readiness.end)
        self.assertTrue(readiness.succeeded.wait(cli.PATIENCE), log[-3:])
        self.assertTrue(liveness.succeeded.wait(cli.PATIENCE), log[-3:])
        load = Load()
        self.addCleanup(load.end)

        # The deletion: endpoints learn of it after a while, liveness is asked no more.
        begun = time.monotonic()
        grace = pod.get("terminationGracePeriodSeconds", 30)
        liveness.end()
        late = threading.Timer(LATE, load.ending.set)
        late.start()
        self.addCleanup(late.cancel)
        hook = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
        if hook:
            self.assertFalse(readiness.failed.is_set())
            self.assertEqual(self.in_pod(*hook).wait(grace), 0)
            self.assertTrue(readiness.ask(), "it is ready until the signal")
        child.send_signal(signal.SIGTERM)
        left = grace - (time.monotonic() - begun)
        try:
            child.wait(left)
        except subprocess.TimeoutExpired:
            self.fail(f"the kubelet had to kill it: {log[-5:]}")
        load.end()
        self.assertTrue(readiness.failed.is_set() or not readiness.ask())
        self.assertEqual(child.returncode, 0, log[-5:])
        self.assertFalse(liveness.failed.is_set())
        self.assertGreater(len(load.answers), 0)
        self.assertEqual(set(load.answers), {200})

    def test_the_users_own_manifest(self):
        self.one_life(USERS_OWN, {})

    def test_ours(self):
        self.one_life(*ours())


if __name__ == "__main__":
    cli.main()
