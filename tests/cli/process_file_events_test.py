"""sampleproc process-file --events: what came, moved and went, in videos and raw pixels."""

import collections
import json
import os
import pathlib
import unittest

import jsonschema

import cli
from folder import WithDirectory, records

SCHEMA = json.loads(
    (pathlib.Path(__file__).resolve().parents[2] / "config/event.schema.json").read_text("utf-8"))
WIDTH, HEIGHT = 160, 120

# Version 1 as it was published: what a reader may rely on. A change that breaks this needs a new
# version, and then both are held to their own.
PUBLISHED = {
    "schema": "const", "event_id": "string", "type": "enum", "camera_id": "string",
    "class": "string", "confidence": "number", "start": "number", "time": "number",
    "frame_id": "string", "track_id": "integer", "bbox": "array", "zones": "array",
    "entered": "array", "left": "array", "crossed": "array", "stationary": "boolean",
    "path": "array",
}  # fmt: skip
OPTIONAL = {"end": "number", "reason": "string"}


def breaks(schema):
    """What a reader of version 1 could no longer rely on."""
    problems = []
    for name, kind in {**PUBLISHED, **OPTIONAL}.items():
        member = schema["properties"].get(name, {})
        if kind not in (member.get("type"), *(key for key in ("const", "enum") if key in member)):
            problems.append(f"{name} is no longer of the kind {kind}")
    problems += [f"{name} may be missing" for name in PUBLISHED if name not in schema["required"]]
    if schema["properties"]["type"].get("enum") != ["new", "update", "end"]:
        problems.append("type has other words")
    if schema["properties"]["schema"].get("const") != "sampleproc.event/1":
        problems.append("schema has another name")
    return problems


