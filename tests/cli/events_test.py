"""Events of a running service: from frames of every door, to every sink."""

import json
import pathlib

import jsonschema

import cli
import pictures
import streams
from crossing import COMES, FOLLOWING, GOES, post, taken, types
from folder import WithDirectory
from frame_buffer import Buffer
from frame_buffer import frame as buffered
from service import ANY_PORT, Service
from streams import wait_until
from webhook import Webhook

SCHEMA = json.loads(
    (pathlib.Path(__file__).resolve().parents[2] / "config/event.schema.json").read_text("utf-8"))


def lines(path):
    """The whole ones, which may be still to come."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").rpartition("\n")[0].splitlines()]


def without_run(events):
    """Without the part of their ids that no other run of a service has."""
    for event in events:
        event["event_id"] = event["event_id"].rpartition("-")[0]
    return events


class Events(WithDirectory):
    def setUp(self):
        super().setUp()
        self.file = pathlib.Path(self.path("events.ndjson"))

    def serve(self, *words, sinks="file", deliver="events"):
        return Service(self, *ANY_PORT, *FOLLOWING, "--set", f"consumer.sinks={sinks}", "--set",
                       f"consumer.deliver={deliver}", *cli.NO_HURRY, *words)  # fmt: skip

    def to_file(self):
        return ("--set", f"consumer.file.path={self.file}")

    def post(self, service, camera, scenes, first=0):
        post(self, service, camera, scenes, first)

    def check(self, events, reason, camera="door"):
        for event in events:
            jsonschema.validate(event, SCHEMA)
        self.assertEqual(types(events), ["new", "end"], events)
        self.assertEqual({event["event_id"] for event in events}, {events[0]["event_id"]})
        self.assertEqual({event["camera_id"] for event in events}, {camera})
        self.assertEqual(events[-1]["reason"], reason)

    def test_events_of_http_frames_go_to_every_sink_without_a_consumer(self):
        redis = streams.RedisServer(self)
        webhook = Webhook(self)
        service = self.serve(*self.to_file(), "--set", f"consumer.redis.host={redis.path}", "--set",
                             f"consumer.webhook.url={webhook.url}/hook", "--set",
                             "consumer.enabled=false", sinks="log,file,redis,webhook")  # fmt: skip
        self.post(service, "door", COMES + GOES)
        client = redis.client()
        events = wait_until(lambda: types(lines(self.file)) == ["new", "end"] and lines(self.file))
        self.check(events, "lost")
        wait_until(lambda: len(webhook.records) == len(events))
        self.assertEqual(webhook.records, events)
        self.assertEqual(len(set(webhook.keys)), len(events))
        wait_until(lambda: client.xlen("sample:events") == len(events))
        self.assertEqual([json.loads(fields[b"event"])
                          for _, fields in client.xrange("sample:events")], events)  # fmt: skip
        self.assertEqual(client.xlen(streams.RESULTS), 0)
        self.assertEqual(service.metric('sampleproc_events_total{type="new"}'), 1)
        self.assertEqual(service.stop(), 0)
        self.assertEqual([json.loads(line["event"]) for line in service.log() if line["msg"] == "event"],
                         events)  # fmt: skip

    def test_what_is_open_ends_with_a_stop_and_no_sooner(self):
        service = self.serve(*self.to_file())
        self.post(service, "door", COMES)
        wait_until(lambda: types(lines(self.file)) == ["new"])
        self.assertEqual(service.stop(), 0)
        self.check(lines(self.file), "shutdown")

    def test_what_is_open_ends_when_its_camera_is_silent_or_has_another_picture(self):
        service = self.serve(*self.to_file(), "--set", "process.motion.camera_idle=15s")
        self.post(service, "door", COMES)  # with no such pause between two frames
        wait_until(lambda: types(lines(self.file)) == ["new", "end"])
        self.check(lines(self.file), "source_end")
        self.post(service, "gate", COMES)
        self.post(service, "gate", [pictures.gray_png(64, 48)], len(COMES))
        wait_until(lambda: types(lines(self.file)) == ["new", "end"] * 2)
        self.check([event for event in lines(self.file) if event["camera_id"] == "gate"], "source_end",
                   "gate")  # fmt: skip

    def test_a_frame_buffer_a_stream_and_http_give_the_same_events(self):
        service = self.serve(*self.to_file())
        self.post(service, "door", COMES + GOES)
        wait_until(lambda: types(lines(self.file)) == ["new", "end"])
        self.assertEqual(service.stop(), 0)
        first = lines(self.file)
        expected = without_run(lines(self.file))

        buffer = Buffer(self)
        self.file = pathlib.Path(self.path("buffer.ndjson"))
        service = self.serve(*self.to_file(), "--set", f"consumer.http.url={buffer.url}", "--set",
                             "consumer.poll_interval=10ms", deliver="results,events")  # fmt: skip
        for number, picture in enumerate(COMES + GOES):
            buffer.add({**buffered(f"door-{number}", picture, "door"), "timestamp": taken(number)})
        wait_until(lambda: len(lines(self.file)) == len(COMES + GOES) + len(expected))
        events = [line for line in lines(self.file) if "schema" in line]
        self.assertNotEqual(events[0]["event_id"], first[0]["event_id"])
        self.assertEqual(without_run(events), expected)
        self.assertEqual(service.stop(), 0)

        redis = streams.RedisServer(self)
        client = redis.client()
        for number, picture in enumerate(COMES + GOES):
            client.xadd(streams.STREAM, streams.entry(f"door-{number}", picture, "door",
                                                      timestamp=taken(number)))  # fmt: skip
        service = self.serve(*streams.words(redis), sinks="redis")
        wait_until(lambda: client.xlen("sample:events") == len(expected))
        self.assertEqual(without_run([json.loads(fields[b"event"])
                                      for _, fields in client.xrange("sample:events")]),
                         expected)  # fmt: skip
        wait_until(lambda: client.xlen(streams.RESULTS) == len(COMES + GOES))
        self.assertEqual(service.stop(), 0)

    def test_events_that_nobody_makes_or_takes_are_told(self):
        for words, problem in (
            (["--set", "consumer.deliver=events"], "no sink gets them"),
            (["--set", "consumer.deliver=events", "--set", "consumer.sinks=log"], "nothing makes"),
        ):
            result = cli.run("validate-config", *words)
            self.assertIn(problem, result.out + result.err)


if __name__ == "__main__":
    cli.main()
