"""Cameras with settings of their own, through every door."""

import base64
import json
import os
import signal
import zlib

import cli
import pictures
import streams
from folder import WithDirectory, records
from service import ANY_PORT, Service

WIDTH, HEIGHT, SIDE = 320, 240, 48


def scene(x=None, y=100):
    """A gray picture with a bright square at x, y; without one when x is None."""
    rows = []
    for row in range(HEIGHT):
        line = bytearray(b"\x50" * WIDTH)
        if x is not None and y <= row < y + SIDE:
            line[x : x + SIDE] = b"\xf0" * SIDE
        rows.append(b"\0" + bytes(line))
    data = pictures.chunk(b"IDAT", zlib.compress(b"".join(rows), 1))
    return pictures.SIGNATURE + pictures.header(WIDTH, HEIGHT) + data + pictures.chunk(b"IEND", b"")


def walk(xs):
    """A scene that the motion step learns, then something that moves to each of these places."""
    return [scene()] * 20 + [scene(x) for x in xs]


def names(record):
    return [step["name"] for step in record["steps"]]


def motion(record):
    return [each["bbox"] for each in record["detections"] if each["class"] == "motion"]


def is_inside_left(box):
    return box[2] <= WIDTH // 2


CONFIG = """
[process]
pipeline = ["motion"]
[camera.faces]
pipeline = ["faces"]
[camera.sure]
pipeline = ["faces"]
threshold = 0.999
[camera.masked]
mask = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]
[camera.slow]
fps = 0.001
"""
LEFT = [20, 60, 100]  # the square ends within the left half
RIGHT = [180, 220, 260]


