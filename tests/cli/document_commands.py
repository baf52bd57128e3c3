"""The commands that documents tell people to type, and a place to type them in.

The place is a folder like a fresh clone after its first command: the program in build/release, the
images in build/samples. Ports are the test's own: the documents' 8099, 8002 (a frame buffer), 9000
(a webhook) and 6379 (Redis) are replaced by them wherever they stand.
"""

import os
import re
import socket
import subprocess
import tempfile
import time

import cli
import pictures
from frame_buffer import Buffer
from streams import free_port
from webhook import Webhook

# Of what is documented a minute is tried for a second.
SHORTER = [(r"\b(30s|1m|2m)(?=[@,\s]|$)", "1s"), (r"@50-200\b", "@5-20"), (r"@50\b", "@5"),
           (r"--requests 10000", "--requests 100"), (r"--rate (200|50)\b", "--rate 20"),
           (r"--cameras 20", "--cameras 2")]  # fmt: skip

# For services, which a busy machine and the tests' many requests would have refuse some.
PATIENT = {"SAMPLEPROC_PROCESS_DEADLINE": "5m", "SAMPLEPROC_HTTP_REQUEST_DEADLINE": "5m",
           "SAMPLEPROC_HTTP_MAX_REQUESTS_PER_MINUTE": "0"}  # fmt: skip


def blocks(text, language):
    """The fenced blocks of a language, in order."""
    return re.findall(rf"(?m)^```{language}\n(.*?)^```", text, re.DOTALL)


def commands(block):
    """The commands of a block of sh: lines that end in a backslash or a pipe go on."""
    joined = re.sub(r"\\\n\s*", "", block)
    joined = re.sub(r"\|\n\s*", "| ", joined)
    lines = (re.sub(r"\s{2,}#\s.*", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


class Place:
    """A folder with the program and the images, the servers that documents name, and a shell."""

    def __init__(self, test):
        self.test = test
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.ports = {"8099": self.free(), "6379": free_port("127.0.0.1")}
        self.serving = None
        os.makedirs(self.path("build", "samples", "opencv-doc"))
        os.symlink(os.path.dirname(cli.BINARY), self.path("build", "release"))
        os.symlink(pictures.SAMPLES, self.path("build", "samples", "opencv-doc", "data"))
        for name in ("config", "packaging"):
            os.symlink(pictures.ROOT / name, self.path(name))
        os.makedirs(self.path("shims"))
        self.shim("curl", "-fsS --max-time 100")
        self.shim("redis-cli", f"-p {self.ports['6379']}")
        test.addCleanup(self.stop_serving)

    @staticmethod
    def free():
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return free.getsockname()[1]

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def shim(self, program, options):
        """`program` with options of the test's: a failure is an exit code, the port is ours."""
        name = self.path("shims", program)
        with open(name, "w", encoding="utf-8") as script:
            script.write(f'#!/bin/sh\nexec "$(PATH=/usr/bin:/bin command -v {program})" {options} "$@"\n')
        os.chmod(name, 0o755)

    def start_redis(self):
        redis = subprocess.Popen(
            ["redis-server", "--port", str(self.ports["6379"]), "--bind", "127.0.0.1", "--dir",
             self.folder, "--save", ""], stdout=subprocess.DEVNULL)  # fmt: skip
        self.test.addCleanup(redis.wait)
        self.test.addCleanup(redis.kill)
        self.until(lambda: self.run("redis-cli ping").returncode == 0, "redis-server is up")

    def start_buffer(self, *frames):
        self.buffer = Buffer(self.test)
        self.buffer.add(*frames)
        self.ports["8002"] = self.buffer.url.rsplit(":", 1)[1]

    def start_webhook(self):
        self.webhook = Webhook(self.test)
        self.ports["9000"] = self.webhook.url.rsplit(":", 1)[1]

    def until(self, holds, what):
        deadline = time.monotonic() + cli.PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain: {what}")
            time.sleep(0.05)

    def ours(self, command):
        for documented, port in self.ports.items():
            command = re.sub(rf"(?<=[:=]){documented}\b", str(port), command)
        return command

    def environment(self):
        release = self.path("build", "release")
        return {"PATH": f"{self.path('shims')}:{release}:/usr/bin:/bin", "HOME": self.folder,
                "PORT": str(self.ports["8099"]), "REDIS_PORT": str(self.ports["6379"]),
                }  # fmt: skip

    def run(self, command, **environment):
        """The command in a shell that fails when any part of a pipe does."""
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.ours(command)], cwd=self.folder, check=False,
            env=self.environment() | environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=5 * cli.PATIENCE)  # fmt: skip

    def serve(self, command):
        """Starts what is not to end by itself, in place of the one before; returns once it listens."""
        self.stop_serving()
        self.log = open(self.path("log"), "wb")  # pylint: disable=consider-using-with
        self.test.addCleanup(self.log.close)
        self.serving = subprocess.Popen(
            ["bash", "-c", re.sub(r"\bsampleproc serve", "exec sampleproc serve", self.ours(command))],
            cwd=self.folder, env=self.environment() | PATIENT, stdin=subprocess.DEVNULL,
            stderr=self.log)  # fmt: skip

        def listens():
            with open(self.path("log"), encoding="utf-8") as log:
                text = log.read()
            if self.serving.poll() is not None:
                raise AssertionError(f"{command} ended: {text}")
            return '"msg":"listening"' in text

        self.until(listens, f"{command} listens")

    def stop_serving(self):
        if self.serving is not None:
            self.serving.terminate()
            code = self.serving.wait(timeout=cli.PATIENCE)
            self.serving = None
            self.test.assertEqual(code, 0)

    def logged(self, words):
        with open(self.path("log"), encoding="utf-8") as log:
            return words in log.read()
