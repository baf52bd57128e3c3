"""A real haproxy or nginx in front of the service, with the configuration that packaging/ ships.

Proxy and instances listen on Unix sockets in the test's own folder: no port to be taken by somebody
else between two starts.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import cli
from service import UnixConnection

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "packaging/loadbalancer"
KINDS = ("haproxy", "nginx")


def program(kind):
    places = ["/usr/sbin", "/usr/bin", str(ROOT / f"build/unpacked/{kind}/usr/sbin")]
    found = shutil.which(kind, path=os.pathsep.join(places))
    if found is None:
        raise AssertionError(f"no {kind}; run packaging/install-deps.sh test and "
                             "packaging/unpack-package.sh nginx")  # fmt: skip
    return found


def replaced(text, changes):
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"the shipped configuration has no {old!r}")
        text = text.replace(old, new)
    return text


class Proxy:
    """Started when made; ends with the test. `path` is where it listens."""

    def __init__(self, test, kind, backends):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "proxy.sock")
        self.log_path = os.path.join(self.folder, "log")
        self.log = open(self.log_path, "ab")  # pylint: disable=consider-using-with
        test.addCleanup(self.log.close)
        words = self.haproxy(backends) if kind == "haproxy" else self.nginx(backends)
        self.child = subprocess.Popen([program(kind), *words], stdout=self.log, stderr=self.log)
        test.addCleanup(self.stop)
        deadline = time.monotonic() + cli.PATIENCE
        while not self.listens():
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{kind} does not start: {self.text()}")
            time.sleep(0.05)

    def listens(self):
        with socket.socket(socket.AF_UNIX) as peer:
            return peer.connect_ex(self.path) == 0

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def text(self):
        self.log.flush()
        return pathlib.Path(self.log_path).read_text(encoding="utf-8", errors="replace")

    def ask(self, method, path, body=None, headers=None):
        connection = UnixConnection(self.path)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.data = answer.read()
            return answer
        finally:
            connection.close()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        pathlib.Path(path).write_text(text, encoding="utf-8")
        return path

    def haproxy(self, backends):
        text = replaced(
            (SHIPPED / "haproxy.cfg").read_text(encoding="utf-8"),
            [("bind :8080", f"bind unix@{self.path}"),
             ("127.0.0.1:8099", f"unix@{backends[0]}"),
             ("127.0.0.1:8100", f"unix@{backends[1]}"),
             # On a busy machine an instance may stand still for longer than the second between two health
             # checks, and is no dead one: that refuses, and one that is not ready says so.
             ("defaults\n", "defaults\n  timeout check 1m\n")],
        )  # fmt: skip
        return ["-db", "-f", self.write("haproxy.cfg", text)]

    def nginx(self, backends):
        text = replaced(
            (SHIPPED / "nginx.conf").read_text(encoding="utf-8"),
            [("listen 8080", f"listen unix:{self.path}"),
             ("server 127.0.0.1:8099", f"server unix:{backends[0]}"),
             ("server 127.0.0.1:8100", f"server unix:{backends[1]}"),
             ("worker_processes auto;",
              f"{'user root;' if os.geteuid() == 0 else ''}\nworker_processes 1;\n"
              f"pid {self.folder}/pid;\ndaemon off;\nerror_log stderr;\n"),
             ("http {\n", "http {\n" + "".join(
                 f"  {name}_temp_path {self.folder}/{name};\n"
                 for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")))],
        )  # fmt: skip
        return ["-p", self.folder, "-c", self.write("nginx.conf", text)]
