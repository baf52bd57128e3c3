"""A service that keeps pictures of events, and a look at what it keeps."""

import json
import struct

import pictures
from crossing import COMES, GOES
from event_history import WithHistory
from streams import wait_until

MAGIC = b"sampleproc.snapshot/1 "


def size_of(jpeg):
    """Width and height by the frame header."""
    at = pictures.at_sof(jpeg)
    return struct.unpack_from(">HH", jpeg, at + 5)[::-1]


class WithSnapshots(WithHistory):
    def setUp(self):
        super().setUp()
        self.kept = self.folder / "snapshots"

    def serve_snapshots(self, *words, **options):
        return self.serve_history("--set", f"events.snapshots={self.kept}", *words, **options)

    def as_jpegs(self, scenes):
        """The scenes as JPEGs, by the service's own encoder."""
        service = self.serve("--set", "process.pipeline=stats")
        known = {}
        for scene in scenes:
            if scene not in known:
                answer = service.ask("POST", "/process?annotate=1", scene,
                                     {"Content-Type": "image/png", "Accept": "image/jpeg"})  # fmt: skip
                self.assertEqual(answer.status, 200, answer.body)
                known[scene] = answer.body
        self.assertEqual(service.stop(), 0)
        return [known[scene] for scene in scenes]

    def crossing_of_jpegs(self):
        return self.as_jpegs(COMES + GOES)

    def snapshot(self, service, event, query="", headers=None):
        """The answer to the link of an event."""
        return service.ask("GET", event["snapshot"] + query, headers=headers)

    def await_snapshot(self, service, event):
        """The picture once it is there."""
        wait_until(lambda: self.snapshot(service, event).status == 200)
        return self.snapshot(service, event)

    def await_kept(self, service, number):
        """The last picture is on the disk."""
        wait_until(lambda: service.metric('sampleproc_snapshots_total{outcome="kept"}') >= number
                   and service.metric("sampleproc_snapshots_waiting") == 0)  # fmt: skip

    def files(self):
        """What is in each of the folder's files: its own comment, and the JPEG."""
        found = {}
        for path in sorted(self.kept.iterdir()):
            data = path.read_bytes()
            self.assertEqual(data[:4], b"\xff\xd8\xff\xfe", path)
            length = struct.unpack_from(">H", data, 4)[0]
            comment = data[6 : 4 + length]
            self.assertTrue(comment.startswith(MAGIC), path)
            found[path.name] = (json.loads(comment[len(MAGIC) :]), data[:2] + data[4 + length :])
        return found
