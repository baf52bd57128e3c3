"""The pictures of events: which frame, how it is answered, and how many are kept."""

import hashlib
import json

import cli
import pictures
from crossing import COMES, FOLLOWING, GOES, post
from event_snapshots import WithSnapshots, size_of
from streams import wait_until


class Snapshots(WithSnapshots):
    def test_an_event_has_one_of_its_frames_byte_for_byte_and_the_same_frames_have_the_same(self):
        frames = self.crossing_of_jpegs()
        answered = []
        for turn in range(2):
            self.kept = self.folder / f"snapshots-{turn}"
            self.file = self.folder / f"events-{turn}.db"
            service = self.serve_snapshots()
            self.cross(service, scenes=frames)
            events = self.await_events(service, ["new", "end"])
            self.check(events)
            end, new = events[0], events[-1]
            self.assertEqual(new["snapshot"], end["snapshot"])
            self.assertEqual(service.stop(), 0)  # what waits is kept
            (about, jpeg), *others = self.files().values()
            self.assertEqual(others, [])
            self.assertEqual(about["event_id"], new["event_id"])
            self.assertEqual(about["class"], "motion")
            service = self.serve_snapshots()
            answer = self.await_snapshot(service, end)
            self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
            self.assertEqual(answer.body, jpeg)
            self.assertIn(answer.body, frames)
            answered.append(answer.body)
            self.assertEqual(service.stop(), 0)
        self.assertEqual(answered[0], answered[1])

    def test_views_have_tags_of_their_own_and_what_a_client_has_is_not_sent_again(self):
        service = self.serve_snapshots()
        self.cross(service, scenes=self.crossing_of_jpegs())
        event = self.await_events(service, ["new", "end"])[0]
        self.await_kept(service, 1)
        tags, sizes = set(), {}
        for query in ("", "?annotate=1", "?crop=1", "?annotate=1&crop=1"):
            answer = self.snapshot(service, event, query)
            self.assertEqual(answer.status, 200, answer.body)
            self.check_headers(answer)
            tag = answer.headers["ETag"]
            tags.add(tag)
            sizes[query] = size_of(answer.body)
            again = self.snapshot(service, event, query, {"If-None-Match": tag})
            self.assertEqual((again.status, again.body), (304, b""))
            self.assertEqual(again.headers["ETag"], tag)
            self.assertEqual(again.headers["Last-Modified"], answer.headers["Last-Modified"])
            head = service.ask("HEAD", event["snapshot"] + query)
            self.assertEqual((head.status, head.headers["ETag"]), (200, tag))
        self.assertEqual(len(tags), 4)
        self.assertEqual(sizes[""], sizes["?annotate=1"])
        self.assertEqual(sizes["?crop=1"], sizes["?annotate=1&crop=1"])
        self.assertLess(sizes["?crop=1"], sizes[""])
        problem = self.check_problem(self.snapshot(service, event, "?crop=2"), 400, event["snapshot"])
        self.assertEqual(problem["errors"][0]["loc"], ["query", "crop"])
        problem = self.check_problem(self.snapshot(service, event, "?anotate=1"), 400, event["snapshot"])
        self.assertIn("none of this endpoint's: annotate, crop", problem["detail"])
        # The same after the next start.
        self.assertEqual(service.stop(), 0)
        service = self.serve_snapshots()
        self.assertIn(self.await_snapshot(service, event).headers["ETag"], tags)

    def test_frames_that_are_no_jpegs_are_encoded_once(self):
        service = self.serve_snapshots()
        self.cross(service)
        event = self.await_events(service, ["new", "end"])[0]
        answer = self.await_snapshot(service, event)
        self.assertEqual(size_of(answer.body), (160, 120))
        self.await_kept(service, 1)
        self.assertEqual(self.snapshot(service, event).body, answer.body)

    def test_why_there_is_no_picture_is_said(self):
        service = self.serve_history()
        self.cross(service)
        event = self.await_events(service, ["new", "end"])[0]
        self.assertNotIn("snapshot", event)
        path = f"/events/{event['event_id']}/snapshot.jpg"
        self.assertIn("set events.snapshots", self.check_problem(service.get(path), 404, path)["detail"])
        self.assertEqual(service.stop(), 0)
        service = self.serve_snapshots("--set", "events.snapshots_max_files=2")
        problem = self.check_problem(service.get(path), 404, path)
        self.assertIn("no picture of such an event is kept", problem["detail"])
        self.assertIn("no such event", self.check_problem(
            service.get("/events/x/snapshot.jpg"), 404, "/events/x/snapshot.jpg")["detail"])  # fmt: skip
        first = None
        for life in range(1, 4):
            self.cross(service)
            event = self.await_events(service, ["new", "end"] * (life + 1))[0]
            first = first or event
            self.await_kept(service, life)
        self.assertEqual(len(self.files()), 2)
        problem = self.check_problem(self.snapshot(service, first), 404, first["snapshot"])
        self.assertIn("events.snapshots_max_files", problem["detail"])
        self.assertEqual(self.snapshot(service, event).status, 200)
        self.assertEqual(service.metric("sampleproc_snapshots_files"), 2)
        self.assertEqual(service.metric("sampleproc_snapshots_bytes"),
                         sum(file.stat().st_size for file in self.kept.iterdir()))  # fmt: skip
        self.assertGreaterEqual(service.metric('sampleproc_snapshots_total{outcome="deleted"}'), 1)

    def test_pictures_do_without_a_history_and_are_behind_the_token(self):
        tokens = self.folder / "tokens"
        tokens.write_text(hashlib.sha256(b"let-me-in").hexdigest() + "\n", encoding="utf-8")
        tokens.chmod(0o600)
        output = self.folder / "sink.ndjson"
        service = self.serve_snapshots(
            "--set", f"http.auth_tokens_file={tokens}", "--set", "consumer.sinks=file", "--set",
            f"consumer.file.path={output}", "--set", "consumer.deliver=events", history=False)  # fmt: skip
        entrance = {"Authorization": "Bearer let-me-in"}
        for number, scene in enumerate(COMES + GOES):
            answer = service.ask("POST", f"/process?camera_id=door&frame_id=f{number}"
                                 f"&timestamp={1_753_787_696.5 + number / 5}", scene,
                                 {"Content-Type": "image/png", **entrance})  # fmt: skip
            self.assertEqual(answer.status, 200, answer.body)
        wait_until(lambda: output.exists() and '"end"' in output.read_text("utf-8"))
        event = json.loads(output.read_text("utf-8").splitlines()[-1])
        self.assertEqual(self.snapshot(service, event).status, 401)
        wait_until(lambda: self.snapshot(service, event, "", entrance).status == 200)
        self.assertEqual(self.snapshot(service, event, "?crop=1", entrance).status, 200)

    def test_a_camera_whose_pictures_are_files_has_them_too(self):
        frames = self.folder / "frames"
        frames.mkdir()
        jpegs = self.crossing_of_jpegs()
        for number, jpeg in enumerate(jpegs):
            (frames / f"{number:03}.jpg").write_bytes(jpeg)
        config = self.folder / "camera.toml"
        config.write_text(f'[camera.gate]\nurl = "{frames}"\nfps = 10\nloop = true\n', encoding="utf-8")
        service = self.serve("--config", str(config), *FOLLOWING, *cli.NO_HURRY, "--set",
                             f"events.history={self.file}", "--set", f"events.snapshots={self.kept}")  # fmt: skip
        wait_until(lambda: self.events(service))
        event = self.events(service)[-1]
        answer = self.await_snapshot(service, event)
        self.assertIn(answer.body, jpegs)
        # No picture, no password and no path of one in the log.
        self.assertEqual(service.stop(), 0)
        self.assertNotIn("JFIF", "".join(service.lines))


if __name__ == "__main__":
    cli.main()
