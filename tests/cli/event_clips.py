"""A service that keeps clips of events, and a look at what is in them, by other programs than ours."""

import datetime
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from crossing import taken
from event_history import WithHistory
from event_snapshots import WithSnapshots
from streams import wait_until

BEFORE, AFTER = 2, 1
# The frames' times are what clips go by; they come as fast as they are looked at.
SHORT = ("--set", f"events.clip_before={BEFORE}s", "--set", f"events.clip_after={AFTER}s")


def pictures_in(clip):
    """What ffmpeg finds in a clip: each picture as it is in there, and its time since the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        file = folder / "clip.mkv"
        file.write_bytes(clip)
        probed = subprocess.run(
            ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_packets", file],
            check=True, capture_output=True)  # fmt: skip
        if probed.stderr:
            raise AssertionError(probed.stderr)
        facts = json.loads(probed.stdout)
        subprocess.run(["ffmpeg", "-v", "error", "-i", file, "-c", "copy", "-f", "image2", folder / "%05d.jpg"],
                       check=True)  # fmt: skip
        # All of it can be shown.
        shown = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", file, "-fps_mode", "passthrough",
                                "-enc_time_base", "-1", "-f", "null", "-"],
                               check=True, capture_output=True)  # fmt: skip
        if shown.stderr:
            raise AssertionError(shown.stderr)
        jpegs = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    times = [float(packet["pts_time"]) for packet in facts["packets"]]
    return facts, jpegs, times


@unittest.skipUnless(shutil.which("ffprobe"), "there is no ffprobe to look at clips")
class WithClips(WithHistory):
    as_jpegs = WithSnapshots.as_jpegs
    crossing_of_jpegs = WithSnapshots.crossing_of_jpegs

    def setUp(self):
        super().setUp()
        self.clips = self.folder / "clips"

    def serve_clips(self, *words, **options):
        return self.serve_history("--set", f"events.clips={self.clips}", *SHORT, *words, **options)

    def clip(self, service, event, headers=None):
        """The answer to the link of an event."""
        return service.ask("GET", event["clip"], headers=headers)

    def await_clip(self, service, event):
        """The clip once it is whole."""
        wait_until(lambda: self.clip(service, event).status == 200)
        return self.clip(service, event)

    def check_clip(self, clip, event, frames, first):
        """It has those of the camera's frames, numbered from `first`, that are of the event, as they
        were sent."""
        facts, jpegs, times = pictures_in(clip)
        ours = [number for number in range(first, first + len(frames))
                if event["start"] - BEFORE - 1e-6 <= float(taken(number)) <= event["end"] + AFTER + 1e-6]  # fmt: skip
        self.assertGreater(len(ours), 10)
        self.assertEqual(len(jpegs), len(ours))
        self.assertEqual(jpegs, [frames[number - first] for number in ours])
        begun = float(taken(ours[0]))
        for number, time in zip(ours, times, strict=True):
            self.assertAlmostEqual(time, float(taken(number)) - begun, delta=1e-5)
        stream = facts["streams"][0]
        self.assertEqual((stream["codec_name"], stream["width"], stream["height"]), ("mjpeg", 160, 120))
        tags = {name.lower(): value for name, value in facts["format"]["tags"].items()}
        self.assertEqual(tags["title"], event["event_id"])
        created = datetime.datetime.fromisoformat(tags["creation_time"].replace("Z", "+00:00"))
        self.assertAlmostEqual(created.timestamp(), begun, delta=1e-3)
        self.assertAlmostEqual(float(facts["format"]["duration"]), times[-1] + 0.2, delta=1e-3)
