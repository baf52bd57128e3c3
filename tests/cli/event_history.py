"""A service that keeps what happens, and its readers."""

import json
import pathlib
import tempfile
import time

import jsonschema

import cli
from crossing import COMES, FOLLOWING, GOES, post, types
from service import WithService
from streams import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "config/event.schema.json").read_text("utf-8"))
ZONES = """
[camera.gate.zone.porch]
polygon = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]
"""


class Stream:
    """A reader of GET /events/stream."""

    def __init__(self, test, service, query="", last=None, headers=None):
        self.connection = service.connect()
        test.addCleanup(self.connection.close)
        headers = dict(headers or {})
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.connection.request("GET", "/events/stream" + query, headers=headers)
        self.answer = self.connection.getresponse()
        self.comments = 0

    def message(self):
        """The next one as (id, event, data); None at the stream's end."""
        fields = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(":")
            if line == "\n":
                if "data" in fields:
                    return int(fields.get("id", 0)), fields["event"], json.loads(fields["data"])
                fields = {}
            elif not name:
                self.comments += 1
            else:
                fields[name] = value.removeprefix(" ")
        return None

    def messages(self, number):
        return [self.message() for _ in range(number)]

    def await_comment(self):
        while self.answer.readline() != b":\n":
            pass


class WithHistory(WithService):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "events.db"
        self.life = 0

    def serve_history(self, *words, history=True, **options):
        config = self.folder / "sampleproc.toml"
        config.write_text(ZONES, encoding="utf-8")
        kept = ("--set", f"events.history={self.file}") if history else ()
        return self.serve("--config", str(config), *FOLLOWING, *cli.NO_HURRY, *kept, *words,
                          **options)  # fmt: skip

    def check_idle(self, service):
        """It waits for better times; it does not ask for them all the time. What it does besides, as at
        its start, comes to an end."""

        def is_idle():
            begun = time.monotonic(), service.cpu_seconds()
            time.sleep(1)
            took, cpu = time.monotonic() - begun[0], service.cpu_seconds() - begun[1]
            return cpu < took / 4

        wait_until(is_idle)

    def cross(self, service, camera="door", scenes=tuple(COMES + GOES)):
        """Something crosses the camera's picture: frames with ids that were not there before."""
        self.life += 1
        post(self, service, camera, scenes, first=1000 * self.life)

    def events(self, service, query=""):
        """All pages of it, newest first."""
        events, cursor = [], ""
        while True:
            answer = service.get(f"/events?{query}{cursor}")
            self.assertEqual(answer.status, 200, answer.body)
            page = answer.json()
            events += page["events"]
            if page["next"] is None:
                return events
            cursor = f"&cursor={page['next']}"

    def await_events(self, service, wanted, query=""):
        wait_until(lambda: types(self.events(service, query))[::-1] == wanted)
        return self.events(service, query)

    def check(self, events):
        """Newest first: each event has one new, then perhaps updates, then at most one end."""
        lives = {}
        for event in reversed(events):
            jsonschema.validate(event, SCHEMA)
            lives.setdefault((event["camera_id"], event["event_id"]), []).append(event["type"])
        for life in lives.values():
            self.assertEqual((life[0], life.count("new")), ("new", 1), life)
            self.assertNotIn("end", life[:-1])
        return lives