class Cameras(WithDirectory):
    def setUp(self):
        super().setUp()
        self.config = self.write("cameras.toml", CONFIG.encode())

    def serve(self, *words):
        # Under the sanitizers looking for faces takes longer than a frame may by default.
        return Service(self, *ANY_PORT, *cli.NO_HURRY, "--config", self.config, *words)

    def post(self, service, camera, picture):
        answer = service.ask("POST", f"/process?camera_id={camera}", picture,
                             {"Content-Type": "application/octet-stream"})  # fmt: skip
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def test_over_http_each_camera_is_looked_at_in_its_own_way(self):
        service = self.serve()
        photo = pictures.sample("basketball1.png")
        for camera, steps, count in (("faces", ["faces"], 1), ("sure", ["faces"], 0),
                                     ("other", ["motion"], 0)):  # fmt: skip
            result = self.post(service, camera, photo)
            self.assertEqual((names(result), len(result["detections"])), (steps, count), camera)
        looked_at = [self.post(service, "slow", photo)["steps"][0].get("skipped") for _ in range(3)]
        self.assertEqual(looked_at, ["warming_up", "fps", "fps"])
        batch = {"frames": [{"frame_data": None, "metadata": {"camera_id": "faces"}}]}
        batch["frames"][0]["frame_data"] = base64.b64encode(photo).decode()
        answer = service.ask("POST", "/process-batch", json.dumps(batch),
                             {"Content-Type": "application/json"})  # fmt: skip
        self.assertIn('"name":"faces"', answer.body.decode().replace(" ", ""))

    def test_no_camera_is_called_as_no_path_of_a_url_can_be(self):
        server = streams.RedisServer(self)
        service = self.serve("--set", "process.pipeline=stats", *streams.words(server))
        photo = pictures.sample("mask.png")
        for camera in (".", ".."):
            with self.subTest(camera=camera):
                text = base64.b64encode(photo).decode()
                metadata = {"camera_id": camera, "frame_id": "f"}
                ours = {"frame_data": text, "metadata": metadata}
                form = (b'--b\r\nContent-Disposition: form-data; name="frame"\r\n\r\n' + photo
                        + b'\r\n--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'
                        + json.dumps(metadata).encode() + b"\r\n--b--\r\n")  # fmt: skip
                for path, body, kind in (("/process", json.dumps(ours), "application/json"),
                                         (f"/process?camera_id={camera}", photo, "image/png"),
                                         ("/process", form, "multipart/form-data; boundary=b")):  # fmt: skip
                    answer = service.ask("POST", path, body, {"Content-Type": kind})
                    self.assertEqual(answer.status, 422, answer.body)
                    (error,) = answer.json()["errors"]
                    self.assertEqual((error["type"], error["loc"][-1]), ("dot_segment", "camera_id"))
                batch = json.dumps({"frames": [ours, {**ours, "metadata": {"camera_id": "..."}}]})
                answer = service.ask("POST", "/process-batch", batch, {"Content-Type": "application/json"})
                self.assertEqual(answer.json()["succeeded"], 1)
                self.assertIn("dot_segment", answer.body.decode())
                server.client().xadd(streams.STREAM, streams.entry(f"s{camera}", photo, camera=camera))
        client = server.client()
        streams.wait_until(lambda: client.xlen(streams.DEAD) == 2)
        for _, letter in client.xrange(streams.DEAD):
            self.assertEqual(letter[b"dlq_reason"], b"invalid-frame")
        cameras = [each["id"] for each in service.get("/cameras").json()["cameras"]]
        self.assertIn("...", cameras)
        self.assertNotIn(".", cameras)
        self.assertNotIn("..", cameras)
        self.assertEqual(service.get("/cameras/...").status, 200)
        self.assertEqual(service.stop(), 0)

    def test_nothing_is_found_inside_of_a_mask(self):
        service = self.serve()
        for camera in ("masked", "open"):
            found = [motion(self.post(service, camera, picture)) for picture in walk(LEFT + RIGHT)]
            left, right = found[20:23], found[23:]
            self.assertTrue(all(right), f"{camera} sees what moves outside")
            inside = [box for boxes in found for box in boxes if is_inside_left(box)]
            if camera == "masked":
                self.assertEqual(inside, [])
                self.assertEqual(left, [[]] * len(left))
            else:
                self.assertTrue(all(left))

    def test_a_reload_changes_one_camera_and_leaves_the_others_alone(self):
        service = self.serve()
        photo = pictures.sample("basketball1.png")
        for picture in walk(RIGHT[:1]):
            last = self.post(service, "masked", picture)
        self.assertTrue(motion(last))
        self.write("cameras.toml", CONFIG.replace("threshold = 0.999", "threshold = 0.5").encode())
        service.child.send_signal(signal.SIGHUP)
        self.assertEqual(service.wait_for("reloaded")["waiting_for_restart"], "")
        self.assertEqual(len(self.post(service, "sure", photo)["detections"]), 1)
        # Its background is still the one from before.
        again = self.post(service, "masked", scene(RIGHT[1]))
        self.assertTrue(motion(again), again)

        # So does a detector that comes with the reload: it needs a restart.
        plates = '[detector.plates]\nmodel = "plates.onnx"\n[camera.car]\npipeline = ["plates"]\n'
        self.write("cameras.toml", (CONFIG + plates).encode())
        service.child.send_signal(signal.SIGHUP)
        refused = service.wait_for("reload: the configuration cannot be used")
        self.assertIn("[detector.plates] is new: it counts after a restart", refused["problem"])
        self.assertEqual(len(self.post(service, "sure", photo)["detections"]), 1)

        # A step that cannot be made keeps all as it was, and says so.
        self.write("cameras.toml", CONFIG.replace('"faces"', '"faecs"').encode())
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reload: the configuration has errors")
        self.assertEqual(len(self.post(service, "sure", photo)["detections"]), 1)

    def test_frames_of_a_stream_have_their_cameras_settings(self):
        server = streams.RedisServer(self)
        client = server.client()
        photo = pictures.sample("basketball1.png")
        for camera in ("faces", "sure", "other"):
            client.xadd(streams.STREAM, streams.entry(camera, photo, camera=camera))
        # Of another day.
        self.write("cameras.toml", (CONFIG + '[camera.old]\nmax_age = "1h"\n').encode())
        client.xadd(streams.STREAM, streams.entry("old", photo, camera="old"))
        service = self.serve(*streams.words(server))
        streams.wait_until(lambda: client.xlen(streams.RESULTS) == 3)
        results = {}
        for _, fields in client.xrange(streams.RESULTS):
            text = next(value for value in fields.values() if value.startswith(b"{"))
            record = json.loads(text)
            steps = names(record["sample_metadata"])
            results[record["camera_id"]] = (steps, len(record["detections"]))
        self.assertEqual(results, {"faces": (["faces"], 1), "sure": (["faces"], 0),
                                   "other": (["motion"], 0)})  # fmt: skip
        streams.wait_until(lambda: client.xlen(streams.STREAM) == 0)
        # Redis knows of a settlement before the service has its answer.
        streams.wait_until(lambda: [series for series, value in service.metrics().items()
                                    if "max_age" in series and value == 1])  # fmt: skip

    def test_a_backlog_is_looked_at_as_often_as_it_would_have_been_live(self):
        server = streams.RedisServer(self)
        client = server.client()
        picture = pictures.gray_png(32, 24)
        for number in range(40):  # ten a second
            client.xadd(streams.STREAM, streams.entry(f"f{number}", picture, camera="slow",
                                                      timestamp=str(1_753_787_696 + number / 10)))  # fmt: skip
        self.write("cameras.toml", CONFIG.replace("fps = 0.001", "fps = 5").encode())
        service = self.serve(*streams.words(server))
        streams.wait_until(lambda: client.xlen(streams.RESULTS) == 40)
        self.assertEqual(service.metric('sampleproc_frames_passed_over_total{reason="fps"}'), 20)

    def test_the_command_lines_pipeline_beats_the_cameras(self):
        photo = self.copy("basketball1.png")
        words = ("--camera", "faces", photo)
        self.assertEqual(names(self.process(*words)[0]), ["faces"])
        self.assertEqual(names(self.process("--pipeline", "stats", *words)[0]), ["stats"])
        both = ("--pipeline", "stats", "--set", "camera.faces.pipeline=motion")
        self.assertEqual(names(self.process(*both, *words)[0]), ["motion"])

    def process(self, *words, jobs=1):
        result = cli.run("process-file", "-q", "--config", self.config, "-j", str(jobs), *words)
        self.assertEqual((result.returncode, result.err), (0, ""))
        return records(result)

    def test_files_have_the_settings_of_the_camera_they_are_of(self):
        photo = self.copy("basketball1.png")
        self.assertEqual(names(self.process(photo)[0]), ["motion"])
        for camera, count in (("faces", 1), ("sure", 0)):
            record = self.process("--camera", camera, photo)[0]
            self.assertEqual((names(record), len(record["detections"])), (["faces"], count))
        for number, picture in enumerate(walk(LEFT + RIGHT)):
            self.write(f"walk/{number:03}.png", picture)
        for jobs in (1, 3):
            found = [motion(record) for record in
                     self.process("--camera", "masked", self.path("walk"), jobs=jobs)]  # fmt: skip
            self.assertEqual([bool(boxes) for boxes in found], [False] * 23 + [True] * 3)

    def test_a_video_is_looked_at_as_often_as_its_camera_says_by_its_own_time(self):
        video = pictures.sample_path("vtest.avi")
        half = f'[camera."{video}"]\nfps = 5\n[process]\npipeline = ["stats"]\n'
        self.write("cameras.toml", half.encode())
        runs = [self.process(video, jobs=jobs) for jobs in (1, 3)]
        for run in runs:
            for record in run:
                record.pop("times_ms", None)
        looked_at = [[index for index, record in enumerate(run) if "stats" in record] for run in runs]
        self.assertEqual(looked_at[0], looked_at[1])
        self.assertEqual(looked_at[0], list(range(0, len(runs[0]), 2)))  # of 10 a second

    def test_what_is_in_force_is_shown_and_thousands_of_cameras_are_read(self):
        shown = cli.run("validate-config", "--print-effective", self.config)
        self.assertIn("[camera.masked]\n", shown.out)
        self.assertIn("threshold = 0.999  # ", shown.out)
        self.assertIn("mask = [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]  # ", shown.out.replace(".0", ""))
        many = "".join(f'[camera.cam-{number:05}]\nthreshold = 0.6\nfps = 5\nclasses = ["person"]\n'
                       "mask = [[[0.0,0.0],[1.0,0.0],[1.0,0.1],[0.0,0.1]]]\n"
                       for number in range(10_000))  # fmt: skip
        path = self.write("many.toml", many.encode())
        result = cli.run("validate-config", path)
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertGreater(os.path.getsize(path), 1 << 20)


if __name__ == "__main__":
    cli.main()
