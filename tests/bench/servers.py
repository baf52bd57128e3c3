"""The servers that are measured: started, found, and asked for the CPU time of their processes."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"


def fail(message):
    sys.exit(f"run.py: {message}")


# ---- processes and their CPU time ------------------------------------------------------------


def tree(pid):
    """`pid` and everything below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                parents[int(entry)] = int(stat.rsplit(")", 1)[1].split()[1])
    wanted = {pid}
    while True:
        more = {p for p, parent in parents.items() if parent in wanted} - wanted
        if not more:
            return wanted
        wanted |= more


def cpu_ns(pid):
    """Nanoseconds (user and system) that the threads of the tree have run. The servers measured
    here keep their threads, so nothing is lost with a thread that ended."""
    total = 0
    for member in tree(pid):
        for task in pathlib.Path("/proc", str(member), "task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += int((task / "schedstat").read_text().split()[0])
    return total


def coarse_cpu_ns(pid):
    """The same to a clock tick, with the threads that ended: a foreign server may end its own."""
    ticks = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            stat = pathlib.Path("/proc", str(member), "stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(stat[11]) + int(stat[12])
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def process(command, **more):
    running = subprocess.Popen(command, **more)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def wait_for(what, probe, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    fail(f"{what} did not come up within {seconds} s")


# ---- the two servers -------------------------------------------------------------------------


@contextlib.contextmanager
def sampleproc(work, extra):
    log = work / "sampleproc.log"
    command = [str(BUILD / "sampleproc"), "serve", "--port", "0", "--set",
               "http.max_requests_per_minute=0", *extra]  # fmt: skip
    environment = dict(os.environ, SAMPLEPROC_TELEMETRY_LOG_FORMAT="json")
    with log.open("wb") as sink, process(command, stderr=sink, env=environment) as running:

        def port():
            if running.poll() is not None:
                fail(f"sampleproc serve ended: {log.read_text()[-500:]}")
            for line in log.read_text().splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    record = json.loads(line)
                    if record.get("msg") == "listening":
                        return int(record["port"])
            return None

        yield running.pid, wait_for("sampleproc", port)


def nginx_binary():
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found:
        return found
    got = subprocess.run([ROOT / "packaging/unpack-package.sh", "nginx"], check=False,
                         stdout=subprocess.PIPE, text=True)  # fmt: skip
    if got.returncode != 0:
        fail("no nginx here, and the Debian package nginx cannot be unpacked")
    return got.stdout.strip() + "/usr/sbin/nginx"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(work, binary, body, pad):
    """One worker that answers 200 with `body`; `pad` bytes of an extra field fill up the head."""
    port = free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx-", dir=work))
    field = f'add_header X-Pad "{"x" * (pad - len("X-Pad: ") - 2)}";' if pad else ""
    quoted = body.decode().replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}")
    (folder / "nginx.conf").write_text(f"""
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/json;
  geo $dollar {{ default "$"; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ {field} return 200 "{quoted}"; }}
  }}
}}
""")
    with process([binary, "-p", str(folder), "-e", f"{folder}/error.log", "-c",
                  str(folder / "nginx.conf")]) as running:  # fmt: skip

        def up():
            if running.poll() is not None:
                fail(f"nginx ended: {(folder / 'error.log').read_text()[-500:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        wait_for("nginx", up)
        yield running.pid, port


def raw_get(port, path):
    """(head, body) of one answer, as bytes."""
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += peer.recv(65536) or fail("the connection was closed within the head")
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)\ncontent-length: *(\d+)", head)[1])
        while len(body) < length:
            body += peer.recv(65536) or fail("the connection was closed within the body")
        return head + b"\r\n\r\n", body
