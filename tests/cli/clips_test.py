"""The clips of events: what is in them, how they are answered, and how many are kept."""

import hashlib
import json
import struct

import cli
from camera_sources_test import STREAM, Camera, part
from crossing import COMES, FOLLOWING, GOES, post
from event_clips import SHORT, WithClips, pictures_in
from event_snapshots import size_of
from streams import wait_until


class Clips(WithClips):
    def test_a_clip_has_what_was_sent_byte_for_byte_at_its_times(self):
        frames = self.crossing_of_jpegs()
        service = self.serve_clips()
        self.cross(service, scenes=frames)
        events = self.await_events(service, ["new", "end"])
        self.check(events)
        end, new = events[0], events[-1]
        self.assertEqual(new["clip"], end["clip"])
        answer = self.await_clip(service, end)
        self.check_headers(answer)
        self.assertEqual(answer.headers["Content-Type"], "video/matroska")
        self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
        self.assertEqual(answer.headers["Accept-Ranges"], "bytes")
        file = next(self.clips.iterdir())
        self.assertEqual(answer.headers["Content-Disposition"], f'attachment; filename="{file.name}"')
        self.assertEqual(answer.body, file.read_bytes())
        self.check_clip(answer.body, end, frames, 1000)
        wait_until(lambda: service.metric("sampleproc_clips_files") == 1)  # counted after the answer
        self.assertEqual(service.metric("sampleproc_clips_bytes"), len(answer.body))
        self.assertEqual(service.metric('sampleproc_clips_total{outcome="kept"}'), 1)
        self.assertEqual(service.metric('sampleproc_clip_pictures_total{outcome="dropped"}'), 0)
        self.assertGreater(service.metric("sampleproc_clips_memory_bytes"), 0)
        self.assertEqual(service.stop(), 0)
        # The same after the next start.
        service = self.serve_clips()
        again = self.await_clip(service, end)
        self.assertEqual((again.body, again.headers["ETag"]), (answer.body, answer.headers["ETag"]))
        self.assertNotIn("JFIF", "".join(service.lines))

    def test_what_is_open_at_a_stop_has_its_clip(self):
        frames = self.as_jpegs(COMES)
        service = self.serve_clips()
        self.cross(service, scenes=frames)
        self.await_events(service, ["new"])
        self.assertEqual(service.stop(), 0)
        service = self.serve_clips()
        event = self.await_events(service, ["new", "end"])[0]
        self.assertEqual(event["reason"], "shutdown")
        self.check_clip(self.await_clip(service, event).body, event, frames, 1000)

    def test_parts_of_a_clip_can_be_asked_for(self):
        service = self.serve_clips()
        self.cross(service, scenes=self.crossing_of_jpegs())
        event = self.await_events(service, ["new", "end"])[0]
        whole = self.await_clip(service, event)
        problem = self.check_problem(service.get(event["clip"] + "?anotate=1"), 400, event["clip"])
        self.assertEqual([error["type"] for error in problem["errors"]], ["unknown_parameter"])
        size = len(whole.body)
        self.assertGreater(size, 64 * 1024)  # more than is read at once
        etag = whole.headers["ETag"]
        for asked, begin, end in (("0-99", 0, 100), ("100-", 100, size), ("-50", size - 50, size),
                                  (f"{size - 1}-{size + 9}", size - 1, size), ("0-", 0, size)):  # fmt: skip
            answer = self.clip(service, event, {"Range": f"bytes={asked}"})
            self.assertEqual(answer.status, 206, answer.body)
            self.assertEqual(answer.headers["Content-Range"], f"bytes {begin}-{end - 1}/{size}")
            self.assertEqual(answer.body, whole.body[begin:end])
            self.assertEqual(answer.headers["ETag"], etag)
        answer = self.clip(service, event, {"Range": "bytes=5-9", "If-Range": etag})
        self.assertEqual((answer.status, answer.body), (206, whole.body[5:10]))
        answer = self.clip(service, event, {"Range": "bytes=5-9", "If-Range": '"another"'})
        self.assertEqual((answer.status, answer.body), (200, whole.body))
        for passed_over in ("bytes=0-1,4-5", "lines=1-2", "bytes=9-5"):
            answer = self.clip(service, event, {"Range": passed_over})
            self.assertEqual((answer.status, answer.body), (200, whole.body))
        answer = self.clip(service, event, {"Range": f"bytes={size}-"})
        self.check_problem(answer, 416, event["clip"])
        self.assertEqual(answer.headers["Content-Range"], f"bytes */{size}")
        again = self.clip(service, event, {"If-None-Match": etag})
        self.assertEqual((again.status, again.body), (304, b""))
        head = service.ask("HEAD", event["clip"])
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(int(head.headers["Content-Length"]), size)

    def test_frames_that_are_no_jpegs_are_encoded_once(self):
        service = self.serve_clips()
        self.cross(service)
        event = self.await_events(service, ["new", "end"])[0]
        _, jpegs, times = pictures_in(self.await_clip(service, event).body)
        self.assertGreater(len(jpegs), 30)
        self.assertEqual({size_of(jpeg) for jpeg in jpegs}, {(160, 120)})
        self.assertAlmostEqual(times[-1], 0.2 * (len(times) - 1), delta=1e-4)

    def test_why_there_is_no_clip_is_said(self):
        frames = self.crossing_of_jpegs()
        service = self.serve_history()
        self.cross(service, scenes=frames)
        event = self.await_events(service, ["new", "end"])[0]
        self.assertNotIn("clip", event)
        path = f"/events/{event['event_id']}/clip"
        self.assertIn("set events.clips", self.check_problem(service.get(path), 404, path)["detail"])
        self.assertEqual(service.stop(), 0)
        service = self.serve_clips("--set", "events.clips_max_files=2")
        problem = self.check_problem(service.get(path), 404, path)
        self.assertIn("no clip of such an event is kept", problem["detail"])
        self.assertIn("no such event", self.check_problem(
            service.get("/events/x/clip"), 404, "/events/x/clip")["detail"])  # fmt: skip
        # While it goes on.
        self.life += 1
        post(self, service, "door", frames[: len(COMES)], 1000 * self.life)
        wait_until(lambda: self.events(service)[0]["type"] != "end")
        event = self.events(service)[0]
        problem = self.check_problem(self.clip(service, event), 404, event["clip"])
        self.assertIn("not whole yet", problem["detail"])
        post(self, service, "door", frames[len(COMES) :], 1000 * self.life + len(COMES))
        self.await_clip(service, event)
        first = event
        for life in range(2, 4):
            self.cross(service, scenes=frames)
            event = self.await_events(service, ["new", "end"] * (life + 1))[0]
            self.await_clip(service, event)
        problem = self.check_problem(self.clip(service, first), 404, first["clip"])
        self.assertIn("events.clips_max_files", problem["detail"])
        # Counted after the answer.
        wait_until(lambda: service.metric('sampleproc_clips_total{outcome="deleted"}') == 1)
        self.assertEqual(service.metric("sampleproc_clips_files"), 2)
        self.assertEqual(service.metric("sampleproc_clips_bytes"),
                         sum(file.stat().st_size for file in self.clips.iterdir()))  # fmt: skip

    def test_clips_do_without_a_history_and_are_behind_the_token(self):
        tokens = self.folder / "tokens"
        tokens.write_text(hashlib.sha256(b"let-me-in").hexdigest() + "\n", encoding="utf-8")
        tokens.chmod(0o600)
        output = self.folder / "sink.ndjson"
        frames = self.crossing_of_jpegs()
        service = self.serve_clips(
            "--set", f"http.auth_tokens_file={tokens}", "--set", "consumer.sinks=file", "--set",
            f"consumer.file.path={output}", "--set", "consumer.deliver=events", history=False)  # fmt: skip
        entrance = {"Authorization": "Bearer let-me-in"}
        for number, jpeg in enumerate(frames):
            answer = service.ask("POST", f"/process?camera_id=door&frame_id=f{number}"
                                 f"&timestamp={1_753_787_696.5 + number / 5}", jpeg,
                                 {"Content-Type": "image/jpeg", **entrance})  # fmt: skip
            self.assertEqual(answer.status, 200, answer.body)
        wait_until(lambda: output.exists() and '"end"' in output.read_text("utf-8"))
        event = json.loads(output.read_text("utf-8").splitlines()[-1])
        self.assertEqual(self.clip(service, event).status, 401)
        wait_until(lambda: self.clip(service, event, entrance).status == 200)
        self.check_clip(self.clip(service, event, entrance).body, event, frames, 0)

    def test_a_camera_whose_pictures_are_files_has_them_too(self):
        frames = self.folder / "frames"
        frames.mkdir()
        jpegs = self.crossing_of_jpegs()
        for number, jpeg in enumerate(jpegs):
            (frames / f"{number:03}.jpg").write_bytes(jpeg)
        config = self.folder / "camera.toml"
        config.write_text(f'[camera.gate]\nurl = "{frames}"\nfps = 10\nloop = true\n', encoding="utf-8")
        service = self.serve("--config", str(config), *FOLLOWING, *cli.NO_HURRY, "--set",
                             f"events.history={self.file}", "--set", f"events.clips={self.clips}", *SHORT)  # fmt: skip

        def long_clip():
            """One of those so far: a machine that stood still had few pictures meanwhile."""
            for event in self.events(service, "type=end"):
                answer = self.clip(service, event)
                found = pictures_in(answer.body) if answer.status == 200 else None
                if found and len(found[1]) > 10:
                    return found
            return None

        _, in_clip, times = wait_until(long_clip)
        for jpeg in in_clip:
            self.assertIn(jpeg, jpegs)
        self.assertEqual(times, sorted(set(times)))

    def test_of_a_camera_that_sends_jpegs_what_nobody_looks_at_is_in_its_clips_too(self):
        scenes = [scene for scene in self.crossing_of_jpegs() for _ in range(5)]
        sent = []

        def numbered(number):
            """The picture with a comment of its own."""
            jpeg = scenes[number % len(scenes)]
            return jpeg[:2] + struct.pack(">HHI", 0xFFFE, 6, number) + jpeg[2:]

        def answer(connection, _head, _before):
            connection.sendall(STREAM)
            while not camera.stopped.wait(0.04):
                sent.append(numbered(len(sent)))
                connection.sendall(part(sent[-1]))

        camera = Camera(self, answer)
        config = self.folder / "camera.toml"
        config.write_text(f'[camera.gate]\nurl = "{camera.url()}"\nfps = 5\n', encoding="utf-8")
        service = self.serve("--config", str(config), *FOLLOWING, *cli.NO_HURRY, "--set",
                             f"events.history={self.file}", "--set", f"events.clips={self.clips}", *SHORT)  # fmt: skip
        wait_until(lambda: [event for event in self.events(service) if event["type"] == "end"])
        event = [event for event in self.events(service) if event["type"] == "end"][-1]
        _, jpegs, times = pictures_in(self.await_clip(service, event).body)
        first = struct.unpack_from(">I", jpegs[0], 6)[0]
        self.assertEqual(jpegs, sent[first : first + len(jpegs)])
        self.assertEqual(times, sorted(set(times)))
        self.assertGreater(service.metric('sampleproc_camera_frames_dropped_total{camera="gate",reason="fps"}'), 0)


if __name__ == "__main__":
    cli.main()
