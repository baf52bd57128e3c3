"""The programs of Debian's package prometheus, installed or unpacked."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import cli
from streams import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "packaging/observability"
MISSING = "needs Debian's prometheus: packaging/unpack-package.sh prometheus"


def program(name):
    """The path of "promtool" or "prometheus"; None when there is none."""
    places = ["/usr/bin", str(ROOT / "build/unpacked/prometheus/usr/bin")]
    return shutil.which(name, path=os.pathsep.join(places))


def promtool(*words, stdin="", folder=SHIPPED):
    """Its exit code, and all that it said."""
    done = subprocess.run([program("promtool"), *words], cwd=folder, input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # fmt: skip
    return done.returncode, done.stdout


def faster(text, factor):
    """A configuration or rules with every duration divided: intervals, `for`, ranges and offsets."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}

    def divided(found):
        milliseconds = int(found[2]) * units[found[3]] * 1000 // factor
        return f"{found[1]}{milliseconds}ms"

    return re.sub(r"((?:_interval|for): |\[|offset )(\d+)([smhd])\b", divided, text)


class Prometheus:
    """A real one with the files of packaging/observability, to which an hour is two minutes; it ends
    with the test."""

    def __init__(self, test, *ports):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        for name in ("prometheus.yml", "alerts.yml"):
            text = faster((SHIPPED / name).read_text("utf-8"), 30)
            targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
            text = text.replace('targets: ["127.0.0.1:8099"]', f"targets: [{targets}]")
            (pathlib.Path(folder.name) / name).write_text(text, "utf-8")
        self.child = subprocess.Popen(
            [program("prometheus"), f"--config.file={folder.name}/prometheus.yml",
             f"--storage.tsdb.path={folder.name}/data", "--web.listen-address=127.0.0.1:0",
             "--enable-feature=exemplar-storage"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
        test.addCleanup(self.stop)
        said = []
        for line in self.child.stderr:
            said.append(line)
            if found := re.search(r'"Listening on" address=(\S+)', line):
                self.address = found[1]
                break
        else:
            raise AssertionError("prometheus does not start: " + "".join(said))
        # Its log has to be read, or it would stand still.
        self.reader = threading.Thread(target=lambda: list(self.child.stderr))
        self.reader.start()
        wait_until(self.ready)

    def stop(self):
        self.child.kill()
        self.child.wait()
        if hasattr(self, "reader"):
            self.reader.join()
        self.child.stderr.close()

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=cli.PATIENCE):
                return True
        except urllib.error.HTTPError as error:  # 503 until it has read what it has
            error.close()
            return False

    def ask(self, what, **parameters):
        url = f"http://{self.address}/api/v1/{what}?" + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=cli.PATIENCE) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """The labels of each series of the answer."""
        return [each["metric"] for each in self.ask("query", query=expression)["result"]]

    def traces(self, expression):
        """The traces of the last minute's exemplars of these series."""
        found = self.ask("query_exemplars", query=expression, start=time.time() - 60, end=time.time() + 60)
        return {each["labels"]["trace_id"] for series in found for each in series["exemplars"]}

    def firing(self, alert):
        return self.query(f'ALERTS{{alertname="{alert}", alertstate="firing"}}')

    def has_fired(self, alert):
        return self.query(f'last_over_time(ALERTS{{alertname="{alert}", alertstate="firing"}}[1h])')