class TheSchema(unittest.TestCase):
    def test_version_1_is_as_it_was_published(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        self.assertEqual(breaks(SCHEMA), [])

    def test_what_breaks_it_is_found(self):
        for change in (
            lambda schema: schema["properties"].pop("track_id"),
            lambda schema: schema["required"].remove("zones"),
            lambda schema: schema["properties"]["start"].update(type="string"),
            lambda schema: schema["properties"]["type"]["enum"].append("moved"),
            lambda schema: schema["properties"]["schema"].update(const="sampleproc.event/2"),
        ):
            schema = json.loads(json.dumps(SCHEMA))
            change(schema)
            self.assertEqual(len(breaks(schema)), 1)


def frame(left):
    """A gray picture, and on it a bright square with its left side there, or none."""
    rows = [bytearray([60 + (row * 7) % 5] * WIDTH) for row in range(HEIGHT)]
    if left is not None:
        for row in rows[50:80]:
            row[left:left + 30] = bytes([220] * 30)
    return b"".join(rows)


def passing(pause=0):
    """Twenty still frames, the square from left to right, and twenty still ones."""
    ways = [None] * 20 + [4 * i for i in range(33)] + [None] * (20 + pause)
    return b"".join(frame(left) for left in ways)


class WithEvents(WithDirectory):
    def run_events(self, *words, out="events.ndjson"):
        events = self.path(out)
        result = cli.run(
            "process-file", "-q", "--raw", f"{WIDTH}x{HEIGHT}:gray8", "--pipeline", "motion,track",
            "--set", "process.track.classes=motion", "--set", "process.track.lost_after=1s",
            "--events", events, *words)  # fmt: skip
        self.assertEqual(result.returncode, 0, result.err)
        with open(events, "rb") as file:
            return records(result), file.read()


class Events(WithEvents):
    def test_what_passes_has_one_new_and_one_end(self):
        video = self.write("pass.raw", passing())
        found, text = self.run_events(video)
        events = [json.loads(line) for line in text.splitlines()]
        for event in events:
            jsonschema.validate(event, SCHEMA)
            self.assertEqual(set(event) - set(PUBLISHED) - set(OPTIONAL), set())
            self.assertEqual((event["camera_id"], event["class"]), (video, "motion"))
        lives = collections.defaultdict(list)
        for event in events:
            lives[event["event_id"]].append(event)
        self.assertEqual(len(lives), 1, text)
        (life,) = lives.values()
        self.assertEqual([event["type"] for event in life if event["type"] != "update"],
                         ["new", "end"])  # fmt: skip
        self.assertEqual(life[-1]["reason"], "lost")
        self.assertLess(life[-1]["path"][0][0], life[-1]["path"][-1][0])
        ids = {each["track_id"] for record in found for each in record["detections"]
               if "track_id" in each}  # fmt: skip
        self.assertIn(life[0]["track_id"], ids)

    def test_the_same_bytes_for_any_number_of_threads_and_each_input_ends(self):
        # The second video stops while the square is there: its event ends with it.
        cut = passing()[: 45 * WIDTH * HEIGHT]
        names = [self.write("a.raw", passing()), self.write("b.raw", cut),
                 self.write("c.raw", passing())]  # fmt: skip
        _, text = self.run_events(*names, "-j", "1")
        for jobs in ("8", "8", "2"):
            self.assertEqual(self.run_events(*names, "-j", jobs)[1], text)
        events = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([event["camera_id"] for event in events],
                         sorted(event["camera_id"] for event in events))  # fmt: skip
        ends = [(os.path.basename(event["camera_id"]), event["reason"]) for event in events
                if event["type"] == "end"]  # fmt: skip
        self.assertEqual(ends, [("a.raw", "lost"), ("b.raw", "source_end"), ("c.raw", "lost")])

    def test_one_camera_for_all_inputs_is_one_scene(self):
        video = passing()
        half = 45 * WIDTH * HEIGHT
        names = [self.write("1.raw", video[:half]), self.write("2.raw", video[half:])]
        _, text = self.run_events("--camera", "gate", *names)
        events = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([event["type"] for event in events], ["new", "end"])
        self.assertEqual({event["camera_id"] for event in events}, {"gate"})

    def test_a_cameras_zones_and_lines_are_in_its_events_alone(self):
        video = self.write("pass.raw", passing())
        drawn = ["zone.right.polygon=[[0.5,0],[1,0],[1,1],[0.5,1]]",
                 "line.middle.from=[0.5,0]", "line.middle.to=[0.5,1]"]  # fmt: skip
        words = [word for key in drawn for word in ("--set", "camera.gate." + key)]
        for camera, entered, crossed in (("gate", ["right"], [("middle", "left")]),
                                         ("other", [], [])):  # fmt: skip
            _, text = self.run_events("--camera", camera, *words, video)
            events = [json.loads(line) for line in text.splitlines()]
            self.assertEqual([event["type"] for event in events if event["type"] != "update"],
                             ["new", "end"])  # fmt: skip
            self.assertEqual([name for event in events for name in event["entered"]], entered)
            self.assertEqual([(each["line"], each["direction"]) for event in events
                              for each in event["crossed"]], crossed)  # fmt: skip

    def test_the_pipeline_of_a_camera_counts_as_the_processs_does(self):
        video = self.write("pass.raw", passing())
        config = self.write("gate.toml", b"""[process]
pipeline = ["stats"]
track.classes = ["motion"]
track.lost_after = "1s"
[camera.gate]
pipeline = ["motion", "track"]
""")
        words = ["process-file", "-q", "--raw", f"{WIDTH}x{HEIGHT}:gray8", "-c", config, "--events",
                 self.path("events"), video]  # fmt: skip
        for camera, code in (("gate", 0), ("other", 2)):
            result = cli.run(*words, "--camera", camera)
            self.assertEqual(result.returncode, code, result.err)
        with open(self.path("events"), "rb") as file:
            self.assertEqual(sum(b'"new"' in line for line in file), 1)
        # The command line beats the camera.
        result = cli.run(*words, "--camera", "gate", "--pipeline", "motion")
        self.assertEqual(result.returncode, 2, result.err)
        self.assertIn("no such step", result.err)
        # Nobody knows yet which cameras a recording names.
        self.assertEqual(cli.run(*words).returncode, 0)

    def test_an_output_of_events_that_is_an_input_or_another_output_is_refused(self):
        video = self.write("pass.raw", passing())
        for words in (["--events", video], ["--events", self.path("o"), "-o", self.path("o")]):
            result = cli.run("process-file", "--raw", f"{WIDTH}x{HEIGHT}:gray8", video, "--pipeline",
                             "motion,track", *words)  # fmt: skip
            self.assertEqual(result.returncode, 2, result.err)
            self.assertIn("would be destroyed", result.err)
        for words in (["--events", "-"], ["--events", "e", "-o", "o", "--resume", "s"]):
            result = cli.run("process-file", video, *words)
            self.assertEqual(result.returncode, 2, result.err)
            self.assertIn("--events", result.err)

    def test_events_of_a_pipeline_that_follows_nothing_are_refused(self):
        result = cli.run("process-file", self.write("pass.raw", passing()), "--pipeline", "motion",
                         "--events", self.path("events"))  # fmt: skip
        self.assertEqual(result.returncode, 2, result.err)
        self.assertIn("--pipeline motion,people,track", result.err)
        self.assertFalse(os.path.exists(self.path("events")))


# Of one camera; whether the events are others is for them to say.
SETTINGS = (
    "process.track.min_hits=1", "process.track.min_hits=8", "process.track.lost_after=5s",
    "process.track.lost_after=200ms", "process.track.stationary_after=1s",
    "process.track.classes=person", "process.track.weak_threshold=0.3",
    "camera.gate.mask=[[[0.5,0],[1,0],[1,1],[0.5,1]]]", "camera.gate.mask=[[[0,0],[0.1,0],[0,0.1]]]",
    "camera.gate.fps=3", "camera.gate.fps=1", "camera.gate.classes=person",
    "camera.gate.threshold=0.9", "camera.gate.zone.right.polygon=[[0.5,0],[1,0],[1,1],[0.5,1]]",
    "camera.gate.zone.corner.polygon=[[0,0],[0.05,0],[0,0.05]]", "camera.gate.line.far.from=[0,0]",
    "camera.gate.max_age=1s", "camera.other.fps=1", "http.port=9000", "telemetry.log_level=debug",
    "resources.memory_limit=64MiB", "process.workers=3",
)  # fmt: skip
NAMES_AND_CONFIDENCE = ("event_id", "track_id", "frame_id", "confidence")


class Compared(WithEvents):
    def compare(self, old, *words):
        return cli.run(
            "process-file", "-q", "--raw", f"{WIDTH}x{HEIGHT}:gray8", "--pipeline", "motion,track",
            "--set", "process.track.classes=motion", "--set", "process.track.lost_after=1s",
            "--camera", "gate", "--compare", old, *words)  # fmt: skip

    def lives(self, text):
        """What is compared, by what is written of each event: all its messages that say something."""
        lives = collections.defaultdict(list)
        for line in text.splitlines():
            event = json.loads(line)
            lives[event["event_id"]].append(
                {key: value for key, value in event.items() if key not in NAMES_AND_CONFIDENCE})
        return sorted(json.dumps(life, sort_keys=True) for life in lives.values())

    def test_each_setting_that_changes_events_is_found_and_no_other(self):
        video = self.write("pass.raw", passing(20))
        old = self.path("old")
        _, before = self.run_events("--camera", "gate", video, out="old")
        found = []
        for setting in SETTINGS:
            with self.subTest(setting):
                words = ["--set", setting]
                if "line" in setting:
                    words += ["--set", setting.replace("from=[0,0]", "to=[1,0]")]
                _, after = self.run_events("--camera", "gate", *words, video, out="new")
                changed = self.lives(after) != self.lives(before)
                result = self.compare(old, *words, video)
                self.assertEqual((result.returncode, result.out != ""), (int(changed), changed),
                                 result.out + result.err)  # fmt: skip
                found.append(changed)
        self.assertGreaterEqual(found.count(True), 7, found)
        self.assertGreaterEqual(found.count(False), 8, found)

    def test_other_times_of_messages_are_found(self):
        video = self.write("pass.raw", passing(20))
        old = self.path("old")
        zone = ["--set", "camera.gate.zone.right.polygon=[[0.5,0],[1,0],[1,1],[0.5,1]]"]
        line = ["--set", "camera.gate.line.middle.from=[0.5,0]", "--set", "camera.gate.line.middle.to=[0.5,1]"]
        moved = "camera.gate.line.middle.{}=[0.55,{}]".format
        for before, after, differs in (
            (zone + ["--set", "camera.gate.zone.right.dwell=200ms"],
             zone + ["--set", "camera.gate.zone.right.dwell=800ms"], "entered"),
            (zone, ["--set", zone[1].replace("0.5", "0.55")], "entered"),
            (line, ["--set", moved("from", 0), "--set", moved("to", 1)], "crossed"),
            ([], ["--set", "process.track.lost_after=1500ms"], "told"),
        ):  # fmt: skip
            with self.subTest(after=after):
                self.run_events("--camera", "gate", *before, video, out="old")
                self.assertEqual(self.compare(old, *before, video).returncode, 0)
                result = self.compare(old, *after, video)
                self.assertEqual(result.returncode, 1, result.err)
                for each in map(json.loads, result.out.splitlines()):
                    self.assertEqual(each["change"], "changed")
                    self.assertIn(differs, each["differs"])
                    self.assertLessEqual(set(each["differs"]), {"told", differs})

    def test_what_has_changed_is_said(self):
        video = self.write("pass.raw", passing() + passing())
        old = self.path("old")
        _, text = self.run_events("--camera", "gate", video, out="old")
        news = [json.loads(line) for line in text.splitlines() if b'"new"' in line]
        self.assertEqual(len(news), 2)

        def changes(*words, code=1):
            result = self.compare(old, *words, video)
            self.assertEqual(result.returncode, code, result.err)
            return [json.loads(line) for line in result.out.splitlines()]

        self.assertEqual(changes(code=0), [])
        gone = changes("--set", "process.track.classes=person")
        self.assertEqual([each["change"] for each in gone], ["lost", "lost"])
        self.assertEqual([each["before"]["event_id"] for each in gone],
                         [each["event_id"] for each in news])  # fmt: skip
        zone = changes("--set", "camera.gate.zone.right.polygon=[[0.5,0],[1,0],[1,1],[0.5,1]]")
        self.assertEqual([(each["change"], each["after"]["zones"]) for each in zone],
                         [("changed", ["right"])] * 2)  # fmt: skip
        half = changes("--set", "camera.gate.mask=[[[0.5,0],[1,0],[1,1],[0.5,1]]]")
        self.assertEqual([each["change"] for each in half], ["moved", "moved"])
        self.assertIn("end", half[0]["differs"])
        self.write("old", text.replace(b'"class":"motion"', b'"class":"person"'))
        self.assertEqual([each["change"] for each in changes()], ["reclassed", "reclassed"])
        self.write("old", b"".join(text.splitlines(True)[len(text.splitlines()) // 2:]))
        self.assertIn("gained", [each["change"] for each in changes()])
        self.write("old", b"")
        self.assertEqual([each["change"] for each in changes()], ["gained", "gained"])
        table = self.compare(old, video, "--format", "table")
        self.assertRegex(table.out, r"^gained     gate  motion \d+\.\d-\d+\.\d s \[\d+,")

    def test_events_beside_and_what_is_none(self):
        video = self.write("pass.raw", passing())
        old = self.path("old")
        _, text = self.run_events("--camera", "gate", video, out="old")
        result = self.compare(old, video, "--events", self.path("new"))
        self.assertEqual((result.returncode, result.out), (0, ""))
        with open(self.path("new"), "rb") as file:
            self.assertEqual(file.read(), text)
        untracked = cli.run("process-file", video, "--pipeline", "motion", "--compare", old)
        self.assertEqual(untracked.returncode, 2)
        self.assertIn("holds events, and the pipeline has no step that makes some", untracked.err)
        self.write("old", text + b'{"half":')
        broken = self.compare(old, video, "--events", self.path("none"))
        self.assertEqual(broken.returncode, 65, broken.err)
        self.assertIn(f"line 3 of {old}, given to --compare, is not an event", broken.err)
        self.assertFalse(os.path.exists(self.path("none")))


if __name__ == "__main__":
    cli.main()
